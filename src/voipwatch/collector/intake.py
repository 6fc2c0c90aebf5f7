"""One submission: bytes, circumstances and `now` in, accepted or refused out. Pure.

Accepted is a record for the spool and what the index needs; whether its sessions were handed in before is the
desk's question. Refused names the field and the reason, in words for whoever wrote the probe.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar

import msgspec
import zstandard

from voipwatch.collector.addresses import finds_address, log_names_address
from voipwatch.collector.inflate import quick_inflate
from voipwatch.collector.keys import Enrolments
from voipwatch.collector.schema import REASON_MAX, Incoming, SchemaError, decode_incoming
from voipwatch.collector.signatures import log_is_signed
from voipwatch.model.flows import FlowRecord
from voipwatch.model.instants import fractional_seconds, iso
from voipwatch.model.measurement import Measurement, ReflectorFacts
from voipwatch.model.results import may_be_submitted
from voipwatch.model.submission import Intake, PrefixKind, ProbeWord, RunKind
from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import decode_farlog_head
from voipwatch.wire.reportid import report_id, session_id

CLOCK_NOTE_S: Final = 300.0
"""Offset of a probe's clock above which the record carries `clock`; NTP-less phones are within minutes."""
CLOCK_MOST_S: Final = 86_400.0
"""Offset above which a report is refused: its hours would be other hours, and its pseudonym's month too."""
AGE_MOST_S: Final = 92 * 86_400.0
"""Age of a signed session above which it is refused: the longest shutdown of a country's network so far is
shorter than what a queue then holds, and an index need not be kept for ever."""
AHEAD_MOST_S: Final = 900.0
"""By how much a signed session may begin in the future: a server's clock is kept right, and what is dated
ahead makes the present look late to whoever reads in the order of arrival."""
SESSIONS_MAX: Final = 16
FLOWS_MAX: Final = 20_000
"""A check of 14 apps with every question has about 2,000."""
_HEX: Final = re.compile(r"[0-9a-f]*", re.ASCII)
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])", re.ASCII)
_PACKER: Final = zstandard.ZstdCompressor(level=1)
"""One for all, as its memory costs more than its work: `take` is not for two threads at once."""
T = TypeVar("T")
ACCESS_FROM: Final = ("declared", "system", "")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the collector knows of the sender, and forgets but for this."""

    country: str | None
    asn: int | None
    geo_version: str
    prefix: str
    prefix_day: str
    prefix_kind: PrefixKind
    via_meant: bool = False
    """The sender said of this request that what went through a tunnel or proxy may be submitted."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What this collector accepts."""

    reflectors: frozenset[str]
    """Ed25519 public keys, hex, lower case; sessions of no other reflector count."""
    enrolments: Enrolments
    instance: str = ""
    """The scenario whose emulated reports this collector is for; empty: real ones, and no others."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why a submission is not taken. `code` is for programs, `reason` for people."""

    code: str
    field: str
    reason: str


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """A submission that may be put on disk."""

    intake: Intake
    deletion_hash: bytes
    pseudonym: str = ""


INTERNAL: Final = "internal"
"""The code of what broke the judge: a fault of ours, and no word about the report."""


class _RefusedError(Exception):
    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.refused = Refused(code, field, reason)


class Submitted(msgspec.Struct, frozen=True):
    """One submission as it came."""

    body: bytes
    """Its JSON."""
    about: Circumstances
    now_s: float
    """Unix seconds by the collector's clock."""
    packed: bytes | None = None
    """A zstd frame that holds it, to be kept; None: it is packed here."""


def take(submitted: Submitted, rules: Rules) -> Accepted | Refused:
    """Judge one submission. Cannot fail: where a step of it does, that is the answer (`INTERNAL`)."""
    (found,) = take_all([submitted], rules)
    return found


def take_all(several: Sequence[Submitted], rules: Rules) -> list[Accepted | Refused]:
    """Judge several, in order: one step of all of them, then the next.

    A step's code and tables stay in the processor's caches: to judge one after the other costs a sixth more.
    Whatever one of them raises is its own answer, and the others go on.
    """
    found: list[Accepted | Refused | None] = [None] * len(several)
    judging = [(place, _judge(submitted, rules)) for place, submitted in enumerate(several)]
    while judging:
        going = []
        for place, steps in judging:
            try:
                next(steps)
            except StopIteration as end:
                found[place] = end.value
            except MemoryError:
                found[place] = Refused("large", "", "it takes more memory than there is for one report")
            except Exception as error:  # noqa: BLE001 -- a fault with one report must not cost all others theirs
                found[place] = Refused(INTERNAL, "", f"the collector failed on it: {type(error).__name__}")
            else:
                going.append((place, steps))
        judging = going
    return [one for one in found if one is not None]


Steps = Generator[None, None, T]
"""What comes to a result, and pauses where others may do the same step."""


def _judge(submitted: Submitted, rules: Rules) -> Steps[Accepted | Refused]:
    body, about, now_s = submitted.body, submitted.about, submitted.now_s
    try:
        incoming = decode_incoming(body)
        yield
        offset_s = _check_word(incoming.probe, now_s)
        _check_instance(incoming.probe, rules)
        _check_via(incoming, about)
        sessions = yield from _sessions(incoming, rules, now_s)
        for field, measurement in _runs(incoming):
            _check_columns(measurement.flows, f"{field}.flows")
        enrolled = _enrolled(incoming.probe, rules)
        _check_redaction(body)
    except SchemaError as error:
        return Refused(error.code, error.field, error.reason)
    except _RefusedError as error:
        return error.refused
    yield
    digest = sha256(body).hexdigest()
    packed = submitted.packed
    if packed is None:
        yield
        packed = _PACKER.compress(body)
    word = incoming.probe
    intake = Intake(
        report_id=report_id(sessions),
        sessions=sorted(sessions),
        received_at_s=now_s,
        body=packed,
        body_sha256=digest,
        country=about.country,
        asn=about.asn,
        geo_version=about.geo_version,
        prefix=about.prefix,
        prefix_day=about.prefix_day,
        prefix_kind=about.prefix_kind,
        enrolled=enrolled,
        disagreements=_disagreements(incoming, about, offset_s),
    )
    return Accepted(intake, bytes.fromhex(word.deletion_hash), word.pseudonym)


# --- the probe's word ---------------------------------------------------------------------------------------


def _check_word(word: ProbeWord, now_s: float) -> float:
    """Returns the probe's clock offset, seconds, positive where it is ahead."""
    _check_hex("probe.pseudonym", word.pseudonym, 32)
    _check_hex("probe.deletion_hash", word.deletion_hash, 64)
    if word.enrolment:
        _check_hex("probe.enrolment", word.enrolment, 64)
    if not _MONTH.fullmatch(word.month):
        raise _RefusedError("value", "probe.month", "YYYY-MM is needed")
    if word.access_from not in ACCESS_FROM:
        raise _RefusedError("value", "probe.access_from", "one of declared, system, or empty is needed")
    if len(word.instance) > 64 or not word.instance.isprintable():
        raise _RefusedError("value", "probe.instance", "at most 64 printable characters")
    _instant(word.queued_at, "probe.queued_at")
    offset_s = _instant(word.sent_at, "probe.sent_at") - now_s
    if abs(offset_s) > CLOCK_MOST_S:
        raise _RefusedError(
            "clock",
            "probe.sent_at",
            f"this clock is {offset_s:+.0f} s off the collector's, which says {iso(now_s)}; "
            f"at most {CLOCK_MOST_S:.0f} s is accepted",
        )
    return offset_s


def _check_instance(word: ProbeWord, rules: Rules) -> None:
    """Emulated and real reports never meet, from the first place on that either comes to."""
    if word.instance == rules.instance:
        return
    if rules.instance:
        reason = (
            f"this collector is for emulated reports of the instance {rules.instance!r}, and for no others"
        )
    else:
        reason = "an emulated report, and this collector takes real ones only"
    raise _RefusedError("instance", "probe.instance", reason)


def _check_hex(field: str, text: str, digits: int) -> None:
    if len(text) != digits or not _HEX.fullmatch(text):
        raise _RefusedError("value", field, f"{digits} lower-case hexadecimal digits are needed")


def _instant(text: str, field: str) -> float:
    try:
        return fractional_seconds(text)
    except ValueError:
        raise _RefusedError("value", field, "a UTC time, ISO 8601 with Z, is needed") from None


def _enrolled(word: ProbeWord, rules: Rules) -> bool:
    """A token that is not ours is refused rather than ignored: the probe can enrol again and be counted."""
    if word.enrolment and not rules.enrolments.holds(word.pseudonym, word.month, word.enrolment):
        raise _RefusedError(
            "enrolment", "probe.enrolment", "not this collector's token for this pseudonym and month"
        )
    return bool(word.enrolment)


def _check_via(incoming: Incoming, about: Circumstances) -> None:
    if may_be_submitted(incoming.report):
        return
    if incoming.probe.kind is not RunKind.MANUAL:
        raise _RefusedError(
            "via", "report.via", "a run through a tunnel or proxy is never submitted on a schedule"
        )
    if not about.via_meant:
        raise _RefusedError(
            "via",
            "report.via",
            "a run through a tunnel or proxy is taken only where its user said so: add ?via=explicit",
        )


# --- the sessions -------------------------------------------------------------------------------------------


def _runs(incoming: Incoming) -> Iterator[tuple[str, Measurement]]:
    yield "report.measurement", incoming.report.measurement
    if incoming.report.via is not None:
        yield "report.via.measurement", incoming.report.via.measurement


def _sessions(incoming: Incoming, rules: Rules, now_s: float) -> Steps[set[str]]:
    """The ids of all signed sessions, of which there is at least one and none twice."""
    sessions: set[str] = set()
    for field, measurement in _runs(incoming):
        for index, facts in enumerate(measurement.reflectors):
            if facts.log is None:
                continue
            where = f"{field}.reflectors[{index}].log"
            session = yield from _session(facts, where, rules, now_s)
            if session in sessions:
                raise _RefusedError("session", where, "the same session stands in it twice")
            sessions.add(session)
    if not sessions:
        raise _RefusedError(
            "unsigned", "report.measurement.reflectors", "no session in it is signed by a reflector"
        )
    if len(sessions) > SESSIONS_MAX:
        raise _RefusedError("session", "report.measurement.reflectors", f"more than {SESSIONS_MAX} sessions")
    return sessions


def _session(facts: ReflectorFacts, where: str, rules: Rules, now_s: float) -> Steps[str]:
    key, log = (facts.key or "").lower(), facts.log
    assert log is not None
    if key not in rules.reflectors:
        raise _RefusedError(
            "reflector", where.removesuffix("log") + "key", "this collector does not trust that reflector"
        )
    if not log_is_signed(log.payload, log.signature, key):
        raise _RefusedError("signature", f"{where}.signature", "not the signature of that reflector's key")
    yield
    try:
        head, plain = decode_farlog_head(log.payload, quick_inflate)
    except WireError as error:
        raise _RefusedError("log", f"{where}.payload", f"the signed log cannot be read: {error}") from error
    yield
    if (head.reflector.lower(), head.ticket) != (key, facts.ticket):
        raise _RefusedError("log", where, "the log is of another reflector or ticket than the report says")
    try:
        named = log_names_address(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _RefusedError("log", f"{where}.payload", f"the signed log cannot be read: {error}") from None
    if named:
        raise _RefusedError("address", f"{where}.payload", "the log names an address")
    yield
    age_s = now_s - _instant(head.started_at, f"{where}.payload")
    if age_s > AGE_MOST_S:
        raise _RefusedError("old", where, f"the session is over {AGE_MOST_S / 86_400:.0f} days old")
    if age_s < -AHEAD_MOST_S:
        raise _RefusedError("clock", where, "the session is in the future by the collector's clock")
    return session_id(key, head.ticket_id)


def _check_columns(flows: list[FlowRecord], field: str) -> None:
    """Columns of a flow are of one length, no flow is there twice; what a column holds is the schema's."""
    if len(flows) > FLOWS_MAX:
        raise _RefusedError("value", field, f"more than {FLOWS_MAX} flows")
    for index, flow in enumerate(flows):
        for name, columns in (("sent", flow.sent), ("received", flow.received)):
            length = len(columns.seq)
            if not length == len(columns.t_us) == len(columns.size_bytes) == len(columns.crc):
                raise _RefusedError("value", f"{field}[{index}].{name}", "columns of different lengths")
    if len({(flow.reflector, flow.flow) for flow in flows}) < len(flows):
        raise _RefusedError("value", field, "two flows of one session have one number")


def _check_redaction(body: bytes) -> None:
    """What it takes apart was skipped so far: unknown fields may hold what is no JSON, or no number."""
    try:
        where = finds_address(body)
    except RecursionError:
        raise _RefusedError("json", "", "nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _RefusedError("json", "", str(error)[:REASON_MAX]) from None
    if where is not None:
        raise _RefusedError("address", where, "an IP address is spelled in it: redact before submitting")


def _disagreements(incoming: Incoming, about: Circumstances, offset_s: float) -> list[str]:
    """Where the report's word and what the collector saw are at odds; neither is corrected by the other."""
    line, found = incoming.report.measurement.line, []
    if line.country is not None and about.country is not None and line.country != about.country:
        found.append("country")
    if line.asn is not None and about.asn is not None and line.asn != about.asn:
        found.append("asn")
    if abs(offset_s) > CLOCK_NOTE_S:
        found.append("clock")
    return found
