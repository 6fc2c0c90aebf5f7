"""The judge: one measurement in, one row for every app asked for out. Pure; cannot fail on odd records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from voipwatch.inference.beside import common_place
from voipwatch.inference.controls import LineState, line_state
from voipwatch.inference.explain import Facts, explain
from voipwatch.inference.join import FlowView, Session, join_session
from voipwatch.inference.locate import place_of
from voipwatch.inference.pairs import blocks_of, effect_of, paired, paired_across_ports
from voipwatch.inference.porttrigger import port_trigger
from voipwatch.inference.quality import quality_of
from voipwatch.inference.reach import ProviderFinding, provider_finding
from voipwatch.inference.residual import RESIDUAL
from voipwatch.inference.row import SILENT, AppFinding, judge_app
from voipwatch.inference.rules import RULES
from voipwatch.inference.sizetrigger import LABEL, size_of
from voipwatch.inference.throttle import Key, family_size, heavy_claims, p_values, spend
from voipwatch.inference.triggers import trigger_of
from voipwatch.inference.verdict import MEDIA_STAGES, Finding
from voipwatch.model.measurement import AppCost, Measurement
from voipwatch.model.results import (
    AppResult,
    Check,
    CommonPlace,
    Effect,
    Quality,
    ReflectorSummary,
    StageResult,
    Trigger,
)
from voipwatch.model.ruleset import RULESET
from voipwatch.model.vocabulary import Arm, Direction, Media, Stage, Verdict

MEDIA_MECHANISMS: Final = frozenset({"rtp.drop", "rtp.oneway", "flow.cut"})
"""Of a direct leg: those that say that its media died, not its set-up."""
KILLED: Final = "flow.kill"
"""This says either: where most of its flows came to their media, it was the media."""
NO_SWEEP: Final = frozenset({"system", "via"})
"""In `Measurement.sweeps_state`: it could not be asked."""
NOTHING_SPENT: Final = AppCost(bytes=0, seconds=0.0)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One reflector after its apps were judged."""

    session: Session
    line: LineState
    findings: Mapping[str, AppFinding]


def judge(measurement: Measurement, *, lang: str = "en") -> Check:
    """Verdict, stage, mechanism, direction, effects and a sentence for every app asked for.

    Args:
        measurement: what was observed; it is not changed.
        lang: "en", "fr" or "ar", of the explanations.

    Returns:
        A check with exactly one row per entry of `measurement.apps`, in that order, whatever was measured.

    Raises:
        ValueError: an unknown language.
    """
    media = [Media.VOICE, Media.VIDEO] if measurement.video else [Media.VOICE]
    planned = family_size(len(measurement.apps), media=len(media), reflectors=len(measurement.reflectors))
    judged = [] if measurement.invalid is not None else _judge_reflectors(measurement, media, planned)
    rows = [_row(measurement, judged, app, planned=planned, lang=lang) for app in measurement.apps]
    notes = [*measurement.notes, *(n for j in judged for n in _session_notes(j))]
    return Check(
        line=measurement.line,
        reflectors=_summaries(measurement, judged),
        ruleset=RULESET,
        results=rows,
        cost=_total(measurement.costs.values()),
        invalid=measurement.invalid,
        interrupted=measurement.interrupted.reason if measurement.interrupted is not None else None,
        notes=list(dict.fromkeys([*notes, *_sweep_notes(measurement, rows)])),
    )


def _session_notes(judged: _Judged) -> list[str]:
    """A reflector that a residual block hid did not fall silent: its log came, and says that it lived."""
    hidden = any(f.finding.rule == RESIDUAL for f in judged.findings.values())
    return [n for n in judged.session.notes if not (hidden and n == SILENT)]


def _sweep_notes(measurement: Measurement, rows: Sequence[AppResult]) -> list[str]:
    """Why nothing is said of where, though it was asked."""
    if measurement.sweeps_state in NO_SWEEP:
        return [f"locate-{measurement.sweeps_state}"]
    blocked = any(row.verdict is Verdict.BLOCKED for row in rows)
    unswept = measurement.sweeps_state and blocked and not measurement.sweeps
    return ["locate-no-set-up"] if unswept else []


def _judge_reflectors(measurement: Measurement, media: Sequence[Media], planned: int) -> list[_Judged]:
    sessions = [join_session(measurement, i) for i in range(len(measurement.reflectors))]
    values: dict[Key, float] = {}
    for session in sessions:
        for app, medium in product(dict.fromkeys(measurement.apps), media):
            values |= p_values(session, app, medium)
    rejected = set(spend(values, planned=planned).rejected)
    lines = [line_state(session) for session in sessions]
    for session, line in zip(sessions, lines, strict=True):
        for app, medium in product(dict.fromkeys(measurement.apps), media):
            rejected |= heavy_claims(
                session, line, app, medium, rows=len(measurement.apps) * len(measurement.reflectors)
            )
    judged = []
    for session, line in zip(sessions, lines, strict=True):
        findings = {
            app: judge_app(measurement, session, line, app, rejected=rejected) for app in measurement.apps
        }
        judged.append(_Judged(session, line, findings))
    return judged


def _row(
    measurement: Measurement, judged: Sequence[_Judged], app: str, *, planned: int, lang: str
) -> AppResult:
    speaker, finding, notes = _combined(judged, app, invalid=measurement.invalid is not None)
    provider = None if measurement.invalid is not None else provider_finding(measurement, app)
    if provider is not None:
        notes = list(dict.fromkeys([*notes, *provider.notes]))
        if provider.blocked is not None and finding.verdict is Verdict.OK:
            finding = provider.blocked
    own = speaker.findings[app] if speaker is not None else None
    session = speaker.session if speaker is not None else None
    effects = _effects(session, app, finding, planned) if session is not None else {}
    works = [*_works(measurement), *(["messages"] if provider is not None and provider.messages else [])]
    cost = measurement.costs.get(app, NOTHING_SPENT)
    not_tested = _not_tested(measurement, app, provider)
    quality = quality_of(session, app) if session is not None else Quality()
    trigger = _trigger(speaker, app, finding)
    facts = Facts(
        app=app,
        rule=finding.rule,
        stage=finding.stage,
        direction=finding.direction,
        mechanism=finding.mechanism,
        works=tuple(works),
        not_tested=tuple(not_tested),
        effect_up=effects.get(Direction.UP),
        effect_down=effects.get(Direction.DOWN),
        numbers=finding.facts,
        trigger=trigger,
        provider_tested=provider is not None and "provider-address" in provider.tested,
    )
    return AppResult(
        app=app,
        verdict=finding.verdict,
        stage=finding.stage,
        mechanism=finding.mechanism,
        direction=finding.direction,
        rule=finding.rule,
        effect_up=effects.get(Direction.UP),
        effect_down=effects.get(Direction.DOWN),
        quality=quality,
        stages=[*_provider_stages(provider), *(own.stages if own is not None else ())],
        works=works,
        not_tested=not_tested,
        observed_s=_observed_s(session, app) if session is not None else 0.0,
        cost=cost,
        explanation=explain(facts, lang=lang),
        trigger=trigger,
        notes=notes,
        place=place_of(measurement, app, lang=lang) if finding.verdict is Verdict.BLOCKED else None,
        common=_common(measurement, judged, app, finding, lang=lang),
    )


def _trigger(speaker: _Judged | None, app: str, finding: Finding) -> Trigger | None:
    if speaker is None:
        return None
    if finding.mechanism == LABEL:
        return size_of(speaker.session, app, finding)
    found = trigger_of(speaker.session, app, finding)
    return found or port_trigger(speaker.session, speaker.line, app, finding)


def _common(
    measurement: Measurement, judged: Sequence[_Judged], app: str, finding: Finding, *, lang: str
) -> CommonPlace | None:
    """Of a voice that is throttled, or dead: whether the flows to two reflectors are so at one place."""
    guilty = finding.verdict in {Verdict.THROTTLED, Verdict.BLOCKED} and finding.stage is Stage.VOICE
    return common_place(measurement, [j.session for j in judged], app, lang=lang) if guilty else None


def _not_tested(measurement: Measurement, app: str, provider: ProviderFinding | None) -> list[str]:
    """What the profile says, less what the provider's servers have shown."""
    tested = provider.tested if provider is not None else ()
    return [w for w in dict.fromkeys(measurement.not_tested.get(app, [])) if w not in tested]


def _provider_stages(provider: ProviderFinding | None) -> list[StageResult]:
    return [
        StageResult(stage=stage, verdict=RULES[rule].outcome, rule=rule, mechanism=label)
        for stage, rule, label in (provider.stages if provider is not None else ())
    ]


def _combined(
    judged: Sequence[_Judged], app: str, *, invalid: bool
) -> tuple[_Judged | None, Finding, list[str]]:
    """One finding from all reflectors: they must agree where they have evidence."""
    if invalid:
        return None, Finding("insufficient.invalid", None), []
    if not judged:
        return None, Finding("insufficient.not-run", None), []
    sufficient = [j for j in judged if j.findings[app].verdict is not Verdict.INSUFFICIENT]
    speaking = sufficient or list(judged)
    verdicts = {j.findings[app].verdict for j in sufficient}
    notes = list(dict.fromkeys(n for j in judged for n in j.findings[app].notes))
    speaker = speaking[0]
    finding = speaker.findings[app].finding
    if len(verdicts) > 1:
        return speaker, Finding("insufficient.reflectors", finding.stage), [*notes, "reflectors-disagree"]
    if len(sufficient) > 1:
        finding = _agreed([j.findings[app].finding for j in sufficient])
    return speaker, finding, notes


def _agreed(findings: Sequence[Finding]) -> Finding:
    """Of findings with one verdict: what they do not share is not said."""
    first = findings[0]
    same_mechanism = len({f.mechanism for f in findings}) == 1
    same_direction = len({f.direction for f in findings}) == 1
    return replace(
        first,
        mechanism=first.mechanism if same_mechanism else None,
        direction=first.direction if same_direction else None,
    )


def _effects(session: Session, app: str, finding: Finding, planned: int) -> dict[Direction, Effect | None]:
    """Treatment minus control at the stage that decided: media where there was any, else the set-up."""
    of_direct = finding.stage is Stage.DIRECT
    flows = [f for f in session.of_app(app) if f.arm is not Arm.D and f.direct is of_direct]
    video = finding.stage is Stage.VIDEO
    of_medium = [f for f in flows if (f.record.kind.media is Media.VIDEO) is video]
    blocks = blocks_of(of_medium)
    by_port = finding.rule in {"blocked.port", "throttled.port"}
    pairs = paired_across_ports(blocks) if by_port else paired(blocks)
    died_before = finding.stage is not None and finding.stage not in MEDIA_STAGES
    died_before &= not (of_direct and _media_died(finding.mechanism, flows))
    return {
        d: effect_of(pairs, d, media=not died_before, family_size=planned)
        for d in (Direction.UP, Direction.DOWN)
    }


def _media_died(mechanism: str | None, direct: Sequence[FlowView]) -> bool:
    """Whether it was the media of a blocked direct leg that died."""
    own = [f for f in direct if f.arm is Arm.A]
    spoke = sum(bool(f.media(up=True).packets) for f in own)
    return mechanism in MEDIA_MECHANISMS or (mechanism == KILLED and 2 * spoke > len(own))


def _works(measurement: Measurement) -> list[str]:
    """Fallbacks and messaging paths that the reflector's keyed answer came back on."""
    return list(dict.fromkeys(t.name for t in measurement.tcp if t.answered))


def _observed_s(session: Session, app: str) -> float:
    """From the first packet to the last of the app's flows, seconds."""
    times = [t for f in session.of_app(app) for t in (*f.record.sent.t_us, *f.record.received.t_us)]
    return round(max(0, max(times) - min(times)) / 1e6, 3) if times else 0.0


def _summaries(measurement: Measurement, judged: Sequence[_Judged]) -> list[ReflectorSummary]:
    signed = {j.session.index: j.session.log_signed for j in judged}
    return [
        ReflectorSummary(
            name=facts.name,
            key=facts.key,
            version=facts.version,
            control=facts.control,
            failure=str(facts.failure) if facts.failure is not None else None,
            log_signed=signed.get(index, False),
        )
        for index, facts in enumerate(measurement.reflectors)
    ]


def _total(costs: Iterable[AppCost]) -> AppCost:
    """Bytes add up; apps run side by side, so seconds do not: the longest counts."""
    listed = list(costs)
    return AppCost(bytes=sum(c.bytes for c in listed), seconds=max((c.seconds for c in listed), default=0.0))
