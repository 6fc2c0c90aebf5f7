"""One accepted report -> rows of `reports` and `observations`. Facts only; `pipeline.ballots` judges.

An observation is a flow, a direction and a part of it: what each end saw. Far counts come from the
reflector's signed log and are null where there is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Final

from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.ruleset import RULESET
from voipwatch.model.submission import Intake, ProbeWord
from voipwatch.model.vocabulary import Direction, Stage
from voipwatch.model.votes import NO_COUNTRY
from voipwatch.pipeline.shapes import MEDIA_PART, REPORTS_PART, ROUND_SPAN
from voipwatch.pipeline.slim import (
    FarFlow,
    SlimFarLog,
    SlimFlow,
    SlimFlowFacts,
    SlimMeasurement,
    SlimSubmission,
    SlimTcp,
    decode_log,
    decode_submission,
    inflate,
    inflate_log,
)
from voipwatch.store.rows import FlowRow, PartRow, ReportRow, SegmentRows

NO_OPERATOR: Final = "AS0"
"""Where nobody knows the network (RFC 7607: AS 0 is nobody's)."""
CLOCK_TRUST_S: Final = 900.0
"""A start by the probe's clock is believed this near to the reflector's signed one: a check lasts minutes."""
CONNECT_PART: Final = "connect"
U8_MAX: Final = (1 << 8) - 1
U16_MAX: Final = (1 << 16) - 1
U32_MAX: Final = (1 << 32) - 1
U63_MAX: Final = (1 << 63) - 1

Tally = dict[str, list[int]]
"""Part -> packets, bytes, index of its first packet, of its last."""
_UP: Final = Direction.UP.value
_DOWN: Final = Direction.DOWN.value
_SETUP: Final = Stage.SETUP.value


def add_report(rows: SegmentRows, intake: Intake) -> int:
    """Add one report, its flows and their parts; returns how many observations.

    Packet by packet: for the odd report, and the second method of `pipeline.columnar`, which takes most.

    Raises:
        BodyError: the record holds no submission; nothing was added.
    """
    submission = decode_submission(inflate(intake))
    measurement = submission.report.measurement
    logs = [
        decode_log(inflate_log(r.log.payload)) if r.log is not None else None for r in measurement.reflectors
    ]
    report = report_row(intake, submission, logs)
    far = [{f.flow: f for f in log.flows} if log is not None else None for log in logs]
    made = [
        (flow_row(flow), flow_parts(flow, far[flow.reflector] if 0 <= flow.reflector < len(far) else None))
        for flow in measurement.flows
    ]
    made += [(tcp_row(trial), tcp_parts(trial)) for trial in measurement.tcp]
    rows.report(report)  # nothing is added before all of it is made
    for row, parts in made:
        rows.flow(row)
        rows.parts(parts)
    return sum(len(parts) for _, parts in made)


# --- the report ---------------------------------------------------------------------------------------------


def report_row(
    intake: Intake, submission: SlimSubmission[Any], logs: Sequence[SlimFarLog[Any] | None]
) -> ReportRow:
    """The row of a report."""
    word, measurement = submission.probe, submission.report.measurement
    line = measurement.line
    country, operator = place_of(intake, word, line.country, line.asn, line.operator_declared)
    begins = [log.started_at for log in logs if log is not None]
    observed_s = observed_at_s(measurement.started_at, begins, intake.received_at_s)
    return ReportRow(
        report_id=intake.report_id,
        received_at=round(intake.received_at_s * 1000),
        observed_at=round(observed_s * 1000),
        country=country,
        operator=operator,
        access=line.access.value,
        kind=word.kind.value,
        enrolled=intake.enrolled,
        pseudonym=word.pseudonym,
        prefix=intake.prefix,
        prefix_kind=intake.prefix_kind.value,
        asn=intake.asn,
        country_declared=line.country or "",
        operator_declared=line.operator_declared or "",
        access_from=word.access_from,
        disagreements=",".join(intake.disagreements),
        geo_version=intake.geo_version,
        software=submission.report.software,
        reflectors=",".join(r.key or "" for r in measurement.reflectors),
        apps=",".join(measurement.apps),
        ruleset=RULESET,
        judged=why_not_judged(measurement, submission.report.via is not None),
        cost_bytes=min(U63_MAX, max(0, sum(cost.bytes for cost in measurement.costs.values()))),
        took_s=max(0.0, _span_s(measurement)),
        ip_version=line.ip_version if line.ip_version in {4, 6} else 0,
        nat=line.nat or "",
        tunnel={None: "", True: "yes", False: "no"}[line.tunnel],
        notes=",".join(measurement.notes),
        body_sha256=intake.body_sha256,
        instance=word.instance,
    )


def place_of(
    intake: Intake, word: ProbeWord, country: str | None, asn: int | None, operator: str | None
) -> tuple[str, str]:
    """Country and operator: derived from where the report came from, never the probe's word.

    Only emulated reports (`ProbeWord.instance`) say where they are from: they came from nowhere, and meet
    nobody else's.
    """
    if word.instance:
        named = operator or (f"AS{asn}" if asn else NO_OPERATOR)
        return country or NO_COUNTRY, named
    return intake.country or NO_COUNTRY, f"AS{intake.asn}" if intake.asn else NO_OPERATOR


def observed_at_s(started_at: str, sessions: Iterable[str], received_s: float) -> float:
    """Unix seconds of the check's start, never after its arrival.

    The probe's word is taken where a reflector's signed log, which began within the check, agrees; else the
    log's: the hour that a vote counts in is not the probe's to choose.

    Args:
        started_at: by the probe's clock.
        sessions: when the signed logs began, by the reflectors' clocks.
        received_s: taken where nothing else can be read. A reflector's clock may be ahead, and a vote from
            the future would make everybody else's look late to the detector.
    """
    return min(received_s, _begun_s(started_at, sessions, received_s))


def _begun_s(started_at: str, sessions: Iterable[str], received_s: float) -> float:
    said = _unix_s(started_at)
    signed = sorted(at for text in sessions if (at := _unix_s(text)) is not None)
    if not signed:
        return received_s if said is None or abs(said - received_s) > CLOCK_TRUST_S else said
    if said is not None and abs(said - signed[0]) <= CLOCK_TRUST_S:
        return said
    return signed[0]


def why_not_judged(measurement: SlimMeasurement[Any], via: bool) -> str:
    """Why a report gives no votes; empty where it does."""
    if measurement.invalid is not None:
        return "invalid"
    if measurement.interrupted is not None:
        return "interrupted"
    return "via" if via else ""


def _unix_s(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
        return at.timestamp() if at.tzinfo is not None else at.replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _span_s(measurement: SlimMeasurement[Any]) -> float:
    start, end = _unix_s(measurement.started_at), _unix_s(measurement.ended_at)
    return 0.0 if start is None or end is None else end - start


# --- flows --------------------------------------------------------------------------------------------------


def flow_row(flow: SlimFlowFacts) -> FlowRow:
    """The row of a flow."""
    kind = flow.kind
    return FlowRow(
        kind.app,
        kind.dialect,
        kind.leg,
        kind.arm,
        _within(flow.flow, U32_MAX),
        flow.question,
        _within(flow.block, U16_MAX),
        kind.mutant,
        kind.media,
        flow.family,
        _within(flow.reflector, U8_MAX),
        _within(flow.remote_port, U16_MAX),
        _within(flow.started_us, U63_MAX),
        flow.aborted,
        flow.failures[0].failure if flow.failures else "",
    )


def flow_parts(flow: SlimFlow, far: Mapping[int, FarFlow] | None) -> list[PartRow]:
    """The parts of a flow, up then down; one with no packet at either end is left out.

    `far`: the log's flows by id; None where there is no log.
    """
    there = far.get(flow.flow) if far is not None else None
    stages = flow.round_stages
    parts: list[PartRow] = []
    for direction, near, other, aside in (
        (_UP, flow.sent, there.up if there is not None else None, flow.aside_up),
        (_DOWN, flow.received, there.down if there is not None else None, flow.aside_down),
    ):
        counts = tally(near.seq, near.size_bytes, stages, aside)
        seen: Tally | None = None
        if far is not None:
            seen = (
                {} if other is None else tally(list(accumulate(other.seq)), other.size_bytes, stages, aside)
            )
        _add(parts, direction, counts, seen, near.t_us)
    if not parts:  # it was started and nothing of it left or came: that is a fact too
        first = stages[0] if stages else MEDIA_PART
        none = None if far is None else 0
        parts.append(PartRow(_UP, first, 0, 0, none, none))
    return parts


def tally(seq: list[int], sizes: list[int], stages: Sequence[str], aside: Sequence[int]) -> Tally:
    """Packets and bytes by part, and where in the columns its first and last packet are.

    Columns of different lengths are cut to the shorter. Media follows the set-up: found from where it begins,
    it is summed at once, which makes most of a report cheap.
    """
    length = min(len(seq), len(sizes))
    if not length:
        return {}
    head = length
    for index, number in enumerate(seq):
        if number >= MEDIA_SEQ:
            head = min(index, length)
            break
    tail = seq[head:length]
    if tail and min(tail) < MEDIA_SEQ:
        head, tail = length, []
    counts: Tally = {}
    for index in range(head):
        part = _part_of(seq[index], stages, aside)
        known = counts.get(part)
        if known is None:
            counts[part] = [1, sizes[index], index, index]
        else:
            known[0] += 1
            known[1] += sizes[index]
            known[3] = index
    if tail:
        _tally_media(counts, tail, sizes[head:length], head, aside)
    return counts


def _tally_media(counts: Tally, seq: list[int], sizes: list[int], start: int, aside: Sequence[int]) -> None:
    """Add the packets from index `start` on, all of which are media or reports on it."""
    beside: list[int] = []
    if aside:
        planned = set(aside)
        if not planned.isdisjoint(seq):
            beside = [index for index, number in enumerate(seq) if number in planned]
    last = len(seq) - 1
    if not beside:
        counts[MEDIA_PART] = [last + 1, sum(sizes), start, start + last]
        return
    size = sum(map(sizes.__getitem__, beside))
    if len(beside) <= last:
        apart = set(beside)
        first = next(index for index in range(last + 1) if index not in apart)
        final = next(index for index in range(last, -1, -1) if index not in apart)
        counts[MEDIA_PART] = [last + 1 - len(beside), sum(sizes) - size, start + first, start + final]
    counts[REPORTS_PART] = [len(beside), size, start + beside[0], start + beside[-1]]


def _part_of(number: int, stages: Sequence[str], aside: Sequence[int]) -> str:
    if number >= MEDIA_SEQ:
        return REPORTS_PART if number in aside else MEDIA_PART
    index = number // ROUND_SPAN
    return stages[index] if 0 <= index < len(stages) else _SETUP


def _add(parts: list[PartRow], direction: str, near: Tally, far: Tally | None, t_us: Sequence[int]) -> None:
    for part, (count, size, first, last) in near.items():
        far_count = far_size = None
        if far is not None:
            there = far.pop(part, None)
            far_count, far_size = (0, 0) if there is None else (there[0], _within(there[1], U32_MAX))
        first_us = _within(t_us[first], U63_MAX) if first < len(t_us) else None
        last_us = _within(t_us[last], U63_MAX) if last < len(t_us) else None
        parts.append(
            PartRow(direction, part, count, _within(size, U32_MAX), far_count, far_size, first_us, last_us)
        )
    for part, (count, size, *_) in (far or {}).items():
        parts.append(PartRow(direction, part, 0, 0, count, _within(size, U32_MAX)))


def _within(value: int, most: int) -> int:
    """A number of a report, at the border of its column where it is beyond: a probe may write any."""
    return 0 if value < 0 else min(value, most)


# --- TCP ----------------------------------------------------------------------------------------------------


def tcp_row(trial: SlimTcp) -> FlowRow:
    """The row of a TCP trial."""
    return FlowRow(
        app="line",
        dialect="tcp",
        leg=trial.name,
        arm=trial.arm,
        flow=0,
        reflector=_within(trial.reflector, U8_MAX),
        remote_port=_within(trial.port, U16_MAX),
        started_us=_within(trial.started_us, U63_MAX),
        failure=trial.failure or "",
    )


def tcp_parts(trial: SlimTcp) -> list[PartRow]:
    """What was sent, and what came."""
    start = _within(trial.started_us, U63_MAX)
    return [
        PartRow(
            _UP,
            CONNECT_PART,
            1,
            _within(trial.sent_bytes, U32_MAX),
            first_us=start,
            connect_ms=trial.connect_ms,
        ),
        PartRow(
            _DOWN,
            CONNECT_PART,
            int(trial.answered),
            _within(trial.received_bytes, U32_MAX),
            connect_ms=trial.connect_ms,
        ),
    ]
