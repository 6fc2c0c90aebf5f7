"""Codec `dtls`: the records of a DTLS handshake (RFC 6347): whole hellos, the rest of right length.

A datagram is a list of records. Uplink a ClientHello carries the token in the last 16 bytes of its random,
any other datagram in its last 16 bytes; downlink a ServerHello in its 32 random bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voipwatch.apps.codecs.use import MessageSpec, UnfitError, Use
from voipwatch.apps.messages import (
    UDP_PAYLOAD_MAX,
    UP_TAIL_ROOM,
    BuildContext,
    Message,
    Place,
    PlaceKind,
    tail_room,
)
from voipwatch.apps.parts import NOTHING, Assembly, Layout
from voipwatch.model.vocabulary import Direction
from voipwatch.wire import dtls
from voipwatch.wire.dtls_hello import (
    RANDOM_BYTES,
    ClientHello,
    DtlsExtension,
    ServerHello,
    encode_client_hello,
    encode_server_hello,
)

HANDSHAKES: Final[dict[str, int]] = {
    "client_hello": dtls.CLIENT_HELLO,
    "server_hello": dtls.SERVER_HELLO,
    "hello_verify_request": dtls.HELLO_VERIFY_REQUEST,
    "new_session_ticket": dtls.NEW_SESSION_TICKET,
    "certificate": dtls.CERTIFICATE,
    "server_key_exchange": dtls.SERVER_KEY_EXCHANGE,
    "certificate_request": dtls.CERTIFICATE_REQUEST,
    "server_hello_done": dtls.SERVER_HELLO_DONE,
    "certificate_verify": dtls.CERTIFICATE_VERIFY,
    "client_key_exchange": dtls.CLIENT_KEY_EXCHANGE,
}
"""Handshake messages in clear, by name (RFC 5246 section 7.4)."""
CONTENTS: Final[dict[str, int]] = {
    "change_cipher_spec": dtls.CHANGE_CIPHER_SPEC,
    "alert": dtls.ALERT,
    "handshake": dtls.HANDSHAKE,
    "application_data": dtls.APPLICATION_DATA,
}
"""Record contents that are not a handshake message in clear: encrypted ones, or one byte."""
# Record header 13, handshake header 12, version 2: where a hello's random starts if it is the first record.
HELLO_RANDOM_AT: Final = dtls.RECORD_HEADER_BYTES + dtls.HANDSHAKE_HEADER_BYTES + 2


@dataclass(frozen=True, slots=True)
class DtlsRecordSpec:
    """One record: a handshake message by name, or another content."""

    handshake: str = ""
    content: str = ""
    version: int = dtls.DTLS_1_2
    epoch: int = 0
    body: Layout = NOTHING
    cipher_suites: tuple[int, ...] = ()
    """Of a hello: all that a client offers, the one that a server chose."""
    session_id_bytes: int = 0
    extensions: tuple[tuple[int, Layout], ...] = ()

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """Everything in it that is made of parts."""
        return (self.body, *(layout for _, layout in self.extensions))

    @property
    def has_fill(self) -> bool:
        """Whether something in it fills the datagram up."""
        return any(layout.has_fill for layout in self.layouts)


@dataclass(frozen=True, slots=True)
class DtlsCodec:
    """A compiled datagram of one size."""

    records: tuple[DtlsRecordSpec, ...]
    direction: Direction
    size: int
    place: Place
    fill: int
    first_sequence: int
    first_message: int
    kept: int

    def build(self, ctx: BuildContext) -> bytes:
        """All records, with sequence numbers that go on in each epoch."""
        random_bytes = sum(layout.random_bytes for record in self.records for layout in record.layouts)
        assembly = Assembly(ctx, random_bytes + RANDOM_BYTES + 32, self.fill)
        sequences = {0: self.first_sequence}
        message = self.first_message
        data = b""
        for spec in self.records:
            sequence = sequences.setdefault(spec.epoch, 0)
            sequences[spec.epoch] = sequence + 1
            content = dtls.HANDSHAKE if spec.handshake else CONTENTS[spec.content]
            if spec.handshake:
                fragment = self._handshake(spec, message, assembly)
                message += 1
            else:
                fragment = spec.body.assemble_into(assembly)
            record = dtls.DtlsRecord(
                content_type=content,
                version=spec.version,
                epoch=spec.epoch,
                sequence=sequence,
                fragment=fragment,
            )
            data += dtls.encode_record(record)
        if self.place.kind is PlaceKind.RANDOM:
            end = HELLO_RANDOM_AT + RANDOM_BYTES
            return data[: end - len(ctx.token)] + ctx.token + data[end:]
        return data[: len(data) - len(ctx.token)] + ctx.token

    def _handshake(self, spec: DtlsRecordSpec, number: int, assembly: Assembly) -> bytes:
        if spec.handshake in {"client_hello", "server_hello"}:
            body = _hello(spec, assembly)
        else:
            body = spec.body.assemble_into(assembly)
        return dtls.encode_handshake(
            dtls.DtlsHandshake(
                message_type=HANDSHAKES[spec.handshake],
                length=len(body),
                message_sequence=number,
                body=body,
            )
        )

    def room(self, size: int) -> int:
        """A hello's random: 16 bytes uplink, 32 downlink; else the random bytes at the end."""
        if self.place.kind is PlaceKind.RANDOM:
            return UP_TAIL_ROOM if self.direction is Direction.UP else RANDOM_BYTES
        return tail_room(self.direction, size, self.kept)

    def read(self, data: bytes) -> bytes | None:
        """The place's bytes of a datagram that starts with the same record."""
        first = self.records[0]
        content = dtls.HANDSHAKE if first.handshake else CONTENTS[first.content]
        if len(data) != self.size or data[0] != content or data[1:3] != first.version.to_bytes(2, "big"):
            return None
        if first.handshake and data[dtls.RECORD_HEADER_BYTES] != HANDSHAKES[first.handshake]:
            return None
        room = self.room(self.size)
        end = HELLO_RANDOM_AT + RANDOM_BYTES if self.place.kind is PlaceKind.RANDOM else self.size
        return data[end - room : end]

    def echoes(self, request: bytes, data: bytes) -> bool:  # noqa: ARG002 -- a flight repeats nothing of a hello
        """Whether it has the shape."""
        return self.read(data) is not None


def _hello(spec: DtlsRecordSpec, assembly: Assembly) -> bytes:
    random = assembly.random(RANDOM_BYTES)
    session_id = assembly.random(spec.session_id_bytes)
    extensions = tuple(
        DtlsExtension(number, layout.assemble_into(assembly)) for number, layout in spec.extensions
    )
    if spec.handshake == "client_hello":
        return encode_client_hello(
            ClientHello(
                random=random,
                session_id=session_id,
                cipher_suites=spec.cipher_suites,
                extensions=extensions or None,
            )
        )
    return encode_server_hello(
        ServerHello(
            random=random,
            session_id=session_id,
            cipher_suite=spec.cipher_suites[0],
            extensions=extensions or None,
        )
    )


@dataclass(frozen=True, slots=True)
class DtlsSpec:
    """A DTLS datagram as a profile declares it."""

    name: str
    records: tuple[DtlsRecordSpec, ...]
    size: int = 0
    """UDP payload bytes; 0: what the records make."""
    first_sequence: int = 0
    """Record sequence number of the first record of epoch 0."""
    first_message: int = 0
    """Message sequence number of the first handshake message."""

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:  # noqa: ARG002 -- of no use here
        """Fix size and place."""
        if use.timing is not None:
            raise UnfitError("a dtls message is no media")
        fills = sum(layout.has_fill for record in self.records for layout in record.layouts)
        if fills > 1:
            raise UnfitError("at most one part may fill what is left")
        bare = len(self._codec(use, Place(PlaceKind.NONE), 0, 0).build(_BLANK))
        fill = self.size - bare if fills and self.size else 0
        if fills and not self.size:
            raise UnfitError("a fill needs a size to fill up to")
        if fill < 0 or (not fills and self.size not in {0, bare}):
            raise UnfitError(f"size says {self.size} bytes, the records make {bare}")
        size = bare + fill
        if size > UDP_PAYLOAD_MAX:
            raise UnfitError(f"{size} bytes is no size for a message")
        hello = "client_hello" if use.direction is Direction.UP else "server_hello"
        place = Place(PlaceKind.RANDOM if self.records[0].handshake == hello else PlaceKind.TAIL)
        codec = self._codec(use, place, size, fill)
        if place.kind is PlaceKind.TAIL and size - codec.kept < UP_TAIL_ROOM:
            raise UnfitError(f"no room for a token: {size - codec.kept} random bytes at the end, 16 needed")
        return Message(self.name, use.direction, place, size, codec)

    def _codec(self, use: Use, place: Place, size: int, fill: int) -> DtlsCodec:
        last = self.records[-1]
        body = last.body.fixed_bytes + (fill if last.body.has_fill else 0)
        kept = size - body + last.body.kept_bytes(body)
        return DtlsCodec(
            records=self.records,
            direction=use.direction,
            size=size,
            place=place,
            fill=fill,
            first_sequence=self.first_sequence,
            first_message=self.first_message,
            kept=kept,
        )


_BLANK = BuildContext(flow_secret=bytes(32), entropy=bytes(16), token=b"", size=0)
