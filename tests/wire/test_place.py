"""Where an uplink datagram's token lies, found without a profile."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.wire.place import uplink_place

TOKEN = bytes(range(0xA0, 0xB0))


def stun() -> bytes:
    return b"\0\1\0\x08\x21\x12\xa4\x42" + TOKEN[:12] + b"\x80\x22\0\4test"


def dtls_hello() -> bytes:
    # RFC 6347 section 4.2.2: record header 13, handshake header 12, version 2, random 32
    body = b"\xfe\xfd" + bytes(16) + TOKEN + b"\0\0\0\2\xc0\x2b\1\0"
    handshake = b"\1" + len(body).to_bytes(3, "big") + b"\0\0" + b"\0\0\0" + len(body).to_bytes(3, "big")
    return b"\x16\xfe\xff" + bytes(8) + (len(handshake) + len(body)).to_bytes(2, "big") + handshake + body


def sip(branch: bytes) -> bytes:
    return b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK" + branch + b"\r\n\r\n"


def test_stun_carries_it_in_the_transaction_id() -> None:
    assert uplink_place(stun()) == TOKEN[:12]


def test_a_client_hello_carries_it_in_the_second_half_of_the_random() -> None:
    assert uplink_place(dtls_hello()) == TOKEN


def test_other_dtls_carries_it_at_its_end() -> None:
    record = b"\x17\xfe\xfd" + bytes(30) + TOKEN
    assert uplink_place(record) == TOKEN


def test_sip_carries_it_in_the_topmost_branch() -> None:
    text = sip(TOKEN.hex().encode())
    assert uplink_place(text) == TOKEN
    assert (
        uplink_place(text.replace(b"\r\n\r\n", b"\r\nVia: x;branch=z9hG4bK" + b"0" * 32 + b"\r\n\r\n"))
        == TOKEN
    )


def test_a_sip_reply_status_line_is_sip_too() -> None:
    assert uplink_place(b"SIP/2.0 200 OK\r\nVia: x;branch=z9hG4bK" + TOKEN.hex().encode()) == TOKEN


def test_a_ping_that_ends_in_zeros_carries_it_where_stun_does() -> None:
    ping = bytes.fromhex("1f0201") + bytes(5) + TOKEN + bytes(61)
    assert uplink_place(ping) == TOKEN[:12]
    assert uplink_place(ping[:19]) == ping[3:19]
    assert uplink_place(b"\x1f\x02\x02" + bytes(40) + TOKEN) == TOKEN


@pytest.mark.parametrize("first", [0x04, 0x0F, 0x40, 0x50, 0x7F, 0x80, 0x90, 0xFF])
def test_everything_else_carries_it_at_its_end(first: int) -> None:
    assert uplink_place(bytes([first]) + bytes(40) + TOKEN) == TOKEN


@pytest.mark.parametrize("make", [stun, dtls_hello, lambda: sip(TOKEN.hex().encode())])
def test_truncated_at_every_byte(make: object) -> None:
    whole = make()  # type: ignore[operator]  # parametrised over callables
    for cut in range(len(whole)):
        place = uplink_place(whole[:cut])
        assert (place is None) == (cut <= 16), cut
        assert place is None or len(place) in (12, 16)


def test_a_message_no_longer_than_a_token_has_no_place() -> None:
    assert uplink_place(bytes(16)) is None
    assert uplink_place(b"\x80" + bytes(16)) == bytes(16)


@given(data=st.binary(max_size=300))
@example(b"AAA z9hG4bK" + b"f" * 31)
@example(b"AAA z9hG4bK" + b"F" * 32)
def test_any_bytes_have_a_place_of_a_known_size_or_none(data: bytes) -> None:
    place = uplink_place(data)
    assert place is None or len(place) in (12, 16)
