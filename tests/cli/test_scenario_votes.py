"""Whole calendars by votes; that they say what reports say is held in test_scenario_run."""

from pathlib import Path

from tests.lab.scenarios.small import one_run
from voipwatch.cli.scenario_votes import observe_votes, said_as_planted, votes_of_runs
from voipwatch.lab.scenarios.calendar import Kind, calendar
from voipwatch.lab.scenarios.people import Person
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.score import score
from voipwatch.lab.scenarios.story import judge_story
from voipwatch.lab.scenarios.table import CANARY_ID
from voipwatch.model.incidents import AttributionState
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.store.opening import open_store

SCENARIO = load_scenario("morocco-2016").sized("demo")


def test_the_demo_finds_every_onset_and_end_and_tells_one_incident(tmp_path: Path) -> None:
    runs = calendar(SCENARIO, SCENARIO.sizes["demo"], 1)
    with open_store(f"chdb://{tmp_path}/store", create=True) as store:
        changes, incidents = observe_votes(
            SCENARIO, runs, 1, store=store, data=tmp_path, said=said_as_planted(SCENARIO)
        )
    result = score(SCENARIO, changes)
    assert [(edge.series, edge.kind) for edge in result.missed] == []
    assert result.wrong == ()
    assert result.widest_h <= SCENARIO.sizes["demo"].interval_h
    story = judge_story(SCENARIO, SCENARIO.sizes["demo"], incidents)
    assert story.right, story
    (incident,) = incidents
    assert incident.attribution.state is AttributionState.ATTRIBUTED, "its canary was heard"


def test_what_worlds_are_there_for() -> None:
    said = said_as_planted(SCENARIO)
    apps = ("whatsapp", "viber")
    words = {
        world: [each.verdict for each in said(one_run(kind=Kind(world, line, apps)))]
        for world, line in (
            ("clean", "3g-2016"),
            ("every-call", "3g-2016"),
            ("whatsapp-attribute", "3g-2016"),
            ("reflector-dies", "reflector-dies"),
            ("call-ports", "burst-30"),
        )
    }
    ok, blocked, unknown = Verdict.OK, Verdict.BLOCKED, Verdict.INSUFFICIENT
    assert words == {
        "clean": [ok, ok, ok],
        "every-call": [blocked, blocked, ok],
        "whatsapp-attribute": [blocked, ok, ok],
        "reflector-dies": [],
        "call-ports": [unknown, unknown, unknown],
    }


def test_a_vote_says_who_when_and_where() -> None:
    beside_reflector = Person(CANARY_ID, Access.ETHERNET, 0)
    canary = one_run(person=beside_reflector, kind=Kind("clean", "clean", ("imo",)), run_kind=RunKind.CANARY)
    runs = [one_run(kind=Kind("clean", "3g-2016", ("imo",))), one_run(run_kind=RunKind.MANUAL), canary]
    panel, by_hand, beside = votes_of_runs(SCENARIO, runs, 1, said_as_planted(SCENARIO))
    assert (beside[0].source, beside[0].country, beside[0].enrolled) == ("canary", "ZZ", True)
    assert (panel[0].operator, panel[0].country, panel[0].instance) == ("Operator B", "MA", "morocco-2016")
    assert (panel[0].prefix_kind, panel[0].enrolled, panel[0].source) == (PrefixKind.CARRIER, True, "panel")
    assert (by_hand[0].enrolled, by_hand[0].source) == (False, "manual")
    assert panel[0].report_id != by_hand[0].report_id
