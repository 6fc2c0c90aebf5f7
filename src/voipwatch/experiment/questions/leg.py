"""Leg: does one leg of an app get through like its controls, from set-up to media?

Phases, each entered once (spec: docs/experiments/leg.md)::

    FIRST  4 blocks of A, C, A', C'; a dead arm is decided packet by packet
      any arm dead, or a stranger's SIP in two calls
                   -> REPEAT  4 fresh blocks at least 2 s later -> DONE
      media wanted -> MEDIA   blocks up to the planned number, one pair of A and C held 10 s;
                              a held flow that falls silent or loses gets a second pair -> DONE
      else         -> DONE
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from voipwatch.experiment.arm_deaths import ArmDeaths, stop_arm
from voipwatch.experiment.leg_plan import FIRST_BLOCKS, FIRST_BLOCKS_MIN, REPEAT_BLOCKS, LegPlan
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.model.flows import HELD_REPLICATES, LONG_REPLICATES, MEDIA_SEQ
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import CUT_WINDOW_S, CUT_WINDOWS, DEAD_LOSS_RATIO, REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Media, Stage

REPLICATES_SHORT = min(HELD_REPLICATES)
DEAD_MEDIA_FLOWS = 2
FOREIGN_FLOWS = 2
DECIDING = frozenset({Arm.A, Arm.C})
"""Arms without which nothing is said of an app."""
SILENT_S = CUT_WINDOW_S * CUT_WINDOWS
"""A held flow without a downlink packet, or without news in its receipts, this long is suspect."""

HELD_LOSS_SHARE = 0.2
"""A held flow that lost more than this downlink is held again: one flow's loss pattern names nothing."""


class LegPhase(Enum):
    """A leg's state; see the picture above."""

    FIRST = "first"
    REPEAT = "repeat"
    MEDIA = "media"
    DONE = "done"


@dataclass
class Leg:
    """One leg of one app at one reflector."""

    plan: LegPlan
    budget_bytes: int
    """What this leg may still spend, its own spending not yet taken off."""
    phase: LegPhase = LegPhase.FIRST
    wishes: deque[FlowWish] = field(default_factory=deque)
    on_hold: bool = False
    """Another leg of the app seems dead: no more is spent here until its repeat has told."""
    confirmed: bool = False
    """A dead arm was dead again in the repeat."""
    flows: list[NearFlow] = field(default_factory=list)
    _live: list[NearFlow] = field(default_factory=list)
    """In the order of their start, every flow that has not ended, and of the ended some."""
    _deaths: ArmDeaths = field(init=False)
    _media_judged: int = 0
    """Ended flows when dead media was last looked for."""
    _last_first_at: float = 0.0
    _repeat_at: float | None = None
    _held_wished: int = 0
    _curtailed: bool = False

    def __post_init__(self) -> None:
        self.app = self.plan.app
        self.reflector = self.plan.reflector
        self._deaths = ArmDeaths(self.plan)
        first = self._first_blocks()
        if first < FIRST_BLOCKS_MIN:
            self.phase = LegPhase.DONE
            self.decisions.append(Decision(self.app, "setup", "all", self.media.value, "budget", 0.0, 0, 0))
            return
        self._wish_blocks("setup", range(first))

    def _first_blocks(self) -> int:
        """As many of the first blocks as half of the budget pays for: a repeat must still be affordable."""
        affordable = 0
        left = self.budget_bytes // 2
        while affordable < FIRST_BLOCKS:
            left -= self.plan.block_bytes(affordable)
            if left < 0:
                break
            affordable += 1
        return affordable

    @property
    def decisions(self) -> list[Decision]:
        """What was decided so far."""
        return self._deaths.decisions

    @property
    def dead(self) -> dict[Arm, Stage]:
        """Arms found dead in the first blocks, and where."""
        return self._deaths.dead

    @property
    def done(self) -> bool:
        """True when nothing more will be sent for this leg."""
        return self.phase is LegPhase.DONE

    @property
    def held_again(self) -> bool:
        """Whether a held flow fell silent or lost much, so that a second one is held."""
        return self._held_wished > 1

    def affords(self, count_bytes: int) -> bool:
        """Whether the budget pays for that much more than what is planned."""
        return count_bytes <= self._left_bytes()

    @property
    def media(self) -> Media:
        """What the leg carries after its set-up."""
        return self.plan.media

    def drop(self, outcome: str = "") -> None:
        """There is no call to play: the scout found the set-up dead beyond doubt, or what `outcome` says."""
        if outcome:
            self._deaths.note("setup", "all", self.media.value, outcome, 0.0, (0, 0))
        self.phase = LegPhase.DONE
        self.wishes.clear()

    def curtail(self, now: float) -> None:
        """Another leg of the app is dead beyond doubt: this one plays no more than its first blocks."""
        self._curtailed = True
        self.wishes = deque(w for w in self.wishes if w.question in ("setup", "repeat"))
        for flow in self.flows:
            if flow.record.question in ("media", "held"):
                flow.abort(now)

    def line_heard(self, received: int, sent: int) -> None:
        """What the warm-up on a neutral port got back: C' for the first decision."""
        self._deaths.test_afresh(line=(received, sent))

    def started(self, flow: NearFlow, now: float) -> None:
        """A wish came true."""
        self.flows.append(flow)
        self._live.append(flow)
        self._deaths.started(flow.record.question, now)
        if flow.record.question == "setup":
            self._last_first_at = now

    def get_timer(self) -> float | None:
        """When the repeat is due, while it is waited for."""
        return self._repeat_at if not self.wishes else None

    def update(self, now: float) -> None:
        """Takes the flows' news, decides, wishes for what comes next."""
        if self.phase is LegPhase.DONE:
            return
        question = "repeat" if self.phase is LegPhase.REPEAT else "setup"
        self._live = [f for f in self._live if f.phase is not Phase.ENDED or f.outcomes]
        news = [flow for flow in self._live if flow.outcomes and flow.record.question in (question, "media")]
        if news:
            for arm, stage, counts in self._deaths.take(news, question):
                self._arm_dead(question, arm, stage, now, counts)
        if self.phase is LegPhase.FIRST:
            self._update_first(now)
        elif self.phase is LegPhase.REPEAT:
            self._update_repeat(now)
        else:
            self._update_media(now)

    # -- wishes ------------------------------------------------------------------------------

    def _wish_blocks(self, question: str, replicates: range) -> None:
        block_wishes = [
            FlowWish(self.plan.kinds[arm], replicate, question, replicate, self._rank(question, arm, index))
            for index, replicate in enumerate(replicates)
            for arm in self.plan.shuffled(replicate, list(self.plan.kinds))
        ]
        self.wishes.extend(sorted(block_wishes, key=lambda wish: wish.rank))

    def _rank(self, question: str, arm: Arm, index: int) -> int:
        """Four requests on three flows or more decide a set-up; then C' decides whether it is the port."""
        if question == "media" or not self.plan.stages or self.plan.secondary:
            return 2
        deciding = FIRST_BLOCKS_MIN + (arm is Arm.A and self.plan.copies == 1)
        if index >= deciding:
            return 2
        return 0 if arm in (Arm.A, Arm.C) else 1

    def _wish_held(self, replicate: int, now: float) -> None:
        pair = [arm for arm in self.plan.shuffled(replicate, [Arm.A, Arm.C]) if arm in self.plan.kinds]
        self._held_wished += 1
        if sum(self.plan.flow_bytes(self.plan.kinds[arm], replicate) for arm in pair) > self._left_bytes():
            self._deaths.note("held", "all", self.media.value, "budget", now, (0, 0))
            return
        self.wishes.extend(FlowWish(self.plan.kinds[arm], replicate, "held", replicate) for arm in pair)

    def _left_bytes(self) -> int:
        spent = sum(f.spent_bytes for f in self.flows)
        return self.budget_bytes - spent - sum(self._unspent(f) for f in self._live) - self._wished_bytes()

    def _wished_bytes(self) -> int:
        return sum(self.plan.flow_bytes(w.kind, w.replicate) for w in self.wishes)

    def _unspent(self, flow: NearFlow) -> int:
        planned = self.plan.flow_bytes(flow.record.kind, flow.record.replicate)
        return max(0, planned - flow.spent_bytes) if flow.phase is not Phase.ENDED else 0

    # -- phases ------------------------------------------------------------------------------

    def _arm_dead(self, question: str, arm: Arm, stage: Stage, now: float, counts: tuple[int, int]) -> None:
        self._deaths.report(question, arm, stage, now, counts)
        self.wishes = stop_arm(arm, question, wishes=self.wishes, flows=self.flows, now=now)

    def _ended(self, question: str) -> bool:
        return not self.wishes and all(
            f.phase is Phase.ENDED for f in self._live if f.record.question == question
        )

    def _update_first(self, now: float) -> None:
        self._decide_media("setup", now)
        if self.dead and not self.wishes:
            waiting = [f for f in self._live if f.phase is Phase.ROUNDS]
            if not waiting and self._repeat_at is None:
                self._cut_short(now)
                self._repeat_at = max(now, self._last_first_at + REPEAT_AFTER_S)
        if self._repeat_at is not None:
            if now >= self._repeat_at:
                self._repeat_at = None
                self.phase = LegPhase.REPEAT
                self._deaths.test_afresh()
                self._wish_blocks("repeat", range(FIRST_BLOCKS, FIRST_BLOCKS + REPEAT_BLOCKS))
            return
        if self.on_hold or not self._ended("setup"):
            return
        if self._given_up():
            self._repeat_at = max(now, self._last_first_at + REPEAT_AFTER_S)
            return
        if self.media is Media.NONE or self.plan.brief or self._curtailed or not self._any_media():
            self._finish("exhausted" if not self._any_answer() else "done", now)
            return
        self._begin_media(len({f.record.block for f in self.flows if f.record.question == "setup"}), now)

    def _begin_media(self, first: int, now: float) -> None:
        """`first`: the first replicate that no block has had."""
        self.phase = LegPhase.MEDIA
        self._wish_held(LONG_REPLICATES[0] if self.plan.long else HELD_REPLICATES[0], now)
        self._wish_media(first, now)

    def _given_up(self) -> bool:
        """Whether a stranger spoke in two answered calls of A: only a repeat says it of the line."""
        met = [f for f in self.flows if f.record.kind.arm is Arm.A and f.record.foreign]
        return len(met) >= FOREIGN_FLOWS

    def _cut_short(self, now: float) -> None:
        """With a dead arm the others' media tells nothing more: stop it after what the windows need."""
        for flow in self.flows:
            if flow.phase is Phase.MEDIA and self._setup_dead():
                flow.abort(now)

    def _setup_dead(self) -> bool:
        return any(stage in (Stage.SETUP, Stage.HANDSHAKE) for stage in self.dead.values())

    def _update_repeat(self, now: float) -> None:
        self._decide_media("repeat", now)
        if self._setup_dead() and not self.wishes:
            for flow in self.flows:
                if flow.phase is Phase.MEDIA and flow.record.question == "repeat":
                    flow.abort(now)
        if self._ended("repeat"):
            if self._lived_after_all():
                self._begin_media(FIRST_BLOCKS + REPEAT_BLOCKS, now)
                return
            self.confirmed = self._deaths.again
            self._finish("dead" if self.confirmed else "exhausted", now)

    def _lived_after_all(self) -> bool:
        """Neither the treatment nor its control was dead again, and media of both came: a stall, or a queue
        that calls share, looks dead in the first blocks, and more of them tell. Nor is media dead that came
        after its flow had ended: of it too more blocks tell.
        """
        if self.media is Media.NONE or self.plan.brief or self._curtailed or self.on_hold:
            return False
        again = {arm for arm in DECIDING if self._deaths.reported("repeat", arm)}
        late = {arm for arm in again if self._came_late(arm)}
        heard = {
            f.record.kind.arm
            for f in self.flows
            if f.record.question == "repeat" and f.media_started_at is not None and f.media_received()
        }
        return again == late and heard | late >= DECIDING & self.plan.kinds.keys()

    def _came_late(self, arm: Arm) -> bool:
        """Whether media of the first blocks that seemed dead has come since: the repeat was over later."""
        if self._setup_dead():
            return False
        first = self._media_flows("setup", arm)
        return bool(first) and not any(self._media_dead(flow) for flow in first)

    def _update_media(self, now: float) -> None:
        for flow in self._live:
            if self._held_wished == 1 and flow.record.question == "held" and self._suspect(flow, now):
                self._wish_held(LONG_REPLICATES[1] if self.plan.long else HELD_REPLICATES[1], now)
        if not self.wishes and all(f.phase is Phase.ENDED for f in self._live):
            self._finish("done", now)

    def _finish(self, outcome: str, now: float) -> None:
        self.phase = LegPhase.DONE
        self.wishes.clear()
        sent = sum(len(f.record.sent.seq) for f in self.flows if f.record.kind.arm is Arm.A)
        flows = sum(1 for f in self.flows if f.record.kind.arm is Arm.A)
        stage = "voice" if self.media is Media.VOICE else self.media.value
        self._deaths.note("setup", "A", stage, outcome, now, (sent, flows))

    # -- media -------------------------------------------------------------------------------

    def _wish_media(self, first: int, now: float) -> None:
        left = self._left_bytes()
        for replicate in range(first, min(self.plan.blocks, REPLICATES_SHORT)):
            left -= self.plan.block_bytes(replicate)
            if left < 0:
                self._deaths.note("media", "all", self.media.value, "budget", now, (0, len(self.flows)))
                return
            self._wish_blocks("media", range(replicate, replicate + 1))

    def _any_media(self) -> bool:
        return any(f.media_started_at is not None for f in self.flows)

    def _any_answer(self) -> bool:
        return any(f.last_received_at is not None for f in self.flows)

    def _decide_media(self, question: str, now: float) -> None:
        """A treatment whose media is dead either way while its control's lives needs no more data."""
        ended = len(self.flows) - sum(1 for flow in self._live if flow.phase is not Phase.ENDED)
        if ended == self._media_judged:
            return
        self._media_judged = ended
        for arm in (Arm.A, Arm.A_NEUTRAL, Arm.C):
            control = {Arm.A: Arm.C}.get(arm, Arm.C_NEUTRAL)
            if self._deaths.reported(question, arm) or arm not in self.plan.kinds:
                continue
            dead = [f for f in self._media_flows(question, arm) if self._media_dead(f)]
            living = [f for f in self._media_flows(question, control) if not self._media_dead(f)]
            all_over = len(dead) == len(self._media_flows(question, arm))
            if all_over and len(dead) >= DEAD_MEDIA_FLOWS and len(living) >= DEAD_MEDIA_FLOWS:
                stage = Stage.VIDEO if self.media is Media.VIDEO else Stage.VOICE
                packets = sum(f.media_sent() for f in dead)
                self._arm_dead(question, arm, stage, now, (packets, len(dead)))

    def _media_flows(self, question: str, arm: Arm) -> list[NearFlow]:
        return [
            f
            for f in self.flows
            if f.record.question == question
            and f.record.kind.arm is arm
            and f.media_started_at is not None
            and f.phase is Phase.ENDED
        ]

    def _media_dead(self, flow: NearFlow) -> bool:
        expected = flow.media_expected()
        if expected and expected - flow.media_received() >= DEAD_LOSS_RATIO * expected:
            return True
        sent = flow.media_sent()
        return sent > 0 and sent - _media_receipted(flow) >= DEAD_LOSS_RATIO * sent

    def _suspect(self, flow: NearFlow, now: float) -> bool:
        if flow.record.kind.arm is not Arm.A or flow.media_started_at is None:
            return False
        if flow.phase is Phase.ENDED:
            return False
        since = flow.last_received_at or flow.media_started_at
        if flow.script.down and now - max(since, flow.media_started_at) > SILENT_S:
            return True
        if flow.media_lost_share(now) > HELD_LOSS_SHARE:
            return True
        newest = max((r.highest_seq for r in flow.record.receipts), default=0)
        behind = flow.media_sent() + MEDIA_SEQ - newest
        rate = flow.media_sent() / max(0.5, now - flow.media_started_at)
        return behind > rate * (SILENT_S + flow.reply_wait_s) and flow.media_sent() > CUT_WINDOWS


def _media_receipted(flow: NearFlow) -> int:
    """At most how many uplink media packets the far end said it got, reports left aside."""
    last = max(flow.record.receipts, key=lambda r: r.count, default=None)
    if last is None:
        return 0
    known = {last.highest_seq, *(last.highest_seq - 1 - i for i in range(64) if last.bitmap >> i & 1)}
    oldest = last.highest_seq - 64
    older = max(0, min(last.count, oldest - MEDIA_SEQ))
    aside = flow.record.aside_up
    return older + sum(1 for seq in known if seq >= MEDIA_SEQ and seq not in aside)
