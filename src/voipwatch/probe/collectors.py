"""The probe's half of the collector's API: enrol, submit, delete. Whatever goes wrong is a value.

Over the control channel's TLS (`probe.control`): the certificate is judged before a byte is sent, redirects
are not followed. What an answer says counts only where the collector signed for it, under the key that was
pinned at the set-up, or that signed first.
"""

import gzip
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from voipwatch.model.submission import ENROLMENT_SCHEMA, RECEIPT_SCHEMA, Receipt, Stop
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.control import Exchange
from voipwatch.probe.queue import body_digest
from voipwatch.wire.receipt import verify_document

ANSWER_BYTES_MAX: Final = 1 << 20
REASON_CHARACTERS_MAX: Final = 300
TOKEN: Final = re.compile(r"[0-9a-f]{1,512}")
REPORT_ID: Final = re.compile(r"[0-9a-f]{32}")
SENT_AT: Final = "probe.sent_at"
"""The field that a collector names where it is this probe's clock that is off."""
FOR_GOOD: Final = frozenset({400, 413, 415, 422})
"""Statuses that are about this very report: sent again, it would be refused again. Others pass: a portal's
404, a proxy's 407, a busy server's 429 say nothing of the report."""


class Asks(Protocol):
    """A way to the collector: `control.Channel`, or several of them."""

    def request(
        self, method: str, target: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Exchange:
        """One request. Cannot fail."""
        ...


class Outcome(StrEnum):
    """What became of one try to submit."""

    HAS_IT = "has-it"
    """Accepted, now or at an earlier try: a receipt says so."""
    REFUSED = "refused"
    """For good."""
    LATER = "later"
    """Nothing was decided: try again."""
    NOT_ENROLLED = "not-enrolled"
    """The token is not this collector's, or its month is over: enrol anew."""


class Row(msgspec.Struct, frozen=True):
    """What a collector says of one submission."""

    status: str
    """accepted, duplicate, refused."""
    receipt: Receipt | None = None
    code: str | None = None
    field: str | None = None
    reason: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """Of POST /api/v1/reports."""

    results: list[Row] = []
    error: Row | None = None
    """Why the request as a whole was not taken."""
    stop: Stop | None = None


class _Enrolment(msgspec.Struct, frozen=True):
    pseudonym: str
    month: str
    token: str
    schema: str = ENROLMENT_SCHEMA


@dataclass(frozen=True, slots=True)
class Submitted:
    """One try."""

    outcome: Outcome
    cost_bytes: int
    receipt: Receipt | None = None
    reason: str = ""
    """Of a refusal, or of a try that decided nothing; for people."""
    retry_after_s: int | None = None
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A token, or why there is none."""

    token: str
    cost_bytes: int
    reason: str = ""
    retry_after_s: int | None = None
    for_good: bool = False
    """True where this pseudonym and month will never get one."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Whether the collector deleted a report."""

    done: bool
    cost_bytes: int
    reason: str = ""


def enrol(channel: Asks, base: str, *, pseudonym: str, month: str) -> Enrolled:
    """POST /api/v1/enrolments. Cannot fail."""
    body = msgspec.json.encode({"schema": ENROLMENT_SCHEMA, "pseudonym": pseudonym, "month": month})
    exchange = channel.request("POST", f"{base}/api/v1/enrolments", body=body)
    if exchange.failure is None and exchange.status in (200, 201):
        try:
            told = msgspec.json.decode(exchange.body[:ANSWER_BYTES_MAX], type=_Enrolment)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Enrolled("", exchange.cost_bytes, Failure.BAD_ANSWER.value)
        if (told.pseudonym, told.month) == (pseudonym, month) and TOKEN.fullmatch(told.token):
            return Enrolled(told.token, exchange.cost_bytes)
        return Enrolled("", exchange.cost_bytes, Failure.BAD_ANSWER.value)
    for_good = exchange.failure is None and exchange.status in FOR_GOOD
    return Enrolled("", exchange.cost_bytes, _why(exchange), exchange.retry_after_s, for_good)


def submit(channel: Asks, base: str, body: bytes, *, key: str | None) -> Submitted:
    """POST /api/v1/reports with one submission's JSON. Cannot fail.

    `key`: the collector's, hex; None where none is known yet: then any key that signs is taken.
    """
    packed = gzip.compress(body, mtime=0)
    exchange = channel.request(
        "POST", f"{base}/api/v1/reports", headers=(("content-encoding", "gzip"),), body=packed
    )
    cost = exchange.cost_bytes
    if exchange.failure is not None:
        return Submitted(Outcome.LATER, cost, reason=exchange.failure.value)
    if exchange.status in (401, 403):
        return Submitted(Outcome.NOT_ENROLLED, cost, reason=_why(exchange))
    try:
        answer = msgspec.json.decode(exchange.body[:ANSWER_BYTES_MAX], type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = Answer()
    wait_s = exchange.retry_after_s
    stop = answer.stop if answer.stop is not None and _signed(answer.stop, key) else None
    row = answer.results[0] if len(answer.results) == 1 else answer.error
    if row is not None and row.status in ("accepted", "duplicate"):
        if exchange.status in (200, 201) and _vouched(row, body, key):
            return Submitted(Outcome.HAS_IT, cost, receipt=row.receipt, stop=stop)
        return Submitted(Outcome.LATER, cost, reason="receipt", retry_after_s=wait_s, stop=stop)
    if row is not None and row.status == "refused" and exchange.status in {200, 201, *FOR_GOOD}:
        if row.code == "enrolment":
            return Submitted(Outcome.NOT_ENROLLED, cost, reason=_words(row), stop=stop)
        if row.code == "clock" and row.field == SENT_AT:
            # Set right, it may be sent again, and so may all that wait. A session in the future is that one
            # reflector's mistake, and must not keep back everything behind it.
            return Submitted(Outcome.LATER, cost, reason="clock", stop=stop)
        return Submitted(Outcome.REFUSED, cost, reason=_words(row), stop=stop)
    if exchange.status in FOR_GOOD:
        return Submitted(Outcome.REFUSED, cost, reason=_why(exchange), stop=stop)
    reason = Failure.BAD_ANSWER.value if exchange.status in (200, 201) else _why(exchange)
    return Submitted(Outcome.LATER, cost, reason=reason, retry_after_s=wait_s, stop=stop)


def delete(channel: Asks, base: str, report_id: str, deletion_key: str) -> Deleted:
    """DELETE /api/v1/reports/{report_id}. Cannot fail."""
    body = msgspec.json.encode({"deletion_key": deletion_key})
    exchange = channel.request("DELETE", f"{base}/api/v1/reports/{report_id}", body=body)
    if exchange.failure is None and exchange.status in (200, 202, 204):
        return Deleted(done=True, cost_bytes=exchange.cost_bytes)
    return Deleted(done=False, cost_bytes=exchange.cost_bytes, reason=_why(exchange))


def receipt_holds(receipt: Receipt, key: str | None) -> bool:
    """Whether the collector of this key signed the receipt; for None, whoever it says has signed it."""
    known = receipt.schema == RECEIPT_SCHEMA and REPORT_ID.fullmatch(receipt.report_id) is not None
    return known and _signed(receipt, key)


def _signed(told: Receipt | Stop, key: str | None) -> bool:
    """Whether it is signed by whom it names, who is the pinned one where there is a pin."""
    if key is not None and told.collector != key:
        return False
    return verify_document(msgspec.to_builtins(told), told.collector)


def _vouched(row: Row, body: bytes, key: str | None) -> bool:
    """Whether a receipt is signed and for this report.

    Of a duplicate the digest is that of the try which came first: its `sent_at` was another.
    """
    if row.receipt is None or not receipt_holds(row.receipt, key):
        return False
    return row.status == "duplicate" or row.receipt.body_sha256 == body_digest(body)


def _words(row: Row) -> str:
    return printable(": ".join(part for part in (row.field, row.reason) if part) or "refused")


def _why(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return exchange.failure.value
    return f"HTTP {exchange.status}"


def printable(text: str) -> str:
    """A stranger's words as they may stand on a terminal and on disk."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean[:REASON_CHARACTERS_MAX]
