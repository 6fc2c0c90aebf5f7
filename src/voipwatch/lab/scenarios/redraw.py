"""A drawn report: a kept check, signed anew for another session at another time, for somebody else's line.

What was observed stays byte for byte: columns, decisions, the log's flows. What is exchanged is who, when and
where: ticket, times, reflector's key and signature, and the line as it was declared. `submission` does it by
the types (`lab.resign`); `Template` does the same on encoded bytes, ten times faster, and a test holds them
equal.
"""

import zlib
from base64 import b64encode
from hashlib import blake2b
from typing import Final

import msgspec

from voipwatch.lab.resign import public_key, resign
from voipwatch.lab.scenarios.calendar import Run
from voipwatch.lab.scenarios.people import derive
from voipwatch.lab.scenarios.table import Scenario
from voipwatch.model.instants import iso
from voipwatch.model.measurement import Line, SignedLog
from voipwatch.model.results import Report
from voipwatch.model.submission import SUBMISSION_SCHEMA, ProbeWord, RunKind, Submission
from voipwatch.probe.pseudonym import deletion_hash
from voipwatch.wire.farlog import decode_farlog, encode_farlog, sign_farlog

DRAWN: Final = "drawn"
"""In the notes of such a report."""
_TICKET: Final = "\x01ticket-id-here\x01"
_AT: Final = "\x01started-at-as-then\x01"
_LINE: Final = "\x01line\x01"
_SOFTWARE: Final = "\x01software\x01"
_PAYLOAD: Final = b"\x01payload\x01 of the log"
_SIGNATURE: Final = b"\x01signature\x01"


class Drawn(msgspec.Struct, frozen=True):
    """Who, when and where of one report."""

    word: ProbeWord
    ticket_id: str
    """16 hex digits."""
    started_at: str
    line: Line
    software: str


def drawn(scenario: Scenario, seed: int, run: Run, enrolment: str) -> Drawn:
    """What a run of the calendar says of itself. `enrolment`: the collector's token; empty for nobody's."""
    at = iso(run.at_s)
    operator = scenario.operator(run.person.operator)
    mark = (run.person.name, run.turn, run.run_kind.value)
    word = ProbeWord(
        kind=run.run_kind,
        pseudonym=run.person.pseudonym(seed, run.month),
        month=run.month,
        deletion_hash=deletion_hash(derive(seed, "deletion", *mark, size=32)),
        queued_at=at,
        sent_at=iso(run.arrives_s),
        enrolment=enrolment,
        access_from="declared",
        instance=scenario.instance,
    )
    line = Line(
        country=scenario.country_of(run.person.operator),
        asn=operator.asn,
        operator_declared=operator.name,
        access=run.person.access,
        ip_version=4,
        tunnel=False,
    )
    ticket = derive(seed, "ticket", *mark).hex()
    return Drawn(word, ticket, at, line, run.software)


def submission(report: Report, private_key: bytes, about: Drawn) -> Submission:
    """The drawn report, by the types."""
    return Submission(about.word, _redrawn(report, private_key, about))


def _redrawn(report: Report, private_key: bytes, about: Drawn) -> Report:
    again = resign(report, private_key, ticket_id=about.ticket_id, started_at=about.started_at)
    measurement = msgspec.structs.replace(
        again.measurement, line=about.line, notes=[*again.measurement.notes, DRAWN]
    )
    key = public_key(private_key)
    check = msgspec.structs.replace(
        again.check,
        line=about.line,
        notes=[*again.check.notes, DRAWN],
        reflectors=[msgspec.structs.replace(each, key=key) for each in again.check.reflectors],
    )
    return msgspec.structs.replace(again, check=check, measurement=measurement, software=about.software)


_GAPS: Final = Drawn(
    ProbeWord(RunKind.SCHEDULED, "", "", "", "", ""), _TICKET, _AT, Line(local_hop=_LINE), _SOFTWARE
)


class Template:
    """A kept check, encoded once, with gaps where reports of it differ.

    One reflector a check, as the lab's have.
    """

    def __init__(self, report: Report, private_key: bytes) -> None:
        """`private_key`: 32 raw bytes of the reflector that signs."""
        self._private_key = private_key
        gapped = _redrawn(report, private_key, _GAPS)
        (facts,) = gapped.measurement.reflectors
        self._log: tuple[bytes, ...] | None = None
        if facts.log is not None:
            far = decode_farlog(facts.log.payload)
            self._log = _split(zlib.decompress(encode_farlog(far)), _TICKET.encode(), _AT.encode())
            facts.log = SignedLog(_PAYLOAD, _SIGNATURE)
        self._report = _cut(msgspec.json.encode(gapped))

    def body(self, about: Drawn) -> bytes:
        """The submission's JSON."""
        fills = {
            _quoted(_AT): msgspec.json.encode(about.started_at),
            _quoted(_LINE): msgspec.json.encode(about.line),
            _quoted(_SOFTWARE): msgspec.json.encode(about.software),
        }
        if self._log is not None:
            told = {_TICKET.encode(): about.ticket_id.encode(), _AT.encode(): about.started_at.encode()}
            payload = zlib.compress(b"".join(told.get(part, part) for part in self._log), 6)
            fills[_coded(_PAYLOAD)] = b'"' + b64encode(payload) + b'"'
            fills[_coded(_SIGNATURE)] = b'"' + b64encode(sign_farlog(payload, self._private_key)) + b'"'
        report = b"".join(fills.get(part, part) for part in self._report)
        return (
            b'{"probe":'
            + msgspec.json.encode(about.word)
            + b',"report":'
            + report
            + b',"schema":'
            + msgspec.json.encode(SUBMISSION_SCHEMA)
            + b"}"
        )


def _quoted(text: str) -> bytes:
    return msgspec.json.encode(Line(local_hop=text)) if text == _LINE else msgspec.json.encode(text)


def _coded(data: bytes) -> bytes:
    return b'"' + b64encode(data) + b'"'


def _cut(encoded: bytes) -> tuple[bytes, ...]:
    gaps = [_quoted(_AT), _quoted(_LINE), _quoted(_SOFTWARE), _coded(_PAYLOAD), _coded(_SIGNATURE)]
    return _split(encoded, *gaps)


def _split(data: bytes, *gaps: bytes) -> tuple[bytes, ...]:
    """The data in parts: each gap is a part of its own."""
    parts = [data]
    for gap in gaps:
        parts = [piece for part in parts for piece in ([part] if part in gaps else _parted(part, gap))]
    return tuple(part for part in parts if part)


def _parted(data: bytes, gap: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    for number, piece in enumerate(data.split(gap)):
        if number:
            pieces.append(gap)
        pieces.append(piece)
    return pieces


def check_key(seed: int) -> bytes:
    """Private key of the emulated reflector of a run: 32 bytes, known to everybody who knows the seed."""
    return blake2b(f"reflector {seed}".encode(), digest_size=32, person=b"vw-scenario").digest()
