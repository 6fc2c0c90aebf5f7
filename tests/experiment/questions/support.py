"""Puppets that stand for flows, a plan for them to follow, and the hand that starts them for a question."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from tests.experiment.support import START_S, small_profiles
from voipwatch.apps import kind_table
from voipwatch.experiment.leg_plan import LegPlan
from voipwatch.experiment.near_flow import NearFlow, Outcome, Phase
from voipwatch.experiment.question import FlowWish, Question
from voipwatch.model.flows import HELD_REPLICATES, LONG_REPLICATES, MEDIA_SEQ, FlowKind, FlowRecord, Receipt
from voipwatch.model.ruleset import BLOCKS
from voipwatch.model.vocabulary import Arm, Family, Media, Stage

ARMS = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)
FLOW_BYTES = 1_000
HELD_BYTES = 20_000
MEDIA_PACKETS = 50
Asked = TypeVar("Asked", bound=Question)


@dataclass
class _Script:
    down: tuple[int, ...] = tuple(range(MEDIA_PACKETS))


@dataclass
class Puppet:
    """What a question sees of a flow, moved by hand."""

    record: FlowRecord
    flow: int
    phase: Phase = Phase.ROUNDS
    outcomes: deque[Outcome] = field(default_factory=deque)
    spent_bytes: int = 0
    media_started_at: float | None = None
    last_received_at: float | None = None
    reply_wait_s: float = 0.3
    got: int = MEDIA_PACKETS
    sent: int = MEDIA_PACKETS
    lost_share: float = 0.0
    failed_round: int | None = None
    aborted: bool = False
    script: _Script = field(default_factory=_Script)

    @classmethod
    def of(cls, wish: FlowWish, number: int) -> "Puppet":
        """The puppet of a wish that came true."""
        record = FlowRecord(
            flow=number,
            reflector=0,
            kind=wish.kind,
            replicate=wish.replicate,
            family=Family.NONE,
            question=wish.question,
            block=wish.block,
            remote_port=3478,
            round_stages=[],
            started_us=0,
        )
        return cls(record, number)

    @property
    def as_flow(self) -> NearFlow:
        """What the question takes it for."""
        return cast(NearFlow, self)

    def abort(self, now: float) -> None:
        self.aborted = self.phase is not Phase.ENDED
        self.phase = Phase.ENDED

    def media_expected(self) -> int:
        return MEDIA_PACKETS

    def media_received(self) -> int:
        return self.got

    def media_sent(self) -> int:
        return self.sent

    def media_lost_share(self, _now: float) -> float:
        return self.lost_share

    def answer(self, *marks: bool, index: int = 0) -> None:
        self.outcomes.extend(Outcome(index, hit=mark) for mark in marks)
        if any(marks):
            self.last_received_at = START_S

    def play(self, now: float) -> None:
        """Its media begins."""
        self.phase, self.media_started_at, self.last_received_at = Phase.MEDIA, now, now
        self.record.receipts = [Receipt(MEDIA_SEQ + self.sent - 1, self.sent, 1, 2**64 - 1)]

    def end(self) -> None:
        self.phase = Phase.ENDED
        self.spent_bytes = FLOW_BYTES


def kinds(media: Media) -> dict[Arm, FlowKind]:
    found = [k for k in kind_table(small_profiles()) if k.app == "whatsapp" and k.media is media]
    return {arm: next(k for k in found if k.arm is arm) for arm in ARMS}


def plan(
    media: Media = Media.VOICE,
    *,
    arms: Collection[Arm] = ARMS,
    app: str = "whatsapp",
    long: bool = False,
    copies: int = 2,
    brief: bool = False,
    secondary: bool = False,
) -> LegPlan:
    def flow_bytes(_kind: FlowKind, replicate: int) -> int:
        return HELD_BYTES if replicate in (*HELD_REPLICATES, *LONG_REPLICATES) else FLOW_BYTES

    return LegPlan(
        app=app,
        reflector=0,
        kinds={arm: kind for arm, kind in kinds(media).items() if arm in arms},
        stages=(Stage.SETUP, Stage.HANDSHAKE),
        copies=copies,
        blocks=BLOCKS,
        long=long,
        secondary=secondary,
        brief=brief,
        flow_bytes=flow_bytes,
        shuffled=lambda replicate, arms: arms[::-1] if replicate % 2 else arms,
    )


@dataclass
class Stagehand(Generic[Asked]):
    """A question and the flows that were started for it."""

    asked: Asked
    now: float = START_S
    flows: list[Puppet] = field(default_factory=list)

    def start(self) -> list[Puppet]:
        """Starts everything that is wished for."""
        started = []
        while self.asked.wishes:
            puppet = Puppet.of(self.asked.wishes.popleft(), len(self.flows))
            self.flows.append(puppet)
            started.append(puppet)
            self.asked.started(puppet.as_flow, self.now)
        return started

    def of(self, arm: Arm, question: str) -> list[Puppet]:
        return [f for f in self.flows if f.record.kind.arm is arm and f.record.question == question]

    def update(self, later_s: float = 0.0) -> None:
        self.now += later_s
        self.asked.update(self.now)
