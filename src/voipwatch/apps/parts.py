"""Parts: the pieces that binary messages and attribute values are put together from.

A part is a fixed number of bytes, but for at most one `fill`, which takes what a message's declared size
leaves. Fixed bytes, numbers and echoes must stay; bytes that are random by nature may carry a token.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import shake_128
from ipaddress import ip_address
from typing import Final, Literal

from voipwatch.apps.messages import BuildContext, flow_constant

ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
"""ICE's alphabet (RFC 8839 section 5.4): 64 characters, so that a random byte gives one without bias."""


class Assembly:
    """A message while it is put together: its context, the bytes so far, its random bytes in order."""

    __slots__ = ("_drawn", "_used", "ctx", "done", "fill")

    def __init__(self, ctx: BuildContext, random_bytes: int, fill: int) -> None:
        self.ctx = ctx
        self.fill = fill
        self.done = bytearray()
        self._drawn = shake_128(ctx.entropy).digest(random_bytes + fill)
        self._used = 0

    def random(self, size: int) -> bytes:
        """The next `size` random bytes of this packet."""
        start = self._used
        self._used = start + size
        return self._drawn[start : self._used]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece: `size` bytes (0 for fill, whose size the message gives), made by `make`."""

    kind: str
    size: int
    make: Callable[[Assembly], bytes]
    random_bytes: int = 0
    """How many bytes of the packet's entropy it uses."""
    is_fill: bool = False
    expected: bytes | None = None
    """Its bytes if they are always the same, by which a received message is recognised."""
    length_of: str = ""
    """For a length: `rest` (what follows it) or `all`; filled in when the rest is known."""
    little: bool = False
    plus: int = 0
    seven_bit: bool = False

    @property
    def is_random(self) -> bool:
        """Whether a token may take its place: bytes that differ from packet to packet anyway."""
        return self.kind in {"random", "fill", "zero-fill"}


def fixed(data: bytes) -> Part:
    """Always the same bytes."""
    return Part("hex", len(data), lambda _: data, expected=data)


def random(size: int) -> Part:
    """Random bytes, new in every packet."""
    return Part("random", size, lambda assembly: assembly.random(size), random_bytes=size)


def random_text(size: int) -> Part:
    """Random characters of ICE's alphabet, new in every packet."""
    return Part("text_random", size, lambda assembly: _as_text(assembly.random(size)), random_bytes=size)


def constant(size: int, label: str, *, without_ff: bool = False) -> Part:
    """Random bytes that stay the same for the life of the flow; none of them 255 if `without_ff`."""

    def make(assembly: Assembly) -> bytes:
        data = flow_constant(assembly.ctx.flow_secret, label, size)
        return data.replace(b"\xff", b"\x7f") if without_ff else data

    return Part("constant", size, make)


def constant_text(size: int, label: str) -> Part:
    """Random characters that stay the same for the life of the flow."""
    return Part(
        "text_constant",
        size,
        lambda assembly: _as_text(flow_constant(assembly.ctx.flow_secret, label, size)),
    )


def counter(size: int, start: int | None, step: int, *, little: bool, label: str) -> Part:
    """The packet's index in its stream times `step`, from `start`, or from a flow's own start if None."""
    limit = 1 << (8 * size)

    def make(assembly: Assembly) -> bytes:
        first = start
        if first is None:
            first = int.from_bytes(flow_constant(assembly.ctx.flow_secret, label, size), "big")
        return ((first + step * assembly.ctx.index) % limit).to_bytes(size, _order(little=little))

    return Part("counter", size, make)


def length(size: int, of: str, plus: int, *, little: bool, seven_bit: bool = False) -> Part:
    """The number of bytes that follow (`rest`) or of the whole message (`all`), plus `plus`.

    With `seven_bit` each byte holds seven bits, high ones first, and all but the last have their top bit set.
    """
    return Part(
        "length", size, lambda _: bytes(size), length_of=of, little=little, plus=plus, seven_bit=seven_bit
    )


def echo(offset: int, size: int) -> Part:
    """Bytes of the datagram being answered; zeros where it is too short."""
    end = offset + size
    return Part("echo", size, lambda assembly: assembly.ctx.request[offset:end].ljust(size, b"\0"))


def copy(offset: int, size: int) -> Part:
    """Bytes that stand earlier in this message."""
    return Part(
        "copy", size, lambda assembly: bytes(assembly.done[offset : offset + size]).ljust(size, b"\0")
    )


def address(size: int) -> Part:
    """The receiver's view of the peer's address: the last `size` bytes of it."""
    return Part(
        "address", size, lambda assembly: address_bytes(assembly.ctx.source[0])[-size:].rjust(size, b"\0")
    )


def address_text(size: int) -> Part:
    """The same as text, filled up with zeros (Discord's discovery reply)."""
    return Part(
        "address_text", size, lambda assembly: assembly.ctx.source[0].encode()[: size - 1].ljust(size, b"\0")
    )


def port(*, little: bool) -> Part:
    """The receiver's view of the peer's port: 2 bytes."""
    order = _order(little=little)
    return Part("port", 2, lambda assembly: (assembly.ctx.source[1] & 0xFFFF).to_bytes(2, order))


def time(size: int) -> Part:
    """What reads as a clock of `size` bytes: high bytes of the flow's own, the low half random.

    Nothing here knows the time, and no rule on a path can tell: servers' clocks in captures count from
    whatever epoch.
    """
    low = max(1, size // 2)

    def make(assembly: Assembly) -> bytes:
        high = flow_constant(assembly.ctx.flow_secret, "clock", size - low) if size > low else b""
        if len(high) > 2:
            high = b"\0\0" + high[2:]
        return high + assembly.random(low)

    return Part("time", size, make, random_bytes=low)


def fill(*, zero: bool = False) -> Part:
    """Random bytes, or zeros, that make up the message's size."""
    if zero:
        return Part("zero-fill", 0, lambda assembly: bytes(assembly.fill), is_fill=True)
    return Part("fill", 0, lambda assembly: assembly.random(assembly.fill), is_fill=True)


@dataclass(frozen=True, slots=True)
class Layout:
    """Parts in order, with what is known of them before they are built."""

    parts: tuple[Part, ...]
    fixed_bytes: int
    random_bytes: int
    has_fill: bool

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "Layout":
        """Measure the parts."""
        return cls(
            tuple(parts),
            sum(part.size for part in parts),
            sum(part.random_bytes for part in parts),
            any(part.is_fill for part in parts),
        )

    def assemble(self, ctx: BuildContext, size: int, *, after: int = 0) -> bytes:
        """The bytes of all parts, `size` in all; lengths count `after` bytes more, which follow them."""
        assembly = Assembly(ctx, self.random_bytes, max(0, size - self.fixed_bytes) if self.has_fill else 0)
        return self.assemble_into(assembly, after=after)

    def assemble_into(self, assembly: Assembly, *, after: int = 0) -> bytes:
        """The bytes of all parts, with the randomness and the fill of a larger message."""
        done = bytearray()
        outer, assembly.done = assembly.done, done
        lengths: list[tuple[int, Part]] = []
        for part in self.parts:
            if part.length_of:
                lengths.append((len(done), part))
            done += part.make(assembly)
        for at, part in lengths:
            counted = len(done) - at - part.size if part.length_of == "rest" else len(done)
            done[at : at + part.size] = _length_bytes(counted + after + part.plus, part)
        assembly.done = outer
        return bytes(done)

    def kept_bytes(self, size: int) -> int:
        """How many leading bytes of a message of `size` bytes must stay: up to the trailing random run."""
        free = 0
        for part in reversed(self.parts):
            if not part.is_random:
                break
            free += size - self.fixed_bytes if part.is_fill else part.size
        return size - free

    def is_free(self, start: int, count: int, size: int) -> bool:
        """Whether those `count` bytes of a message of `size` bytes are random by nature."""
        at = 0
        for part in self.parts:
            end = at + (size - self.fixed_bytes if part.is_fill else part.size)
            if at < start + count and end > start and not part.is_random:
                return False
            at = end
        return start + count <= at

    def matches(self, data: bytes) -> bool:
        """Whether the parts that never change stand where they should in untrusted data."""
        size = len(data)
        if size < self.fixed_bytes or (size > self.fixed_bytes and not self.has_fill):
            return False
        at = 0
        for part in self.parts:
            if part.expected is not None and data[at : at + part.size] != part.expected:
                return False
            at += size - self.fixed_bytes if part.is_fill else part.size
        return True

    def echoed(self, request: bytes, data: bytes) -> bool:
        """Whether its echoes repeat `request`; the shape is `matches`'s concern."""
        at = 0
        probe = BuildContext(b"", b"", b"", len(data), request=request)
        for part in self.parts:
            if part.kind == "echo" and part.make(Assembly(probe, 0, 0)) != data[at : at + part.size]:
                return False
            at += len(data) - self.fixed_bytes if part.is_fill else part.size
        return True


NOTHING: Final = Layout((), 0, 0, has_fill=False)


def address_bytes(host: str) -> bytes:
    """The bytes of an address literal; four zeros for anything else."""
    try:
        return ip_address(host.partition("%")[0]).packed
    except ValueError:
        return bytes(4)


def _length_bytes(value: int, part: Part) -> bytes:
    if not part.seven_bit:
        return (value % (1 << (8 * part.size))).to_bytes(part.size, _order(little=part.little))
    groups = [value >> shift & 0x7F for shift in range(7 * (part.size - 1), -1, -7)]
    return bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])


def _order(*, little: bool) -> Literal["little", "big"]:
    return "little" if little else "big"


def _as_text(data: bytes) -> bytes:
    return bytes(ALPHABET[byte & 63] for byte in data)
