"""For which dead set-ups the way is swept, in which order, and on whose account."""

from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.experiment.support import START_S, bytes_of, offered, reflector, small_profiles
from voipwatch.apps import kind_table
from voipwatch.experiment.agenda import Agenda
from voipwatch.experiment.events import Event, OpenSocket, Progress
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.pacing import Pacer
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.session import Session
from voipwatch.experiment.starting import FlowStarter
from voipwatch.experiment.sweeping import SWEEPS_MAX, Sweeps
from voipwatch.model.flows import FlowFailure, FlowKind
from voipwatch.model.vocabulary import Arm, Failure, Media, Stage

KINDS = kind_table(small_profiles())
SETUP_DEAD = {Arm.A: Stage.SETUP}


def voice(app: str, arm: Arm, leg: str = "relay") -> FlowKind:
    return next(k for k in KINDS if (k.app, k.leg, k.arm, k.media) == (app, leg, arm, Media.VOICE))


@dataclass
class Asked:
    """A leg or scout as far as it is looked at."""

    app: str = "whatsapp"
    dead: dict[Arm, Stage] = field(default_factory=lambda: dict(SETUP_DEAD))
    confirmed: bool = True
    relay: str = ""
    reflector: int = 0
    stages: tuple[Stage, ...] = (Stage.SETUP, Stage.HANDSHAKE)

    @property
    def plan(self) -> Any:
        kinds = {arm: voice(self.app, arm) for arm in (Arm.A, Arm.C, Arm.C_NEUTRAL)}
        return SimpleNamespace(kinds=kinds, relay=self.relay, stages=self.stages)


class Rig:
    def __init__(self, *asked: Asked, flows: tuple[NearFlow, ...] = (), budget_bytes: int = 1 << 20) -> None:
        profiles = small_profiles()
        offer = offered(reflector(profiles))
        assert offer.offer is not None
        session = Session(0, profiles, KINDS, offer, offer.offer.neutral_ports[0])
        self.events: deque[Event] = deque()
        pacer = Pacer()
        starter = SimpleNamespace(pacer=lambda _: pacer)
        planner = SimpleNamespace(draw=lambda text: int.from_bytes(bytes_of(text, 8)))
        self.sweeps = Sweeps(
            [session],
            planner=cast(Planner, planner),
            starter=cast(FlowStarter, starter),
            events=self.events,
        )
        self.sweeps.begin(cast(Agenda, SimpleNamespace(set_ups=list(asked))), flows, budget_bytes)

    def swept(self) -> list[tuple[str, Arm, Arm]]:
        """Runs all with nobody who answers."""
        now = START_S
        for _ in range(50_000):
            if self.sweeps.done:
                return [(s.app, s.dead, s.control) for s in self.sweeps.records(START_S)]
            if not self.sweeps.datagrams_to_send(now):
                due = self.sweeps.get_timer()
                now = now if due is None else max(now, due)
        raise AssertionError("it does not end")


def test_nothing_is_swept_that_nobody_found_dead() -> None:
    assert Rig().swept() == []
    assert Rig(Asked(dead={})).swept() == []
    assert Rig().sweeps.get_timer() is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(), [("whatsapp", Arm.A, Arm.C)]),
        (Asked(dead={Arm.C: Stage.SETUP}), [("whatsapp", Arm.C, Arm.C_NEUTRAL)]),
        (Asked(confirmed=False), []),
        (Asked(relay="relay"), []),
        (Asked(dead={Arm.A: Stage.HANDSHAKE}), []),
        (Asked(dead={Arm.A: Stage.VOICE}), []),
        (Asked(dead={Arm.A: Stage.SETUP, Arm.C: Stage.SETUP}), []),
        (Asked(dead={Arm.C: Stage.SETUP, Arm.C_NEUTRAL: Stage.SETUP}), []),
        (Asked(stages=(Stage.HANDSHAKE,)), []),
    ],
    ids=["signature", "port", "once", "direct", "handshake", "voice", "control", "line", "no-set-up"],
)
def test_only_a_set_up_that_died_twice_beside_a_living_control(
    asked: Asked, found: list[tuple[str, Arm, Arm]]
) -> None:
    assert Rig(asked).swept() == found


def test_each_app_once_and_one_after_the_other() -> None:
    rig = Rig(Asked(), Asked(), Asked("imo"))
    assert [app for app, _, _ in rig.swept()] == ["whatsapp", "imo"]
    told = [e.app for e in rig.events if isinstance(e, Progress)]
    assert told == ["whatsapp", "imo"]
    first, second = rig.sweeps.records(START_S)
    assert second.started_us >= first.started_us + 1e6 * first.seconds - 1e3
    opened = [e.socket for e in rig.events if isinstance(e, OpenSocket)]
    assert len(set(opened)) == len(opened)
    spent = rig.sweeps.spent_bytes()
    assert set(spent) == {"whatsapp", "imo"}
    assert min(spent.values()) > 0


def test_no_more_apps_than_a_person_waits_for() -> None:
    assert SWEEPS_MAX == 3
    many = [Asked(), Asked("imo")]
    assert len(Rig(*many).swept()) == 2


def flow(spent_bytes: int, *failures: FlowFailure, arm: Arm = Arm.A) -> NearFlow:
    record = SimpleNamespace(kind=voice("whatsapp", arm), failures=list(failures))
    return cast(NearFlow, SimpleNamespace(record=record, spent_bytes=spent_bytes))


def test_what_the_flows_have_spent_is_gone() -> None:
    rig = Rig(Asked(), flows=(flow(990), flow(1_000)), budget_bytes=2_000)
    rig.swept()
    (sweep,) = rig.sweeps.records(START_S)
    assert sweep.state == "budget"
    assert len(sweep.probes) == 0


@pytest.mark.parametrize(("arm", "whole"), [(Arm.A, False), (Arm.C, True)])
def test_a_dead_arm_that_was_refused_aloud_is_asked_more_quietly(arm: Arm, whole: bool) -> None:
    rig = Rig(Asked(), flows=(flow(10, FlowFailure(Failure.PORT_UNREACHABLE, 5), arm=arm),))
    rig.swept()
    (sweep,) = rig.sweeps.records(START_S)
    assert {p.whole for p in sweep.probes} == {whole}


def test_an_end_of_the_check_is_its_end() -> None:
    rig = Rig(Asked(), Asked("imo"))
    rig.sweeps.datagrams_to_send(START_S)
    rig.sweeps.stop(START_S + 0.5)
    assert rig.sweeps.done
    assert [(s.app, s.state) for s in rig.sweeps.records(START_S)] == [("whatsapp", "interrupted")]
