"""The manifest: every file's digest, signed.

The signature is Ed25519 (RFC 8032) over the bytes of manifest.json, so that one reads it with any tool.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from voipwatch.model.bundle import PUBLISHER, Closed, FileEntry, Manifest
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.world import World

DIGEST_HEX: Final = 64


def manifest_of(
    digests: Mapping[str, tuple[str, int]],
    world: World,
    *,
    key: str,
    previous: str,
    final: Closed | None,
    publisher: str = PUBLISHER,
    contact: str = "",
) -> bytes:
    """manifest.json. `digests`: path -> SHA-256 in hex and bytes."""
    manifest = Manifest(
        as_of=iso(world.as_of),
        valid_until=iso(world.valid_until),
        synthetic=world.synthetic,
        instance=world.instance,
        files=tuple(FileEntry(path, *digests[path]) for path in sorted(digests)),
        previous=previous,
        key=key,
        final=final,
        publisher=publisher,
        contact=contact,
    )
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read_manifest(content: bytes) -> Manifest:
    """Raises ValueError where it is none."""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"no manifest: {error}") from error


def digest_of(content: bytes) -> str:
    """SHA-256, hex."""
    return sha256(content).hexdigest()


def sign(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """manifest.sig."""
    return key.sign(content).hex().encode() + b"\n"


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
