import struct
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import hostile, refusal
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import LINKTYPE_ETHERNET, LINKTYPE_RAW, PcapPacket, decode_pcap, encode_pcap

PACKETS = [
    PcapPacket(1_451_606_400_000_001, LINKTYPE_RAW, b"first"),
    PcapPacket(1_451_606_400_999_999, LINKTYPE_RAW, b"cut", 1500),
]
FILE = encode_pcap(PACKETS)


def test_by_hand() -> None:
    expected = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)
    expected += struct.pack("<IIII", 1_451_606_400, 1, 5, 5) + b"first"
    expected += struct.pack("<IIII", 1_451_606_400, 999_999, 3, 1500) + b"cut"
    assert expected == FILE


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_both_byte_orders_and_resolutions(big_endian: bool, nanoseconds: bool) -> None:
    data = encode_pcap(PACKETS, big_endian=big_endian, nanoseconds=nanoseconds)
    magic = {
        (False, False): "d4c3b2a1",
        (True, False): "a1b2c3d4",
        (False, True): "4d3cb2a1",
        (True, True): "a1b23c4d",
    }
    assert data[:4].hex() == magic[big_endian, nanoseconds]
    assert list(decode_pcap(data)) == PACKETS


def test_nanoseconds_are_cut() -> None:
    data = struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 1, 101) + struct.pack(">IIII", 1, 1999, 0, 0)
    assert [packet.ts_us for packet in decode_pcap(data)] == [1_000_001]


def test_flags_beside_the_link_type_are_ignored() -> None:
    data = FILE[:20] + struct.pack("<I", 101 | 0x1000_0000) + FILE[24:]
    assert list(decode_pcap(data)) == PACKETS


@pytest.mark.parametrize("data", [b"", FILE[:23], b"\x0a\x0d\x0d\x0a" + bytes(40)])
def test_what_is_no_capture_file_raises_at_once(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_pcap(data)


def test_every_truncation_yields_whole_packets_and_then_raises() -> None:
    ends = [24, 24 + 16 + 5, len(FILE)]
    for size in range(24, len(FILE)):
        if size in ends:
            assert list(decode_pcap(FILE[:size])) == PACKETS[: ends.index(size)]
            continue
        packets: list[PcapPacket] = []
        assert refusal(partial(packets.extend, decode_pcap(FILE[:size]))) is not None
        assert packets == PACKETS[: sum(size > end for end in ends) - 1]


@given(hostile([FILE]))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    error = refusal(lambda: list(decode_pcap(data)))
    assert error is None or 0 <= error.offset <= len(data)


@given(
    st.lists(st.builds(PcapPacket, st.integers(0, 2**32 * 10**6 - 1), st.just(101), st.binary(max_size=20)))
)
def test_any_packets_come_back(packets: list[PcapPacket]) -> None:
    assert list(decode_pcap(encode_pcap(packets))) == packets


def test_link_types_do_not_mix() -> None:
    with pytest.raises(ValueError, match="link type"):
        encode_pcap([PcapPacket(0, LINKTYPE_ETHERNET, b"")])
    assert encode_pcap([PcapPacket(0, LINKTYPE_ETHERNET, b"")], linktype=LINKTYPE_ETHERNET)[20] == 1


@pytest.mark.parametrize("ts_us", [-1, 2**32 * 10**6])
def test_a_time_outside_the_format_raises(ts_us: int) -> None:
    with pytest.raises(ValueError, match="fit"):
        encode_pcap([PcapPacket(ts_us, LINKTYPE_RAW, b"")])
