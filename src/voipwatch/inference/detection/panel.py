"""The series of a country together: they share one promise, and lend each other their quiet past.

The promise of one false onset in twenty years is over all series, so that each gets its part of it. A series
that is young borrows from those of its pool which are quiet now: never from one that is alarmed, because
what blocks one of them is likely to have reached the others.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from voipwatch.inference.detection.detector import Detector
from voipwatch.inference.detection.settings import DAY_S, DEFAULT, Settings
from voipwatch.inference.detection.state import Phase, State
from voipwatch.model.series import Changepoint, SeriesRow

POOL_VOTES: Final = 20.0
"""Most votes that the pool lends to one series: as many as shrink a probe to its series."""
LEAST_VOTES: Final = 1e-6
"""Fewer are what rounding leaves of none."""
_NOTHING: Final = (0.0, 0.0)


class PanelState(msgspec.Struct):
    """All detectors' memories by series, and the day of the last pooling."""

    series: dict[str, State] = {}
    day: int | None = None


class Panel:
    """Detectors of the series of one country, fed in the order of arrival.

    Args:
        settings: `series` in it is the number of series that share the promise; it must be known beforehand.
        state: of another panel, to go on where that one stopped.
        pool_of: series to pool; a series that is not named lends and borrows nothing.
    """

    def __init__(
        self,
        settings: Settings = DEFAULT,
        state: PanelState | None = None,
        *,
        pool_of: dict[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self.state = PanelState() if state is None else state
        self.pool_of = {} if pool_of is None else pool_of
        self.detectors = {name: Detector(settings, each) for name, each in self.state.series.items()}

    def receive(self, series: str, row: SeriesRow) -> list[Changepoint]:
        """Take one row of a series."""
        if self.pool_of:
            self._pool(row.time_s)
        detector = self.detectors.get(series)
        if detector is None:
            detector = self.detectors[series] = Detector(self.settings)
            self.state.series[series] = detector.state
        return detector.receive(row)

    def receive_all(self, rows: Iterable[tuple[str, SeriesRow]]) -> list[tuple[str, Changepoint]]:
        """Take many rows; what they decided, with the series it was decided of."""
        return [(series, change) for series, row in rows for change in self.receive(series, row)]

    def _pool(self, time_s: float) -> None:
        """Once a day of event time: lend each series what the quiet ones of its pool learnt."""
        day = int(time_s // DAY_S)
        if self.state.day is not None and day <= self.state.day:
            return
        self.state.day = day
        own: dict[str, tuple[float, float]] = {}
        sums: dict[str, tuple[float, float]] = {}
        for series, state in self.state.series.items():
            pool = self.pool_of.get(series)
            if pool is not None and state.phase is Phase.QUIET:
                baseline = state.baseline
                own[series] = baseline.blocked / baseline.weight, baseline.votes / baseline.weight
                sums[pool] = _plus(sums.get(pool, _NOTHING), own[series])
        for series, state in self.state.series.items():
            if state.phase is Phase.ALARMED:
                continue
            blocked, votes = sums.get(self.pool_of.get(series, ""), _NOTHING)
            mine = own.get(series, _NOTHING)  # nobody's own votes prove the same thing twice
            blocked, votes = max(0.0, blocked - mine[0]), votes - mine[1]
            if votes > LEAST_VOTES:
                lent = min(POOL_VOTES, votes)
                state.baseline.pool_votes, state.baseline.pool_blocked = lent, lent * blocked / votes


def _plus(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] + other[0], one[1] + other[1]
