from pathlib import Path

import pytest

from tests.lab.scenarios.small import APPS, one_run, small
from tests.lab.scenarios.test_drawing import judge
from voipwatch.collector.spool import Stored, list_segments, read_segment
from voipwatch.lab.scenarios.calendar import Kind, Run
from voipwatch.lab.scenarios.drawing import Library, Wanted, run_check
from voipwatch.lab.scenarios.handing import Dice, LabGeo, hand_in
from voipwatch.lab.scenarios.people import Person
from voipwatch.model.submission import Intake, PrefixKind, RunKind
from voipwatch.model.vocabulary import Access

SCENARIO = small()
BLOCKED = Kind("call-ports", "3g-2016", APPS)


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checks")
    for kind in (BLOCKED, Kind("reflector-dies", "reflector-dies", APPS)):
        wanted = Wanted(kind, 0, SCENARIO.budget_bytes)
        Library(folder).keep(wanted, run_check(wanted, judge))
    return folder


def runs() -> list[Run]:
    day_s = 86_400.0
    people = [Person("B", Access.G3, 0), Person("B", Access.G3, 1), Person("B", Access.ADSL, 0)]
    found = [
        one_run(person=person, turn=turn, kind=BLOCKED, at_s=at_s, arrives_s=at_s + 100.0)
        for turn in range(3)
        for person in people
        for at_s in [one_run().at_s + turn * 8 * day_s]
    ]
    late = one_run(kind=BLOCKED, turn=50, arrives_s=one_run().at_s + 20 * day_s)
    stranger = one_run(kind=BLOCKED, turn=0, run_kind=RunKind.MANUAL, person=Person("B", Access.ADSL, 120))
    dead = one_run(kind=Kind("reflector-dies", "reflector-dies", APPS), turn=60)
    return sorted([*found, late, stranger, dead], key=lambda run: run.arrives_s)


def intakes(data: Path) -> list[Intake]:
    return [
        item.record
        for segment in list_segments(data / "spool")
        for item in read_segment(segment.path)
        if isinstance(item, Stored) and isinstance(item.record, Intake)
    ]


def test_a_calendar_goes_through_the_collector(checks: Path, tmp_path: Path) -> None:
    steps: list[int] = []
    handed = hand_in(SCENARIO, runs(), 1, data=tmp_path / "one", checks=checks, on_progress=steps.append)
    assert (handed.taken, handed.refused) == (11, {"unsigned": 1})
    assert steps == [12]
    taken = intakes(tmp_path / "one")
    assert [intake.received_at_s for intake in taken] == sorted(
        run.arrives_s for run in runs() if run.kind == BLOCKED
    )
    assert {(intake.country, intake.asn) for intake in taken} == {("MA", 64497)}
    assert {intake.geo_version for intake in taken} == {"lab"}
    assert sum(intake.enrolled for intake in taken) == 10, "all but the stranger"
    kinds = [intake.prefix_kind for intake in taken]
    assert kinds.count(PrefixKind.CARRIER) == 7
    assert all(segment.sealed for segment in list_segments(tmp_path / "one" / "spool"))


def test_the_same_seed_writes_the_same_spool(checks: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        hand_in(SCENARIO, runs(), 1, data=tmp_path / name, checks=checks)
    one, two = (
        [(segment.name, segment.path.read_bytes()) for segment in list_segments(tmp_path / name / "spool")]
        for name in ("one", "two")
    )
    assert one == two


def test_where_the_scenarios_networks_are() -> None:
    geo = LabGeo(SCENARIO)
    assert geo.find("198.51.100.7") == ("MA", 64497)
    assert geo.find("2001:db8:b000::1") == ("MA", 64497)
    assert geo.find("192.0.2.1") == (None, None), "operator A is not of this scenario"
    with pytest.raises(ValueError, match="no address"):
        geo.find("no address")


def test_dice_depend_on_the_seed_alone() -> None:
    one, again, other = Dice(1), Dice(1), Dice(2)
    first = one(16)
    assert first == again(16) != other(16)
    assert one(16) != first
