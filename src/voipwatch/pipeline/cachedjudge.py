"""Votes of reports that hold the same evidence: judged once, told again for whoever handed it in.

The judge is a pure function of what was observed. Two reports whose measurements differ in nothing but who,
when and where (`IDENTITY`, and the head of the signed log) get the same verdicts, so the second needs no
judge: its votes are those of the first under its own form. That is so of drawn reports (`lab.scenarios`), and
never of two real ones, whose times of packets differ. The digest covers every byte of the evidence: a report
whose evidence was touched in one number is judged anew.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from voipwatch.model.measurement import Line
from voipwatch.model.submission import Intake, ProbeWord
from voipwatch.model.votes import Vote
from voipwatch.pipeline.ballots import form_of
from voipwatch.pipeline.loader import judge_one
from voipwatch.pipeline.slim import BodyError, inflate
from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import decode_farlog_head, verify_farlog

IDENTITY: Final = frozenset({"started_at", "ended_at", "reflectors", "line"})
"""Fields of a measurement that are not evidence as they stand; of the last two a part is."""
REFLECTOR_IDENTITY: Final = frozenset({"key", "log", "ticket"})
LOG_IDENTITY: Final = frozenset({"reflector", "ticket", "ticket_id", "started_at"})
PLACE: Final = frozenset({"country", "asn", "operator_declared"})
"""Of the line: whose it is. How it is reached stays evidence."""
DIGEST_BYTES: Final = 32


class _Log(msgspec.Struct):
    payload: bytes
    signature: bytes = b""


class _Reflector(msgspec.Struct):
    key: str | None = None
    ticket: int | None = None
    log: _Log | None = None


class _Measurement(msgspec.Struct):
    started_at: str
    line: Line
    reflectors: list[_Reflector]


class _Report(msgspec.Struct):
    measurement: _Measurement
    via: Any = None


class _Submission(msgspec.Struct):
    """Who, when and where."""

    probe: ProbeWord
    report: _Report


class _RawReport(msgspec.Struct):
    measurement: dict[str, msgspec.Raw]


class _RawSubmission(msgspec.Struct):
    """What was observed, as it was written."""

    report: _RawReport


Fields = dict[str, msgspec.Raw]
_WHO: Final = msgspec.json.Decoder(_Submission)
_RAW: Final = msgspec.json.Decoder(_RawSubmission)
_FIELDS: Final = msgspec.json.Decoder(Fields)
_REFLECTORS: Final = msgspec.json.Decoder(list[Fields])
_LOG_FIELDS: Final = msgspec.msgpack.Decoder(Fields)


class CachedJudge:
    """A loader's `judges`: in one process, with what was judged before in mind."""

    def __init__(self) -> None:
        self.judged = 0
        """Reports that needed the judge."""
        self.told_again = 0
        self._votes: dict[bytes, list[Vote]] = {}

    def __call__(self, intakes: Sequence[Intake]) -> "Iterator[list[Vote] | None]":
        """Votes of each report, in order; None for one that cannot be judged."""
        return map(self._one, intakes)

    def _one(self, intake: Intake) -> "list[Vote] | None":
        try:
            body = inflate(intake)
            who, digest = _WHO.decode(body), evidence_digest(body)
        except (BodyError, WireError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return judge_one(intake)  # which says what is wrong with it
        if who.report.via is not None:
            return judge_one(intake)
        known = self._votes.get(digest)
        if known is None:
            self.judged += 1
            votes = judge_one(intake)
            if votes is not None:
                self._votes[digest] = votes
            return votes
        self.told_again += 1
        return [_as_said_by(vote, form) for vote in known] if (form := _form(intake, who, known)) else []


def _form(intake: Intake, who: _Submission, known: Sequence[Vote]) -> Vote | None:
    if not known:
        return None
    measurement = who.report.measurement
    logs = [each.log.payload for each in measurement.reflectors if each.log is not None]
    return form_of(
        intake, who.probe, measurement.line, measurement.started_at, logs=logs, ruleset=known[0].ruleset
    )


def _as_said_by(vote: Vote, form: Vote) -> Vote:
    """The same verdict, from somebody else."""
    return msgspec.structs.replace(
        vote,
        report_id=form.report_id,
        pseudonym=form.pseudonym,
        prefix=form.prefix,
        prefix_kind=form.prefix_kind,
        country=form.country,
        operator=form.operator,
        access=form.access,
        observed_at_ms=form.observed_at_ms,
        received_at_ms=form.received_at_ms,
        kind=form.kind,
        enrolled=form.enrolled,
        instance=form.instance,
    )


def evidence_digest(body: bytes) -> bytes:
    """Of all that the judge looks at in a submission's JSON, and of nothing else.

    Raises msgspec.DecodeError, WireError, UnicodeDecodeError, RecursionError: no such document.
    """
    measurement = _RAW.decode(body).report.measurement
    state = blake2b(digest_size=DIGEST_BYTES, person=b"vw-evidence")
    _add(state, measurement, IDENTITY)
    _add(state, _FIELDS.decode(measurement.get("line", b"{}")), PLACE)
    for raw in _REFLECTORS.decode(measurement.get("reflectors", b"[]")):
        _add(state, raw, REFLECTOR_IDENTITY)
        reflector = msgspec.json.decode(_joined(raw), type=_Reflector)
        _add_log(state, reflector)
    return state.digest()


def _joined(raw: Fields) -> bytes:
    return msgspec.json.encode({name: raw[name] for name in REFLECTOR_IDENTITY if name in raw})


def _add_log(state: "blake2b", reflector: _Reflector) -> None:
    log = reflector.log
    if log is None:
        state.update(b"none\0")
        return
    head, plain = decode_farlog_head(log.payload)
    # The three things that make a log evidence (`inference.trusted_log`), by what they come to.
    signed = reflector.key is not None and verify_farlog(log.payload, log.signature, reflector.key)
    ours = reflector.ticket is None or head.ticket == reflector.ticket
    state.update(f"{signed} {ours}\0".encode())
    _add(state, _LOG_FIELDS.decode(plain), LOG_IDENTITY)


def _add(state: "blake2b", fields: Fields, left_out: frozenset[str]) -> None:
    for name in sorted(fields.keys() - left_out):
        value = bytes(fields[name])
        state.update(f"{name}\0{len(value)}\0".encode())
        state.update(value)
