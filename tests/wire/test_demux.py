import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.demux import Kind, demultiplex

COOKIE = bytes.fromhex("2112a442")
STUN = bytes.fromhex("00010000") + COOKIE + bytes(12)
CLASSIC = bytes.fromhex("00010004") + bytes(16) + b"abcd"


def starting(first: int, rest: bytes = bytes(40)) -> bytes:
    return bytes((first,)) + rest


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Kind.UNKNOWN),
        (STUN, Kind.STUN),
        (STUN + b"trailing", Kind.STUN),
        (CLASSIC, Kind.STUN),
        (
            CLASSIC + b"x",
            Kind.UNKNOWN,
        ),  # no cookie, and the length does not come out: a DNS query, a DHCP answer
        (STUN[:19], Kind.UNKNOWN),
        (bytes.fromhex("08010000") + COOKIE + bytes(12), Kind.STUN),  # WhatsApp's ping
        (bytes.fromhex("01150000") + COOKIE + bytes(12), Kind.STUN),
        (bytes.fromhex("08010000") + bytes(16), Kind.UNKNOWN),
        (b"\x00\x01\x00", Kind.UNKNOWN),
        (bytes.fromhex("10001122 5a525450") + bytes(20), Kind.ZRTP),
        (b"\r\n\r\n", Kind.UNKNOWN),
        (bytes.fromhex("40000004 61626364"), Kind.TURN_CHANNEL),
        (bytes.fromhex("4fff0001 61 000000"), Kind.TURN_CHANNEL),
        (bytes.fromhex("4fff0001 61 00000000"), Kind.QUIC),
        (bytes.fromhex("40000005 61626364"), Kind.QUIC),
        (bytes.fromhex("50000004 61626364"), Kind.QUIC),  # RFC 9443 gives 80 to 127 to QUIC alone
        (b"\x80", Kind.RTP),
        (b"\x80\xbf", Kind.RTP),
        (b"\x80\xc0", Kind.RTCP),
        (b"\xbf\xdf", Kind.RTCP),
        (b"\x80\xe0", Kind.RTP),
        (b"INVITE sip:a SIP/2.0\r\n", Kind.SIP),
        (b"invite sip:a sip/2.0\r\n", Kind.SIP),
        (b"OPTIONS tel:1 SIP/2.0\r\n", Kind.SIP),
        (b"REGISTER sips:a", Kind.SIP),
        (b"SIP/2.0 200 OK\r\n", Kind.SIP),
        (b"sip/2.0 200 OK\r\n", Kind.SIP),
        (b"NOTIFY * HTTP/1.1\r\n", Kind.QUIC),  # SSDP is no SIP
        (b"INVITED sip:a", Kind.QUIC),
        (bytes.fromhex("ff10000c") + bytes(12), Kind.MS_TURN),
        (bytes.fromhex("ff10000d") + bytes(12), Kind.QUIC),
        (bytes.fromhex("ff100004") + bytes(4), Kind.QUIC),
    ],
)
def test_kinds(data: bytes, kind: Kind) -> None:
    assert demultiplex(data) is kind
    assert demultiplex(memoryview(data)) is kind


@pytest.mark.parametrize(
    ("first_bytes", "kind"),
    [
        (range(4), Kind.UNKNOWN),  # without a cookie and with a length that does not come out
        (range(4, 16), Kind.UNKNOWN),
        (range(16, 20), Kind.ZRTP),
        (range(20, 64), Kind.DTLS),
        (range(64, 128), Kind.QUIC),
        (range(128, 192), Kind.RTP),
        (range(192, 256), Kind.QUIC),
    ],
)
def test_the_ranges_of_rfc_7983_and_rfc_9443(first_bytes: range, kind: Kind) -> None:
    for first in first_bytes:
        assert demultiplex(starting(first)) is kind, first


@given(st.binary(max_size=60))
def test_it_never_raises(data: bytes) -> None:
    assert isinstance(demultiplex(data), Kind)


@given(st.integers(0x04, 0x0F), st.binary(min_size=30, max_size=60))
def test_the_first_control_family_is_nothing(first: int, rest: bytes) -> None:
    if rest[3:7] != COOKIE:
        assert demultiplex(starting(first, rest)) is Kind.UNKNOWN


@given(st.integers(0x50, 0x7F), st.binary(min_size=30, max_size=60).map(lambda rest: b"\xff" + rest))
def test_the_second_control_family_reads_as_quic(first: int, rest: bytes) -> None:
    assert demultiplex(starting(first, rest)) is Kind.QUIC
