"""One stage of one shape at one reflector: which rule of `rules` holds.

The order is that of the design: who is dead, what lives beside it, whether the control is fit to accuse by,
whether the dead flows were repeated, and last whether luck with the path explains them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voipwatch.inference import mechanism, mediatriggers
from voipwatch.inference.controls import (
    LineState,
    can_exclude_luck,
    control_bad,
    families_live,
    unlucky,
)
from voipwatch.inference.cutluck import controls_stop_too
from voipwatch.inference.fingerprint import cut_label
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.latecut import Cut, is_lone_cut, late_cut
from voipwatch.inference.pairs import blocks_of
from voipwatch.inference.portluck import by_luck, ports_seen
from voipwatch.inference.rules import RULES
from voipwatch.inference.sip import dead_label as sip_dead_label
from voipwatch.inference.sip import injected, terminated
from voipwatch.inference.stages import (
    ABSENT,
    ArmView,
    Outcome,
    State,
    arm_view,
    of_arm,
    outcomes_at,
)
from voipwatch.inference.throttle import Slowed
from voipwatch.inference.track import Count, Fate, total
from voipwatch.model.vocabulary import Arm, Direction, Media, Stage, Verdict

GONE = frozenset({State.DEAD, State.UNREPEATED})
MEDIA_STAGES = frozenset({Stage.VOICE, Stage.VIDEO})
STAGE_ORDER = (Stage.SETUP, Stage.HANDSHAKE, Stage.VOICE, Stage.VIDEO)
STAGE_MEDIA = {Stage.VOICE: Media.VOICE, Stage.VIDEO: Media.VIDEO}
_OTHER = {Direction.UP: Direction.DOWN, Direction.DOWN: Direction.UP}
DYING_SHARE_MIN = 0.9
"""Share of dead control flows that makes them dead rather than unlucky, where nobody is accused by it."""
STRANGERS_MIN = 3
"""Datagrams without a token on the accused port that may be the dead requests, rewritten."""
ALIVE_FLOWS_MIN = 2
"""Living treatment flows that `ok` needs at each stage."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one stage."""

    rule: str
    stage: Stage | None
    direction: Direction | None = None
    mechanism: str | None = None
    notes: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    """Numbers for the sentence: packets and seconds before a cut."""

    @property
    def verdict(self) -> Verdict:
        """The rule's outcome."""
        return RULES[self.rule].outcome


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the rules of one shape may look at."""

    session: Session
    line: LineState
    app: str
    flows: tuple[FlowView, ...]
    """The shape's flows, all arms but mutants."""
    rows: int
    """Apps of the check times its reflectors: they share its error budget."""


def stages_of(flows: Sequence[FlowView]) -> list[Stage]:
    """The stages that the shape's scripts hold, in the order of a call."""
    present: set[Stage] = set()
    for flow in flows:
        present |= set(flow.record.round_stages)
        for stage, media in STAGE_MEDIA.items():
            if flow.record.kind.media is media:
                present.add(stage)
    return [s for s in STAGE_ORDER if s in present]


def stage_outcomes(case: Case, stage: Stage) -> list[Outcome]:
    """The flows of the shape at a stage."""
    return outcomes_at(case.session, case.flows, stage)


def judge_stage(case: Case, stage: Stage, slowed: Slowed | None) -> Finding:
    """The finding of one stage. `slowed`: the throttling claim about the app's media of this stage."""
    if stage in MEDIA_STAGES:
        return _judge_media(case, stage, slowed)
    outcomes = stage_outcomes(case, stage)
    arms = {arm: arm_view(of_arm(outcomes, arm)) for arm in Arm}
    finding = _dead_treatment(case, stage, arms)
    return finding or _living_treatment(case, stage, arms)


def _judge_media(case: Case, stage: Stage, slowed: Slowed | None) -> Finding:
    outcomes = stage_outcomes(case, stage)
    by_way = {
        d: {arm: arm_view(of_arm(outcomes, arm), direction=d) for arm in Arm}
        for d in (Direction.UP, Direction.DOWN)
    }
    found = {
        d: f for d, arms in by_way.items() if (f := _dead_treatment(case, stage, arms, way=d)) is not None
    }
    blocked = [d for d, f in found.items() if f.verdict is Verdict.BLOCKED]
    if blocked:
        first = found[blocked[0]]
        way = Direction.BOTH if len(blocked) == 2 else blocked[0]
        if first.rule == "blocked.port":
            return Finding(first.rule, stage, way, first.mechanism, first.notes)
        dead = list(dict.fromkeys(o for d in blocked for o in by_way[d][Arm.A].dead))
        seen = _behaviour(case, stage)
        if seen is not None:
            return Finding(first.rule, stage, seen.direction, mediatriggers.LABEL)
        other_lives = way is not Direction.BOTH and by_way[_OTHER[way]][Arm.A].state is State.ALIVE
        label = mechanism.media_label(case.session, dead, other_lives=other_lives)
        return Finding(first.rule, stage, way, label)
    if found:
        # Of two reasons the one about the line comes first: it accuses nobody and explains more.
        return min(found.values(), key=lambda f: list(RULES).index(f.rule))
    blocks = blocks_of(f for f in case.flows if f.record.kind.media.value == stage.value)
    cut = late_cut(blocks)
    controls = [o.flow for o in outcomes if o.flow.arm is Arm.C]
    legs = {f.record.kind.leg for f in case.flows}
    seen = _behaviour(case, stage)
    if seen is not None and families_live(case.line, controls) and not _lucky_silence(case, seen):
        facts = {} if cut is None else {"packets": cut.packets, "seconds": cut.seconds}
        rule = "blocked.media" if cut is None else "blocked.cut"
        return Finding(rule, stage, seen.direction, mediatriggers.LABEL, facts=facts)
    if cut is not None and families_live(case.line, controls) and not _lucky_cut(case, cut):
        return Finding(
            "blocked.cut",
            stage,
            cut.direction,
            cut_label(case.session, case.app, legs, cut) or "flow.cut",
            facts={"packets": cut.packets, "seconds": cut.seconds},
        )
    if slowed is not None:
        return _slowed(case, stage, slowed, outcomes)
    if is_lone_cut(blocks):
        return Finding("insufficient.not-repeated", stage)
    if cut is not None and controls_stop_too(case.line, cut):
        return Finding(
            "insufficient.control-bad", stage
        )  # two calls were cut: the line is not said to be well
    exchange = {arm: arm_view(of_arm(outcomes, arm)) for arm in Arm}
    return _dead_treatment(case, stage, exchange) or _living_treatment(case, stage, exchange)


def _behaviour(case: Case, stage: Stage) -> mediatriggers.Behaviour | None:
    legs = {f.record.kind.leg for f in case.flows}
    return mediatriggers.behaviour(case.session, case.app, legs, stage)


def _lucky_silence(case: Case, seen: mediatriggers.Behaviour) -> bool:
    """Calls that fell silent early are dead flows, as luck of the path goes."""
    return unlucky(case.line, seen.silenced, seen.of, rows=case.rows)


def _slowed(case: Case, stage: Stage, slowed: Slowed, outcomes: Sequence[Outcome]) -> Finding:
    """A throttling claim stands only beside a control that is fit to accuse by."""
    neutral = [o.flow for o in outcomes if o.flow.arm is Arm.C_NEUTRAL]
    same_port = [o.flow for o in outcomes if o.flow.arm is Arm.C]
    controls = neutral if slowed.by_port or not same_port else same_port
    if not controls:
        return Finding("insufficient.control-missing", stage)
    if control_bad(case.session, controls, media=True) or not families_live(case.line, controls):
        return Finding("insufficient.control-bad", stage)
    rule = "throttled.port" if slowed.by_port else "throttled.media"
    return Finding(rule, stage, slowed.direction, slowed.mechanism)


def _dead_treatment(
    case: Case, stage: Stage, arms: Mapping[Arm, ArmView], *, way: Direction | None = None
) -> Finding | None:
    """What a dead treatment means, None where it is not dead."""
    a, c = arms.get(Arm.A, ABSENT), arms.get(Arm.C, ABSENT)
    a_neutral, c_neutral = arms.get(Arm.A_NEUTRAL, ABSENT), arms.get(Arm.C_NEUTRAL, ABSENT)
    if a.state not in GONE:
        return None
    direction = way or mechanism.direction_of(a.dead)
    if case.line.allowlist:
        return Finding("down.allowlist", stage, direction, "udp.allowlist", ("unknown-udp-dropped",))
    if c.state in GONE:
        if c_neutral.state in GONE or (c_neutral.state is State.ABSENT and a_neutral.state in GONE):
            return _all_dead(stage, direction, arms)
        if c_neutral.state is State.ABSENT:
            return Finding("insufficient.control-missing", stage, direction)
        return _dead_port(case, stage, direction, arms)
    if c.state is State.ABSENT:
        return Finding("insufficient.control-missing", stage, direction)
    reason = _unfit(case, stage, [*c.outcomes, *c_neutral.outcomes])
    if reason is not None:
        return Finding(reason, stage, direction)
    if a.state is State.UNREPEATED:
        return Finding("insufficient.not-repeated", stage, direction)
    accused = [a, a_neutral] if a_neutral.state in GONE else [a]
    if _lucky(case, accused):
        return Finding("insufficient.lottery", stage, direction)
    altered = _altered(case, stage, direction, accused)
    if altered is not None:
        return altered
    if stage in MEDIA_STAGES:
        label = mechanism.media_label(case.session, a.dead, other_lives=False)
        return Finding("blocked.media", stage, direction, label)
    return _blocked_setup(case, stage, direction, arms)


def _blocked_setup(
    case: Case, stage: Stage, direction: Direction | None, arms: Mapping[Arm, ArmView]
) -> Finding:
    """A's own messages died beside a living control: what did it."""
    dead = arms[Arm.A].dead
    label = mechanism.setup_label(case.session, case.app, stage, dead)
    if label == "sip.drop":
        label = sip_dead_label(dead, arms.get(Arm.A_NEUTRAL, ABSENT)) or label
    if label == "flow.kill" and any(o.fate_down for o in dead):
        direction = Direction.BOTH  # the first request passed, its answer and all that followed did not
    notes = ("neutral-port-alive",) if arms.get(Arm.A_NEUTRAL, ABSENT).state is State.ALIVE else ()
    rule = "blocked.handshake" if stage is Stage.HANDSHAKE else "blocked.setup"
    return Finding(rule, stage, direction, label, notes)


def _altered(
    case: Case, stage: Stage, direction: Direction | None, accused: Sequence[ArmView]
) -> Finding | None:
    """The finding where a gateway's rewriting explains what died: without its token a packet arrives unseen.

    The log counts such strangers. Where none was kept, or an older reflector kept it, a packet that arrived
    shows that the text is let be; else dead SIP text and rewritten SIP text look the same.
    """
    sip = case.app in mechanism.SIP_APPS
    text = sip and stage not in MEDIA_STAGES
    flows = [o.flow for view in accused for o in view.dead]
    strangers = case.session.strangers
    if text and terminated([o for view in accused for o in view.dead]):
        return Finding("insufficient.altered", stage, direction, None, ("sip-gateway",))
    if text and any(f.altered for f in case.flows):
        seen = True
    elif direction is Direction.DOWN:
        seen = False  # the requests arrived whole
    elif strangers is not None:
        seen = sum(strangers.get(p, 0) for p in {f.record.remote_port for f in flows}) >= STRANGERS_MIN
    else:
        treatment = [f for f in flows if not f.is_control]
        seen = text and not any(p.fate is Fate.ARRIVED for f in treatment for p in f.setup(up=True).packets)
    note = "sip-altered" if sip else "setup-altered"
    return Finding("insufficient.altered", stage, direction, None, (note,)) if seen else None


def _all_dead(stage: Stage, direction: Direction | None, arms: Mapping[Arm, ArmView]) -> Finding:
    """Treatment and all controls died: a living A' would be a contradiction."""
    a_neutral = arms.get(Arm.A_NEUTRAL, ABSENT)
    if a_neutral.state not in GONE | {State.ABSENT}:
        return Finding("insufficient.contradiction", stage, direction)
    if any(v.state is State.UNREPEATED for v in arms.values()):
        return Finding("insufficient.not-repeated", stage, direction)
    return Finding("down.line", stage, direction)


def _dead_port(case: Case, stage: Stage, direction: Direction | None, arms: Mapping[Arm, ArmView]) -> Finding:
    """A and C died on the app's port while something moves on the neutral one."""
    a, c, c_neutral = arms[Arm.A], arms[Arm.C], arms[Arm.C_NEUTRAL]
    reason = _unfit(case, stage, c_neutral.outcomes)
    if reason is not None:
        return Finding(reason, stage, direction)
    if State.UNREPEATED in {a.state, c.state}:
        return Finding("insufficient.not-repeated", stage, direction)
    dead = [*a.dead, *c.dead]
    ports = {o.flow.record.remote_port for o in dead}
    if _lucky(case, [a, c]) or by_luck(ports_seen(case.session, case.line), ports):
        return Finding("insufficient.lottery", stage, direction)
    if not mechanism.rejected(dead):
        altered = _altered(case, stage, direction, [a, c])
        if altered is not None:
            return altered
    label = mechanism.port_label(dead, arms.get(Arm.A_NEUTRAL, ABSENT))
    return Finding("blocked.port", stage, direction, label)


def _unfit(case: Case, stage: Stage, controls: Sequence[Outcome]) -> str | None:
    """The rule that says why these controls may not accuse, None if they may."""
    flows = [o.flow for o in controls]
    if not flows:
        return "insufficient.control-missing"
    if control_bad(case.session, flows, media=stage in MEDIA_STAGES):
        return "insufficient.control-bad"
    return None if families_live(case.line, flows) else "insufficient.control-bad"


def _lucky(case: Case, accused: Sequence[ArmView]) -> bool:
    dead = sum(len(v.dead) for v in accused)
    flows = sum(len(v.outcomes) for v in accused)
    return unlucky(case.line, dead, flows, rows=case.rows)


def _lucky_cut(case: Case, cut: Cut) -> bool:
    """Where flows are enough to exclude luck of the path by their number, they must.

    Two held flows never are: there the run rule holds, with its measured rate of false alarms
    (docs/methods/runrule.md), as long as paths break seldom. A line whose controls stop too says how often.
    """
    if can_exclude_luck(case.line, cut.of, rows=case.rows):
        return unlucky(case.line, cut.flows, cut.of, rows=case.rows)
    return controls_stop_too(case.line, cut)


def _living_treatment(case: Case, stage: Stage, arms: Mapping[Arm, ArmView]) -> Finding:
    """What a treatment that is not dead means."""
    a, c, c_neutral = arms[Arm.A], arms[Arm.C], arms[Arm.C_NEUTRAL]
    controls = [*c.outcomes, *c_neutral.outcomes]
    if a.state is State.ABSENT or (a.state is State.ALIVE and len(a.alive) < ALIVE_FLOWS_MIN):
        return Finding("insufficient.treatment", stage)
    dead_controls = c.state in GONE and c_neutral.state in GONE | {State.ABSENT}
    dead_controls |= _controls_died(case)
    if a.state is State.MIXED:
        bad = dead_controls or not controls or _unfit(case, stage, controls) is not None
        return Finding("insufficient.control-bad" if bad else "insufficient.mixed", stage)
    if stage in MEDIA_STAGES and not _delivered(a):
        return Finding("insufficient.treatment", stage)
    altered = any(f.altered for f in case.flows)
    if case.line.allowlist:
        return Finding("ok.allowlist", stage, None, None, ("unknown-udp-dropped",))
    if dead_controls:
        return Finding("ok.control-dead", stage, None, None, ("control-dead",))
    living = [o for v in (c, c_neutral) if v.state not in GONE for o in v.outcomes]
    if not living:
        return Finding("insufficient.control-missing", stage)
    if control_bad(case.session, [o.flow for o in living], media=stage in MEDIA_STAGES):
        return Finding("insufficient.control-bad", stage)
    if altered:
        sip = case.app in mechanism.SIP_APPS
        return Finding(
            "ok.altered" if sip else "ok.clean",
            stage,
            None,
            "sip.alg" if sip else None,
            ("sip-altered" if sip else "setup-altered",),
        )
    if case.app in mechanism.SIP_APPS and c.state is State.ALIVE and injected(a.outcomes):
        reason = _unfit(case, stage, c.outcomes)
        return Finding(reason or "blocked.forged", stage, Direction.DOWN, None if reason else "sip.inject")
    notes = ("control-port-dead",) if c.state in GONE else ()
    return Finding("ok.clean", stage, None, None, notes)


def _controls_died(case: Case) -> bool:
    """Whether the shape's controls died somewhere on their way, be it after a first packet or two: beside a
    living treatment that is no bad line.
    """
    wholes = [case.line.wholes[f] for f in case.flows if f.is_control and f in case.line.wholes]
    return len(wholes) >= ALIVE_FLOWS_MIN and sum(w.dead for w in wholes) >= DYING_SHARE_MIN * len(wholes)


def _delivered(view: ArmView) -> bool:
    """Whether media of two flows or more is known to have come through both ways."""
    both = [o for o in view.alive if o.dead_up is False and o.dead_down is False]
    return len(both) >= ALIVE_FLOWS_MIN


def counts(outcomes: Sequence[Outcome]) -> tuple[Count, Count]:
    """Treatment packets of a stage with a known fate, up and down."""
    return total(o.up for o in outcomes), total(o.down for o in outcomes)
