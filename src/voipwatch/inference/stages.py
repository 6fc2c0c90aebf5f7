"""What each flow did at each stage, and what that says of an arm: dead, alive, or not enough to say.

The flow is the unit. At set-up stages a flow is dead when the last round it asked stayed unanswered and
each of its requests, or each answer, is known to have been lost; at media stages a direction is dead when
90 % of its packets are. An arm is dead only when flows at least two seconds apart were.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import comb

from voipwatch.inference.join import WAIT_US, FlowView, Session
from voipwatch.inference.track import NOTHING, Count, Fate, Track, total
from voipwatch.model.flows import MEDIA_SEQ, REPLIES_MAX, TRIES_MAX
from voipwatch.model.ruleset import DEAD_LOSS_RATIO, REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Direction, Media, Stage

ROUND_SPAN = TRIES_MAX * REPLIES_MAX
WAIT_MIN_US = 150_000
WAIT_ROUND_TRIPS = 2
"""An answer that took twice the 95th percentile of the round trips is late, not merely slow."""
MEDIA_MIN = 10
"""Packets of one direction below which a media flow says nothing: 200 ms of voice."""
LIVING_SHARE_MIN = 0.6
"""An arm lives when this share of its flows does; one dead path of four leaves three quarters."""
BROKEN_LOSS_RATIO = 0.5
"""A control flow that lost this much counts as broken in the path lottery, so that lossy paths defend
the accused."""

MEDIA_STAGE = {Media.VOICE: Stage.VOICE, Media.VIDEO: Stage.VIDEO}


class State(Enum):
    """Of one arm at one stage."""

    ABSENT = "absent"
    """No flow of the arm says anything at this stage."""
    DEAD = "dead"
    UNREPEATED = "unrepeated"
    """Every flow died, but there are too few of them or too close in time."""
    MIXED = "mixed"
    ALIVE = "alive"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One flow at one stage."""

    flow: FlowView
    stage: Stage
    dead: bool | None
    """The exchange is dead; None where it cannot be told."""
    dead_up: bool | None
    dead_down: bool | None
    up: Count
    """Packets of the stage, uplink."""
    down: Count
    asked: int = 0
    """Set-up requests of the stage that were waited for."""
    unanswered: int = 0
    fate_up: int = 0
    """Of the unanswered requests of the last round: lost on the way up."""
    fate_down: int = 0
    """Of these: whose answers were all lost on the way down."""

    @property
    def broken(self) -> bool:
        """Whether at least half of one direction (or of the exchange, where only that is known) was lost."""
        if self.dead:
            return True
        ratios = [self.up.ratio, self.down.ratio]
        if self.asked and not self.flow.logged:
            ratios.append(self.unanswered / self.asked)
        return any(r is not None and r >= BROKEN_LOSS_RATIO for r in ratios)


@dataclass(frozen=True, slots=True)
class ArmView:
    """One arm of one shape at one stage."""

    state: State
    outcomes: tuple[Outcome, ...]
    """Flows that reached the stage and whose outcome can be told."""
    dead: tuple[Outcome, ...]

    @property
    def alive(self) -> tuple[Outcome, ...]:
        """The flows that lived."""
        return tuple(o for o in self.outcomes if o not in self.dead)

    @property
    def up(self) -> Count:
        """Pooled over flows."""
        return total(o.up for o in self.outcomes)

    @property
    def down(self) -> Count:
        """Pooled over flows."""
        return total(o.down for o in self.outcomes)


ABSENT = ArmView(State.ABSENT, (), ())


def voiced_rounds(flows: Iterable[FlowView]) -> frozenset[int]:
    """Set-up rounds that anybody ever answered: a round without replies (SIP's ACK) accuses nobody."""
    rounds: set[int] = set()
    for flow in flows:
        rounds |= {seq // ROUND_SPAN for seq in flow.answered_us}
        rounds |= {p.seq // ROUND_SPAN for p in flow.down.packets if p.seq < MEDIA_SEQ}
    return frozenset(rounds)


def setup_outcome(
    flow: FlowView, stage: Stage, *, voiced: frozenset[int], rtt_us: int | None
) -> Outcome | None:
    """The flow at a set-up stage, None if it sent nothing of the stage."""
    of_stage = [s for s in flow.asked_us if flow.stage_of_round(s // ROUND_SPAN) is stage]
    if voiced & {s // ROUND_SPAN for s in of_stage}:
        of_stage = [s for s in of_stage if s // ROUND_SPAN in voiced]
    if not of_stage:
        return None
    up_fates = {p.seq: p.fate for p in flow.up.packets}
    last = max(s // ROUND_SPAN for s in of_stage)
    waited = [s for s in of_stage if s in flow.answered_us or _waited(flow, s, up_fates, rtt_us)]
    of_last = [s for s in waited if s // ROUND_SPAN == last]
    numbers = set(of_stage)
    up = Counter(up_fates.get(s, Fate.UNKNOWN) for s in of_stage)
    down = [p for p in flow.down.packets if p.seq < MEDIA_SEQ and p.seq - p.seq % REPLIES_MAX in numbers]
    dead: bool | None = None
    fates: Counter[str] = Counter()
    if any(s in flow.answered_us for s in of_last):
        dead = False
    elif of_last:
        fates = Counter(_miss(flow, s, up_fates) for s in of_last)
        # With a log, a miss that nobody can place may be the reflector's own doing: it proves nothing.
        dead = True if not flow.logged or fates["unknown"] == 0 else None
    n_last = sum(fates.values())
    down_lost = sum(p.fate is Fate.LOST for p in down)
    down_known = sum(p.fate is not Fate.UNKNOWN for p in down)
    return Outcome(
        flow=flow,
        stage=stage,
        dead=dead,
        dead_up=_dead_way(dead, fates["up"], n_last),
        dead_down=_dead_way(dead, fates["down"], n_last),
        up=Count(up[Fate.ARRIVED] + up[Fate.LOST], up[Fate.LOST]),
        down=Count(down_known, down_lost) if flow.logged else NOTHING,
        asked=len(waited),
        unanswered=sum(s not in flow.answered_us for s in waited),
        fate_up=fates["up"],
        fate_down=fates["down"],
    )


def _dead_way(dead: bool | None, lost: int, of: int) -> bool | None:
    """Whether one direction alone explains a dead exchange."""
    if not dead:
        return dead
    return lost >= DEAD_LOSS_RATIO * of if lost else None


def _waited(flow: FlowView, seq: int, up_fates: dict[int, Fate], rtt_us: int | None) -> bool:
    """Whether an unanswered request had the time for an answer, or is known to have been lost with it."""
    if up_fates.get(seq) is Fate.LOST or (flow.logged and _miss(flow, seq, up_fates) == "down"):
        return True
    ends = [t for t in (flow.record.ended_us, flow.cut_us) if t is not None]
    wait_us = WAIT_US if rtt_us is None else max(WAIT_MIN_US, WAIT_ROUND_TRIPS * rtt_us)
    return not ends or min(ends) - flow.asked_us[seq] >= wait_us


def _miss(flow: FlowView, seq: int, up_fates: dict[int, Fate]) -> str:
    """Where an unanswered request was lost: "up", "down" or "unknown"."""
    fate = up_fates.get(seq, Fate.UNKNOWN)
    if fate is Fate.LOST:
        return "up"
    if fate is Fate.UNKNOWN:
        return "unknown"
    if not flow.logged:
        return "down"  # a receipt proves that it arrived; the answer is what never came
    replies = [p for p in flow.down.packets if p.seq - p.seq % REPLIES_MAX == seq]
    return "down" if replies and all(p.fate is Fate.LOST for p in replies) else "unknown"


def media_outcome(flow: FlowView, stage: Stage, *, any_medium: bool = False) -> Outcome | None:
    """The flow at a media stage, None if it carried no media of that kind (of any kind, where asked)."""
    if not any_medium and MEDIA_STAGE.get(flow.record.kind.media) is not stage:
        return None
    up_track, down_track = flow.media(up=True), flow.media(up=False)
    if not up_track.packets and not down_track.packets:
        return None
    up, down = up_track.counted, down_track.counted
    dead_up = _dead(up_track)
    dead_down = _dead(down_track)
    silent = not flow.logged and not down_track.packets and len(up_track.packets) >= MEDIA_MIN
    if silent and flow.answered_us:
        dead_down = True  # its set-up was answered, so the other end did talk: nothing of it came
    known = [d for d in (dead_up, dead_down) if d is not None]
    if silent and not known:
        known = [True]  # the exchange is dead; which way, nobody can tell
    return Outcome(
        flow=flow,
        stage=stage,
        dead=any(known) if known else None,
        dead_up=dead_up,
        dead_down=dead_down,
        up=up,
        down=down,
    )


def _dead(track: Track) -> bool | None:
    """At least 90 % lost, of the packets or of their bytes: among media there are small messages of other
    kinds (keep-alives, reports), and a call whose every voice packet dies is not saved by them.
    """
    count = track.counted
    if count.known < MEDIA_MIN:
        return None
    every = sum(p.size_bytes for p in track.known)
    lost = sum(p.size_bytes for p in track.known if p.fate is Fate.LOST)
    return count.lost >= DEAD_LOSS_RATIO * count.known or (every > 0 and lost >= DEAD_LOSS_RATIO * every)


def outcomes_at(session: Session, flows: Sequence[FlowView], stage: Stage) -> list[Outcome]:
    """The outcomes of flows of one shape at a stage."""
    if stage in {Stage.VOICE, Stage.VIDEO}:
        found = [media_outcome(f, stage) for f in flows]
    else:
        voiced = voiced_rounds(flows)
        found = [setup_outcome(f, stage, voiced=voiced, rtt_us=session.rtt_us) for f in flows]
    return [o for o in found if o is not None]


def arm_view(outcomes: Iterable[Outcome], *, direction: Direction | None = None) -> ArmView:
    """The state of an arm from its flows' outcomes: of the exchange, or of one direction."""
    told: list[tuple[Outcome, bool]] = []
    for outcome in outcomes:
        flag = {None: outcome.dead, Direction.UP: outcome.dead_up, Direction.DOWN: outcome.dead_down}.get(
            direction, outcome.dead
        )
        if flag is not None:
            told.append((outcome, flag))
    if not told:
        return ABSENT
    dead = tuple(o for o, flag in told if flag)
    every = tuple(o for o, _ in told)
    if len(dead) >= DEAD_LOSS_RATIO * len(every):
        state = State.DEAD if spread_s(dead) >= REPEAT_AFTER_S and len(dead) >= 2 else State.UNREPEATED
    elif len(every) - len(dead) >= LIVING_SHARE_MIN * len(every):
        state = State.ALIVE
    else:
        state = State.MIXED
    return ArmView(state, every, dead)


def of_arm(outcomes: Iterable[Outcome], arm: Arm) -> list[Outcome]:
    """The outcomes of one arm."""
    return [o for o in outcomes if o.flow.arm is arm]


def spread_s(outcomes: Iterable[Outcome]) -> float:
    """Seconds between the first and the last start of these flows."""
    starts = [o.flow.started_us for o in outcomes]
    return (max(starts) - min(starts)) / 1e6 if starts else 0.0


def lottery_p(*, dead: int, flows: int, broken: int, controls: int) -> float:
    """Chance that the broken flows of a session fall on the treatment by luck of the path.

    A load balancer's hash gives each five-tuple a path without regard to its content: then the treatment's
    flows are a random draw among all. One-sided Fisher test on flows: P(at least `dead` of the `flows` drawn
    are broken | `dead` + `broken` broken of `flows` + `controls`). 1.0 without flows.

    Source: R. A. Fisher, Statistical Methods for Research Workers (1934), section 21.02.
    """
    everything = comb(flows + controls, flows)
    bad = dead + broken
    reaching = sum(
        comb(bad, k) * comb(flows + controls - bad, flows - k) for k in range(dead, min(bad, flows) + 1)
    )
    return reaching / everything if dead else 1.0
