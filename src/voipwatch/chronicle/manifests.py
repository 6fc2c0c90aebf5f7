"""Reading a bundle's manifest: its form, its digest, whose signature it bears.

The signature is Ed25519 (RFC 8032) over the bytes of manifest.json, so that one reads it with any tool.
"""

from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from voipwatch.model.bundle import Manifest


def read_manifest(content: bytes) -> Manifest:
    """Raises ValueError where it is none."""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no manifest: {error}") from error


def digest_of(content: bytes) -> str:
    """SHA-256, hex."""
    return sha256(content).hexdigest()


def signed_by(content: bytes, signature: bytes, public_key: str) -> bool:
    """Whether `signature` (hex and a line feed) is that key's over `content`. Cannot fail."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        text = signature.decode("ascii")
        if text != text.strip().lower() + "\n":
            return False  # one spelling only, so that no byte of the file may differ
        key.verify(bytes.fromhex(text.strip()), content)
    except (InvalidSignature, ValueError):
        return False
    return True
