"""The submission's schema, strictly: what is missing, of another type or of another version is named.

Unknown fields are kept in the stored body and not looked at; an addition does not change a version.
"""

import re
from typing import Final, Literal, TypeVar

import msgspec

from voipwatch.model.measurement import REPORT_SCHEMA
from voipwatch.model.results import Report
from voipwatch.model.submission import SUBMISSION_SCHEMA, ProbeWord

_AT: Final = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<key>key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_RANGE: Final = re.compile(r"Expected `int` [<>]= ")
REASON_MAX: Final = 200
T = TypeVar("T")


class SchemaError(ValueError):
    """A document that is no submission of this version."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.field = field
        self.reason = reason


class IncomingReport(Report, kw_only=True):
    """A report whose schema must be there."""

    schema: Literal["voipwatch.report/1"]


class Incoming(msgspec.Struct, kw_only=True):
    """`model.submission.Submission` whose schemas must be there: a document says what it is."""

    schema: Literal["voipwatch.submission/1"]
    probe: ProbeWord
    report: IncomingReport


class _ReportHead(msgspec.Struct):
    schema: str


class _Head(msgspec.Struct):
    schema: str
    report: _ReportHead


_INCOMING: Final = msgspec.json.Decoder(Incoming)
_HEAD: Final = msgspec.json.Decoder(_Head)


def decode_incoming(body: bytes) -> Incoming:
    """Raises SchemaError, and nothing else, whatever the bytes."""
    try:
        return decode_strictly(_INCOMING, body)
    except SchemaError as error:
        if error.code != "json":  # in another version other fields are other, so that is said first
            _check_versions(body)
        raise


def decode_strictly(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Raises SchemaError, and nothing else: `json` for what is none, `schema` or `value` with the wrong
    field.

    A typed decoder skips unknown fields unread, so that the bytes are looked at first: what is kept is JSON
    for every reader, and that is UTF-8 (RFC 8259, section 8.1).
    """
    try:
        str(body, "utf-8")
    except UnicodeDecodeError as error:
        raise SchemaError("json", "", f"not UTF-8 from byte {error.start} on: {error.reason}") from None
    try:
        return decoder.decode(body)
    except RecursionError:
        raise SchemaError("json", "", "nested too deeply") from None
    except msgspec.ValidationError as error:
        raise _named(error) from None
    except msgspec.DecodeError as error:
        raise SchemaError("json", "", str(error)[:REASON_MAX]) from None


def _check_versions(body: bytes) -> None:
    head = decode_strictly(_HEAD, body)
    for field, found, known in (
        ("schema", head.schema, SUBMISSION_SCHEMA),
        ("report.schema", head.report.schema, REPORT_SCHEMA),
    ):
        if found != known:
            raise SchemaError("version", field, f"{known} is understood, not {found[:60]!r}")


def _named(error: msgspec.ValidationError) -> SchemaError:
    """Msgspec's sentence, taken apart into reason and field."""
    match = _AT.match(str(error))
    assert match is not None  # the pattern matches every text
    path = (match["path"] or "").removeprefix(".")
    missing = _MISSING.search(match["reason"])
    if missing:
        path = f"{path}.{missing[1]}".removeprefix(".")
    code = "value" if _RANGE.match(match["reason"]) else "schema"  # of the right type, and cannot be
    return SchemaError(code, path, match["reason"][:REASON_MAX])
