"""The tables of the detector: the replays are what they say, and what is counted is what is written."""

import itertools

import pytest

from scripts import detection_table
from scripts.benchmarks.country import SHARES, Country, cells, quiet_country
from scripts.benchmarks.detection import Delay, Replay, Tables, delays, render, replay
from scripts.benchmarks.replays import HOUR_S, START_S, Probe, World, panel, quiet_worlds, votes


def test_votes_are_those_of_the_seed_and_in_the_order_of_time() -> None:
    world = quiet_worlds()[0]
    rows = list(votes(world, 20, 3))
    assert rows == list(votes(world, 20, 3))
    assert rows != list(votes(world, 20, 4))
    assert all(one.time_s <= other.time_s for one, other in itertools.pairwise(rows))
    assert len(rows) == pytest.approx(20 * 24 * 6 * 0.8, rel=0.05)
    assert sum(row.blocked_count for row in rows) == pytest.approx(0.02 * len(rows), rel=0.5)


def test_a_burst_fails_everything_for_its_minutes() -> None:
    world = World("bursts", panel(60, 0.0, awake=1.0), False, burst_minutes=30.0, bursts_a_week=7.0)
    rows = list(votes(world, 70, 1))
    share = sum(row.blocked_count for row in rows) / len(rows)
    assert share == pytest.approx(0.5 / 24, rel=0.3)
    spells = [
        [row.time_s for row in group]
        for failed, group in itertools.groupby(rows, lambda row: row.blocked_count)
        if failed
    ]
    assert max(spell[-1] - spell[0] for spell in spells) <= 1.0 * HOUR_S  # two may meet
    assert min(len(spell) for spell in spells) >= 20


def test_panels_join_leave_and_change_their_names() -> None:
    probes = (Probe("early", 0.0, leaves_day=10), Probe("late", 0.0, joins_day=20))
    days = [
        int((row.time_s - START_S) // 86_400)
        for row in votes(World("w", probes), 30, 1)
        if row.probe == "early.0"
    ]
    assert max(days) == 9
    named = {row.probe for row in votes(World("w", panel(2, 0.0), vanishing=1.0), 70, 1)}
    assert len(named) >= 6
    assert {row.probe for row in votes(World("w", panel(2, 0.0), named=False), 3, 1)} == {""}


def test_in_ramadan_votes_move_into_the_night() -> None:
    world = World("w", (Probe("p", 0.02, 1.0, 0.0),), ramadan_factor=2.0)
    nights = [
        (int((row.time_s - START_S) // 86_400), int(row.time_s // HOUR_S) % 24)
        for row in votes(world, 190, 1)
    ]
    ramadan = {hour for day, hour in nights if day == 175}
    assert ramadan == {23, 0, 1, 2, 3, 4, 5}
    assert {hour for day, hour in nights if day == 100} == set(range(6, 23))


def test_a_block_is_found_and_the_fields_cusum_measured_beside_it() -> None:
    found = delays(1.0, 20, days=5, runs=2)
    assert len(found.ours_h) == len(found.field_h) == 2
    assert all(delay is not None and 0 < delay < 8 for delay in [*found.ours_h, *found.field_h])
    assert found.early == 0


def test_told_delays() -> None:
    found = Delay("x", 30, [1.0, 3.0, None, 2.0], [None, None, None, None], 0)
    assert found.told(found.ours_h) == "2.0 | 3.0 | 3.0 | 75 %"
    assert found.told(found.field_h) == "– | – | – | 0 %"


@pytest.mark.parametrize(
    ("onsets", "short_onsets", "kept"), [(0, 0, True), (2, 200, True), (3, 0, False), (0, 300, False)]
)
def test_a_promise_is_kept_or_broken(onsets: int, short_onsets: int, kept: bool) -> None:
    assert Replay("w", 40.0, onsets, 40.0, short_onsets).kept is kept


def test_a_year_of_outages_of_eight_hours_breaks_the_promise() -> None:
    world = World("w", panel(6, 0.01), False, 480.0, 2.0)
    found = replay(world, years=1)
    assert found.onsets > 0
    assert not found.kept


def test_the_section_says_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = Tables(
        ["real"],
        [Delay("40 %, 14", 30, [5.0], [None], 0)],
        [Replay("quiet", 40.0, 0, 40.0, 1)],
        [Country(64, 20, 60.0, 3, 2)],
    )
    text = render(tables, command="x", date="2026", machine="m")
    for words in ("real", "| 40 %, 14 | 1 | 5.0 |", "| quiet | 40 | 0 | 1 | 14610 | yes |"):
        assert words in text
    widths = {len(line.split("|")) for line in text.splitlines() if line.startswith(("| 40 %", "| blocked"))}
    assert len(widths) == 1
    for name in ("real_series", "delays", "replays", "cells_a_second", "quiet_country"):
        monkeypatch.setattr(
            detection_table,
            name,
            {
                "real_series": lambda _: ["real"],
                "cells_a_second": lambda: 1e4,
                "quiet_country": lambda *_, **__: tables.country[0],
                "delays": lambda *_, **__: tables.blocks[0],
                "replays": lambda _: tables.quiet,
            }[name],
        )
    written: list[str] = []
    monkeypatch.setattr(detection_table, "write", lambda section, body: written.extend([section, body]))
    assert detection_table.main(["--write", "--years", "1", "--runs", "1"]) == 0
    assert written[0] == "detection"
    assert detection_table.main(["--write", "--speed"]) == 0
    assert written[2] == "detection-speed"
    assert "10,000 hourly cells a second, 350 s" in written[3]


def test_the_country_has_all_kinds_of_series() -> None:
    times, blocked, votes = cells(5, 200, 1)
    assert cells(5, 200, 1) == (times, blocked, votes)
    assert cells(5, 200, 2) != (times, blocked, votes)
    assert sum(blocked) / sum(votes) == pytest.approx(SHARES[5], rel=0.3)
    assert all(0 <= hits <= count and count for hits, count in zip(blocked, votes, strict=True))


def test_the_interval_of_a_country_by_hand() -> None:
    """Nothing in 10 years: at most 3.689 onsets; 3 of them: 0.619 to 8.767 (Garwood's table)."""
    measured, low, high = Country(64, 10, 7305.0, 0, 0).run_days
    assert (measured, high) == (3652.5, None)
    assert low == pytest.approx(3652.5 / 3.689, rel=1e-3)
    assert Country(64, 10, 60.0, 3, 3).run_days[1:] == pytest.approx(
        (3652.5 / 8.767, 3652.5 / 0.619), rel=1e-3
    )
    assert [Country(64, 10, 60.0, n, n).kept for n in (3, 60, 300)] == ["yes", "not contradicted", "**no**"]


def test_a_quiet_countrys_series_keep_their_one_promise_together() -> None:
    """12 series for half a year, 30 days promised to all of them together: six are allowed, on average."""
    kept = quiet_country(1, promised_days=30.0, series=12, days=183)
    assert kept.onsets <= 13
    assert kept.kept != "**no**"


def test_a_country_whose_promise_is_broken_is_called_so() -> None:
    assert Country(12, 1, 365.25, 40, 9).kept == "**no**"
