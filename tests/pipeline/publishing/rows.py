"""Public rows for the tests."""

from tests.pipeline.publishing.support import DAY, MONDAY
from voipwatch.chronicle.coarsen import closes_at
from voipwatch.model.bundle import Level, PublicRow, SeriesId
from voipwatch.model.cells import CellState
from voipwatch.model.vocabulary import Access

SERIES = SeriesId("MA", "AS36925", Access.G4, "whatsapp")


def row(
    day: int,
    *,
    ok: int = 6,
    blocked: int = 0,
    level: Level = Level.DAY,
    series: SeriesId = SERIES,
    state: CellState | None = None,
) -> PublicRow:
    start = MONDAY + day * DAY
    said = CellState.BLOCKED if blocked > ok else CellState.OK
    return PublicRow(
        series=series,
        start=start,
        level=level,
        closed_at=closes_at(level, start),
        state=said if state is None else state,
        votes=ok + blocked,
        ok=ok,
        blocked=blocked,
        throttled=0,
        down=0,
        insufficient=0,
        probes=3,
        hours=4,
    )


def unsplit(day: int) -> PublicRow:
    """A week in which too few decided."""
    start = MONDAY + day * DAY
    return PublicRow(
        SERIES, start, Level.WEEK, closes_at(Level.WEEK, start), CellState.INSUFFICIENT,
        5, None, None, None, None, None, 3, 4,
    )  # fmt: skip
