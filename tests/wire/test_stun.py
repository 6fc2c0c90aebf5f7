import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.wire.checks import comes_back, fits, hostile, refuses_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import (
    MAGIC_COOKIE,
    StunAttribute,
    StunClass,
    StunMessage,
    decode_stun,
    encode_stun,
    message_type,
    method_of,
)

ID = bytes(range(100, 112))
CLASSIC_ID = bytes(range(16))
BINDING = bytes.fromhex("000100002112a442") + ID

# The dialect of 2015 to 2019: length 0x6A, one attribute of 0x66 bytes, no padding, 126 bytes in all.
WHATSAPP_ALLOCATE = bytes.fromhex("0003006a2112a442") + ID + bytes.fromhex("40000066") + bytes(range(102))

# MS-TURN: its cookie first, then attributes packed without padding; the third starts at an odd offset.
MS_TURN_BODY = bytes.fromhex("000f000472c64bc6 0006000541424344 45 80080004 00000006")
MS_TURN = bytes.fromhex("000300192112a442") + ID + MS_TURN_BODY

PADDED = (
    bytes.fromhex("01010018 2112a442")
    + ID
    + bytes.fromhex("8022000541424344 45abcdef 8022000241420000 c057 0000")
)
CLASSIC = bytes.fromhex("00010008") + CLASSIC_ID + bytes.fromhex("0003000400000006")

VALID = [BINDING, WHATSAPP_ALLOCATE, MS_TURN, PADDED, CLASSIC, BINDING + b"after"]


def test_header_of_a_binding_request() -> None:
    message = decode_stun(BINDING)
    assert message == StunMessage(
        type=0x0001, length_field=0, cookie=MAGIC_COOKIE, transaction_id=ID, raw=BINDING
    )
    assert message.message_class is StunClass.REQUEST
    assert message.method == 1
    assert message.is_aligned
    assert not message.is_classic


def test_order_duplicates_unknown_types_and_padding_bytes_survive() -> None:
    message = decode_stun(PADDED)
    assert [(item.type, item.value, item.padding) for item in message.attributes] == [
        (0x8022, b"ABCDE", b"\xab\xcd\xef"),
        (0x8022, b"AB", b"\0\0"),
        (0xC057, b"", b""),
    ]
    assert message.is_aligned
    first = message.attribute(0x8022)
    assert first is not None
    assert first.value == b"ABCDE"
    assert [item.value for item in message.attributes_of(0x8022)] == [b"ABCDE", b"AB"]
    assert message.attribute(0x0006) is None
    assert encode_stun(message) == PADDED


def test_whatsapp_allocate_is_unaligned_and_comes_back() -> None:
    assert len(WHATSAPP_ALLOCATE) == 126
    message = decode_stun(WHATSAPP_ALLOCATE)
    assert message.length_field == 106
    assert message.attributes == (StunAttribute(0x4000, bytes(range(102))),)
    assert not message.is_aligned
    assert message.attributes[0].is_comprehension_required
    assert encode_stun(message) == WHATSAPP_ALLOCATE


def test_packed_attributes_of_ms_turn() -> None:
    message = decode_stun(MS_TURN)
    assert [item.type for item in message.attributes] == [0x000F, 0x0006, 0x8008]
    assert [item.value for item in message.attributes][1:] == [b"ABCDE", bytes.fromhex("00000006")]
    assert not message.is_aligned
    assert encode_stun(message) == MS_TURN


def test_packed_attributes_of_ms_turn_whose_length_happens_to_be_a_multiple_of_four() -> None:
    # Read as padded, USERNAME's padding would swallow 3 bytes and REALM's value would come out one short.
    body = bytes.fromhex("000f000472c64bc6 00060005 4142434445 0014000f") + bytes(15)
    data = bytes.fromhex("00030024 2112a442") + ID + body
    assert len(body) == 36
    assert [len(item.value) for item in decode_stun(data).attributes] == [4, 5, 15]
    assert comes_back(decode_stun, encode_stun, data, protocol="STUN") is not None


def test_only_the_last_padding_is_missing() -> None:
    data = bytes.fromhex("0101000e2112a442") + ID + bytes.fromhex("00060001 41000000 00140002 4142")
    message = decode_stun(data)
    assert [(item.value, item.padding) for item in message.attributes] == [(b"A", bytes(3)), (b"AB", b"")]
    assert not message.is_aligned
    assert decode_stun(data + b"after").attributes == message.attributes
    assert comes_back(decode_stun, encode_stun, data + b"after", protocol="STUN") is not None


def test_classic_message_has_a_16_byte_id_and_no_cookie() -> None:
    message = decode_stun(CLASSIC)
    assert message.is_classic
    assert message.cookie == b""
    assert message.transaction_id == CLASSIC_ID
    assert encode_stun(message) == CLASSIC


def test_trailing_bytes_are_kept_apart() -> None:
    message = decode_stun(BINDING + b"after")
    assert message.trailing == b"after"
    assert message.length_field == 0


def test_memoryview_decodes_like_bytes() -> None:
    assert decode_stun(memoryview(PADDED)) == decode_stun(PADDED)


@pytest.mark.parametrize("data", [WHATSAPP_ALLOCATE, MS_TURN, PADDED, CLASSIC])
def test_every_truncation_raises(data: bytes) -> None:
    refuses_every_truncation(decode_stun, data)


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"\x00\x01", "header", 0),
        (BINDING[:19], "header", 0),
        (
            bytes.fromhex("00010006") + BINDING[4:] + bytes.fromhex("000600044142") + b"CD",
            "attribute length",
            22,
        ),
        (b"\x40" + BINDING[1:], "type", 0),
        (b"\x00\x01\x00\x04" + BINDING[4:], "length", 2),
        (bytes.fromhex("00010002") + BINDING[4:] + b"ab", "attribute header", 20),
        (bytes.fromhex("00010008") + BINDING[4:] + bytes.fromhex("0006000541424344"), "attribute length", 22),
        (bytes.fromhex("00010004") + BINDING[4:] + bytes.fromhex("00060001"), "attribute length", 22),
    ],
)
def test_errors_name_field_and_offset(data: bytes, field: str, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        decode_stun(data)
    assert (caught.value.protocol, caught.value.field, caught.value.offset) == ("STUN", field, offset)


def test_encoding_writes_lies_as_they_are() -> None:
    message = StunMessage(
        type=0x0001,
        length_field=9,
        cookie=b"\x21\x12\xa4\x43",
        transaction_id=ID,
        attributes=(StunAttribute(6, b"ab", b"\xff", declared_length=7),),
    )
    assert encode_stun(message) == bytes.fromhex("000100092112a443") + ID + bytes.fromhex("000600076162ff")


@pytest.mark.parametrize(
    "message",
    [
        StunMessage(type=0x10000, length_field=0, cookie=MAGIC_COOKIE, transaction_id=ID),
        StunMessage(type=1, length_field=0, cookie=b"", transaction_id=ID),
        StunMessage(
            type=1,
            length_field=0,
            cookie=MAGIC_COOKIE,
            transaction_id=ID,
            attributes=(StunAttribute(-1, b""),),
        ),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(message: StunMessage) -> None:
    with pytest.raises(ValueError, match="16"):
        encode_stun(message)


@pytest.mark.parametrize(
    ("method", "message_class", "type_field"),
    [
        (0x001, StunClass.REQUEST, 0x0001),
        (0x001, StunClass.INDICATION, 0x0011),
        (0x001, StunClass.SUCCESS, 0x0101),
        (0x001, StunClass.ERROR, 0x0111),
        (0x003, StunClass.ERROR, 0x0113),
        (0x007, StunClass.INDICATION, 0x0017),
        (0x080, StunClass.REQUEST, 0x0200),
        (0x201, StunClass.REQUEST, 0x0801),
        (0xFFF, StunClass.ERROR, 0x3FFF),
    ],
)
def test_types_of_known_messages(method: int, message_class: StunClass, type_field: int) -> None:
    assert message_type(method, message_class) == type_field
    assert method_of(type_field) == method


@given(st.integers(0, 0xFFF), st.sampled_from(StunClass))
def test_type_is_one_to_one_with_method_and_class(method: int, message_class: StunClass) -> None:
    type_field = message_type(method, message_class)
    message = StunMessage(type=type_field, length_field=0, cookie=MAGIC_COOKIE, transaction_id=ID)
    assert (message.method, message.message_class) == (method, message_class)


ATTRIBUTES = st.lists(
    st.builds(StunAttribute, st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=8
).map(tuple)


@given(ATTRIBUTES, st.booleans(), st.integers(0, 0x3FFF))
def test_padded_and_packed_messages_come_back(
    attributes: tuple[StunAttribute, ...], padded: bool, type_field: int
) -> None:
    body = b"".join(
        item.type.to_bytes(2, "big")
        + len(item.value).to_bytes(2, "big")
        + item.value
        + bytes(-len(item.value) % 4 if padded else 0)
        for item in attributes
    )
    data = type_field.to_bytes(2, "big") + len(body).to_bytes(2, "big") + MAGIC_COOKIE + ID + body
    message = decode_stun(data)
    assert encode_stun(message) == data
    if padded and not body.startswith(bytes.fromhex("000f000472c64bc6")):
        assert [(item.type, item.value) for item in message.attributes] == [
            (item.type, item.value) for item in attributes
        ]
        assert message.is_aligned


@given(hostile(VALID))
@example(b"")
@example(bytes(20))
@example(b"\x00\x01\x00\x01" + bytes(17))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    message = comes_back(decode_stun, encode_stun, data, protocol="STUN")
    if message is not None:
        fits(message, type=14, length_field=16, method=12)
        assert len(message.cookie + message.transaction_id) == 16
        assert message.length_field + len(message.trailing) == len(data) - 20
        for attribute in message.attributes:
            fits(attribute, type=16, length=16)
            assert attribute.declared_length is None
            assert len(attribute.padding) < 4
