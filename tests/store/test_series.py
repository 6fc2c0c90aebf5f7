"""A series hour by hour: against the cells in plain Python; what is provisional, against lags counted."""

from itertools import pairwise
from random import Random

import pytest

from tests.store.support import HOUR, hourly, make_vote, rows_of
from voipwatch.inference.cells import cells_of
from voipwatch.inference.cells import with_silence as by_hand
from voipwatch.inference.lag import lag_of_many
from voipwatch.model.cells import LAG_DAYS, LAG_REPORTS_MIN, LAG_UNKNOWN_S
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.store.series import LONG_S, SeriesKey, arrivals
from voipwatch.store.store import Store

DAY = 86_400
KEY = SeriesKey("MA", "AS36925", "4g", "whatsapp")


def put(store: Store, votes: list[Vote], segment: str = "s1") -> None:
    store.insert_segment(segment, rows_of(votes))
    store.refresh_cells()


def test_a_series_has_a_row_an_hour_and_its_silence(store: Store) -> None:
    votes = hourly({1: (1, Verdict.OK), 3: (4, Verdict.OK), 4: (4, Verdict.BLOCKED), 200: (3, Verdict.OK)})
    put(store, votes)
    until = HOUR + 240 * 3600
    found = store.series(KEY, since=HOUR, until=until).to_pylist()
    expected = by_hand(cells_of(votes), since=HOUR, until=until)
    assert [(row["hour"], row["state"]) for row in found] == [(hour, state.value) for hour, state in expected]
    assert [row["probes"] for row in found[:4]] == [1, 4, 4, 0]
    later = store.series(KEY, since=HOUR + 5 * 3600, until=HOUR + 7 * 3600).to_pylist()
    assert [row["state"] for row in later] == ["silent", "silent"], "measured before the window counts"
    assert store.series(KEY._replace(app="viber"), since=HOUR, until=until).num_rows == 0


def test_a_series_of_some_years_is_that_of_each(store: Store) -> None:
    """Each year has parts of its own, which two threads read."""
    year = 366 * 24
    votes = hourly({n * year + n: (3, Verdict.BLOCKED if n % 2 else Verdict.OK) for n in range(5)})
    put(store, votes)
    edges = [HOUR + n * year * 3600 for n in range(6)]
    assert edges[5] - edges[0] > LONG_S > edges[1] - edges[0]
    whole = store.series(KEY, since=edges[0], until=edges[5]).to_pylist()
    by_year = [
        row
        for since, until in pairwise(edges)
        for row in store.series(KEY, since=since, until=until).to_pylist()
    ]
    assert whole == by_year
    assert sum(row["probes"] for row in whole) == 15


def test_a_cell_made_anew_stands_once_and_one_that_is_gone_is_silence(store: Store) -> None:
    put(store, hourly({1: (3, Verdict.OK), 2: (3, Verdict.OK)}))
    put(
        store,
        [make_vote(90_000 + n, Verdict.BLOCKED, observed_at_ms=(HOUR + 3600) * 1000) for n in range(9)],
        "s2",
    )
    store._engine.command("ALTER TABLE votes DELETE WHERE hour = toDateTime(1451613600, 'UTC')")
    store.refresh_cells([HOUR + 7200])
    found = store.series(KEY, since=HOUR, until=HOUR + 3 * 3600).to_pylist()
    assert [(row["hour"] - HOUR, row["state"], row["probes"]) for row in found] == [
        (3600, "blocked", 12),
        (7200, "silent", 0),
    ]


def panel(
    lags_s: list[int], *, hours: list[int] | None = None, first: int = 0, **changes: object
) -> list[Vote]:
    """One vote a lag, each of a probe of its own, in hour after hour."""
    return [
        make_vote(
            first + n,
            Verdict.OK,
            observed_at_ms=(HOUR + 3600 * hour) * 1000,
            received_at_ms=(HOUR + 3600 * hour + lag_s) * 1000,
            **changes,
        )
        for n, (hour, lag_s) in enumerate(zip(hours or range(len(lags_s)), lags_s, strict=True))
    ]


def test_the_lag_is_the_quantile_by_counting(store: Store) -> None:
    random = Random(95)
    drawn = [[random.randrange(20 * 3600) for _ in range(LAG_REPORTS_MIN + 7 * k)] for k in range(6)]
    drawn[1] = [60] * 20
    put(store, [
        vote for k, lags_s in enumerate(drawn) for vote in panel(lags_s, first=1000 * k, operator=f"AS{k}")
    ])  # fmt: skip
    for k, lags_s in enumerate(drawn):
        known = arrivals(store._engine, KEY._replace(operator=f"AS{k}"))
        assert sum(lag_s <= known.lag_s for lag_s in lags_s) >= 0.95 * len(lags_s)
        assert sum(lag_s < known.lag_s for lag_s in lags_s) <= 0.95 * len(lags_s)
        assert known.lag_s == lag_of_many(lags_s)
        assert known.as_of == max(HOUR + 3600 * n + lag_s for each in drawn for n, lag_s in enumerate(each))
        assert known.as_of == store.as_of()


def test_silence_is_provisional_until_the_lag_has_passed(store: Store) -> None:
    # Forty reports, two of them five hours late: 38 are 95 %, so that the quantile is five hours.
    hours = [*range(38), 30, 30]
    put(store, panel([5 * 3600 if hour in {7, 9} else 300 for hour in hours], hours=hours))
    found = store.series(KEY, since=HOUR, until=HOUR + 48 * 3600).to_pylist()
    assert {(row["as_of"], row["lag_s"]) for row in found} == {(HOUR + 37 * 3600 + 300, 5 * 3600)}
    # Hour 31 ended five hours and five minutes before the newest report, hour 32 four hours and five minutes.
    after = {
        (row["hour"] - HOUR) // 3600: row["provisional"] for row in found if row["hour"] >= HOUR + 30 * 3600
    }
    assert after == {hour: hour >= 32 for hour in range(30, 48)}
    assert [row["state"] for row in found[-10:]] == ["silent"] * 10
    # Somebody who knows that everything is in up to hour 49 knows that four hours were silent.
    later = store.series(KEY, since=HOUR + 40 * 3600, until=HOUR + 48 * 3600, as_of=HOUR + 49 * 3600)
    assert later["provisional"].to_pylist() == [False] * 4 + [True] * 4


def test_a_panel_of_few_reports_leaves_silence_provisional(store: Store) -> None:
    put(store, hourly({1: (3, Verdict.OK), 9: (3, Verdict.OK)}))
    assert arrivals(store._engine, KEY).lag_s == LAG_UNKNOWN_S
    assert all(store.series(KEY, since=HOUR, until=HOUR + 9 * 3600)["provisional"].to_pylist())
    assert arrivals(store._engine, KEY._replace(operator="AS1")).lag_s == LAG_UNKNOWN_S
    assert arrivals(store._engine, KEY._replace(instance="lab")) == (0, LAG_UNKNOWN_S)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": RunKind.MANUAL},
        {"enrolled": False},
        {"operator": "AS6713"},
        {"instance": "lab"},
    ],
)
def test_others_reports_do_not_change_the_lag(store: Store, other: dict[str, object]) -> None:
    put(store, panel([60] * 30))
    late = [
        make_vote(500 + n, Verdict.OK, received_at_ms=(HOUR + 20 * 3600 + n) * 1000, **other)
        for n in range(200)
    ]
    put(store, late, "s2")
    assert arrivals(store._engine, KEY).lag_s == 60


def test_the_lag_is_of_the_last_weeks(store: Store) -> None:
    put(store, panel([9 * 3600] * 30))
    assert arrivals(store._engine, KEY).lag_s == 9 * 3600
    recent = [
        make_vote(
            900 + n,
            observed_at_ms=(HOUR + (LAG_DAYS + 3) * DAY + 3600 * n) * 1000,
            received_at_ms=(HOUR + (LAG_DAYS + 3) * DAY + 3600 * n + 120) * 1000,
        )
        for n in range(25)
    ]
    put(store, recent, "s2")
    assert arrivals(store._engine, KEY).lag_s == 120
    # An old hour made anew does not bring the old lag back.
    store.refresh_cells([HOUR])
    assert arrivals(store._engine, KEY).lag_s == 120
