"""The field's CUSUM, beside which the e-detector is set: OONI's, on hourly medians, with fixed means.

Two states. While open, s = max(0, s + x - drift) over hourly medians x; above the threshold the state is
"blocked", and the same runs downwards from the blocked mean. Half of the distance of the means is the drift.
After a silence of over a day the sum halves every 48 hours. Until the state is known, both run, and the first
crossing sets it without a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class CusumChange:
    """One change of state."""

    blocked: bool
    """True for an onset."""
    hour_s: float
    """Start of the hour whose median decided, in the unit of the times given."""
    decided_s: float
    """Time of the last row of that hour."""


def hourly_cusum(
    times_s: Sequence[float],
    values: Sequence[float],
    *,
    open_mean: float = 0.0,
    blocked_mean: float = 0.7,
    threshold: float = 3.5,
    gap_halflife_s: float = 48 * HOUR_S,
) -> list[CusumChange]:
    """All changes of one series, rows in the order of time.

    Args:
        times_s: seconds, not falling.
        values: one a time, the blocked score of a measurement, 0..1.
        open_mean: what the score is expected to be while nothing interferes.
        blocked_mean: and while something does.
        threshold: OONI's "10 steps to detect" times half of the distance of the means.
        gap_halflife_s: half-life of the sums in a silence of over a day.

    Raises:
        ValueError: times and values of different lengths.

    Source: M. Basseville and I. V. Nikiforov, Detection of Abrupt Changes (1993), section 2.2.5, as in OONI's
    event detector (ooni/data, oonipipeline/analysis/detector.py).
    """
    if len(times_s) != len(values):
        raise ValueError(f"as many times as values, got {len(times_s)} and {len(values)}")
    drift = (blocked_mean - open_mean) / 2.0
    up = down = 0.0
    state: bool | None = None
    last_s: float | None = None
    changes: list[CusumChange] = []
    for hour_s, decided_s, x in _hours(times_s, values):
        if last_s is not None and hour_s - last_s > 24 * HOUR_S:
            decay = 0.5 ** ((hour_s - last_s) / gap_halflife_s)
            up, down = up * decay, down * decay
        last_s = hour_s
        up = max(0.0, up + x - open_mean - drift) if state is not True else 0.0
        down = max(0.0, down + blocked_mean - x - drift) if state is not False else 0.0
        crossed = up > threshold or down > threshold
        if crossed:
            blocked = up > threshold
            if state is not None:
                changes.append(CusumChange(blocked, hour_s, decided_s))
            state, up, down = blocked, 0.0, 0.0
    return changes


def _hours(times_s: Sequence[float], values: Sequence[float]) -> list[tuple[float, float, float]]:
    """Hours that have rows: start, time of the last row, median."""
    hours: list[tuple[float, float, float]] = []
    kept: list[float] = []
    for index, (time_s, value) in enumerate(zip(times_s, values, strict=True)):
        kept.append(value)
        following = times_s[index + 1] // HOUR_S if index + 1 < len(times_s) else None
        if following != time_s // HOUR_S:
            hours.append((time_s // HOUR_S * HOUR_S, time_s, median(kept)))
            kept = []
    return hours
