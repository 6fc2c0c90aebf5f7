"""What a call carries after its set-up: streams with their sizes and rhythm, measured on the capture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

from voipwatch.apps.leg_tables import CYCLE_MS_MIN, PACKETS_PER_S_MAX
from voipwatch.apps.messages import UDP_PAYLOAD_MAX

SIZES_MAX: Final = 16
GAPS_MAX: Final = 16
STEADY: Final = 0.3
"""Gaps within that much of their median are one rhythm; what differs is jitter."""
GAP_MS_MAX: Final = 2000.0
"""A longer gap is a pause in the call."""
PICTURE_BYTES: Final = 400
"""Packets of voice are smaller, of video larger (the largest voice packet in the captures has 289 bytes)."""
CLOCKS: Final = (8000, 16_000, 24_000, 32_000, 48_000, 90_000)
TOKEN_BYTES: Final = 16


@dataclass(slots=True)
class Stream:
    """Packets of one kind in one direction."""

    name: str
    message: str
    up: bool
    at_us: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    """RTP timestamps, where there are."""
    least: int = 17 + TOKEN_BYTES
    """The smallest packet that has room for the message's fields and a token."""
    is_report: bool = False
    both: bool = False
    """Played in both directions, because the capture holds one only."""

    @property
    def is_picture(self) -> bool:
        """Whether it is larger than voice."""
        return not self.is_report and median(self.sizes) > PICTURE_BYTES

    def raised(self) -> int:
        """How many packets are smaller than the token's room and are made larger."""
        return sum(size < self.least for size in self.sizes)

    def lines(self, start_us: int) -> list[str]:
        """The table's entries, after its header."""
        direction = "both" if self.both else "up" if self.up else "down"
        start = min(5000.0, max(0.0, round((self.at_us[0] - start_us) / 1000, 1)))
        spacing = ", ".join(f"{gap:g}" for gap in spacing_ms(self.at_us))
        sizes = ", ".join(map(str, chosen_sizes(self.sizes, self.least)))
        lines = [f'name = "{self.name}"', f'message = "{self.message}"', f'direction = "{direction}"']
        if self.stamps:
            lines.append(f"clock_hz = {clock_hz(self.at_us, self.stamps)}")
        if start and self.is_report:
            lines.append(f"start_ms = {start:g}")
        lines.append(f"rhythms = [{{ spacing_ms = [{spacing}], sizes = [{sizes}] }}]")
        return lines


def spacing_ms(at_us: Sequence[int]) -> list[float]:
    """A cycle of gaps: one where they are steady, else the first ones as they came."""
    gaps = [max(0.1, (b - a) / 1000) for a, b in pairwise(at_us)]
    gaps = [gap for gap in gaps if gap <= GAP_MS_MAX] or gaps[:1] or [1000.0]
    middle = median(gaps)
    near = [gap for gap in gaps if abs(gap - middle) <= STEADY * middle]
    if len(near) >= 0.8 * len(gaps) and middle >= CYCLE_MS_MIN:
        return [min(60_000.0, round(middle, 1))]
    cycle = [round(min(gap, GAP_MS_MAX), 1) for gap in gaps[:GAPS_MAX]]
    cycle[-1] = max(cycle[-1], 1.0)
    least = max(CYCLE_MS_MIN, 1000 * len(cycle) / (0.9 * PACKETS_PER_S_MAX))
    if sum(cycle) < least:
        factor = least / sum(cycle)
        cycle = [round(gap * factor + 0.05, 1) for gap in cycle]
        cycle[-1] = max(1.0, cycle[-1])
    return cycle


def chosen_sizes(sizes: Sequence[int], least: int) -> list[int]:
    """Up to 16 sizes that stand for all, evenly by rank: the distribution keeps its shape."""
    fitting = sorted(min(UDP_PAYLOAD_MAX, max(least, size)) for size in sizes)
    if len(set(fitting)) == 1:
        return fitting[:1]
    if len(fitting) <= SIZES_MAX:
        return fitting
    return [fitting[(2 * rank + 1) * len(fitting) // (2 * SIZES_MAX)] for rank in range(SIZES_MAX)]


def clock_hz(at_us: Sequence[int], stamps: Sequence[int]) -> int:
    """The RTP clock: ticks over time, the nearest of the usual ones; 8000 where it cannot be told."""
    passed = (at_us[-1] - at_us[0]) / 1e6
    ticks = sum(step for a, b in pairwise(stamps) if (step := (b - a) & 0xFFFFFFFF) < 1 << 24)
    if passed < 0.05 or not ticks:
        return CLOCKS[0]
    return min(CLOCKS, key=lambda clock: abs(ticks / passed - clock) / clock)


def marker_of(marks: Sequence[bool]) -> str:
    """When a stream sets the marker bit, in the words of the profile language."""
    share = sum(marks) / len(marks)
    if share >= 0.95:
        return "always"
    if share >= 0.15 and len(marks) >= 5:
        return "frame"
    return "first" if marks[0] else "never"


def commonest(values: Sequence[object]) -> object:
    """The value that is there most often."""
    return Counter(values).most_common(1)[0][0]
