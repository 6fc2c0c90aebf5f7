"""The SIP header values that a call is followed by (RFC 3261 section 20): what they say, read only.

A header that is absent gives None; one that cannot be read raises `WireError`, like the message it is in.
"""

import re

import msgspec

from voipwatch.wire.errors import WireError
from voipwatch.wire.sip import SipMessage

_VALUE_MAX_CHARS = 4096
# Far above any call's header, and low enough that no value costs more than milliseconds to read.

_PARAMETER = re.compile(r";\s*([^\s=;,]+)(?:\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^\s;,]*))?")
_VIA = re.compile(r"SIP\s*/\s*([0-9.]+)\s*/\s*([^\s;,]+)\s+([^\s;,]+)\s*(.*)", re.IGNORECASE | re.DOTALL)


class SipVia(msgspec.Struct, frozen=True):
    """One Via value (RFC 3261 section 20.42)."""

    transport: str
    sent_by: str
    """Host, and port if there is one, as written."""
    parameters: dict[str, str]
    """By lower-case name; a parameter without a value has the empty one."""

    @property
    def branch(self) -> str | None:
        """The transaction's id; it starts with z9hG4bK since RFC 3261."""
        return self.parameters.get("branch")

    @property
    def received(self) -> str | None:
        """The address that the server saw the request come from (RFC 3261 section 18.2.1)."""
        return self.parameters.get("received")

    @property
    def rport(self) -> int | None:
        """The port that the server saw the request come from (RFC 3581); None if absent or empty."""
        text = self.parameters.get("rport", "")
        return int(text) if _is_number(text) else None


def call_id(message: SipMessage) -> str | None:
    """Call-ID (RFC 3261 section 20.8)."""
    return message.header("Call-ID")


def cseq(message: SipMessage) -> tuple[int, str] | None:
    """CSeq: number and method (RFC 3261 section 20.16).

    Raises:
        WireError: it is there and is not a number and a method.
    """
    text = message.header("CSeq")
    if text is None:
        return None
    number, _, method = text.partition(" ")
    if not _is_number(number) or not method.strip():
        raise _error("CSeq", f"{text!r} is not a number and a method", "20.16")
    return int(number), method.strip()


def content_length(message: SipMessage) -> int | None:
    """Content-Length in bytes, as written: the body may have another (RFC 3261 section 20.14).

    Raises:
        WireError: it is there and is no number.
    """
    text = message.header("Content-Length")
    if text is None:
        return None
    if not _is_number(text):
        raise _error("Content-Length", f"{text!r} is no number", "20.14")
    return int(text)


def from_tag(message: SipMessage) -> str | None:
    """The tag of From, the caller's half of the dialog's name (RFC 3261 section 19.3)."""
    return _tag(message.header("From"))


def to_tag(message: SipMessage) -> str | None:
    """The tag of To; absent in the first request of a dialog (RFC 3261 section 19.3)."""
    return _tag(message.header("To"))


def vias(message: SipMessage) -> tuple[SipVia, ...]:
    """Every Via value, the last hop's first, whether in one header or in several.

    Raises:
        WireError: one of them is no Via value.
    """
    found = []
    for header in message.header_values("Via"):
        if len(header) > _VALUE_MAX_CHARS:
            raise _error("Via", f"{len(header)} characters", "20.42")
        for text in _split_commas(header):
            match = _VIA.fullmatch(text.strip())
            if match is None:
                raise _error("Via", f"{text!r} is no Via value", "20.42")
            found.append(SipVia(match[2], match[3], _parameters(match[4])))
    return tuple(found)


def _tag(value: str | None) -> str | None:
    if value is None or len(value) > _VALUE_MAX_CHARS:
        return None
    # Parameters inside the angle brackets belong to the URI, and a display name may hold anything.
    return _parameters(value.rpartition(">")[2] if ">" in value else value).get("tag")


def _parameters(text: str) -> dict[str, str]:
    return {name.lower(): value or "" for name, value in _PARAMETER.findall(text)}


def _split_commas(text: str) -> list[str]:
    """Split at commas outside quotes."""
    parts = [""]
    quoted = escaped = False
    for character in text:
        if character == "," and not quoted:
            parts.append("")
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = quoted and character == "\\" and not escaped
        parts[-1] += character
    return parts


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10  # 2**32 has ten digits


def _error(field: str, detail: str, section: str) -> WireError:
    return WireError("SIP", field, 0, section=f"RFC 3261 section {section}", detail=detail)
