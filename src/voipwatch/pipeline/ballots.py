"""One accepted report -> its votes: what the evidence says, never what the probe says.

Every app votes at the stage `call` and at each stage it reached. The line itself votes too, as the app
`line`: down where UDP is dead while TCP to the same reflector answers, so that whoever drops everything,
control and all, cannot hide behind "the line is bad" (docs/methods/ballots.md).
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from voipwatch.inference import judge
from voipwatch.model.cells import CALL_STAGE
from voipwatch.model.measurement import Line
from voipwatch.model.results import AppResult, Check, Effect
from voipwatch.model.submission import Intake, ProbeWord, Submission
from voipwatch.model.vocabulary import LINE, Stage, Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline.rows import observed_at_s, place_of
from voipwatch.pipeline.slim import BodyError, inflate
from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import decode_farlog_head

UDP_DEAD: Final = frozenset({"down.udp", "down.ports"})
"""Rules that say that UDP is dead while TCP lives."""
ALIVE: Final = frozenset({Verdict.OK, Verdict.BLOCKED, Verdict.THROTTLED})
"""Verdicts that need a living control: UDP got through."""
_DECODER: Final = msgspec.json.Decoder(Submission)


def votes_of(intake: Intake) -> list[Vote]:
    """All votes of one report; none where it was interrupted, is invalid, or went through a tunnel.

    Raises:
        BodyError: the record holds no submission.
    """
    try:
        submission = _DECODER.decode(inflate(intake))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"the body is no submission: {error}") from error
    measurement = submission.report.measurement
    if measurement.invalid is not None or measurement.interrupted is not None:
        return []
    if submission.report.via is not None:
        return []
    check = judge(measurement)
    logs = [facts.log.payload for facts in measurement.reflectors if facts.log is not None]
    form = form_of(
        intake, submission.probe, measurement.line, measurement.started_at, logs=logs, ruleset=check.ruleset
    )
    votes = [vote for row in check.results for vote in _votes_of_app(form, row)]
    return [*votes, _line_vote(form, check)]


def form_of(
    intake: Intake, word: ProbeWord, line: Line, started_at: str, *, logs: Iterable[bytes], ruleset: str
) -> Vote:
    """A vote with everything but its app, stage and verdict: who says it, when and where.

    Args:
        intake: the record.
        word: what the probe says of itself.
        line: as the report has it.
        started_at: by the probe's clock.
        logs: payloads of the signed logs.
        ruleset: of the judge.
    """
    country, operator = place_of(intake, word, line.country, line.asn, line.operator_declared)
    begins = []
    for payload in logs:
        try:
            begins.append(decode_farlog_head(payload)[0].started_at)
        except WireError:
            continue
    observed_s = observed_at_s(started_at, begins, intake.received_at_s)
    return Vote(
        report_id=intake.report_id,
        pseudonym=word.pseudonym,
        prefix=intake.prefix,
        prefix_kind=intake.prefix_kind,
        country=country,
        operator=operator,
        access=line.access,
        app=LINE,
        stage=CALL_STAGE,
        observed_at_ms=round(observed_s * 1000),
        received_at_ms=round(intake.received_at_s * 1000),
        kind=word.kind,
        enrolled=intake.enrolled,
        verdict=Verdict.INSUFFICIENT,
        rule="",
        ruleset=ruleset,
        instance=word.instance,
    )


def call_verdict(row: AppResult) -> Verdict:
    """Whether calls get through: where the direct leg alone is cut they do, through the relay.

    The cut itself is the vote of the stage `direct` (docs/design/0010-direct-legs.md).
    """
    if row.stage is not Stage.DIRECT:
        return row.verdict
    rest = {stage.verdict for stage in row.stages if stage.stage is not Stage.DIRECT}
    return Verdict.OK if rest == {Verdict.OK} else Verdict.INSUFFICIENT


def _votes_of_app(form: Vote, row: AppResult) -> list[Vote]:
    verdict = call_verdict(row)
    accused = verdict is row.verdict
    whole = msgspec.structs.replace(
        form,
        app=row.app,
        verdict=verdict,
        rule=row.rule,
        mechanism=(row.mechanism or "") if accused else "",
        direction=row.direction.value if accused and row.direction is not None else "",
        flows=max((stage.flows for stage in row.stages), default=0),
        **_losses(row.effect_up, row.effect_down),
    )
    stages = {stage.stage: stage for stage in reversed(row.stages)}  # of two with one name the first stands
    return [
        whole,
        *(
            msgspec.structs.replace(
                form,
                app=row.app,
                stage=stage.stage.value,
                verdict=stage.verdict,
                rule=stage.rule,
                mechanism=stage.mechanism or "",
                direction=stage.direction.value if stage.direction is not None else "",
                flows=stage.flows,
            )
            for stage in reversed(stages.values())
        ),
    ]


def _losses(up: Effect | None, down: Effect | None) -> dict[str, float | None]:
    return {
        "loss_up_points": up.loss_points if up is not None else None,
        "loss_up_low": up.low if up is not None else None,
        "loss_up_high": up.high if up is not None else None,
        "loss_down_points": down.loss_points if down is not None else None,
        "loss_down_low": down.low if down is not None else None,
        "loss_down_high": down.high if down is not None else None,
    }


def _line_vote(form: Vote, check: Check) -> Vote:
    verdict, row = line_verdict(check.results)
    return msgspec.structs.replace(
        form, verdict=verdict, rule=row.rule if row is not None else "", mechanism=_blamed(verdict, row)
    )


def _blamed(verdict: Verdict, row: AppResult | None) -> str:
    return row.mechanism or "" if row is not None and verdict is Verdict.DOWN else ""


def line_verdict(rows: Sequence[AppResult]) -> tuple[Verdict, AppResult | None]:
    """What a check says of its line, and the row that says so.

    ok: some UDP got through, whatever was done to an app; down: no UDP at all, and TCP to the same reflector
    answered; else insufficient: a line that carries nothing is switched off, out of range, or unpaid.
    """
    alive = next((row for row in rows if row.verdict in ALIVE), None)
    if alive is not None:
        return Verdict.OK, alive
    dead = next((row for row in rows if row.rule in UDP_DEAD), None)
    if dead is not None:
        return Verdict.DOWN, dead
    return Verdict.INSUFFICIENT, rows[0] if rows else None
