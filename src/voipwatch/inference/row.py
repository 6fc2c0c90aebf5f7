"""One app at one reflector: its shapes and stages taken together into one finding."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from voipwatch.inference import mechanism
from voipwatch.inference.controls import LineState
from voipwatch.inference.direct import Direct, beside_direct, judge_direct
from voipwatch.inference.fewports import few_ports
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.pairs import blocks_of, paired
from voipwatch.inference.portloss import port_losses
from voipwatch.inference.residual import RESIDUAL, with_residual
from voipwatch.inference.sizetrigger import with_size
from voipwatch.inference.throttle import Key, Slowed, media_flows, slowed, unresolved
from voipwatch.inference.verdict import (
    MEDIA_STAGES,
    STAGE_MEDIA,
    STAGE_ORDER,
    Case,
    Finding,
    counts,
    judge_stage,
    stage_outcomes,
    stages_of,
)
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import StageResult
from voipwatch.model.ruleset import BLOCKS_MIN
from voipwatch.model.vocabulary import Arm, Failure, Media, Stage, Verdict

SEVERITY: Final = (Verdict.BLOCKED, Verdict.THROTTLED, Verdict.DOWN, Verdict.INSUFFICIENT, Verdict.OK)
"""Which finding speaks for an app: what is proved before what is not, `ok` only if all say so."""
DOWN_FLOWS_MIN: Final = 4
"""Dead flows, of all apps and the warm-up, that say something of the line."""
DNS_FAILURES: Final = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_TIMEOUT})
UNFINISHED: Final = frozenset(
    {
        "insufficient.not-run",
        "insufficient.not-repeated",
        "insufficient.treatment",
        "insufficient.control-missing",
        "insufficient.lottery",
        "insufficient.unresolved",
        "insufficient.mixed",
    }
)
"""What an interruption explains: evidence that was still to come."""
SPOILT: Final = frozenset(
    {"ok.clean", "insufficient.control-bad", "insufficient.mixed", "insufficient.treatment",
     "insufficient.unresolved", "insufficient.not-repeated", "insufficient.lottery"}
)  # fmt: skip
"""What is said of an app whose port loses both its calls and their control."""
BUDGET_NOTE: Final = "budget-short"
THIN_NOTE: Final = "line-too-thin"
SILENT: Final = "reflector-silent"


@dataclass(frozen=True, slots=True)
class AppFinding:
    """One app at one reflector."""

    app: str
    reflector: int
    finding: Finding
    stages: tuple[StageResult, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The finding's verdict."""
        return self.finding.verdict


def judge_app(
    measurement: Measurement, session: Session, line: LineState, app: str, *, rejected: Iterable[Key]
) -> AppFinding:
    """The finding about one app at one reflector. `rejected`: throttling claims within the budget."""
    flows = [f for f in session.of_app(app) if f.arm is not Arm.D]
    if line.no_network:
        return AppFinding(app, session.index, Finding("insufficient.reach", Stage.REACH), (), ("no-network",))
    if not flows:
        finding = _not_run(measurement, session)
        if finding.rule == "insufficient.not-run":
            finding = _line_wide(measurement, session, line, finding)
        thin = (THIN_NOTE,) if _too_thin(measurement, app) else ()
        return AppFinding(app, session.index, finding, (), (*finding.notes, *thin))
    rejected = list(rejected)
    claims = {stage: slowed(session, app, media, rejected=rejected) for stage, media in STAGE_MEDIA.items()}
    findings: list[Finding] = []
    stages: list[StageResult] = []
    rows = len(measurement.apps) * len(measurement.reflectors)
    for shape in dict.fromkeys(f.shape for f in flows if not f.direct):
        of_shape = tuple(f for f in flows if f.shape == shape)
        case = Case(session, line, app, of_shape, rows)
        found, results = _judge_shape(case, claims)
        findings += found
        stages += results
    finding = _speaking(findings)
    notes = list(finding.notes)
    finding = _line_wide(measurement, session, line, finding)
    if finding.rule == "insufficient.reach":
        notes += finding.notes
    finding = _with_unresolved(session, app, finding)
    finding = _with_port(session, line, app, finding, rows=rows)
    direct = judge_direct(session, line, app, flows, rows=rows)
    finding, more = beside_direct(finding, direct)
    notes += more
    cut = _cut_short(measurement, session)
    if cut is not None:
        finding = _with_interruption(measurement, session, app, finding)
        notes.append(cut)
    elif finding.rule == "insufficient.treatment" and _unpaid(measurement, app):
        notes.append(BUDGET_NOTE)
    finding, stages = with_residual(measurement, session, app, finding, stages)
    if finding.rule == RESIDUAL:
        notes = [n for n in notes if n != SILENT]  # what looked like it was the block
    finding = with_size(session, app, finding)
    stages = [*_merged(stages), *([_direct_result(direct)] if direct is not None else [])]
    return AppFinding(app, session.index, finding, tuple(stages), tuple(dict.fromkeys(notes)))


def _cut_short(measurement: Measurement, session: Session) -> str | None:
    """The note that says why the evidence ends early, None where it does not."""
    if session.limited_us is not None:
        return "reflector-limit"
    if session.died_us is not None:
        return SILENT
    return None if measurement.interrupted is None else "interrupted"


def _unpaid(measurement: Measurement, app: str) -> bool:
    """Whether the budget did not pay for the first blocks of a leg: why too little of it was seen."""
    return any((d.app, d.question, d.outcome) == (app, "setup", "budget") for d in measurement.decisions)


def _too_thin(measurement: Measurement, app: str) -> bool:
    """Whether the app was left out because its voice and its control do not fit the line side by side."""
    return any((d.app, d.question, d.outcome) == (app, "setup", "thin") for d in measurement.decisions)


def _not_run(measurement: Measurement, session: Session) -> Finding:
    """Why there is no flow of the app."""
    failure = session.facts.failure
    if failure in DNS_FAILURES:
        return Finding("insufficient.resolve", Stage.RESOLVE)
    if failure is Failure.PORT_NOT_SERVED:
        return Finding("insufficient.port-not-served", Stage.REACH)
    if failure is not None or session.facts.control == "failed":
        return Finding("insufficient.reach", Stage.REACH)
    if measurement.interrupted is not None:
        return Finding("insufficient.interrupted", None)
    return Finding("insufficient.not-run", None)


def _judge_shape(
    case: Case, claims: Mapping[Stage, Slowed | None]
) -> tuple[list[Finding], list[StageResult]]:
    """Stage after stage, until one ends the call. A shape is one leg in one dialect: it need not have all."""
    served = case.session.facts.udp_ports
    own_port = {f.record.remote_port for f in case.flows if f.arm is Arm.A}
    neutral = {f.record.remote_port for f in case.flows if f.arm in {Arm.A_NEUTRAL, Arm.C_NEUTRAL}}
    if served and (neutral or own_port) and not own_port & {*served, *neutral}:
        return [Finding("insufficient.port-not-served", Stage.REACH)], []
    findings: list[Finding] = []
    results: list[StageResult] = []
    for stage in stages_of(case.flows):
        finding = judge_stage(case, stage, claims.get(stage))
        findings.append(finding)
        results.append(_stage_result(case, stage, finding))
        if finding.verdict in {Verdict.BLOCKED, Verdict.DOWN}:
            break
    return findings, results


def _speaking(findings: Sequence[Finding]) -> Finding:
    """The finding of an app: the most severe of its legs and stages; `ok` only if all say so and media of
    some leg is among them. An ok with a reservation says more than a clean one.
    """
    if not findings:
        return Finding("insufficient.treatment", None)
    speaking = min(findings, key=_rank)
    if speaking.verdict is not Verdict.OK:
        return speaking
    if not any(f.stage in MEDIA_STAGES for f in findings):
        return Finding("insufficient.treatment", findings[-1].stage)
    reserved = next((f for f in findings if f.rule != "ok.clean"), speaking)
    notes = tuple(dict.fromkeys(n for f in findings for n in f.notes))
    return replace(reserved, stage=None, notes=notes)


def _rank(finding: Finding) -> tuple[int, int, bool]:
    """Severity, then the earlier stage, then whether it is known by what."""
    stage = STAGE_ORDER.index(finding.stage) if finding.stage in STAGE_ORDER else -1
    return SEVERITY.index(finding.verdict), stage, finding.mechanism is None


def _stage_result(case: Case, stage: Stage, finding: Finding) -> StageResult:
    treatment = [o for o in stage_outcomes(case, stage) if o.flow.arm is Arm.A]
    up, down = counts(treatment)
    logged = case.session.log_used
    return StageResult(
        stage=stage,
        verdict=finding.verdict,
        rule=finding.rule,
        direction=finding.direction,
        mechanism=finding.mechanism,
        flows=len(treatment),
        sent_up=up.known if logged else sum(_sent_up(o.flow, stage) for o in treatment),
        lost_up=up.lost if up.known else None,
        sent_down=down.known if logged else None,
        lost_down=down.lost if down.known else None,
    )


def _direct_result(direct: Direct) -> StageResult:
    """The direct leg as a stage of its own, with the counts of the stage of it that decided."""
    result = _stage_result(direct.case, direct.stage, direct.finding)
    return msgspec.structs.replace(result, stage=Stage.DIRECT)


def _sent_up(flow: FlowView, stage: Stage) -> int:
    if stage in MEDIA_STAGES:
        return len(flow.media(up=True).packets)
    return sum(flow.stage_of_round(seq // 64) is stage for seq in flow.asked_us)


def _merged(results: Sequence[StageResult]) -> tuple[StageResult, ...]:
    """One result a stage: of several shapes the one that speaks loudest."""
    merged: list[StageResult] = []
    for stage in STAGE_ORDER:
        of_stage = [r for r in results if r.stage is stage]
        if of_stage:
            merged.append(min(of_stage, key=lambda r: SEVERITY.index(r.verdict)))
    return tuple(merged)


def _line_wide(measurement: Measurement, session: Session, line: LineState, finding: Finding) -> Finding:
    """A dead app on a line where all UDP is dead says something of the line: what TCP saw decides what. Where
    the reflector itself may have refused us, it says nothing.
    """
    concerned = {"down.line", "insufficient.not-repeated", "insufficient.not-run"}
    dead = finding.rule in concerned and line.udp_dead and len(line.wholes) >= DOWN_FLOWS_MIN
    if dead and (found := few_ports(session, line)) is not None:
        return found
    if dead:
        label = mechanism.line_label(measurement, session.index)
        rule = {"udp.all": "down.udp", "tls.intercept": "down.intercept"}.get(label or "", "down.line")
        finding = replace(finding, rule=rule, stage=Stage.REACH, mechanism=label)
    if finding.rule == "down.line" and mechanism.ticket_refused(measurement, session):
        return Finding("insufficient.reach", Stage.REACH, None, None, ("ticket-refused",))
    return finding


def _with_unresolved(session: Session, app: str, finding: Finding) -> Finding:
    """`ok` needs that no large difference was left unexplained."""
    if finding.rule not in {"ok.clean", "ok.altered"}:
        return finding
    for stage, media in STAGE_MEDIA.items():
        if unresolved(session, app, media):
            return Finding("insufficient.unresolved", stage)
    return finding


def _with_port(session: Session, line: LineState, app: str, finding: Finding, *, rows: int) -> Finding:
    """A port that loses whatever it carries explains why nothing else could be said."""
    if finding.rule not in SPOILT or line.allowlist or line.udp_dead:
        return finding
    way = port_losses(session, app, rows=rows)
    return finding if way is None else Finding("throttled.port", Stage.VOICE, way, "port.throttle")


def _with_interruption(measurement: Measurement, session: Session, app: str, finding: Finding) -> Finding:
    """What was proved before the end stands; `ok` stands with enough blocks, the rest does not."""
    reason = measurement.interrupted.reason if measurement.interrupted is not None else None
    stands = {
        Verdict.OK: len(paired(blocks_of(media_flows(session, app, Media.VOICE)))) >= BLOCKS_MIN,
        Verdict.DOWN: reason != "reflector-died" and session.died_us is None,
        Verdict.INSUFFICIENT: finding.rule not in UNFINISHED,
    }.get(finding.verdict, True)
    if stands:
        return finding
    limited = session.limited_us is not None and measurement.interrupted is None
    return Finding("insufficient.reflector-limit" if limited else "insufficient.interrupted", finding.stage)
