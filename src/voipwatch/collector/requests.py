"""The two small requests: a token for a pseudonym, the deletion of a report."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from voipwatch.collector.schema import SchemaError, decode_strictly
from voipwatch.model.submission import ENROLMENT_SCHEMA, EnrolmentRequest

_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_REPORT_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_KEY: Final = re.compile(r"(?:[0-9a-f]{2}){16,64}", re.ASCII)


class _Deletion(msgspec.Struct):
    deletion_key: str


_ENROLMENT_REQUEST: Final = msgspec.json.Decoder(EnrolmentRequest)
_DELETION_REQUEST: Final = msgspec.json.Decoder(_Deletion)


def check_enrolment(content: bytes, now_s: float) -> EnrolmentRequest:
    """The request. Raises SchemaError: no such document, or a month other than this one and its neighbours.

    A day's grace at either end: the month turns at another hour on a clock that is a little off.
    """
    request = decode_strictly(_ENROLMENT_REQUEST, content)
    if request.schema != ENROLMENT_SCHEMA:
        raise SchemaError("version", "schema", f"{ENROLMENT_SCHEMA} is understood")
    if not _PSEUDONYM.fullmatch(request.pseudonym):
        raise SchemaError("value", "pseudonym", "32 lower-case hexadecimal digits are needed")
    now = datetime.fromtimestamp(now_s, tz=UTC)
    months = {(now + timedelta(days=days)).strftime("%Y-%m") for days in (-1, 0, 1)}
    if request.month not in months:
        raise SchemaError("value", "month", f"this month is {now:%Y-%m}")
    return request


def read_deletion(report_id: str, content: bytes) -> bytes:
    """The deletion key. Raises SchemaError."""
    if not _REPORT_ID.fullmatch(report_id):
        raise SchemaError("value", "report_id", "32 lower-case hexadecimal digits are needed")
    request = decode_strictly(_DELETION_REQUEST, content)
    if not _KEY.fullmatch(request.deletion_key):
        raise SchemaError("value", "deletion_key", "32 to 128 lower-case hexadecimal digits are needed")
    return bytes.fromhex(request.deletion_key)
