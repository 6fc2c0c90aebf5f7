"""How much one source prefix, and all of them together, may bring at once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

REPORTS_BURST: Final = 512
"""Reports at once from one prefix: the queue of an office, or of a carrier's NAT after an outage."""
REPORTS_A_SECOND: Final = 1.0
ENROLMENTS_A_DAY: Final = 8
"""New pseudonyms a prefix: a house, an office. A carrier's NAT is declared and gets `CARRIER_FACTOR` times
as much.
"""
CARRIER_FACTOR: Final = 64
PREFIXES_MAX: Final = 100_000
"""Buckets in memory, about 20 MB; the one that was quiet longest goes first, and would be nearly full
again.
"""
DAY_S: Final = 86_400.0


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


class Buckets:
    """Token buckets by name (RFC 2697, section 3, without colours)."""

    def __init__(self, burst: float, rate: float) -> None:
        """`burst`: tokens of a full bucket; `rate`: tokens a second."""
        self._burst = burst
        self._rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, name: str, count: int, now_s: float, *, factor: float = 1.0) -> float:
        """Take `count` tokens, or none: 0 where they were there, else seconds until they are.

        More than a full bucket at once: those of a full one are enough, and it is then in debt.
        """
        burst, rate = self._burst * factor, self._rate * factor
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(burst, now_s)
            if len(self._buckets) > PREFIXES_MAX:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        bucket.left = min(burst, bucket.left + max(0.0, now_s - bucket.at_s) * rate)
        bucket.at_s = now_s
        needed = min(float(count), burst)
        if bucket.left < needed:
            return (needed - bucket.left) / rate
        bucket.left -= count
        return 0.0


class Room:
    """Bytes of requests that are held at one time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, count: int) -> bool:
        """Whether there was room for them; a request alone always has."""
        if self.held and self.held + count > self._most:
            return False
        self.held += count
        return True

    def give(self, count: int) -> None:
        """Back."""
        self.held -= count
