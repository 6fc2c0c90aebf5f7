"""Which wished flow starts when, with what patience, and which has to wait for the line."""

from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from tests.experiment.support import START_S, offered, reflector, small_profiles
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.events import Event, OpenSocket
from voipwatch.experiment.flow_book import FlowBook
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.pacing import FLOW_GAP_S, RATE_SHARE_MAX
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.question import FlowWish
from voipwatch.experiment.questions.warmup import Warmup
from voipwatch.experiment.starting import (
    LINGER_MIN_S,
    REPLY_WAIT_MAX_S,
    REPLY_WAIT_MIN_S,
    REPLY_WAIT_UNKNOWN_S,
    THIN_WAIT_S,
    FlowStarter,
)
from voipwatch.experiment.thin import DRAIN_S
from voipwatch.model.flows import FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import MAPPINGS_ALIVE_MAX
from voipwatch.model.vocabulary import Arm, Media


@dataclass
class Asker:
    """A question that wishes, and remembers what came true."""

    reflector: int
    wishes: deque[FlowWish]
    app: str = "whatsapp"
    flows: list[NearFlow] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    done: bool = False

    def started(self, flow: NearFlow, _now: float) -> None:
        self.flows.append(flow)

    def update(self, now: float) -> None:
        raise AssertionError("only `LineCheck` asks")

    def get_timer(self) -> float | None:
        return None


class Stage:
    """A starter for two reflectors, and all that it writes into."""

    def __init__(self) -> None:
        profiles = small_profiles()
        config = CheckConfig(apps=("whatsapp",), started_at="2016-01-07T12:00:00Z")
        planner = Planner(config, profiles, bytes(32))
        offers = [offered(reflector(profiles, name)) for name in ("one", "two")]
        self.sessions = planner.sessions(offers)
        self.events: deque[Event] = deque()
        self.book = FlowBook()
        self.starter = FlowStarter(self.sessions, planner=planner, book=self.book, events=self.events)

    def kind(self, media: Media = Media.VOICE) -> FlowKind:
        kinds = self.sessions[0].kinds
        return next(k for k in kinds if (k.app, k.arm, k.media) == ("whatsapp", Arm.A, media))

    def asker(self, *wanted: tuple[str, int], reflector: int = 0) -> Asker:
        """Wishes for flows of these questions and ranks, replicates counted from 0."""
        wishes = [FlowWish(self.kind(), n % 28, q, n + 3, rank) for n, (q, rank) in enumerate(wanted)]
        return Asker(reflector, deque(wishes))

    def run(self, *askers: Asker, until_s: float = 30.0) -> list[float]:
        """Lets the starter start whatever pacing allows, nothing else moves; times of its calls."""
        now, calls = START_S, []
        while now <= START_S + until_s:
            calls.append(now)
            self.starter.start_due(askers, START_S, now)
            if self.starter.next_at is None:
                break
            assert self.starter.next_at > now, "time stands still"
            now = self.starter.next_at
        return calls

    def warmed(
        self,
        reflector: int,
        rtt_s: float | None,
        spread_s: float,
        rate: float | None,
        thin: float | None = None,
    ) -> None:
        """The warm-up of a reflector measured this."""
        said = SimpleNamespace(
            rtt_s=lambda: rtt_s,
            rtt_spread_s=lambda: spread_s,
            rate_up=lambda: rate,
            rate_down=lambda: None if rate is None else 2 * rate,
            thin_up=lambda: thin,
            thin_down=lambda: None,
        )
        self.starter.warmups[reflector] = cast(Warmup, said)


def test_each_reflector_has_a_warm_up_of_its_own() -> None:
    warmups = Stage().starter.warmups
    assert {index: warmup.reflector for index, warmup in warmups.items()} == {0: 0, 1: 1}
    assert {w.kind.arm for warmup in warmups.values() for w in warmup.wishes} == {Arm.W}


def test_a_flow_that_starts_is_opened_booked_and_told() -> None:
    stage = Stage()
    asker = stage.asker(("media", 2), reflector=1)
    stage.starter.start_due([asker], START_S, START_S + 2.5)
    (flow,) = asker.flows
    assert list(stage.events) == [OpenSocket(0, 1)]
    assert stage.book.flows == [flow]
    stage.book.news.add(0)
    assert stage.book.concerned() == {id(asker)}
    record, session = flow.record, stage.sessions[1]
    assert flow.session is session
    assert record.started_us == 2_500_000, "counted from the epoch"
    assert (record.question, record.block, record.replicate, record.reflector) == ("media", 3, 0, 1)
    assert record.kind == stage.kind()
    assert record.flow == session.flow(stage.kind(), 0)
    assert record.remote_port == 3478
    assert [str(s) for s in record.round_stages] == ["setup", "handshake"]
    assert stage.starter.next_at is None
    assert not asker.wishes


def test_new_flows_of_all_reflectors_together_keep_their_distance() -> None:
    stage = Stage()
    one, two = stage.asker(("setup", 0), ("setup", 0)), stage.asker(("setup", 0), reflector=1)
    calls = stage.run(one, two)
    assert calls == pytest.approx([START_S + n * FLOW_GAP_S for n in range(3)])
    assert [f.record.reflector for f in stage.book.flows] == [0, 0, 1], "the earlier question's first"
    assert [f.record.started_us for f in stage.book.flows] == [0, 21_300, 42_600]
    assert [e.socket for e in stage.events if isinstance(e, OpenSocket)] == [0, 1, 2]


def test_the_most_urgent_wishes_start_first() -> None:
    stage = Stage()
    late, urgent = stage.asker(("media", 2), ("media", 0)), stage.asker(("setup", 1), ("setup", 2))
    stage.run(late, urgent)
    assert [f.record.question for f in stage.book.flows] == ["setup", "media", "media", "setup"]


def test_a_flow_that_the_line_has_no_room_for_waits_and_lets_others_pass() -> None:
    stage = Stage()
    stage.warmed(0, None, 0.0, rate=1_000.0)
    stage.warmed(1, None, 0.0, rate=None)
    stage.starter.heed_rates(START_S)
    tight, free = stage.asker(("setup", 0), ("setup", 0)), stage.asker(("setup", 2), reflector=1)
    held = stage.asker(("held", 2))
    stage.run(tight, free, held)
    assert [len(asker.flows) for asker in (tight, free, held)] == [1, 1, 1], "something always runs"
    assert stage.starter.next_at is None, "room, not time, is what it waits for"
    for flow in stage.book.flows:
        flow.abort(START_S + 1)
    stage.starter.start_due([tight, free, held], START_S, START_S + 1)
    assert len(tight.flows) == 2


@pytest.mark.parametrize("reflector_rate", [(1_000.0, 1e9), (1e9, 1_000.0)])
def test_either_directions_rate_bounds(reflector_rate: tuple[float, float]) -> None:
    stage = Stage()
    up, down = reflector_rate
    stage.warmed(1, None, 0.0, None)
    stage.starter.warmups[0] = cast(
        Warmup,
        SimpleNamespace(
            rate_up=lambda: up,
            rate_down=lambda: down,
            rtt_s=lambda: None,
            rtt_spread_s=lambda: 0.0,
            thin_up=lambda: None,
            thin_down=lambda: None,
        ),
    )
    stage.starter.heed_rates(START_S)
    asker = stage.asker(("setup", 0), ("setup", 0))
    stage.run(asker)
    assert len(asker.flows) == 1


def test_before_the_warm_up_is_heeded_no_rate_bounds() -> None:
    stage = Stage()
    stage.warmed(0, None, 0.0, rate=1.0)
    asker = stage.asker(*[("setup", 0)] * 3)
    stage.run(asker)
    assert len(asker.flows) == 3


def test_no_more_mappings_than_translators_bear_whoever_asks() -> None:
    stage = Stage()
    asker, other = stage.asker(*[("held", 0)] * 60), stage.asker(("held", 0), reflector=1)
    stage.run(asker, other)
    assert len(stage.book.flows) == len(asker.flows) == MAPPINGS_ALIVE_MAX
    assert not other.flows, "another reflector makes no room"
    stage.book.flows[7].abort(START_S + 30)
    stage.starter.start_due([other], START_S, START_S + 30)
    assert len(other.flows) == 1


@pytest.mark.parametrize(
    ("rtt_s", "spread_s", "wait_s"),
    [
        (None, 0.0, REPLY_WAIT_UNKNOWN_S),
        (0.01, 0.001, REPLY_WAIT_MIN_S),
        (0.2, 0.05, 0.55),
        (0.2, 0.0, 0.35),
        (0.9, 0.1, REPLY_WAIT_MAX_S),
    ],
)
def test_how_long_a_reply_is_awaited_follows_the_round_trip(
    rtt_s: float | None, spread_s: float, wait_s: float
) -> None:
    stage = Stage()
    stage.warmed(0, rtt_s, spread_s, None)
    asker, warmup = stage.asker(("setup", 0)), stage.asker(("warmup", 0))
    stage.run(asker, warmup)
    (flow,), (warming,) = asker.flows, warmup.flows
    assert flow.reply_wait_s == warming.reply_wait_s == pytest.approx(wait_s)
    assert flow.linger_s == pytest.approx(max(LINGER_MIN_S, wait_s))
    assert warming.linger_s == LINGER_MIN_S


def test_on_a_thin_line_flows_wait_for_the_queue_and_then_for_each_other_held_ones_too() -> None:
    stage = Stage()
    stage.warmed(0, 0.1, 0.9, rate=None, thin=10.0)
    stage.starter.heed_rates(START_S)
    assert stage.starter.thin == {0: 10.0}
    asker = stage.asker(("setup", 0), ("held", 0))
    calls = stage.run(asker)
    assert calls[:2] == [START_S, START_S + DRAIN_S]
    (first,) = asker.flows
    assert first.reply_wait_s == pytest.approx(1.5 * 0.1 + THIN_WAIT_S), "the spread was the queue's own"
    first.abort(START_S + 5)
    stage.starter.start_due([asker], START_S, START_S + 5)
    assert [f.record.question for f in asker.flows] == ["setup", "held"]


def test_a_line_that_is_not_thin_is_as_it_was() -> None:
    stage = Stage()
    stage.warmed(0, 0.1, 0.9, rate=None)
    stage.starter.heed_rates(START_S)
    assert stage.starter.thin == {}
    assert stage.starter.pacer(0).share == RATE_SHARE_MAX
    asker = stage.asker(("setup", 0), ("held", 0))
    assert stage.run(asker)[0] == START_S
    assert len(asker.flows) == 2
