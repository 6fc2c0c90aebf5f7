"""The capacity model: read from the tables as they are, worked once by hand, and what docs/scale.md says."""

import pytest

from scripts.benchmarks.page import PAGE
from scripts.capacity import SCALE, Assumed, Costs, MissingError, costs, main, need, render

HAND = Costs(
    taken_s=0.01,
    loaded_s=0.02,
    judged_s=0.2,
    packet_s=1e-5,
    page_s=1e-4,
    cell_s=1e-5,
    spool_bytes=50e3,
    store_bytes=4e3,
)
A_SECOND = 30 * 86_400
"""Checks a month that are one a second."""


def test_worked_by_hand() -> None:
    """One check a second, cores used by half: the busiest hour has 6 of them a core-second, the queue 3."""
    found = need(A_SECOND, HAND, Assumed(packets=1000, pages=10))
    assert found[:5] == pytest.approx((6 * 0.01, 6 * 0.01, 3 * 0.02, 3 * 0.2, 6 * 0.001))
    assert found.stream_tb == pytest.approx(2.592e6 * 50e3 * 2 * 4 / 1e12)
    assert found.store_tb == pytest.approx(2.592e6 * 4e3 * 13 / 1e12)
    assert found.machines == 5
    assert found.eur == pytest.approx(5 * 2 * 8 + 40 * (found.stream_tb + found.store_tb))
    assert need(10 * A_SECOND, HAND, Assumed(packets=1000, pages=10)).machines == 1 + 1 + 1 + 3 + 1


def test_every_cost_is_read_from_its_table() -> None:
    found = costs(PAGE.read_text("utf-8"))
    assert all(1e-6 < each < 1 for each in found[:6])
    assert 10e3 < found.spool_bytes < 200e3
    assert 1e3 < found.store_bytes < 50e3


def test_a_cost_that_is_measured_anew_changes_the_model() -> None:
    page = PAGE.read_text("utf-8")
    before = costs(page)
    judged = f"judging, {1e3 * before.judged_s:.0f} ms of CPU a report"
    assert judged in page
    assert costs(page.replace(judged, "judging, 500 ms of CPU a report")) == before._replace(judged_s=0.5)


@pytest.mark.parametrize("name", ["ingest", "loader", "against", "site", "store"])
def test_a_table_that_is_gone_is_named(name: str) -> None:
    page = PAGE.read_text("utf-8").replace(f"<!-- {name}: begin -->", "")
    with pytest.raises(MissingError, match=name):
        costs(page)


def test_the_page_says_what_the_tables_give(capsys: pytest.CaptureFixture[str]) -> None:
    text = render(costs(PAGE.read_text("utf-8")))
    assert text in SCALE.read_text("utf-8"), "make capacity"
    assert main([]) == 0
    assert capsys.readouterr().out == text + "\n"
