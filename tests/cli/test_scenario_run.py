"""The thin path: eleven days through collector, loader, judge and detector, all of them real."""

from pathlib import Path

import msgspec
import pytest

from tests.lab.scenarios.small import small
from voipwatch.cli import scenario_run
from voipwatch.cli.machinery import judge_in_english
from voipwatch.cli.scenario_run import MARK, NotOursError, Observatory, Order, clear, series_named
from voipwatch.cli.scenario_votes import observe_votes, said_by_checks
from voipwatch.lab.scenarios.calendar import calendar
from voipwatch.lab.scenarios.drawing import Library, Wanted, run_and_keep
from voipwatch.lab.scenarios.handing import hand_in
from voipwatch.lab.scenarios.score import score
from voipwatch.model.incidents import AttributionState, PhaseKind
from voipwatch.store.opening import open_store


@pytest.mark.slow
def test_a_planted_block_is_found_and_votes_alone_say_the_same(tmp_path: Path) -> None:
    scenario, seed = small(), 1
    runs = calendar(scenario, scenario.sizes["tiny"], seed)
    checks = tmp_path / "checks"
    for wanted in sorted({Wanted(run.kind, run.draw, scenario.budget_bytes) for run in runs}):
        run_and_keep(checks, wanted, judge_in_english)
    handed = hand_in(scenario, runs, seed, data=tmp_path / "data", checks=checks)
    assert (handed.taken, handed.refused) == (len(runs), {})
    with open_store(f"chdb://{tmp_path}/store", create=True) as store:
        observatory = Observatory(store, tmp_path / "data")
        while observatory.turn(at_most=1):
            pass
        observatory.finish(scenario.instance)
        reports = store.select("SELECT notes, instance, operator, country FROM reports").to_pylist()
    assert observatory.judge.judged <= 5 < observatory.judge.told_again
    assert {row["instance"] for row in reports} == {"morocco-2016"}
    places = {(row["operator"], row["country"]) for row in reports}
    assert places == {("Operator B", "MA"), (scenario.canary.name, "ZZ")}
    assert all("drawn" in row["notes"].split(",") for row in reports)
    changes = [scenario_run.change_of(each) for each in observatory.found]
    result = score(scenario, changes)
    assert not result.wrong
    assert [edge.kind for edge in result.missed] == ["end"] * len(result.missed), "it ends with the scenario"
    assert {edge.series.app for edge in result.edges if edge.found} == {"facetime", "imo"}
    with open_store(f"chdb://{tmp_path}/votes", create=True) as store:
        said = said_by_checks(scenario, Library(checks))
        by_votes, told = observe_votes(scenario, runs, seed, store=store, data=tmp_path / "v", said=said)
    assert by_votes == changes
    (incident,) = observatory.incidents
    assert incident.id == "LAB-MA-2015-12-a"
    assert [phase.kind for phase in incident.phases] == [PhaseKind.ONSET]
    assert incident.attribution.state is AttributionState.ATTRIBUTED, "the canary was heard"
    assert [each.phases for each in told] == [incident.phases]


def test_a_folder_is_cleared_only_if_a_scenario_made_it(tmp_path: Path) -> None:
    order = Order("morocco-2016", "demo", 1, tmp_path / "data", tmp_path / "checks")
    clear(order)
    (order.data / "spool").mkdir()
    clear(order)
    assert [path.name for path in order.data.iterdir()] == [MARK]
    other = msgspec.structs.replace(order, data=tmp_path / "other")
    other.data.mkdir()
    (other.data / "thesis.txt").write_text("years of work")
    with pytest.raises(NotOursError):
        clear(other)
    assert (other.data / "thesis.txt").exists()


def test_a_series_name_is_taken_apart() -> None:
    series = series_named("Operator A\x003g\x00imo")
    assert (series.operator, series.access.value, series.app) == ("Operator A", "3g", "imo")
