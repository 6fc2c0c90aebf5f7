"""Merkle trees (RFC 9162, 2.1): one hash that stands for many leaves, and what shows that each is in it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
_LEAF: Final = b"\0"
_NODE: Final = b"\1"


def leaf_hash(data: bytes) -> bytes:
    """Of one leaf (2.1.1): no node's hash is that of a leaf."""
    return sha256(_LEAF + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def tree(leaves: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """The root over these leaf hashes, and each one's inclusion path (2.1.3.1), from the leaf up.

    Raises ValueError where there are none.
    """
    if not leaves:
        raise ValueError("a tree without leaves has no root")
    levels = [list(leaves)]
    while len(below := levels[-1]) > 1:
        above = [_node(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(above) * 2 :])
    return levels[-1][0], [_path(levels, place) for place in range(len(leaves))]


def _path(levels: Sequence[Sequence[bytes]], place: int) -> list[bytes]:
    path = []
    for level in levels[:-1]:
        if place ^ 1 < len(level):
            path.append(level[place ^ 1])
        place >>= 1
    return path


def root_by(leaf: bytes, place: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a path leads to from the leaf at `place` of `count` (2.1.3.2); None for no such path."""
    if not 0 <= place < count:
        return None
    last, root = count - 1, leaf
    for other in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            root = _node(other, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = _node(root, other)
        place, last = place >> 1, last >> 1
    return root if last == 0 else None
