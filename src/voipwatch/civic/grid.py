"""Observations on a regular grid of days: the last reading of each, nothing where there was none."""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec
import numpy as np

from voipwatch.civic.observations import Observation
from voipwatch.civic.synthetic import FloatArray

DAY_S = 86_400.0
EPOCH = date(1970, 1, 1)


class Grid(msgspec.Struct, frozen=True):
    """Days of UTC from `first`, `step_days` at a time."""

    first: date
    steps: int
    step_days: int = 1

    def step_of(self, time_s: float) -> int:
        """The step in which a time falls; below 0 or from `steps` on where it is outside."""
        start_s = (self.first - EPOCH).days * DAY_S
        return int((time_s - start_s) // (self.step_days * DAY_S))

    def day_of(self, step: int) -> date:
        """The first day of a step."""
        return self.first + timedelta(days=step * self.step_days)


class Placed(msgspec.Struct, frozen=True):
    """A series on a grid."""

    counts: FloatArray
    """The middle of the last interval of each step; NaN where there is none."""
    coarse_ratio: float
    """Half the widest interval that was placed, as a share of its middle."""
    wide: int
    """Observations whose time may be in more than one step: not placed."""


def grid_of(counts: Iterable[Observation], step_days: int = 1) -> Grid | None:
    """From the first to the last day of some observations; None of none.

    Raises ValueError for a step below a day.
    """
    if step_days < 1:
        raise ValueError(f"step_days must be at least 1, got {step_days}")
    days = [span // DAY_S for each in counts for span in each.span_s]
    if not days:
        return None
    first = EPOCH + timedelta(days=int(min(days)))
    return Grid(first, int(max(days) - min(days)) // step_days + 1, step_days)


def placed(counts: Iterable[Observation], grid: Grid) -> Placed:
    """One page's series (`losses.series`) on a grid. A count of nothing has no logarithm: it is left out."""
    values: FloatArray = np.full(grid.steps, np.nan)
    times_s = np.full(grid.steps, -np.inf)
    coarse, wide = 0.0, 0
    for each in counts:
        since, until = (grid.step_of(time_s) for time_s in each.span_s)
        if since != until:
            wide += 1
        elif 0 <= since < grid.steps and each.middle > 0 and each.middle_s >= times_s[since]:
            values[since], times_s[since] = each.middle, each.middle_s
            coarse = max(coarse, (each.high - each.low) / 2.0 / each.middle)
    return Placed(values, coarse, wide)
