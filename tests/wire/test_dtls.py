from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import comes_back, fits, hostile, refuses_every_truncation
from voipwatch.wire.dtls import (
    DtlsCiphertext,
    DtlsHandshake,
    DtlsRecord,
    decode_dtls,
    decode_handshake,
    encode_dtls,
    encode_handshake,
    first_handshake,
)
from voipwatch.wire.errors import WireError

ALERT = bytes.fromhex("15 fefd 0001 000000000005 0002 0100")
HELLO_DONE = bytes.fromhex("16 fefd 0000 000000000004 000c 0e 000000 0004 000000 000000")
TWO = ALERT + HELLO_DONE
UNIFIED = bytes.fromhex("2f 1234 0010") + bytes(range(16))  # S and L set, epoch bits 3
UNIFIED_SHORT = bytes.fromhex("22 34") + bytes(range(20))  # one byte of sequence, no length
WITH_ID = bytes.fromhex("35 aabb 56 0010") + bytes(range(16))  # C and L set
CID_1_2 = bytes.fromhex("19 fefd 0001 000000000001 aabb 0003 010203")
VALID = [ALERT, TWO, UNIFIED, UNIFIED_SHORT, TWO + UNIFIED]


def test_two_records_of_one_datagram() -> None:
    records = decode_dtls(TWO)
    assert records == (
        DtlsRecord(content_type=21, epoch=1, sequence=5, fragment=b"\x01\x00"),
        DtlsRecord(content_type=22, sequence=4, fragment=HELLO_DONE[13:]),
    )
    assert encode_dtls(records) == TWO


def test_unified_header_of_dtls_1_3() -> None:
    assert decode_dtls(UNIFIED) == (
        DtlsCiphertext(epoch_bits=3, sequence=b"\x12\x34", has_length=True, ciphertext=bytes(range(16))),
    )
    assert decode_dtls(UNIFIED_SHORT) == (
        DtlsCiphertext(epoch_bits=2, sequence=b"\x34", has_length=False, ciphertext=bytes(range(20))),
    )


@pytest.mark.parametrize("first", range(32, 64))
def test_every_first_byte_of_the_unified_header_comes_back(first: int) -> None:
    sequence = b"\x12\x34" if first & 0x08 else b"\x12"
    length = b"\0\x11" if first & 0x04 else b""
    data = bytes((first,)) + sequence + length + bytes(17)
    assert comes_back(decode_dtls, encode_dtls, data, protocol="DTLS") is not None


def test_a_record_without_length_takes_the_rest_of_the_datagram() -> None:
    records = decode_dtls(ALERT + UNIFIED_SHORT)
    assert len(records) == 2
    assert encode_dtls(records) == ALERT + UNIFIED_SHORT


def test_connection_ids_of_a_negotiated_length() -> None:
    (record,) = decode_dtls(WITH_ID, connection_id_bytes=2)
    assert isinstance(record, DtlsCiphertext)
    assert record.connection_id == b"\xaa\xbb"
    assert record.sequence == b"\x56"
    assert encode_dtls((record,)) == WITH_ID
    (old,) = decode_dtls(CID_1_2, connection_id_bytes=2)
    assert isinstance(old, DtlsRecord)
    assert (old.connection_id, old.fragment) == (b"\xaa\xbb", b"\x01\x02\x03")
    assert encode_dtls((old,)) == CID_1_2


@pytest.mark.parametrize("data", [ALERT, UNIFIED, HELLO_DONE])
def test_every_truncation_raises(data: bytes) -> None:
    refuses_every_truncation(decode_dtls, data)


def test_a_cut_second_record_raises() -> None:
    for size in range(len(ALERT) + 1, len(TWO)):
        with pytest.raises(WireError):
            decode_dtls(TWO[:size])


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"", "content type", 0),
        (b"\x13" + ALERT[1:], "content type", 0),
        (b"\x1b" + ALERT[1:], "content type", 0),
        (b"\x40" + ALERT[1:], "content type", 0),
        (b"\x15\x03\x03" + ALERT[3:], "version", 1),
        (ALERT[:-1], "fragment", 13),
        (bytes.fromhex("2c 1234 0003 010203"), "ciphertext", 5),
        (bytes.fromhex("20202020 20"), "ciphertext", 2),  # five spaces, a SIP keep-alive
    ],
)
def test_errors_name_field_and_offset(data: bytes, field: str, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        decode_dtls(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


def are_records(records: Sequence[DtlsRecord | DtlsCiphertext], *, connection_id_bytes: int) -> None:
    assert records
    for record in records:
        if isinstance(record, DtlsRecord):
            fits(record, epoch=16, sequence=48)
            assert record.content_type in range(20, 27)
            assert record.version in {0xFEFF, 0xFEFD, 0x0100}
            assert len(record.connection_id) == (connection_id_bytes if record.content_type == 25 else 0)
        else:
            fits(record, epoch_bits=2)
            assert len(record.sequence) in {1, 2}
            assert record.connection_id is None or len(record.connection_id) == connection_id_bytes
            assert len(record.ciphertext) >= 16
            assert record.has_length or record is records[-1]


@given(hostile(VALID))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    records = comes_back(decode_dtls, encode_dtls, data, protocol="DTLS")
    if records is not None:
        are_records(records, connection_id_bytes=0)


@given(hostile([WITH_ID, CID_1_2]), st.integers(0, 20))
def test_whatever_the_connection_ids_length(data: bytes, connection_id_bytes: int) -> None:
    decode = partial(decode_dtls, connection_id_bytes=connection_id_bytes)
    records = comes_back(decode, encode_dtls, data, protocol="DTLS")
    if records is not None:
        are_records(records, connection_id_bytes=connection_id_bytes)


@pytest.mark.parametrize(
    "record",
    [
        DtlsRecord(content_type=256),
        DtlsRecord(content_type=22, sequence=1 << 48),
        DtlsRecord(content_type=22, fragment=bytes(0x10000)),
        DtlsRecord(content_type=22, connection_id=b"a"),
        DtlsCiphertext(epoch_bits=4, sequence=b"a", has_length=True),
        DtlsCiphertext(epoch_bits=0, sequence=b"", has_length=True),
        DtlsCiphertext(epoch_bits=0, sequence=b"a", has_length=True, ciphertext=bytes(0x10000)),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(record: DtlsRecord | DtlsCiphertext) -> None:
    with pytest.raises(ValueError, match=r"fit|connection id|sequence|65535"):
        encode_dtls((record,))


FRAGMENT = bytes.fromhex("0b 000010 0001 000004 000003 616263")


def encode_all(messages: tuple[DtlsHandshake, ...]) -> bytes:
    return b"".join(encode_handshake(message) for message in messages)


def test_a_handshake_fragment() -> None:
    (message,) = decode_handshake(FRAGMENT)
    assert message == DtlsHandshake(
        message_type=11, length=16, message_sequence=1, fragment_offset=4, body=b"abc"
    )
    assert not message.is_whole
    assert encode_handshake(message) == FRAGMENT
    (done,) = decode_handshake(HELLO_DONE[13:])
    assert done.is_whole


def test_several_handshake_messages_in_a_record() -> None:
    assert len(decode_handshake(FRAGMENT * 2)) == 2


def test_every_truncation_of_a_handshake_raises() -> None:
    refuses_every_truncation(decode_handshake, FRAGMENT)


def test_a_fragment_outside_its_message_raises() -> None:
    with pytest.raises(WireError, match="fragment offset"):
        decode_handshake(bytes.fromhex("0b 000006 0001 000004 000003 616263"))


@given(hostile([FRAGMENT, FRAGMENT * 2]))
def test_whatever_the_bytes_of_a_handshake(data: bytes) -> None:
    messages = comes_back(decode_handshake, encode_all, data, protocol="DTLS")
    if messages is not None:
        assert messages
        for message in messages:
            fits(message, message_type=8, length=24, message_sequence=16, fragment_offset=24)
            assert message.fragment_offset + len(message.body) <= message.length


def test_first_handshake() -> None:
    done = first_handshake(HELLO_DONE)
    assert done is not None
    assert done.message_type == 14
    assert first_handshake(ALERT) is None
    assert first_handshake(UNIFIED) is None
    encrypted = bytes.fromhex("16 fefd 0001 000000000000 0002 ffff")
    assert first_handshake(encrypted) is None
    with pytest.raises(WireError):
        first_handshake(bytes.fromhex("16 fefd 0000 000000000000 0002 ffff"))


def test_a_handshake_field_that_does_not_fit_raises() -> None:
    with pytest.raises(ValueError, match="fit"):
        encode_handshake(DtlsHandshake(message_type=1, length=1 << 24, message_sequence=0))
