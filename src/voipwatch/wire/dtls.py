"""DTLS records and handshake messages (RFC 6347 section 4, RFC 9147 section 4).

One datagram holds several records: plaintext ones of 13 header bytes, those with a connection id (RFC 9146),
and DTLS 1.3's ciphertext with its unified header. What they hold stays raw: `dtls_hello` reads hellos.
"""

import msgspec

from voipwatch.wire.cursor import Cursor

DTLS_1_0 = 0xFEFF
DTLS_1_2 = 0xFEFD
DTLS_1_3 = 0xFEFC  # only inside the supported_versions extension (RFC 9147 section 5.3)

CHANGE_CIPHER_SPEC = 20
ALERT = 21
HANDSHAKE = 22
APPLICATION_DATA = 23
HEARTBEAT = 24
TLS12_CID = 25
ACK = 26

HELLO_REQUEST = 0
CLIENT_HELLO = 1
SERVER_HELLO = 2
HELLO_VERIFY_REQUEST = 3
NEW_SESSION_TICKET = 4
CERTIFICATE = 11
SERVER_KEY_EXCHANGE = 12
CERTIFICATE_REQUEST = 13
SERVER_HELLO_DONE = 14
CERTIFICATE_VERIFY = 15
CLIENT_KEY_EXCHANGE = 16
FINISHED = 20

RECORD_HEADER_BYTES = 13
HANDSHAKE_HEADER_BYTES = 12

_RECORD_VERSIONS = frozenset((DTLS_1_0, DTLS_1_2, 0x0100))
# 0x0100: OpenSSL before RFC 4347, still sent by Cisco AnyConnect

_CIPHERTEXT_BYTES_MIN = 16  # RFC 9147 section 4.2.3: its first 16 bytes mask the sequence number

_SECTION = "RFC 6347 section 4.1"


class DtlsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record with the header of DTLS 1.0 and 1.2 (RFC 6347 section 4.1)."""

    content_type: int
    """20 to 26."""
    version: int = DTLS_1_2
    """As on the wire; hellos say 0xFEFF whatever they offer."""
    epoch: int = 0
    """0 before the keys, 16 bits."""
    sequence: int = 0
    """48 bits."""
    connection_id: bytes = b""
    """Only with content type 25, of a length that was negotiated (RFC 9146 section 4)."""
    fragment: bytes = b""
    """Plaintext at epoch 0, ciphertext later."""


class DtlsCiphertext(msgspec.Struct, frozen=True, kw_only=True):
    """A record with DTLS 1.3's unified header (RFC 9147 section 4)."""

    epoch_bits: int
    """The low two bits of the epoch."""
    sequence: bytes
    """1 or 2 bytes, encrypted."""
    has_length: bool
    """Whether the length is written; without it the record fills the datagram."""
    connection_id: bytes | None = None
    """None if the C bit is 0."""
    ciphertext: bytes = b""


Record = DtlsRecord | DtlsCiphertext


class DtlsHandshake(msgspec.Struct, frozen=True, kw_only=True):
    """One handshake fragment (RFC 6347 section 4.2.2)."""

    message_type: int
    length: int
    """Of the whole message, in bytes; 24 bits."""
    message_sequence: int
    """16 bits."""
    fragment_offset: int = 0
    body: bytes = b""
    """This fragment of the message."""

    @property
    def is_whole(self) -> bool:
        """Whether this fragment is the message."""
        return self.fragment_offset == 0 and len(self.body) == self.length


def decode_dtls(data: bytes | memoryview, *, connection_id_bytes: int = 0) -> tuple[Record, ...]:
    """Read the records of one datagram: at least one.

    Args:
        data: the datagram.
        connection_id_bytes: the length of the connection id that the peers negotiated; it is not on the wire.

    Raises:
        WireError: no record, a first byte outside 20 to 26 and 32 to 63, a version that is not DTLS's, or a
            record longer than what is left; a DTLS 1.3 ciphertext shorter than 16 bytes.
    """
    cursor = Cursor(bytes(data), "DTLS", section=_SECTION)
    records: list[Record] = []
    while cursor.remaining_bytes or not records:
        first = cursor.u8("content type")
        if 32 <= first <= 63:
            records.append(_decode_ciphertext(cursor, first, connection_id_bytes))
        elif CHANGE_CIPHER_SPEC <= first <= ACK:
            records.append(_decode_record(cursor, first, connection_id_bytes))
        else:
            raise cursor.fail("content type", f"{first} is none of DTLS", offset=cursor.offset - 1)
    return tuple(records)


def encode_dtls(records: tuple[Record, ...]) -> bytes:
    """Write the records of one datagram.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    return b"".join(
        encode_record(record) if isinstance(record, DtlsRecord) else encode_ciphertext(record)
        for record in records
    )


def encode_record(record: DtlsRecord) -> bytes:
    """Write one record with the header of DTLS 1.2."""
    if record.connection_id and record.content_type != TLS12_CID:
        raise ValueError("only content type 25 has a connection id")
    try:
        return (
            record.content_type.to_bytes(1, "big")
            + record.version.to_bytes(2, "big")
            + record.epoch.to_bytes(2, "big")
            + record.sequence.to_bytes(6, "big")
            + record.connection_id
            + len(record.fragment).to_bytes(2, "big")
            + record.fragment
        )
    except OverflowError as error:
        raise ValueError(f"a field does not fit: {error}") from error


def encode_ciphertext(record: DtlsCiphertext) -> bytes:
    """Write one record with DTLS 1.3's unified header."""
    if len(record.sequence) not in {1, 2} or not 0 <= record.epoch_bits <= 3:
        raise ValueError("a sequence number has 1 or 2 bytes, the epoch 2 bits")
    if len(record.ciphertext) > 0xFFFF:
        raise ValueError("a record holds at most 65535 bytes")
    first = 0x20 | (record.connection_id is not None) << 4 | (len(record.sequence) == 2) << 3
    first |= record.has_length << 2 | record.epoch_bits
    length = len(record.ciphertext).to_bytes(2, "big") if record.has_length else b""
    return bytes((first,)) + (record.connection_id or b"") + record.sequence + length + record.ciphertext


def decode_handshake(fragment: bytes) -> tuple[DtlsHandshake, ...]:
    """Read the handshake messages of a plaintext record's fragment: at least one.

    Raises:
        WireError: a message's fragment is longer than what is left, or lies outside its message.
    """
    cursor = Cursor(bytes(fragment), "DTLS", section="RFC 6347 section 4.2.2")
    messages: list[DtlsHandshake] = []
    while cursor.remaining_bytes or not messages:
        start = cursor.offset
        message_type = cursor.u8("handshake type")
        length = cursor.u24("handshake length")
        sequence = cursor.u16("message sequence")
        offset = cursor.u24("fragment offset")
        body = cursor.take(cursor.u24("fragment length"), "fragment")
        if offset + len(body) > length:
            detail = f"bytes {offset} to {offset + len(body)} of a message of {length}"
            raise cursor.fail("fragment offset", detail, offset=start + 6)
        messages.append(
            DtlsHandshake(
                message_type=message_type,
                length=length,
                message_sequence=sequence,
                fragment_offset=offset,
                body=body,
            )
        )
    return tuple(messages)


def encode_handshake(message: DtlsHandshake) -> bytes:
    """Write one handshake fragment.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    try:
        return (
            message.message_type.to_bytes(1, "big")
            + message.length.to_bytes(3, "big")
            + message.message_sequence.to_bytes(2, "big")
            + message.fragment_offset.to_bytes(3, "big")
            + len(message.body).to_bytes(3, "big")
            + message.body
        )
    except OverflowError as error:
        raise ValueError(f"a field does not fit: {error}") from error


def first_handshake(data: bytes | memoryview) -> DtlsHandshake | None:
    """The first handshake message of a datagram's first record; None where that record holds none in clear.

    Raises:
        WireError: the datagram is no DTLS, or the record's plaintext no handshake.
    """
    record = decode_dtls(data)[0]
    if isinstance(record, DtlsCiphertext) or record.content_type != HANDSHAKE or record.epoch != 0:
        return None
    return decode_handshake(record.fragment)[0]


def _decode_record(cursor: Cursor, content_type: int, connection_id_bytes: int) -> DtlsRecord:
    version_at = cursor.offset
    version = cursor.u16("version")
    if version not in _RECORD_VERSIONS:
        raise cursor.fail("version", f"0x{version:04x} is none of DTLS", offset=version_at)
    epoch = cursor.u16("epoch")
    sequence = cursor.u48("sequence")
    connection_id = b""
    if content_type == TLS12_CID:
        connection_id = cursor.take(connection_id_bytes, "connection id")
    fragment = cursor.take(cursor.u16("length"), "fragment")
    return DtlsRecord(
        content_type=content_type,
        version=version,
        epoch=epoch,
        sequence=sequence,
        connection_id=connection_id,
        fragment=fragment,
    )


def _decode_ciphertext(cursor: Cursor, first: int, connection_id_bytes: int) -> DtlsCiphertext:
    connection_id = cursor.take(connection_id_bytes, "connection id") if first & 0x10 else None
    sequence = cursor.take(2 if first & 0x08 else 1, "sequence")
    has_length = first & 0x04 != 0
    ciphertext = cursor.take(cursor.u16("length"), "ciphertext") if has_length else cursor.rest()
    if len(ciphertext) < _CIPHERTEXT_BYTES_MIN:
        detail = f"needs {_CIPHERTEXT_BYTES_MIN} bytes, {len(ciphertext)} there"
        raise cursor.fail("ciphertext", detail, offset=cursor.offset - len(ciphertext))
    return DtlsCiphertext(
        epoch_bits=first & 0x03,
        sequence=sequence,
        has_length=has_length,
        connection_id=connection_id,
        ciphertext=ciphertext,
    )
