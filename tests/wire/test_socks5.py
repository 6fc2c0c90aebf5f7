"""SOCKS 5: the messages of RFC 1928 and RFC 1929 byte by byte, and whatever else a proxy may say."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.wire.checks import hostile, points_inside, refusal
from voipwatch.wire.errors import WireError
from voipwatch.wire.socks5 import (
    ANSWER_BYTES_MAX,
    CONNECT,
    HEADER_BYTES,
    REPLIES,
    UDP_ASSOCIATE,
    Refusal,
    Socks5Client,
    decode_datagram,
    encode_address,
    encode_datagram,
)

GRANTED = bytes.fromhex("05000001 7f000001 0438")
"""REP 0, ATYP 1, 127.0.0.1 port 1080."""


def spoken(client: Socks5Client, *answers: bytes) -> list[bytes]:
    """What the client says, before and after each answer."""
    said = [client.data_to_send()]
    for answer in answers:
        client.receive(answer)
        said.append(client.data_to_send())
    return said


def test_connect_without_authentication() -> None:
    client = Socks5Client(CONNECT, destination=("192.0.2.7", 443))
    assert spoken(client, b"\x05\x00", GRANTED) == [
        b"\x05\x01\x00",
        bytes.fromhex("05010001 c0000207 01bb"),
        b"",
    ]
    assert (client.bound, client.refusal, client.done) == (("127.0.0.1", 1080), None, True)


def test_associate_by_user_and_password_from_anywhere() -> None:
    client = Socks5Client(UDP_ASSOCIATE, credentials=(b"bob", b"pw"))
    reply = bytes.fromhex("05000004") + b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01" + b"\x12\x34"
    assert spoken(client, b"\x05\x02", b"\x01\x00", reply) == [
        b"\x05\x02\x00\x02",
        b"\x01\x03bob\x02pw",
        bytes.fromhex("05030001 00000000 0000"),
        b"",
    ]
    assert client.bound == ("2001:db8::1", 0x1234)


def test_it_comes_byte_by_byte_and_what_follows_is_given_back() -> None:
    client = Socks5Client(CONNECT, destination=("2001:db8::1", 1))
    rest = b""
    for byte in b"\x05\x00" + bytes.fromhex("05000003 03") + b"a.b" + b"\x00\x50" + b"TLS":
        rest += client.receive(bytes([byte]))
    assert client.bound == ("a.b", 80)
    assert rest == b"TLS"


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ([b"\x05\xff"], Refusal.AUTHENTICATION),
        ([b"\x05\x02"], Refusal.AUTHENTICATION),  # not offered
        ([b"\x04"], Refusal.GIBBERISH),
        ([b"HT"], Refusal.GIBBERISH),
        ([b""], Refusal.GIBBERISH),
        ([b"\x05\x00", b"\x05"], None),
        ([b"\x05\x00", b"\x05", b""], Refusal.GIBBERISH),
        ([b"\x05\x00", b"\x04\x00"], Refusal.GIBBERISH),
        ([b"\x05\x00", b"\x05\x00\x00\x09\x00"], Refusal.GIBBERISH),
        ([b"\x05\x00", b"\x05\x63"], Refusal.GIBBERISH),
        *[([b"\x05\x00", bytes([5, number])], refusal) for number, refusal in REPLIES.items()],
    ],
)
def test_a_refusal_is_told_apart(answers: list[bytes], refusal: Refusal | None) -> None:
    client = Socks5Client(CONNECT, destination=("192.0.2.7", 443))
    spoken(client, *answers)
    assert (client.refusal, client.bound) == (refusal, None)


def test_a_wrong_password() -> None:
    client = Socks5Client(CONNECT, destination=("192.0.2.7", 443), credentials=(b"bob", b"no"))
    spoken(client, b"\x05\x02", b"\x01\x01")
    assert client.refusal is Refusal.AUTHENTICATION


@given(st.lists(st.binary(max_size=300), max_size=8), st.booleans())
def test_whatever_comes_it_ends_or_waits(answers: list[bytes], account: bool) -> None:
    client = Socks5Client(UDP_ASSOCIATE, credentials=(b"a", b"b") if account else None)
    for answer in answers:
        client.receive(answer)
    assert client.done or sum(map(len, answers)) <= 2 * ANSWER_BYTES_MAX
    assert client.bound is None or client.refusal is None


@given(st.ip_addresses(), st.integers(0, 65535), st.binary(max_size=1500))
def test_a_datagram_comes_back_as_it_went(ip: object, port: int, data: bytes) -> None:
    text = str(ip)
    packed = encode_datagram(text, port, data)
    assert decode_datagram(packed) == (text, port, data)
    header = HEADER_BYTES[6 if ":" in text else 4]
    assert len(packed) == len(data) + header
    for end in range(header):
        with pytest.raises(WireError):
            decode_datagram(packed[:end])


def test_fragments_and_reserved_bytes_are_refused() -> None:
    good = encode_datagram("192.0.2.7", 9, b"x")
    assert good == bytes.fromhex("000000 01 c0000207 0009") + b"x"
    for place in (0, 1, 2):
        with pytest.raises(WireError):
            decode_datagram(good[:place] + b"\x01" + good[place + 1 :])


def test_a_name_stands_as_it_is_and_a_zone_is_left_out() -> None:
    assert decode_datagram(b"\0\0\0\x03\x03a.b\0\x07data") == ("a.b", 7, b"data")
    assert encode_address("fe80::1%eth0", 1) == encode_address("fe80::1", 1)


PLAIN = [
    encode_datagram("192.0.2.7", 9, b"x"),
    encode_datagram("2001:db8::7", 9, b"x"),
    b"\0\0\0\x03\x03a.b\0\x07data",
]


@given(st.binary(max_size=64) | hostile(PLAIN))
@example(PLAIN[2])
@example(b"\0\0\0\x03")
@example(b"\0\0\0\x03\xff")
def test_any_bytes_are_a_datagram_or_a_wire_error(data: bytes) -> None:
    found: list[tuple[str, int, bytes]] = []
    error = refusal(lambda: found.append(decode_datagram(data)))
    if error is not None:
        points_inside(error, data, protocol="socks5")
        return
    ((host, port, payload),) = found
    if data[3] == 3:
        name = data[5 : 5 + data[4]]
        assert (host, len(host)) == (name.decode("ascii", "replace"), data[4])
        assert data[5:] == name + port.to_bytes(2, "big") + payload
    else:
        assert encode_datagram(host, port, payload) == data
