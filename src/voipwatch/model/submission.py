"""What a probe hands in: a report with what the probe says of itself, and what a collector signs back."""

from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.model.results import Report

SUBMISSION_SCHEMA: Final = "voipwatch.submission/1"
RECEIPT_SCHEMA: Final = "voipwatch.receipt/1"
ENROLMENT_SCHEMA: Final = "voipwatch.enrolment/1"
ANSWER_SCHEMA: Final = "voipwatch.reports-answer/1"
STOP_SCHEMA: Final = "voipwatch.stop/1"


class RunKind(StrEnum):
    """Why a check was run. Only scheduled runs of enrolled probes vote; the kinds are never summed."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    """People test when something is broken: such a series says when they tested."""
    BROWSER = "browser"
    IMPORT = "import"
    CANARY = "canary"
    """A scheduled run beside a reflector, on another network: it vouches for the reflector and the shapes,
    and never votes for or against an operator (docs/design/0020-chronicle.md)."""


class PrefixKind(StrEnum):
    """What kind of network a source prefix is, which decides how much may be said from behind it."""

    FIXED = "fixed"
    """A few households: one voice."""
    CARRIER = "carrier"
    """Carrier NAT: a whole operator behind a few prefixes; learnt or declared."""
    UNKNOWN = "unknown"
    """Weighs like fixed."""


class ProbeWord(msgspec.Struct, frozen=True):
    """What the probe says of itself and of the run."""

    kind: RunKind
    pseudonym: str
    """32 hex digits: keyed hash of device secret, network and month; another one next month."""
    month: str
    """YYYY-MM, UTC, of the pseudonym."""
    deletion_hash: str
    """SHA-256, hex, of the report's deletion key; who shows the key deletes the report."""
    queued_at: str
    """UTC, ISO 8601 with Z."""
    sent_at: str
    """Of this try; with the collector's clock it gives the probe's clock error."""
    enrolment: str = ""
    """The collector's token for this pseudonym, hex; empty where the probe is not enrolled."""
    access_from: str = ""
    """declared, system (told by the operating system), or empty where the access is unknown."""
    instance: str = ""
    """Name of the scenario or world for emulated reports, else empty: such rows stay apart for ever."""


class Submission(msgspec.Struct):
    """The body of POST /api/v1/reports; several at once are a JSON array of them."""

    probe: ProbeWord
    report: Report
    schema: str = SUBMISSION_SCHEMA


class Receipt(msgspec.Struct, frozen=True):
    """What is signed once the report is on disk."""

    report_id: str
    """32 hex digits, from the sessions in it: the same sessions, however wrapped, are the same report."""
    body_sha256: str
    received_at: str
    """UTC, ISO 8601 with Z, cut to the hour: receipts are kept by probes, and times identify."""
    collector: str
    """Ed25519 public key, hex."""
    signature: str = ""
    """Hex; over `voipwatch.receipt/1`, NUL, and the rest as JSON with sorted keys, this field left out."""
    schema: str = RECEIPT_SCHEMA


class Intake(msgspec.Struct, frozen=True):
    """One record of the spool: a submission as it came, and what the collector knew then and forgets.

    No address is in it. `prefix` is a hash under a key that lives a day, so that the same prefix on two days
    cannot be told to be the same.
    """

    report_id: str
    sessions: list[str]
    """Hex, one for each reflector-signed log: hash of reflector key and ticket id."""
    received_at_s: float
    """Unix seconds by the collector's clock."""
    body: bytes
    """The submission's JSON, compressed with zstd; unknown fields are kept."""
    body_sha256: str
    """Of the JSON."""
    country: str | None
    """ISO 3166, derived from the source address."""
    asn: int | None
    geo_version: str
    """Which database said so; empty where there is none."""
    prefix: str
    """16 hex digits."""
    prefix_day: str
    """YYYY-MM-DD of the key."""
    prefix_kind: PrefixKind
    enrolled: bool
    """True where `ProbeWord.enrolment` was this collector's for that pseudonym."""
    disagreements: list[str] = []
    """Declared against derived: `country`, `asn`, `clock`."""


class Deletion(msgspec.Struct, frozen=True):
    """One record of the spool: somebody showed a report's deletion key."""

    report_id: str
    received_at_s: float


class ResultStatus(StrEnum):
    """What became of one report of a request."""

    ACCEPTED = "accepted"
    """It is on disk, and `ReportResult.receipt` says so."""
    DUPLICATE = "duplicate"
    """The same report came before from the same probe, in an earlier try: the receipt is that try's."""
    REFUSED = "refused"
    """`ReportResult.field` and `reason` say why: sent again as it is, it would be refused again."""


class ReportResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a collector says of one report."""

    status: ResultStatus
    report_id: str = ""
    receipt: Receipt | None = None
    code: str = ""
    """For programs: docs/collector.md lists them."""
    field: str = ""
    """Path of the field, such as report.measurement.flows[3].sent; empty for the document."""
    reason: str = ""
    """For people, in English."""


class Stop(msgspec.Struct, frozen=True):
    """A collector's word that probes shall not measure for it until then; signed as a receipt is."""

    reason: str
    until: str
    """UTC, ISO 8601 with Z."""
    collector: str
    signature: str = ""
    schema: str = STOP_SCHEMA


class ReportsAnswer(msgspec.Struct, frozen=True):
    """The body of every answer to POST /api/v1/reports."""

    results: list[ReportResult]
    """One a report, in the order of the request; empty where the request as a whole was not looked at."""
    error: ReportResult | None = None
    """Why the request as a whole was not taken."""
    stop: Stop | None = None
    schema: str = ANSWER_SCHEMA


class EnrolmentRequest(msgspec.Struct, frozen=True):
    """The body of POST /api/v1/enrolments."""

    pseudonym: str
    month: str
    schema: str = ENROLMENT_SCHEMA


class Enrolment(msgspec.Struct, frozen=True):
    """A collector's token for one pseudonym and its month: `ProbeWord.enrolment`."""

    pseudonym: str
    month: str
    token: str
    collector: str
    schema: str = ENROLMENT_SCHEMA
