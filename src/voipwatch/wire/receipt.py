"""Signatures over small JSON documents: a collector's receipts and its word to stop.

Signed is the schema's name, NUL, and the document as JSON with sorted keys and without white space, its field
`signature` left out (Ed25519, RFC 8032).
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def signed_bytes(document: Mapping[str, Any]) -> bytes:
    """What is signed of a document. Raises KeyError where it has no `schema`."""
    rest = {name: value for name, value in document.items() if name != "signature"}
    return str(document["schema"]).encode() + b"\0" + msgspec.json.encode(rest, order="sorted")


def sign_document(document: Mapping[str, Any], private_key: Ed25519PrivateKey) -> str:
    """The signature, hex."""
    return private_key.sign(signed_bytes(document)).hex()


def verify_document(document: Mapping[str, Any], public_key: str) -> bool:
    """True when its `signature` is that of this key (hex). Cannot fail."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(str(document["signature"])), signed_bytes(document))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True
