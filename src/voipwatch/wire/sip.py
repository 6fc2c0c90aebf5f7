"""SIP messages in a datagram (RFC 3261 section 7): every byte is kept, nothing is repaired.

A router's application gateway shows itself in details that parsers throw away: a header's case, its order,
the white space around its colon, folding, compact names, line ends. Here each line stands for its own bytes,
and reading it (`name`, `value`, the accessors in `sip_headers`) never changes them.
"""

import re

import msgspec

from voipwatch.wire.errors import WireError

_START_MAX_BYTES = 8192
# A start line longer than a datagram's useful size is no SIP: kamailio's and sofia's defaults lie below this.

_REQUEST_LINE = re.compile(rb"([!%'*+\-.0-9A-Z_`a-z~]+) +([^ \r\n]+) +(SIP/[0-9]+\.[0-9]+) *", re.IGNORECASE)
_STATUS_LINE = re.compile(rb"(SIP/[0-9]+\.[0-9]+) +([0-9]{3})(?: ([^\r\n]*))?", re.IGNORECASE)

COMPACT_NAMES = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""Compact header names and their long forms, lower case (RFC 3261 section 7.3.3 and IANA's registry)."""


class SipRequestLine(msgspec.Struct, frozen=True):
    """The start line of a request (RFC 3261 section 7.1)."""

    method: str
    uri: str
    version: str


class SipStatusLine(msgspec.Struct, frozen=True):
    """The start line of a response (RFC 3261 section 7.2)."""

    version: str
    status: int
    """100 to 699 in RFC 3261; any three digits here."""
    reason: str


class SipHeader(msgspec.Struct, frozen=True):
    """One header field: its bytes, folded continuation lines and line end included."""

    raw: bytes

    @property
    def name(self) -> str:
        """The name as written, without the white space before the colon."""
        return _text(self.raw.partition(b":")[0].rstrip(b" \t"))

    @property
    def long_name(self) -> str:
        """The name in lower case, a compact form replaced by its long one."""
        lowered = self.name.lower()
        return COMPACT_NAMES.get(lowered, lowered)

    @property
    def value(self) -> str:
        """The value, folds turned into single spaces (RFC 3261 section 7.3.1), white space around it gone."""
        value = self.raw.partition(b":")[2]
        return _text(b" ".join(piece.strip(b" \t\r") for piece in value.split(b"\n")).strip(b" "))


class SipMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One SIP message as it was on the wire."""

    start: SipRequestLine | SipStatusLine
    """The start line, read."""
    start_raw: bytes
    """The start line's bytes, line end included."""
    headers: tuple[SipHeader, ...]
    """In the order of the wire."""
    separator: bytes = b"\r\n"
    """The empty line between headers and body, as seen."""
    body: bytes = b""
    """All that follows the empty line, whatever Content-Length says."""
    leading: bytes = b""
    """Line ends before the start line, which RFC 3261 section 7.5 says to ignore."""

    @property
    def is_request(self) -> bool:
        """Whether it is a request."""
        return isinstance(self.start, SipRequestLine)

    def header(self, name: str) -> str | None:
        """The value of the first header of this name, long or compact, any case; None if absent."""
        values = self.header_values(name)
        return values[0] if values else None

    def header_values(self, name: str) -> tuple[str, ...]:
        """The values of all headers of this name, long or compact, any case, in order."""
        wanted = name.lower()
        wanted = COMPACT_NAMES.get(wanted, wanted)
        return tuple(header.value for header in self.headers if header.long_name == wanted)


def decode_sip(data: bytes | memoryview) -> SipMessage:
    """Read one SIP message from a datagram.

    Lines may end in CRLF or in LF alone.

    Raises:
        WireError: no SIP start line, a header line without a colon or a name, or no empty line after the
            headers, as in a truncated message.
    """
    raw = bytes(data)
    start_at = len(raw) - len(raw.lstrip(b"\r\n"))
    line_end = _line_end(raw, start_at, "start line")
    if line_end - start_at > _START_MAX_BYTES:
        raise _error("start line", start_at, f"{line_end - start_at} bytes", "7")
    start_raw = raw[start_at:line_end]
    start = _decode_start(start_raw, start_at)
    headers: list[SipHeader] = []
    offset = line_end
    while True:
        end = _line_end(raw, offset, "header")
        line = raw[offset:end]
        if line in {b"\r\n", b"\n"}:
            break
        while raw[end : end + 1] in {b" ", b"\t"}:
            end = _line_end(raw, end, "folded header")
        headers.append(_decode_header(raw[offset:end], offset))
        offset = end
    return SipMessage(
        start=start,
        start_raw=start_raw,
        headers=tuple(headers),
        separator=line,
        body=raw[end:],
        leading=raw[:start_at],
    )


def encode_sip(message: SipMessage) -> bytes:
    """Write one SIP message: the bytes its lines hold."""
    lines = b"".join(header.raw for header in message.headers)
    return message.leading + message.start_raw + lines + message.separator + message.body


def sip_header(name: str, value: str) -> SipHeader:
    """A header field in the usual form, `name: value` and CRLF."""
    return SipHeader(f"{name}: {value}\r\n".encode(errors="surrogateescape"))


def build_sip_request(
    method: str, uri: str, *, headers: tuple[SipHeader, ...] = (), body: bytes = b""
) -> bytes:
    """The bytes of a request; Content-Length is the caller's, like every other header."""
    start = SipRequestLine(method, uri, "SIP/2.0")
    return encode_sip(
        SipMessage(start=start, start_raw=f"{method} {uri} SIP/2.0\r\n".encode(), headers=headers, body=body)
    )


def build_sip_response(
    status: int, reason: str, *, headers: tuple[SipHeader, ...] = (), body: bytes = b""
) -> bytes:
    """The bytes of a response; Content-Length is the caller's, like every other header."""
    start = SipStatusLine("SIP/2.0", status, reason)
    start_raw = f"SIP/2.0 {status:03d} {reason}\r\n".encode()
    return encode_sip(SipMessage(start=start, start_raw=start_raw, headers=headers, body=body))


def _decode_start(line: bytes, offset: int) -> SipRequestLine | SipStatusLine:
    bare = line.rstrip(b"\r\n")
    status = _STATUS_LINE.fullmatch(bare)
    if status is not None:
        return SipStatusLine(_text(status[1]), int(status[2]), _text(status[3] or b""))
    request = _REQUEST_LINE.fullmatch(bare)
    if request is None:
        raise _error("start line", offset, "neither a SIP request line nor a status line", "7")
    return SipRequestLine(_text(request[1]), _text(request[2]), _text(request[3]))


def _decode_header(line: bytes, offset: int) -> SipHeader:
    name, colon, _ = line.partition(b":")
    if not colon:
        raise _error("header", offset, "no colon", "7.3")
    if not name.strip(b" \t") or b"\n" in name or name[:1] in {b" ", b"\t"}:
        raise _error("header name", offset, "empty, folded or indented", "7.3")
    return SipHeader(line)


def _line_end(raw: bytes, offset: int, field: str) -> int:
    """One past the line feed that ends the line at `offset`."""
    at = raw.find(b"\n", offset)
    if at < 0:
        raise _error(field, offset, "the message ends before its empty line", "7")
    return at + 1


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _error(field: str, offset: int, detail: str, section: str) -> WireError:
    return WireError("SIP", field, offset, section=f"RFC 3261 section {section}", detail=detail)
