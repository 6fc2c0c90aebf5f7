from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import comes_back, hostile, refusal, refuses_every_truncation
from voipwatch.wire import turn
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunAttribute, StunMessage, decode_stun
from voipwatch.wire.stun_address import xor_address_attribute
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_registry import Attribute
from voipwatch.wire.turn import ChannelData, RelayedDatagram, decode_channel_data, encode_channel_data

ID = bytes(range(12))
PEER = TransportAddress("198.51.100.4", 4000)

RELAYED = (
    xor_address_attribute(Attribute.XOR_PEER_ADDRESS, PEER, transaction_id=ID),
    StunAttribute(Attribute.DATA, b"x"),
)


def test_channel_data_by_hand() -> None:
    data = bytes.fromhex("40010003 616263")
    assert decode_channel_data(data) == ChannelData(0x4001, b"abc")
    assert turn.build_channel_data(0x4001, b"abc") == data


def test_padding_of_any_content_is_kept() -> None:
    data = bytes.fromhex("7fff0003 616263 ff")
    assert decode_channel_data(data) == ChannelData(0x7FFF, b"abc", b"\xff")
    assert encode_channel_data(decode_channel_data(data)) == data


def test_padded_channel_data() -> None:
    assert (
        turn.build_channel_data(0x4000, b"abcde", padded=True) == bytes.fromhex("40000005") + b"abcde\0\0\0"
    )


def test_truncated_channel_data_raises() -> None:
    refuses_every_truncation(decode_channel_data, bytes.fromhex("40010003 616263"))


@pytest.mark.parametrize("channel", ["3fff", "8000", "0001"])
def test_numbers_of_no_channel_raise(channel: str) -> None:
    with pytest.raises(WireError, match="channel number"):
        decode_channel_data(bytes.fromhex(channel + "0000"))


def test_what_does_not_fit_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="16 bits"):
        encode_channel_data(ChannelData(0x4000, bytes(0x10000)))


@given(hostile([bytes.fromhex("40010003 616263"), bytes.fromhex("4fff0004 61626364 00")]))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    message = comes_back(decode_channel_data, encode_channel_data, data, protocol="TURN")
    if message is not None:
        assert 0x4000 <= message.channel <= 0x7FFF
        assert len(message.data) == int.from_bytes(data[2:4])


def test_send_and_data_indications() -> None:
    datagram = RelayedDatagram(PEER, b"hello")
    sent = decode_stun(turn.build_send_indication(ID, datagram))
    assert sent.type == 0x0016
    assert [item.type for item in sent.attributes] == [0x0012, 0x0013]
    assert turn.relayed_datagram(sent) == datagram
    received = decode_stun(turn.build_data_indication(ID, datagram))
    assert received.type == 0x0017
    assert turn.relayed_datagram(received) == datagram


@pytest.mark.parametrize(
    "built",
    [
        build_stun(0x0001, ID),
        build_stun(0x0016, ID),
        build_stun(0x0016, ID, [StunAttribute(Attribute.DATA, b"x")]),
        build_stun(0x0006, ID, RELAYED),  # Send as a request
        build_stun(0x0011, ID, RELAYED),  # a Binding indication
    ],
)
def test_other_messages_relay_nothing(built: bytes) -> None:
    assert turn.relayed_datagram(decode_stun(built)) is None


def allocate(*attributes: StunAttribute) -> StunMessage:
    return decode_stun(build_stun(0x0103, ID, attributes))


def test_values_of_an_allocation() -> None:
    message = allocate(
        xor_address_attribute(Attribute.XOR_RELAYED_ADDRESS, PEER, transaction_id=ID),
        turn.lifetime_attribute(600),
        turn.requested_transport_attribute(),
        turn.channel_number_attribute(0x4001),
        turn.requested_address_family_attribute(turn.FAMILY_IPV6),
    )
    assert turn.relayed_address(message) == PEER
    assert turn.lifetime_s(message) == 600
    assert turn.requested_transport(message) == 17
    assert turn.channel_number(message) == 0x4001
    assert turn.requested_address_family(message) == 2
    assert message.attributes[2].value == bytes.fromhex("11000000")
    assert message.attributes[3].value == bytes.fromhex("40010000")


def test_absent_values_are_none() -> None:
    message = allocate()
    assert turn.relayed_address(message) is None
    assert turn.lifetime_s(message) is None
    assert turn.requested_transport(message) is None
    assert turn.channel_number(message) is None
    assert turn.requested_address_family(message) is None
    assert turn.peer_addresses(message) == ()


def test_all_peers_of_a_create_permission() -> None:
    other = TransportAddress("2001:db8::1", 9)
    peers = [
        xor_address_attribute(Attribute.XOR_PEER_ADDRESS, address, transaction_id=ID)
        for address in (PEER, other)
    ]
    assert turn.peer_addresses(decode_stun(build_stun(0x0008, ID, peers))) == (PEER, other)


@pytest.mark.parametrize(
    ("attribute", "read"),
    [
        (Attribute.LIFETIME, turn.lifetime_s),
        (Attribute.CHANNEL_NUMBER, turn.channel_number),
        (Attribute.REQUESTED_TRANSPORT, turn.requested_transport),
        (Attribute.REQUESTED_ADDRESS_FAMILY, turn.requested_address_family),
        (Attribute.XOR_RELAYED_ADDRESS, turn.relayed_address),
        (Attribute.XOR_PEER_ADDRESS, turn.peer_addresses),
    ],
)
@given(value=st.binary(max_size=24))
def test_values_of_any_length_raise_only_wire_errors(
    attribute: Attribute, read: Callable[[StunMessage], object], value: bytes
) -> None:
    error = refusal(partial(read, allocate(StunAttribute(attribute, value))))
    is_address = attribute.name.startswith("XOR")
    if error is None:
        assert len(value) in ({8, 20} if is_address else {4})
    else:
        assert error.protocol == ("STUN" if is_address else "TURN")
        assert is_address or len(value) != 4
