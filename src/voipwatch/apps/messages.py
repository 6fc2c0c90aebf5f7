"""Messages: what a profile's datagram is made of, where its session token lies, how it is built and read.

A codec knows one way to lay out bytes; a `Message` is a codec with a name, a direction and a place for the
token. Building takes everything from its `BuildContext`: equal contexts give equal bytes at both ends.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final, Protocol

from voipwatch.model.vocabulary import Direction

UP_TAIL_ROOM: Final = 16
UP_TRANSACTION_ROOM: Final = 12
DOWN_TAIL_ROOM_MAX: Final = 52
"""Sixteen bytes of token and two receipts of eighteen."""
UDP_PAYLOAD_MAX: Final = 1400
"""No profile asks for more: with tunnels on the way, 1400 still fits a 1500-byte path unfragmented."""


class PlaceKind(StrEnum):
    """Which bytes of a datagram carry the token."""

    TAIL = "tail"
    """The last bytes."""
    TRANSACTION = "transaction"
    """Bytes 8 to 20: a STUN transaction id (RFC 8489 section 5)."""
    RANDOM = "random"
    """The random of a DTLS hello: of a client's its last 16 bytes, of a server's all 32."""
    BRANCH = "branch"
    """32 hexadecimal digits after z9hG4bK in the topmost Via (RFC 3261 section 8.1.1.7)."""
    INTEGRITY = "integrity"
    """The value of the first MESSAGE-INTEGRITY: 20 bytes."""
    ATTRIBUTE = "attribute"
    """The value of the first STUN attribute of one type."""
    PART = "part"
    """Random bytes inside a binary message."""
    SIP_TAG = "sip-tag"
    """32 hexadecimal digits: the tag of the To header."""
    NONE = "none"
    """No room: a reply that only its echo of the request attests."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the token lies; `attribute` is the type for ATTRIBUTE, else 0."""

    kind: PlaceKind
    attribute: int = 0


@dataclass(slots=True)
class BuildContext:
    """Everything one datagram is made from; there is no other state."""

    flow_secret: bytes
    """32 bytes; per-flow constants (SSRC, ufrag, tags) derive from it, the same at both ends."""
    entropy: bytes
    """16 bytes that seed this packet's random filler."""
    token: bytes
    """Exactly `message.room(size)` bytes, put at the message's place."""
    size: int
    """UDP payload bytes; for set-up messages `message.size`."""
    index: int = 0
    """Index of a media packet in its stream, or the number of the try."""
    request: bytes = b""
    """For replies: the datagram being answered, else empty."""
    source: tuple[str, int] = ("0.0.0.0", 0)  # noqa: S104 -- nobody binds it: it stands for "unknown"
    """For replies: where the request came from, as the replying end sees it."""
    host: str = "192.0.2.1"
    """Name or address literal for SIP URIs and SDP."""


class Codec(Protocol):
    """One way to lay out a datagram. Equal inputs give equal bytes; nothing here keeps state."""

    def build(self, ctx: BuildContext) -> bytes:
        """The datagram, `ctx.size` bytes long."""
        ...

    def room(self, size: int) -> int:
        """Bytes of token that a datagram of `size` bytes carries at its place; 0 for PlaceKind.NONE."""
        ...

    def read(self, data: bytes) -> bytes | None:
        """The place's bytes of untrusted data; None if it is not shaped like this message. Cannot fail."""
        ...

    def echoes(self, request: bytes, data: bytes) -> bool:
        """Whether untrusted `data` is shaped like this message and repeats what it must of `request`."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of datagram, ready to be built."""

    name: str
    direction: Direction
    place: Place
    size: int
    """UDP payload bytes of a set-up message; 0 for media, where each packet brings its own."""
    codec: Codec

    def room(self, size: int) -> int:
        """Bytes of token at the place of a datagram of `size` bytes."""
        return self.codec.room(size)


def build(message: Message, ctx: BuildContext) -> bytes:
    """The bytes of one datagram: `ctx.size` long (a SIP reply to a rewritten request may be longer).

    Raises:
        ValueError: the context does not fit the message: a token of another length than its room, or a size
            that it cannot have. That is the caller's mistake, never the network's.
    """
    if len(ctx.token) != message.codec.room(ctx.size):
        raise ValueError(
            f"{message.name}: a token of {len(ctx.token)} bytes for {message.codec.room(ctx.size)} of room"
        )
    return message.codec.build(ctx)


def read_down(message: Message, data: bytes, request: bytes = b"") -> bytes | None:
    """The token place's bytes of a received datagram; None if it has not that message's shape.

    Cannot fail, whatever `data` holds. With a `request` the datagram must also be a reply to it. An empty
    result is a message without a place, whose shape is right.
    """
    if request and not message.codec.echoes(request, data):
        return None
    return message.codec.read(data)


def answers(message: Message, request: bytes, data: bytes) -> bool:
    """Whether received `data` is `message` in reply to `request`: right shape, and its echo matches.

    Cannot fail. Where a protocol echoes nothing (control bytes, DTLS), the shape alone decides; the token
    says the rest.
    """
    return message.codec.echoes(request, data)


def flow_constant(flow_secret: bytes, label: str, size: int) -> bytes:
    """`size` bytes (1 to 1400) that stay the same for the life of a flow, another set for every label."""
    blocks = -(-size // 64)
    if blocks == 1:
        return blake2b(label.encode(), key=flow_secret, digest_size=size).digest()
    return b"".join(
        blake2b(label.encode() + bytes((block,)), key=flow_secret).digest() for block in range(blocks)
    )[:size]


def down_tail_room(size: int, kept: int) -> int:
    """Room at the end of a downlink datagram of `size` bytes that keeps its first `kept`; 0 if under 8."""
    room = min(size - kept, DOWN_TAIL_ROOM_MAX)
    if room >= UP_TAIL_ROOM:
        return room
    return 8 if room >= 8 else 0


def tail_room(direction: Direction, size: int, kept: int) -> int:
    """Room at the end in either direction: uplink always 16 bytes, because the far end knows no profile."""
    return UP_TAIL_ROOM if direction is Direction.UP else down_tail_room(size, kept)
