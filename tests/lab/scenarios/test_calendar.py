import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from voipwatch.lab.scenarios.calendar import OPEN, SOFTWARE, Run, app_pairs, calendar, kinds
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.table import CANARY_ID, DAY_S, NoiseKind, Scenario, Size
from voipwatch.lab.scenarios.truth import planted
from voipwatch.model.instants import seconds
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Access

WHOLE = load_scenario("morocco-2016")
SIZE = msgspec.structs.replace(WHOLE.sizes["full"], draws=5)


def cut(scenario: Scenario, until: str) -> Scenario:
    """The same, ended early; what lies beyond is gone."""
    end = datetime.fromisoformat(until).astimezone(UTC)
    return msgspec.structs.replace(
        scenario,
        until=end,
        blocks=tuple(each for each in scenario.blocks if each.since < end),
        noise=tuple(each for each in scenario.noise if each.since < end),
    )


@pytest.fixture(scope="module")
def month() -> list[Run]:
    return calendar(cut(WHOLE, "2016-01-12T00:00:00Z"), SIZE, 1)  # 24,000 runs: one for all


def scheduled(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.run_kind is RunKind.SCHEDULED]


def test_the_same_seed_is_the_same_calendar_and_another_is_another() -> None:
    short = cut(WHOLE, "2015-12-04T00:00:00Z")
    assert calendar(short, SIZE, 1) == calendar(short, SIZE, 1) != calendar(short, SIZE, 2)


def test_four_runs_a_day_of_every_probe_in_the_order_of_arrival(month: list[Run]) -> None:
    runs = scheduled(month)
    assert len({run.person for run in runs}) == 144
    assert len(runs) == pytest.approx(144 * 42 * 4, rel=0.03)
    assert [run.arrives_s for run in month] == sorted(run.arrives_s for run in month)
    assert all(run.arrives_s - run.at_s >= 90 for run in month)


def test_apps_go_round_in_pairs(month: list[Run]) -> None:
    pairs = Counter(run.kind.apps for run in scheduled(month))
    assert set(pairs) == set(app_pairs(WHOLE.apps))
    assert max(pairs.values()) < 1.05 * min(pairs.values())


def test_a_run_meets_what_is_planted(month: list[Run]) -> None:
    truths = {(t.series.operator, t.series.access): t for t in planted(WHOLE)}
    for run in scheduled(month):
        operator = WHOLE.operator(run.person.operator)
        truth = truths[operator.name, run.person.access]
        assert run.blocked is truth.blocked(run.at_s)
        if run.kind.line == WHOLE.access(run.person.access).line and run.software == "0.1.0":
            assert run.kind.world == (operator.world if run.blocked else OPEN)


def test_draws_are_many_and_even(month: list[Run]) -> None:
    draws = Counter(run.draw for run in scheduled(month) if run.kind.world == OPEN)
    assert set(draws) == set(range(5))
    wanted = kinds(WHOLE, SIZE)
    assert all(run.draw < wanted[run.kind] for run in month)


def test_every_kind_that_a_year_meets_is_wanted_and_there_are_about_twelve_hundred_checks() -> None:
    sparse = Size(why="", probes=2, runs_a_day=0.5, draws=1)
    wanted = kinds(WHOLE, sparse)
    assert {run.kind for run in calendar(WHOLE, sparse, 3)} <= set(wanted)
    assert 1_150 <= sum(kinds(WHOLE, WHOLE.sizes["full"]).values()) <= 1_300


def test_noise(month: list[Run]) -> None:
    bad = [run for run in month if run.kind.line == "burst-30" and run.run_kind is RunKind.SCHEDULED]
    assert {(run.person.operator, run.person.access) for run in bad} == {("B", Access.G3)}
    of_line = [
        run
        for run in month
        if (run.person.operator, run.person.access) == ("B", Access.G3)
        and seconds("2015-12-12T00:00:00Z") <= run.at_s < seconds("2015-12-26T00:00:00Z")
    ]
    assert len(bad) / len(of_line) == pytest.approx(0.6, abs=0.08)
    down = [run for run in month if run.kind.world == "reflector-dies"]
    assert {int(run.at_s // 3600 * 3600) for run in down} <= {
        int(seconds("2015-12-19T05:00:00Z")) + 3600 * n for n in range(12)
    }
    spoilt = [run for run in month if run.kind.world == "whatsapp-attribute"]
    assert {run.person.number for run in spoilt} == {0}
    assert {run.kind.apps for run in spoilt} == {("whatsapp", "viber")}
    assert {run.software for run in spoilt} == {"0.1.1-canary"}


def test_late_reports_come_when_the_way_is_open(month: list[Run]) -> None:
    opened_s = seconds("2015-12-27T00:00:00Z")
    late = [run for run in month if run.arrives_s - run.at_s > 3_600]
    assert len(late) > 500
    assert all(opened_s <= run.arrives_s <= opened_s + 6 * 3_600 for run in late)
    assert {run.person.access for run in late} == {Access.G3, Access.G4}


def test_a_crowd_tests_by_hand_and_is_no_panel(month: list[Run]) -> None:
    crowd = [run for run in month if run.run_kind is RunKind.MANUAL]
    assert len(crowd) == 300
    assert {run.kind.line for run in crowd} == {"burst-30"}
    panel = {run.person for run in scheduled(month)}
    assert not panel & {run.person for run in crowd}
    assert len({run.person for run in crowd}) == 300


def test_two_thirds_of_the_mobile_panel_leave_and_come_back() -> None:
    runs = scheduled(calendar(WHOLE, Size(why="", probes=12, runs_a_day=0.5, draws=1), 1))
    days = {"2016-01-05": 144, "2016-03-01": 96, "2016-06-15": 144}
    for day, expected in days.items():
        since_s = seconds(f"{day}T00:00:00Z")
        around = {run.person for run in runs if since_s - 10 * 86_400 <= run.at_s < since_s + 10 * 86_400}
        away = {run.person for run in runs if run.at_s < since_s} - around
        if day == "2016-03-01":
            assert {person.access for person in away} == {Access.G3, Access.G4}
        assert len(around) == pytest.approx(expected, abs=2)


def test_windows_have_their_own_rhythm_and_their_own_probes() -> None:
    window = WHOLE.sizes["demo"].windows[0]
    short = cut(WHOLE, "2016-01-12T00:00:00Z")
    size = msgspec.structs.replace(
        WHOLE.sizes["demo"],
        runs_a_day=0.0,
        windows=(msgspec.structs.replace(window, until=window.since + timedelta(days=10)),),
    )
    runs = scheduled(calendar(msgspec.structs.replace(short, noise=()), size, 1))
    assert {run.person.access for run in runs} == {Access.WIFI}
    assert len({run.person for run in runs}) == 36
    assert len(runs) == pytest.approx(36 * 10 * window.runs_a_day, rel=0.07)
    assert all(window.since.timestamp() <= run.at_s for run in runs)


def test_a_gap_longer_than_the_rest_of_the_year_ends_where_a_window_begins() -> None:
    """All that measure in the last days' window measure there, however seldom they did before."""
    runs = scheduled(calendar(WHOLE.sized("demo"), WHOLE.sizes["demo"], 1))
    window = WHOLE.sizes["demo"].windows[-1]
    days = (window.until - window.since).total_seconds() / DAY_S
    inside = [run for run in runs if run.at_s >= window.since.timestamp()]
    assert len({run.person for run in inside}) > 0.7 * 12 * WHOLE.sizes["demo"].probes
    assert len(inside) > 0.8 * days * window.runs_a_day * 12 * WHOLE.sizes["demo"].probes


def test_noise_that_is_named_is_there() -> None:
    assert {noise.kind for noise in WHOLE.noise} == set(NoiseKind)


def test_a_canary_measures_beside_the_reflector_and_meets_its_outages_alone(month: list[Run]) -> None:
    mine = [run for run in month if run.person.operator == CANARY_ID]
    assert {run.run_kind for run in mine} == {RunKind.CANARY}
    assert {run.software for run in mine} == {SOFTWARE}, "a bug that is tried out elsewhere is not its own"
    assert {run.kind.world for run in mine} == {OPEN, "reflector-dies"}
    assert {run.kind.line for run in mine if run.kind.world == OPEN} == {WHOLE.canary.line}
    assert not any(run.blocked for run in mine)
    for app in WHOLE.apps:
        heard = [run.at_s for run in mine if app in run.kind.apps and run.kind.world == OPEN]
        gaps = [after - before for before, after in itertools.pairwise(heard)]
        assert max(gaps) < DAY_S, "the rule of blame asks for a word a day"


def test_a_canary_of_a_smaller_size_measures_where_the_year_is_looked_at() -> None:
    runs = [run for run in calendar(WHOLE, WHOLE.sizes["demo"], 1) if run.person.operator == CANARY_ID]
    assert {run.month for run in runs} == {"2015-12", "2016-01", "2016-02", "2016-11", "2016-12"}
