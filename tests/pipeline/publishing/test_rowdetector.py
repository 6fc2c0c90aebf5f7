import msgspec

from tests.pipeline.publishing.rows import SERIES, row, unsplit
from tests.pipeline.publishing.support import DAY, MONDAY
from voipwatch.inference.detection import State
from voipwatch.model.bundle import Level
from voipwatch.pipeline.publishing import rowdetector
from voipwatch.pipeline.publishing.rowdetector import (
    advance,
    changes,
    daily_counts,
    in_steps,
    recomputed,
    says,
    series_key,
    shared_by,
)

ROWS = [row(day) if day < 20 else row(day, ok=0, blocked=6) for day in range(40)]
END = MONDAY + 50 * DAY


def test_a_planted_onset_is_found_in_the_rows() -> None:
    (found,) = recomputed(ROWS, as_of=END)
    assert (found.kind, found.basis, found.series) == ("onset", "rows", SERIES)
    assert found.earliest is not None
    assert found.earliest <= MONDAY + 20 * DAY <= found.latest <= MONDAY + 22 * DAY
    assert (found.level_before, found.level_after) == (0, 100)


def test_a_day_at_a_time_is_the_same_as_all_at_once() -> None:
    states: dict[str, State] = {}
    fed = 0
    for day in range(1, 50, 3):
        as_of = MONDAY + day * DAY + 8 * 3600
        advance(states, daily_counts(ROWS, since=fed, as_of=as_of), series_count=64)
        fed = (as_of - 6 * 3600) // DAY * DAY
        states = msgspec.json.decode(msgspec.json.encode(states), type=dict[str, State])
    assert changes(states) == recomputed(ROWS, as_of=END)


def test_a_day_is_its_hours_and_its_rest_and_no_week() -> None:
    hour = row(0, level=Level.HOUR, ok=3, blocked=1)
    counts = daily_counts([hour, row(0), unsplit(0), row(1)], since=0, as_of=MONDAY + DAY + 6 * 3600)
    assert counts == {SERIES: {MONDAY: (1, 10)}}
    assert says(unsplit(0)) == (0, 0)
    line = msgspec.structs.replace(row(0), series=msgspec.structs.replace(SERIES, app="line"), down=4)
    assert says(line) == (4, 10)


def test_names_shares_and_the_promise() -> None:
    assert series_key(SERIES) == "\0MA\0AS36925\x004g\0whatsapp"
    assert [in_steps(share) for share in (None, 0.0, 0.024, 0.03, 1.0)] == [None, 0, 0, 5, 100]
    assert shared_by([]) == rowdetector.SERIES_MIN
    many = [msgspec.structs.replace(SERIES, operator=f"AS{n}") for n in range(65)]
    assert shared_by(many) == 128
