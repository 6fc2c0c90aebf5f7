"""Signatures over small JSON documents: a collector's receipts and its word to stop.

Signed is the schema's name, NUL, and the document as JSON with sorted keys and without white space, its field
`signature` left out (Ed25519, RFC 8032). Several documents may be signed at once: what would be signed of one
is then the leaf of a Merkle tree (`wire.merkle`); signed is `voipwatch.tree/1`, NUL, the number of its leaves
in decimal, NUL, and its root; every document's `signature` shows by itself that it is in the tree:

    SIGNATURE                     of the document alone: 128 hex digits
    SIGNATURE.PLACE.COUNT.PATH    of a tree with COUNT leaves, this one at PLACE (decimal, from 0); PATH: the
                                  hashes of its inclusion path, from the leaf up, hex, one after the other
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from voipwatch.wire.merkle import HASH_BYTES, leaf_hash, root_by, tree

_TREE: Final = b"voipwatch.tree/1\0"
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def signed_bytes(document: Mapping[str, Any]) -> bytes:
    """What is signed of a document. Raises KeyError where it has no `schema`."""
    rest = {name: value for name, value in document.items() if name != "signature"}
    return str(document["schema"]).encode() + b"\0" + msgspec.json.encode(rest, order="sorted")


def sign_document(document: Mapping[str, Any], private_key: Ed25519PrivateKey) -> str:
    """The signature, hex."""
    return private_key.sign(signed_bytes(document)).hex()


def sign_documents(documents: Sequence[Mapping[str, Any]], private_key: Ed25519PrivateKey) -> list[str]:
    """The signatures of several documents by one act of signing; one alone has that of `sign_document`."""
    if len(documents) < 2:
        return [sign_document(document, private_key) for document in documents]
    root, paths = tree([leaf_hash(signed_bytes(document)) for document in documents])
    count = len(documents)
    signature = private_key.sign(_tree_message(count, root)).hex()
    return [f"{signature}.{place}.{count}.{b''.join(path).hex()}" for place, path in enumerate(paths)]


def verify_document(document: Mapping[str, Any], public_key: str) -> bool:
    """True when its `signature` is that of this key (hex). Cannot fail."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        signature, *place = str(document["signature"]).split(".")
        message = signed_bytes(document)
        if place:
            message = _message_of_tree(message, *place)
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def _tree_message(count: int, root: bytes) -> bytes:
    return b"%s%d\0%s" % (_TREE, count, root)


def _message_of_tree(leaf: bytes, place: str, count: str, path: str) -> bytes:
    """What was signed of the tree that this leaf is in.

    Raises ValueError for a path that leads nowhere; other parts than these are a TypeError of the call.
    """
    if not (_DECIMAL.fullmatch(place) and _DECIMAL.fullmatch(count)):
        raise ValueError("a place is a decimal number")
    hashes = bytes.fromhex(path)
    if len(hashes) % HASH_BYTES or len(hashes) > HASH_BYTES * 64:
        raise ValueError("a path is made of hashes")
    steps = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    root = root_by(leaf_hash(leaf), int(place), int(count), steps)
    if root is None:
        raise ValueError("no path of such a tree")
    return _tree_message(int(count), root)
