"""Silence: no votes for much longer than a series is used to. It is no interference, and no quiet either."""

from typing import Final

import msgspec

from voipwatch.inference.detection.settings import DAY_S

FACTOR: Final = 3.0
"""Times the longest gap of late."""
MEMORY_BLOCKS: Final = 64.0
"""The longest gap is halved in memory with so many blocks."""
BLOCKS_MIN: Final = 20
"""Blocks before a series can be said to be used to anything."""


class Pace(msgspec.Struct):
    """How often a series speaks."""

    last_s: float | None = None
    """End of the last row's span."""
    longest_s: float = 0.0
    """Longest gap of late, fading."""
    blocks: int = 0
    said: bool = False
    """The running silence was reported."""


def limit_s(pace: Pace, block_s: float) -> float | None:
    """A gap longer than this is silence; None while too little is known. At least a day, or three blocks."""
    if pace.blocks < BLOCKS_MIN:
        return None
    return max(FACTOR * pace.longest_s, DAY_S, 3.0 * block_s)


def silent_since(pace: Pace, now_s: float, block_s: float) -> tuple[float, float] | None:
    """The interval in which a silence that lasts until `now_s` began, once; None where there is none."""
    limit = limit_s(pace, block_s)
    if limit is None or pace.last_s is None or pace.said or now_s - pace.last_s <= limit:
        return None
    pace.said = True
    began_s = pace.last_s, pace.last_s + max(pace.longest_s, block_s)
    pace.longest_s = max(
        pace.longest_s, limit
    )  # a series that is thinned falls silent a few times, not for ever
    return began_s


def heard(pace: Pace, end_s: float) -> None:
    """A row was received whose span ends at `end_s`."""
    if pace.last_s is None or end_s >= pace.last_s:
        pace.last_s = end_s
        pace.said = False


def block_began(pace: Pace, start_s: float) -> None:
    """A block began at `start_s`; its first row is not `heard` yet."""
    if pace.last_s is not None:
        pace.longest_s *= 0.5 ** (1.0 / MEMORY_BLOCKS)
        if not pace.said:  # an announced silence became a habit only as far as its limit
            pace.longest_s = max(pace.longest_s, start_s - pace.last_s)
    pace.blocks += 1
