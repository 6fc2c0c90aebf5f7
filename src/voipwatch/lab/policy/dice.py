"""Randomness as a function of a seed and a count, so that a decision can be repeated."""

from hashlib import blake2b
from math import log
from struct import Struct
from typing import Final

_WORDS: Final = Struct("<16I")
_SCALE: Final = 2.0**-32


def derive(seed: bytes, label: str) -> bytes:
    """Thirty-two bytes for one use of a seed; different labels give unrelated bytes."""
    return blake2b(label.encode(), key=seed[:64], digest_size=32).digest()


class Dice:
    """The n-th draw depends on (seed, n) alone: BLAKE2b of a counter, 16 draws a block."""

    __slots__ = ("_block", "_left", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = seed[:64]
        self._block = 0
        self._left: list[int] = []

    def uniform(self) -> float:
        """The next draw from [0, 1)."""
        if not self._left:
            digest = blake2b(self._block.to_bytes(8, "big"), key=self._seed, digest_size=64).digest()
            self._left = list(_WORDS.unpack(digest))
            self._block += 1
        return self._left.pop() * _SCALE

    def exponential(self, mean: float) -> float:
        """The next draw from the exponential law with this mean."""
        return -mean * log(1.0 - self.uniform())
