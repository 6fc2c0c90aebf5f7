import pytest

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.store.store import Store

DAY = 86_400


def test_a_month_is_forgotten_and_its_cells_stay(store: Store) -> None:
    votes = [make_vote(n) for n in range(3)]
    february = HOUR + 31 * DAY
    votes += [
        make_vote(10 + n, observed_at_ms=february * 1000, received_at_ms=(february + 9) * 1000)
        for n in range(3)
    ]
    store.insert_segment("s1", rows_of(votes))
    store.refresh_cells()
    cells = store.cells(country="MA", since=0, until=HOUR + 90 * DAY)
    store.drop_raw_before("2016-02")
    counted = "SELECT (SELECT count() FROM votes) AS v, (SELECT count() FROM reports) AS r, "
    left = store.select(counted + "(SELECT count() FROM observations) AS o").to_pylist()
    assert left == [{"v": 3, "r": 3, "o": 6}]
    # A late report of a forgotten hour does not remake its cell from itself alone.
    store.insert_segment("s2", rows_of([make_vote(99, received_at_ms=(february + 99) * 1000)]))
    assert store.refresh_cells() == 0
    assert store.refresh_cells([HOUR, february]) == 1
    assert store.cells(country="MA", since=0, until=HOUR + 90 * DAY).equals(cells)
    store.drop_raw_before("2016-01")
    assert store.refresh_cells([HOUR]) == 0, "the border never moves back"


@pytest.mark.parametrize("month", ["2016-13", "2016", "2016-1", "'; DROP"])
def test_what_is_no_month(store: Store, month: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        store.drop_raw_before(month)
