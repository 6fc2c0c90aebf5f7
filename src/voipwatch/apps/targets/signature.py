"""The detached signature of the target list: Ed25519 (RFC 8032) over the list's content, not its layout.

The public keys are in the package, the private ones are not: a release signs with `scripts/sign_targets.py`.
"""

import json
import tomllib
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CONTEXT: Final = b"voipwatch.targets/1\n"
"""Signed before the content, so that the key's other signatures cannot be mistaken for this one's."""
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def canonical_bytes(document: dict[str, Any]) -> bytes:
    """What is signed: the document as JSON with sorted keys; comments and layout of the file do not count."""
    content = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return CONTEXT + content.encode()


def public_key_of(private_key: bytes) -> bytes:
    """The 32 raw bytes of the public half. Raises ValueError for a key of another length."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def sign_targets(content: bytes, private_key: bytes) -> bytes:
    """The signature file (TOML) for a target list.

    Args:
        content: the list's file, UTF-8 TOML.
        private_key: 32 raw bytes of Ed25519.

    Raises:
        ValueError: the list is no TOML, or the key has another length.
    """
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(
        canonical_bytes(tomllib.loads(content.decode("utf-8")))
    )
    key = public_key_of(private_key).hex()
    return f'key = "{key}"\nsignature = "{signature.hex()}"\n'.encode()


def read_keys(content: bytes) -> tuple[bytes, ...]:
    """The trusted public keys of a key file. Raises ValueError when it is none."""
    keys = tomllib.loads(content.decode("utf-8")).get("keys", [])
    if not isinstance(keys, list):
        raise ValueError("keys must be a list of tables")  # noqa: TRY004 -- a file's content, not a caller's type
    found = tuple(bytes.fromhex(str(key["public"])) for key in keys if isinstance(key, dict))
    if any(len(key) != KEY_BYTES for key in found):
        raise ValueError("a public key has 32 bytes")
    return found


def is_signed(document: dict[str, Any], signature: bytes, keys: tuple[bytes, ...]) -> bool:
    """Whether one of `keys` signed this document. Cannot fail, whatever the signature file holds."""
    try:
        told = tomllib.loads(signature.decode("utf-8"))
        key, code = bytes.fromhex(str(told["key"])), bytes.fromhex(str(told["signature"]))
    except (ValueError, KeyError, RecursionError):
        return False
    if key not in keys or len(code) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(code, canonical_bytes(document))
    except (InvalidSignature, ValueError):
        return False
    return True
