"""Codec `sip`: SIP text (RFC 3261) with SDP (RFC 8866) from a template with placeholders in braces.

Uplink the token is the branch of the topmost Via; downlink the tag of the To header. Both are 32 hexadecimal
digits. A message has one declared size whatever the host's name: `{pad}`, in a header whose text means
nothing, takes up the difference. Lines end in CRLF.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_128
from typing import Final

from voipwatch.apps.codecs.use import MessageSpec, UnfitError, Use
from voipwatch.apps.messages import BuildContext, Message, Place, PlaceKind, flow_constant
from voipwatch.model.vocabulary import Direction

SIP_ROOM: Final = 16
HOST_CHARS_MAX: Final = 45
"""The longest address literal, an IPv4-mapped IPv6 one; a longer name is replaced by `HOST_TOO_LONG`."""
HOST_TOO_LONG: Final = "sip.invalid"
PLACEHOLDERS: Final[dict[str, str]] = {
    "branch": "uplink: the token, after z9hG4bK in the topmost Via",
    "totag": "downlink: the token, as the To header's tag",
    "host": "the reflector's name or address",
    "client": "a private address of the flow's own",
    "callee": "another private address of the flow's own",
    "user": "the caller's user part",
    "peer": "the callee's user part",
    "const:N": "N hexadecimal digits of the flow's own; const:N:label, the same digits for one label",
    "rand:N": "N hexadecimal digits, new in every packet",
    "via": "downlink: the request's topmost Via, with received and rport filled in (RFC 3581)",
    "from": "downlink: the request's From",
    "to": "downlink: the request's To",
    "callid": "downlink: the request's Call-ID",
    "cseq": "downlink: the request's CSeq",
    "length": "bytes of the body",
    "pad": "random letters that make up the size",
}
"""What a template may hold, and what stands for it."""

_FIELD = re.compile(r"\{([a-z]+)(?::([0-9]{1,3}))?(?::([a-z-]{1,20}))?\}")
_HEADERS = {
    "via": re.compile(rb"^(?:via|v)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
    "from": re.compile(rb"^(?:from|f)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
    "to": re.compile(rb"^(?:to|t)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
    "callid": re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
    "cseq": re.compile(rb"^cseq[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE),
}
_TAG = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([0-9a-f]{32})", re.IGNORECASE)
_BRANCH = re.compile(rb";[ \t]*branch[ \t]*=[ \t]*(z9hG4bK[^;,\s]+)", re.IGNORECASE)
_STATUS = re.compile(rb"SIP/2\.0 ([0-9]{3})", re.IGNORECASE)
_SCAN_BYTES: Final = 4096
_ECHO_CHARS_MAX: Final = 400
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz234567"


@dataclass(frozen=True, slots=True)
class _Hole:
    """A placeholder of a template."""

    name: str
    digits: int = 0
    label: str = ""


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[tuple[str | _Hole, ...], tuple[str | _Hole, ...]]:
    """Head and body of a template, each as literal text and holes."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    return _pieces(head + "\n\n"), _pieces(body)


def _pieces(text: str) -> tuple[str | _Hole, ...]:
    pieces: list[str | _Hole] = []
    at = 0
    for found in _FIELD.finditer(text):
        pieces.append(text[at : found.start()].replace("\n", "\r\n"))
        pieces.append(_Hole(found[1], int(found[2] or 0), found[3] or ""))
        at = found.end()
    pieces.append(text[at:].replace("\n", "\r\n"))
    return tuple(piece for piece in pieces if piece != "")


@dataclass(frozen=True, slots=True)
class SipCodec:
    """A compiled template of one size."""

    text: str
    direction: Direction
    size: int
    place: Place
    status: bytes
    """The status code's digits; empty for a request."""

    def build(self, ctx: BuildContext) -> bytes:
        """The text, padded to `ctx.size`; longer only where a reply echoes what the path has lengthened."""
        head_pieces, body_pieces = _parse(self.text)
        fields = _Fields(ctx)
        body = fields.fill(body_pieces)
        fields.body_bytes = len(body)
        head = fields.fill(head_pieces)
        missing = ctx.size - len(head) - len(body)
        return head.replace(_PAD_MARK, fields.pad(missing + len(_PAD_MARK)), 1) + body

    def room(self, size: int) -> int:  # noqa: ARG002 -- the digits are always 32
        """Sixteen bytes, or none."""
        return 0 if self.place.kind is PlaceKind.NONE else SIP_ROOM

    def read(self, data: bytes) -> bytes | None:
        """The tag of the To header of a response with this status.

        The size is not looked at: a home router's application gateway rewrites SIP, and that it did so is
        read from checksums, not from silence.
        """
        status = _STATUS.match(data)
        if status is None or status[1] != self.status:
            return None
        if self.place.kind is PlaceKind.NONE:
            return b""
        to = _HEADERS["to"].search(data, 0, _SCAN_BYTES)
        tag = _TAG.search(to[1]) if to else None
        return bytes.fromhex(tag[1].decode("ascii")) if tag else None

    def echoes(self, request: bytes, data: bytes) -> bool:
        """Whether it has the status, and the branch of the request."""
        return (
            self.read(data) is not None and _branch(request) is not None and _branch(request) == _branch(data)
        )


_PAD_MARK = b"\0pad\0"


class _Fields:
    """What stands for each placeholder in one message."""

    def __init__(self, ctx: BuildContext) -> None:
        self.ctx = ctx
        self.body_bytes = 0
        self._drawn = shake_128(ctx.entropy).digest(max(64, ctx.size))
        self._used = 0

    def fill(self, pieces: tuple[str | _Hole, ...]) -> bytes:
        """The pieces with their holes filled."""
        return b"".join(piece.encode() if isinstance(piece, str) else self._value(piece) for piece in pieces)

    def pad(self, size: int) -> bytes:
        """Random letters, at least one."""
        return bytes(_LETTERS[byte & 31] for byte in self._drawn[-max(1, size) :])

    def _value(self, hole: _Hole) -> bytes:
        ctx = self.ctx
        name = hole.name
        if name in {"branch", "totag"}:
            return ctx.token.hex().encode()
        if name == "const":
            drawn = flow_constant(ctx.flow_secret, f"sip/{hole.label}", -(-hole.digits // 2))
            return drawn.hex()[: hole.digits].encode()
        if name == "rand":
            start = self._used
            self._used += -(-hole.digits // 2)
            return self._drawn[start : self._used].hex()[: hole.digits].encode()
        if name == "via":
            return self._via()
        if name in _HEADERS:
            return self._echo(name)
        if name == "host":
            host = ctx.host if len(ctx.host) <= HOST_CHARS_MAX else HOST_TOO_LONG
            return (f"[{host}]" if ":" in host else host).encode()
        if name in {"client", "callee"}:
            last = flow_constant(ctx.flow_secret, f"sip/{name}", 2)
            return f"192.168.{last[0]}.{1 + last[1] % 254}".encode()
        if name in {"user", "peer"}:
            number = int.from_bytes(flow_constant(ctx.flow_secret, f"sip/{name}", 4), "big")
            return str(100_000 + number % 900_000).encode()
        return str(self.body_bytes).encode() if name == "length" else _PAD_MARK

    def _echo(self, name: str) -> bytes:
        found = _HEADERS[name].search(self.ctx.request, 0, _SCAN_BYTES)
        return found[1][:_ECHO_CHARS_MAX] if found else b""

    def _via(self) -> bytes:
        """The topmost Via, with the address and port the request came from (RFC 3581 section 4)."""
        host, port = self.ctx.source
        via = self._echo("via")
        return re.sub(rb";rport(?![=\w])", f";received={host};rport={port}".encode(), via, count=1)


def _branch(data: bytes) -> bytes | None:
    via = _HEADERS["via"].search(data, 0, _SCAN_BYTES)
    found = _BRANCH.search(via[1]) if via else None
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class SipSpec:
    """A SIP message as a profile declares it."""

    name: str
    text: str
    size: int

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:  # noqa: ARG002 -- of no use here
        """Find the place, and see that the text fits the size for the longest host."""
        if use.timing is not None:
            raise UnfitError("a sip message is no media")
        head, body = _parse(self.text)
        names = [piece.name for piece in (*head, *body) if isinstance(piece, _Hole)]
        self._check(names, use)
        if any(isinstance(piece, _Hole) and piece.name == "pad" for piece in body):
            raise UnfitError("{pad} stands in a header: Content-Length does not count it")
        status = _STATUS.match(self.text.encode())
        kind = PlaceKind.BRANCH
        if use.direction is Direction.DOWN:
            kind = PlaceKind.SIP_TAG if "totag" in names else PlaceKind.NONE
        codec = SipCodec(self.text, use.direction, self.size, Place(kind), status[1] if status else b"")
        message = Message(self.name, use.direction, codec.place, self.size, codec)
        longest = len(codec.build(_worst_case(codec.room(self.size), reply=use.reply)))
        if longest > self.size:
            raise UnfitError(f"size says {self.size} bytes, with a long host the text makes {longest}")
        return message

    def _check(self, names: list[str], use: Use) -> None:
        unknown = [name for name in names if name not in _NAMES]
        if unknown:
            raise UnfitError(f"unknown placeholder {{{unknown[0]}}}")
        if names.count("pad") != 1:
            raise UnfitError("a sip message has {pad} exactly once, in a header")
        if use.direction is Direction.UP:
            if "branch" not in names or names.count("branch") != 1:
                raise UnfitError("uplink, {branch} stands exactly once, after z9hG4bK in the topmost Via")
            if {"via", "from", "to", "callid", "cseq", "totag"} & set(names):
                raise UnfitError("a request echoes nothing")
        elif "branch" in names or "via" not in names:
            raise UnfitError("downlink, a sip message is a response: it has {via} and no {branch}")
        elif not _STATUS.match(self.text.encode()):
            raise UnfitError("downlink, a sip message starts with SIP/2.0 and a status")


_NAMES = frozenset(name.partition(":")[0] for name in PLACEHOLDERS)


def _worst_case(room: int, *, reply: bool) -> BuildContext:
    """The context that makes the longest text, before any padding."""
    address = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"
    request = b""
    if reply:
        branch = b"z9hG4bK" + b"0" * 32
        request = (
            b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.255.254:5060;branch=" + branch + b";rport\r\n"
            b"From: <sip:100000@" + b"h" * HOST_CHARS_MAX + b">;tag=0123456789\r\n"
            b"To: <sip:100000@" + b"h" * HOST_CHARS_MAX + b">\r\n"
            b"Call-ID: 0123456789abcdef0123456789abcdef\r\nCSeq: 1 REGISTER\r\n\r\n"
        )
    return BuildContext(
        flow_secret=bytes(32),
        entropy=bytes(16),
        token=bytes(room),
        size=0,
        request=request,
        source=(address, 65535),
        host="h" * HOST_CHARS_MAX,
    )
