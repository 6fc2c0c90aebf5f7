"""SDP session descriptions (RFC 8866): what a call needs of them, with every byte kept.

Lines stay in order, unknown ones included; a media section starts at its m= line and ends before the next.
"""

import re

import msgspec

from voipwatch.wire.errors import WireError

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
# not bytes.splitlines, which also ends a line at a lone CR: RFC 8866 section 5 knows CRLF, and LF in leniency


class SdpLine(msgspec.Struct, frozen=True):
    """One line: its bytes, line end included."""

    raw: bytes

    @property
    def type(self) -> str:
        """The letter before the equals sign."""
        return chr(self.raw[0])

    @property
    def value(self) -> str:
        """What follows the equals sign, without the line end."""
        return self.raw[2:].rstrip(b"\r\n").decode(errors="surrogateescape")


class SdpSection(msgspec.Struct, frozen=True):
    """The lines of the session, or of one media description."""

    lines: tuple[SdpLine, ...]

    def value(self, line_type: str) -> str | None:
        """The value of the first line of this type; None if absent."""
        return next((line.value for line in self.lines if line.type == line_type), None)

    def attributes(self, name: str) -> tuple[str, ...]:
        """The values of all `a=name:value` lines, in order; the empty text for a plain `a=name`."""
        found = []
        for line in self.lines:
            if line.type == "a":
                key, _, value = line.value.partition(":")
                if key == name:
                    found.append(value)
        return tuple(found)

    def attribute(self, name: str) -> str | None:
        """The value of the first `a=name` line; None if absent."""
        return next(iter(self.attributes(name)), None)

    @property
    def direction(self) -> str | None:
        """sendrecv, sendonly, recvonly or inactive, whichever is there first (RFC 8866 section 6.7)."""
        wanted = {"sendrecv", "sendonly", "recvonly", "inactive"}
        return next((line.value for line in self.lines if line.type == "a" and line.value in wanted), None)

    @property
    def connection_address(self) -> str | None:
        """The address of the c= line (RFC 8866 section 5.7) without TTL and count; None if there is none."""
        fields = (self.value("c") or "").split()
        return fields[2].partition("/")[0] if len(fields) == 3 else None


class SdpMedia(msgspec.Struct, frozen=True, kw_only=True):
    """What an m= line says (RFC 8866 section 5.14)."""

    kind: str
    """audio, video, application, ..."""
    port: int
    """0 to 65535; 0 refuses the medium."""
    port_count: int = 1
    protocol: str
    """RTP/AVP, UDP/TLS/RTP/SAVPF, ..."""
    formats: tuple[str, ...]
    """Payload types as text, for RTP."""


class SdpSession(msgspec.Struct, frozen=True):
    """One session description as it was on the wire."""

    session: SdpSection
    """The lines before the first m= line."""
    media: tuple[SdpSection, ...] = ()
    """One section for each m= line, which is its first line."""


def decode_sdp(data: bytes | memoryview) -> SdpSession:
    """Read a session description; lines may end in CRLF or LF, the last one in nothing.

    Raises:
        WireError: it does not start with v=, or a line is not a letter, an equals sign and a value.
    """
    raw = bytes(data)
    if not raw.startswith(b"v="):
        raise _error("v=", 0, "the first line is not v=", "5.1")
    sections: list[list[SdpLine]] = [[]]
    offset = 0
    for line in _LINE.findall(raw):
        if len(line) < 2 or line[1:2] != b"=" or not line[:1].isalpha():
            raise _error("line", offset, "not a letter, an equals sign and a value", "5")
        if line.startswith(b"m="):
            sections.append([])
        sections[-1].append(SdpLine(line))
        offset += len(line)
    parts = [SdpSection(tuple(lines)) for lines in sections]
    return SdpSession(parts[0], tuple(parts[1:]))


def encode_sdp(session: SdpSession) -> bytes:
    """Write a session description: the bytes its lines hold."""
    return b"".join(line.raw for section in (session.session, *session.media) for line in section.lines)


def sdp_media(section: SdpSection) -> SdpMedia:
    """Read a media section's m= line.

    Raises:
        WireError: it has no m= line, or one that lacks kind, port, protocol or format.
    """
    text = section.value("m")
    fields = (text or "").split()
    if len(fields) < 4:
        raise _error("m=", 0, f"{text!r} is not kind, port, protocol and formats", "5.14")
    port, _, count = fields[1].partition("/")
    if not _is_number(port) or int(port) > 0xFFFF or (count and not _is_number(count)):
        raise _error("m= port", 0, f"{fields[1]!r} is no port", "5.14")
    return SdpMedia(
        kind=fields[0],
        port=int(port),
        port_count=int(count or 1),
        protocol=fields[2],
        formats=tuple(fields[3:]),
    )


def sdp_rtpmap(section: SdpSection) -> dict[str, str]:
    """Payload type to encoding, for example "111" to "opus/48000/2" (RFC 8866 section 6.6)."""
    found = {}
    for value in section.attributes("rtpmap"):
        payload_type, _, encoding = value.partition(" ")
        found[payload_type] = encoding.strip()
    return found


def build_sdp(session: tuple[str, ...], media: tuple[tuple[str, ...], ...] = ()) -> bytes:
    """The bytes of a description from lines without line ends, each media section led by its m= line.

    Raises:
        ValueError: the lines do not make a description.
    """
    lines = [*session, *(line for section in media for line in section)]
    text = "".join(f"{line}\r\n" for line in lines).encode()
    decode_sdp(text)
    return text


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _error(field: str, offset: int, detail: str, section: str) -> WireError:
    return WireError("SDP", field, offset, section=f"RFC 8866 section {section}", detail=detail)
