"""Series with planted changes, and a detector run over them; chance from a seed."""

import random
from collections.abc import Callable, Iterable

from voipwatch.inference.detection import Detector, Settings
from voipwatch.inference.detection.settings import DAY_S, HOUR_S
from voipwatch.model.series import ChangeKind, Changepoint, SeriesRow

START_S = 1_450_000_000.0 // DAY_S * DAY_S
"""In December 2015."""


def hour_s(hour: float) -> float:
    """Unix time of an hour since the start."""
    return START_S + hour * HOUR_S


def panel(
    hours: int,
    share: Callable[[int, int], float],
    *,
    probes: int = 5,
    named: bool = False,
    seed: int = 1,
    first: int = 0,
) -> list[SeriesRow]:
    """One vote an hour of each probe; `share(hour, probe)` is its chance to say "blocked"."""
    rng = random.Random(seed)
    return [
        SeriesRow(
            hour_s(hour + (probe + 0.5) / probes),
            int(rng.random() < share(hour, probe)),
            1,
            f"probe {probe}" if named else "",
        )
        for hour in range(first, hours)
        for probe in range(probes)
    ]


def run(rows: Iterable[SeriesRow], settings: Settings | None = None) -> Detector:
    """A detector that was given all rows."""
    detector = Detector() if settings is None else Detector(settings)
    for row in rows:
        detector.receive(row)
    detector.finish()
    return detector


def kinds(detector: Detector) -> list[ChangeKind]:
    """What was reported, in order."""
    return [change.kind for change in detector.state.changepoints]


def only(detector: Detector, kind: ChangeKind) -> Changepoint:
    """The one changepoint of a kind."""
    (found,) = [change for change in detector.state.changepoints if change.kind is kind]
    return found
