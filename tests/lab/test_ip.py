"""IP packets, against packets that the kernel itself made and against dpkt's own checksums."""

from ipaddress import ip_address

import dpkt  # type: ignore[import-untyped]  # it has none
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.lab.ip import checksum, convert_ip, is_neighbour_talk, read_ip, refuse, repair, reset, write_ip

NEAR = {4: "192.0.2.2", 6: "2001:db8:1::2"}
FAR = {4: "203.0.113.2", 6: "2001:db8:3::2"}


def make(version: int, payload: bytes, *, tcp: bool = False) -> bytes:
    """A packet by dpkt, checksums included."""
    inner = (
        dpkt.tcp.TCP(sport=40_000, dport=443, data=payload) if tcp else dpkt.udp.UDP(sport=40_000, dport=3478)
    )
    if not tcp:
        inner.data, inner.ulen = payload, 8 + len(payload)
    src, dst = ip_address(NEAR[version]).packed, ip_address(FAR[version]).packed
    number = 6 if tcp else 17
    if version == 4:
        outer = dpkt.ip.IP(src=src, dst=dst, p=number, data=inner, len=20 + len(inner), ttl=64)
    else:
        outer = dpkt.ip6.IP6(src=src, dst=dst, nxt=number, data=inner, plen=len(inner), hlim=64)
    return bytes(outer)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("tcp", [False, True])
def test_reads_what_another_library_wrote(version: int, tcp: bool) -> None:
    raw = make(version, b"payload", tcp=tcp)
    datagram = read_ip(raw + b"padding of a short frame")
    assert datagram is not None
    packet = datagram.packet
    assert (packet.proto, packet.payload, packet.size) == ("tcp" if tcp else "udp", b"payload", len(raw))
    assert (packet.src, packet.sport) == (NEAR[version], 40_000)
    assert (packet.dst, packet.dport) == (FAR[version], 443 if tcp else 3478)


@given(st.sampled_from([4, 6]), st.booleans(), st.binary(max_size=300), st.binary(max_size=300))
def test_a_rewritten_packet_is_what_another_library_would_have_written(
    version: int, tcp: bool, old: bytes, new: bytes
) -> None:
    raw = make(version, old, tcp=tcp)
    datagram = read_ip(raw)
    assert datagram is not None
    changed = write_ip(raw, datagram, msgspec.structs.replace(datagram.packet, payload=new))
    assert changed == make(version, new, tcp=tcp)


@pytest.mark.parametrize("version", [4, 6])
def test_a_missing_checksum_is_computed(version: int) -> None:
    raw = bytearray(make(version, b"payload"))
    at = 20 if version == 4 else 40
    raw[at + 6 : at + 8] = b"\x12\x34"
    datagram = read_ip(bytes(raw))
    assert datagram is not None
    assert repair(bytes(raw) + b"padding", datagram) == make(version, b"payload")


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_left_alone(raw: bytes) -> None:
    datagram = read_ip(raw)
    if datagram is not None:
        assert read_ip(write_ip(raw, datagram, datagram.packet)) == datagram
        assert read_ip(repair(raw, datagram)) == datagram
    assert isinstance(is_neighbour_talk(raw), bool)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("tcp", [False, True])
def test_a_packet_cut_anywhere_is_not_read(version: int, tcp: bool) -> None:
    raw = make(version, b"payload", tcp=tcp)
    assert all(read_ip(raw[:n]) is None for n in range(len(raw)))


def test_a_fragment_is_not_read() -> None:
    raw = bytearray(make(4, b"payload"))
    raw[6:8] = b"\x20\x00"
    assert read_ip(bytes(raw)) is None
    raw[6:8] = b"\x40\x00"  # "do not fragment" is no fragment
    assert read_ip(bytes(raw)) is not None


def test_a_refusal_of_ipv4_quotes_header_and_eight_bytes() -> None:
    raw = make(4, b"payload")
    datagram = read_ip(raw)
    assert datagram is not None
    answer = dpkt.ip.IP(refuse(raw, datagram, "192.0.2.1"))
    assert (answer.src, answer.dst) == (ip_address("192.0.2.1").packed, ip_address(NEAR[4]).packed)
    assert (answer.data.type, answer.data.code) == (3, 3)
    assert bytes(answer)[28:] == raw[:28]
    assert checksum(bytes(answer)[:20]) == 0
    assert checksum(bytes(answer)[20:]) == 0


def test_a_refusal_of_ipv6_quotes_the_packet() -> None:
    raw = make(6, b"payload")
    datagram = read_ip(raw)
    assert datagram is not None
    answer = refuse(raw, datagram, "2001:db8:1::1")
    assert answer[40:42] == b"\x01\x04"
    assert answer[48:] == raw
    pseudo = answer[8:40] + (len(answer) - 40).to_bytes(4) + (58).to_bytes(4)
    assert checksum(pseudo + answer[40:]) == 0


def test_the_checksum_of_rfc_1071() -> None:
    # RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert checksum(b"") == 0xFFFF
    assert checksum(b"\xff\xff") == 0


def test_a_udp_checksum_of_zero_is_sent_as_all_ones() -> None:
    plain = make(4, b"\0\0")
    payload = plain[26:28]  # makes the sum come out at all ones, its complement at zero
    datagram = read_ip(make(4, payload))
    assert datagram is not None
    assert repair(make(4, payload), datagram)[26:28] == b"\xff\xff"


def test_neighbour_discovery_is_told_from_other_icmp() -> None:
    head = bytes.fromhex("60000000001800ff").replace(b"\x00\xff", b"\x3a\xff") + bytes(32)
    assert is_neighbour_talk(head + bytes((135,)) + bytes(23))
    assert not is_neighbour_talk(head + bytes((128,)) + bytes(23))
    assert not is_neighbour_talk(make(6, bytes([135]) * 40))


@given(st.sampled_from([4, 6]), st.booleans(), st.binary(max_size=100))
def test_a_packet_of_the_other_version_is_what_another_library_would_have_written(
    version: int, tcp: bool, payload: bytes
) -> None:
    raw = make(version, payload, tcp=tcp)
    other = 10 - version
    datagram = read_ip(raw)
    assert datagram is not None
    packet = msgspec.structs.replace(datagram.packet, src=NEAR[other], dst=FAR[other])
    expected = bytearray(make(other, payload, tcp=tcp))
    if other == 4:
        expected[6:8] = b"\x40\x00"  # "do not fragment": IPv6 routers never do
        expected[8] = 63
        expected[10:12] = b"\0\0"
        expected[10:12] = checksum(bytes(expected[:20])).to_bytes(2)
    else:
        expected[7] = 63
    assert convert_ip(raw, datagram, packet) == bytes(expected)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(
    ("flags", "expected"),
    [(0x02, (0, 1_001, 0x14)), (0x18, (77, 0, 0x04)), (0x01, (0, 1_008, 0x14))],
    ids=["a connection asked for", "a hello", "an end without an acknowledgement"],
)
def test_a_reset_is_one_that_the_near_end_believes(
    version: int, flags: int, expected: tuple[int, int, int]
) -> None:
    payload = b"" if flags == 0x02 else b"payload"
    raw = bytearray(make(version, payload, tcp=True))
    at = 20 if version == 4 else 40
    raw[at + 4 : at + 12] = (1_000).to_bytes(4) + (77).to_bytes(4)
    raw[at + 13] = flags
    datagram = read_ip(bytes(raw))
    assert datagram is not None
    answer = reset(bytes(raw), datagram)
    ip = dpkt.ip.IP(answer) if version == 4 else dpkt.ip6.IP6(answer)
    assert (ip.src, ip.dst) == (ip_address(FAR[version]).packed, ip_address(NEAR[version]).packed)
    tcp = ip.data
    assert (tcp.sport, tcp.dport) == (443, 40_000)
    assert (tcp.seq, tcp.ack, tcp.flags) == expected
    told = read_ip(answer)
    assert told is not None
    assert repair(answer, told) == answer, "its checksum is right"
    if version == 4:
        assert checksum(answer[:20]) == 0
