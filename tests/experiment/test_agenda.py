"""Which questions are asked side by side, whose turn comes when, and what one answer spares the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from tests.experiment.questions.support import kinds
from tests.experiment.support import START_S
from voipwatch.experiment.agenda import ACTIVE_MAX, Agenda
from voipwatch.experiment.leg_plan import LegPlan
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.question import Question
from voipwatch.experiment.questions.leg import Leg
from voipwatch.experiment.questions.ports import Ports
from voipwatch.experiment.questions.scout import Scout
from voipwatch.experiment.questions.trigger import FLOWS_EACH, Trigger
from voipwatch.experiment.questions.warmup import Warmup
from voipwatch.experiment.session import Session
from voipwatch.experiment.thin import TOO_THIN
from voipwatch.model.flows import HELD_REPLICATES, FlowKind
from voipwatch.model.vocabulary import Arm, Media, Stage

HEARD = (200, 216)
QUIET, LOUD = 3_000.0, 5_000.0


class LegPuppet(Leg):
    """A leg moved by hand: it remembers what it was told. None is another's equal."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__
    __repr__ = object.__repr__

    def __init__(self, app: str, *, leg: str = "relay", reflector: int = 0, over: bool = False) -> None:
        self.app, self.reflector = app, reflector
        self.plan = _plan(leg)
        self.on_hold = self.confirmed = False
        self.died: dict[Arm, Stage] = {}
        self.over = over
        self.again = False
        self.left_bytes = 1000
        self.told: list[object] = []
        self.flows: list[NearFlow] = []

    @property
    def done(self) -> bool:
        return self.over

    @property
    def dead(self) -> dict[Arm, Stage]:
        return self.died

    @property
    def held_again(self) -> bool:
        return self.again

    def affords(self, count_bytes: int) -> bool:
        return 0 < count_bytes <= self.left_bytes

    def line_heard(self, received: int, sent: int) -> None:
        self.told.append((received, sent))

    def drop(self, outcome: str = "") -> None:
        self.over = True
        self.told.append(outcome or "drop")

    def curtail(self, now: float) -> None:
        self.told.append(("curtail", now))

    def update(self, now: float) -> None:
        self.told.append(("update", now))


class ScoutPuppet(Scout):
    """A scout whose end is set by hand."""

    def __init__(self, app: str, reflector: int = 0) -> None:
        self.app, self.reflector = app, reflector
        self.plan = _plan("relay")
        self.confirmed = self.over = False
        self.died: dict[Arm, Stage] = {}

    @property
    def done(self) -> bool:
        return self.over

    @property
    def dead(self) -> dict[Arm, Stage]:
        return self.died


def _plan(leg: str) -> LegPlan:
    """As much of a leg's plan as the agenda looks at."""
    return cast(
        LegPlan,
        SimpleNamespace(
            relay="",
            leg=leg,
            media=Media.VOICE,
            kinds={Arm.A: SimpleNamespace(leg=leg)},
            flow_bytes=lambda _kind, _replicate: 500,
        ),
    )


@dataclass
class Plans:
    """Stands for the planner: the legs it gives out, and the mutants of legs it was asked about."""

    given: Sequence[LegPuppet]
    has_mutants: bool = True
    asked: list[tuple[str, str, int, Stage]] = field(default_factory=list)
    ports_asked: list[tuple[str, int, bool]] = field(default_factory=list)
    of_media: int = 0
    """Mutants of media that every leg has."""

    def ports(self, app: str, session: Session, *, line_dead: bool) -> Ports:
        self.ports_asked.append((app, session.reflector, line_dead))
        return Ports(app, session.reflector, kinds=list(kinds(Media.VOICE).values()), neutral=[1], of_apps=[])

    def legs(self, _sessions: list[Session]) -> list[LegPuppet]:
        return list(self.given)

    def scouts(self, _sessions: list[Session]) -> list[object]:
        return []

    def voice_rate(self, plan: LegPlan) -> float:
        return LOUD if plan.kinds[Arm.A].leg == "loud" else QUIET

    def media_mutants(self, _plan: LegPlan) -> list[FlowKind]:
        return [kinds(Media.VOICE)[Arm.A]] * self.of_media

    def mutants(self, app: str, leg: str, stage: Stage, session: Session) -> list[FlowKind]:
        self.asked.append((app, leg, session.reflector, stage))
        return [kinds(Media.VOICE)[Arm.A]] if self.has_mutants else []


def agenda(
    *legs: LegPuppet,
    scouts: Sequence[ScoutPuppet] = (),
    mutants: bool = True,
    thin: float | None = None,
    heard: bool = True,
) -> Agenda:
    """An agenda that has begun with these."""
    sessions = [cast(Session, SimpleNamespace(reflector=index)) for index in (0, 1)]
    plans = Plans(legs, mutants)
    begun = Agenda(cast(Planner, plans), sessions)
    warmup = cast(Warmup, SimpleNamespace(counts=lambda: HEARD, heard=lambda: heard))
    begun.begin({0: warmup, 1: warmup}, {} if thin is None else {0: thin})
    begun._scouts.extend(scouts)
    begun.active.extend(scouts)
    return begun


def asked(of: Agenda) -> list[tuple[str, str]]:
    return [(type(q).__name__.removesuffix("Puppet"), q.app) for q in of.active]


def mutants_of(of: Agenda) -> list[tuple[str, str, int, Stage]]:
    return cast(Plans, of._planner).asked


def over(of: Agenda) -> bool:
    return of.over


def test_legs_hear_of_the_line_and_wait_unless_they_are_done() -> None:
    fresh, done = LegPuppet("imo"), LegPuppet("sip", over=True)
    begun = agenda(fresh, done)
    assert fresh.told == done.told == [HEARD]
    assert list(begun.waiting) == [fresh]
    assert begun.legs == [fresh, done]
    assert begun.active == []
    assert not begun.over


def test_three_apps_side_by_side_and_all_legs_of_those() -> None:
    apps = ("a", "b", "c", "d", "a")
    begun = agenda(*[LegPuppet(app) for app in apps])
    begun.admit()
    assert ACTIVE_MAX == 3
    assert [app for _, app in asked(begun)] == ["a", "b", "c", "a"]
    assert [leg.app for leg in begun.waiting] == ["d"]
    begun.legs[1].over = True  # type: ignore[attr-defined]  # a puppet
    begun.retire(START_S)
    begun.admit()
    assert [app for _, app in asked(begun)] == ["a", "c", "a", "d"]
    assert not begun.waiting


def test_on_a_thin_line_one_app_at_a_time_and_none_whose_voice_does_not_fit_beside_its_control() -> None:
    legs = [LegPuppet("a"), LegPuppet("a", leg="loud"), LegPuppet("b"), LegPuppet("c")]
    begun = agenda(*legs, thin=2 * QUIET)
    assert [leg.told[-1] for leg in legs] == [TOO_THIN, TOO_THIN, HEARD, HEARD], "all legs of an app"
    begun.admit()
    assert asked(begun) == [("Leg", "b")]
    assert [leg.app for leg in begun.waiting] == ["c"]


def test_another_reflectors_thin_line_leaves_out_nobody_here() -> None:
    far = LegPuppet("a", leg="loud", reflector=1)
    agenda(far, thin=10.0)
    assert far.told == [HEARD]


def test_an_app_waits_for_its_scout_and_is_dropped_if_that_confirmed_its_death() -> None:
    scouts = [ScoutPuppet("dead"), ScoutPuppet("open"), ScoutPuppet("open", 1)]
    legs = [LegPuppet("dead"), LegPuppet("open"), LegPuppet("open", reflector=1), LegPuppet("free")]
    begun = agenda(*legs, scouts=scouts)
    begun.admit()
    assert asked(begun)[3:] == [("Leg", "free")], "who is not scouted waits for no one"
    scouts[0].over = scouts[0].confirmed = scouts[1].over = True
    begun.retire(START_S)
    begun.admit()
    assert legs[0].told[-1] == "drop"
    assert asked(begun) == [("Scout", "open"), ("Leg", "free"), ("Leg", "open")]
    assert list(begun.waiting) == [legs[2]], "its own reflector's scout is still out"


def test_scouts_take_no_apps_place() -> None:
    scouts = [ScoutPuppet(app) for app in "wxyz"]
    begun = agenda(LegPuppet("a"), scouts=scouts)
    begun.admit()
    assert asked(begun)[4:] == [("Leg", "a")]


def test_a_dead_leg_holds_its_siblings_until_it_is_done() -> None:
    dead, sibling = LegPuppet("a"), LegPuppet("a", leg="media")
    strangers = [LegPuppet("b"), LegPuppet("a", reflector=1)]
    begun = agenda(dead, sibling, *strangers)
    begun.admit()
    begun.retire(START_S)
    assert not sibling.on_hold
    dead.died[Arm.A] = Stage.VOICE
    begun.retire(START_S)
    assert [leg.on_hold for leg in begun.legs] == [False, True, False, False]
    dead.over = True
    begun.retire(START_S + 2)
    assert [leg.on_hold for leg in begun.legs] == [False] * 4
    assert sibling.told == [HEARD, ("update", START_S + 2)], "not dead in the repeat: it plays on"
    assert [leg.told for leg in strangers] == [[HEARD]] * 2
    assert dead not in begun.active


def test_a_confirmed_death_curtails_the_siblings_that_are_not_done() -> None:
    dead, sibling, done = LegPuppet("a"), LegPuppet("a"), LegPuppet("a")
    begun = agenda(dead, sibling, done)
    begun.admit()
    dead.died[Arm.A] = Stage.VOICE
    dead.over = dead.confirmed = done.over = True
    begun.retire(START_S)
    assert sibling.told[1:] == [("curtail", START_S), ("update", START_S)]
    assert done.told == [HEARD]
    assert asked(begun) == [("Leg", "a")]


def test_of_a_dead_set_up_the_mutants_are_asked_once() -> None:
    scout, leg = ScoutPuppet("a", 1), LegPuppet("a", reflector=1)
    other = LegPuppet("a", leg="media", reflector=1)
    begun = agenda(leg, other, scouts=[scout])
    begun.retire(START_S)
    assert mutants_of(begun) == []
    scout.died[Arm.A] = Stage.SETUP
    begun.retire(START_S)
    begun.retire(START_S)
    assert asked(begun) == [("Scout", "a"), ("Trigger", "a")]
    scout.over = True
    begun.retire(START_S)
    begun.admit()
    leg.died[Arm.A] = other.died[Arm.A] = Stage.SETUP
    begun.retire(START_S)
    assert mutants_of(begun) == [("a", "relay", 1, Stage.SETUP), ("a", "media", 1, Stage.SETUP)]
    told = [type(question).__name__ for question in begun.questions]
    assert told == ["ScoutPuppet", "LegPuppet", "LegPuppet", "Trigger", "Trigger"]


def test_other_deaths_and_legs_without_mutants_ask_nothing() -> None:
    later, none = LegPuppet("a"), LegPuppet("b")
    begun = agenda(later, none, mutants=False)
    begun.admit()
    later.died = {Arm.A: Stage.VOICE}
    none.died = {Arm.A: Stage.HANDSHAKE}
    begun.retire(START_S)
    assert mutants_of(begun) == [("b", "relay", 0, Stage.HANDSHAKE)]
    assert asked(begun) == [("Leg", "a"), ("Leg", "b")]


def test_where_a_control_is_dead_on_the_apps_port_alone_others_are_asked_once_a_reflector() -> None:
    one, other, whole = LegPuppet("a"), LegPuppet("b"), LegPuppet("c")
    begun = agenda(one, other, whole)
    begun.admit()
    whole.died = {Arm.C: Stage.SETUP, Arm.C_NEUTRAL: Stage.SETUP}
    begun.retire(START_S)
    assert cast(Plans, begun._planner).ports_asked == [], "not of a line on which all is dead"
    one.died = other.died = {Arm.C: Stage.SETUP}
    begun.retire(START_S)
    begun.retire(START_S)
    assert cast(Plans, begun._planner).ports_asked == [("a", 0, False)]
    assert asked(begun)[-1] == ("Ports", "a")


def test_where_nothing_came_back_of_the_warm_up_a_well_known_port_is_asked() -> None:
    begun = agenda(LegPuppet("a"), LegPuppet("b"), heard=False)
    assert cast(Plans, begun._planner).ports_asked == [("a", 0, True)]
    assert asked(begun) == [("Ports", "a")]


def test_a_call_that_is_held_again_has_mutants_held_as_long_if_they_are_paid_for() -> None:
    late, poor = LegPuppet("a"), LegPuppet("b")
    begun = agenda(late, poor)
    begun.admit()
    late.again = poor.again = True
    poor.left_bytes = 0
    begun.retire(START_S)
    begun.retire(START_S)
    assert mutants_of(begun) == [("a", "relay", 0, Stage.VOICE), ("b", "relay", 0, Stage.VOICE)]
    assert asked(begun) == [("Leg", "a"), ("Leg", "b"), ("Trigger", "a")]
    (trigger,) = (q for q in begun.active if isinstance(q, Trigger))
    assert [w.replicate for w in trigger.wishes] == [HELD_REPLICATES[0]]


def triggers(of: Agenda) -> list[tuple[str, int]]:
    """App and first wishes of each trigger question."""
    return [(q.app, len(q.wishes)) for q in of.active if isinstance(q, Trigger)]


def with_media_mutants(*legs: LegPuppet, count: int = 2, thin: float | None = None) -> Agenda:
    begun = agenda(*legs, mutants=False, thin=thin)
    cast(Plans, begun._planner).of_media = count
    begun.admit()
    return begun


def test_dead_media_has_mutants_once_as_many_as_are_paid_for() -> None:
    rich, spare, poor = LegPuppet("a"), LegPuppet("b"), LegPuppet("c")
    rich.left_bytes, spare.left_bytes, poor.left_bytes = 4_000, 2_000, 1_999
    begun = with_media_mutants(rich, spare, poor)
    begun.retire(START_S)
    assert triggers(begun) == []
    for leg in (rich, spare, poor):
        leg.died[Arm.A] = Stage.VOICE
    begun.retire(START_S)
    begun.retire(START_S)
    assert triggers(begun) == [("a", 2 * FLOWS_EACH), ("b", 2)], "two rounds of two flows, or of one"


def test_on_a_thin_line_and_of_one_mutant_two_flows_are_asked_for() -> None:
    for count, thin in ((2, 10 * LOUD), (1, None)):
        leg = LegPuppet("a")
        leg.left_bytes = 10_000
        begun = with_media_mutants(leg, count=count, thin=thin)
        leg.died[Arm.A] = Stage.VOICE
        begun.retire(START_S)
        assert triggers(begun) == [("a", count)]


def test_of_a_call_held_again_media_is_asked_about_only_where_short_ones_fell_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []

    def silent(flows: list[NearFlow]) -> bool:
        looked.append(len(flows))
        return len(flows) > 1

    monkeypatch.setattr("voipwatch.experiment.agenda.fall_silent", silent)
    leg, direct = LegPuppet("a"), LegPuppet("b")
    begun = with_media_mutants(leg, direct, count=1)
    direct.plan = cast(LegPlan, SimpleNamespace(**{**vars(direct.plan), "relay": "relay"}))
    leg.again = direct.again = True
    for flows in (1, 1, 2, 3):
        leg.flows = [cast(NearFlow, None)] * flows
        begun.retire(START_S)
    assert looked == [1, 2], "looked at once for each flow that is new, and no more when asked"
    assert triggers(begun) == [("a", 1)]


def test_cleared_it_asks_nothing_more_and_remembers_all() -> None:
    begun = agenda(*[LegPuppet(app) for app in "abcd"])
    begun.admit()
    asked_now: list[Question] = begun.active
    begun.clear()
    assert over(begun)
    assert asked_now == [], "whoever walks through them stops"
    assert len(begun.questions) == 4
    begun.admit()
    assert over(begun)
