"""Captures of either kind as streams, and the IP packet inside each link layer."""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import points_inside, read_to_the_end
from tests.wire.test_pcapng import FILE
from voipwatch.wire.capture import ETHERNET, LOOP, NULL, SLL, SLL2, network_packet, read_capture
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import PcapPacket, decode_pcap, encode_pcap

IP = bytes.fromhex("45000014000000004011000001020304 05060708")
PACKETS = [PcapPacket(1_700_000_000_000_007, 101, IP), PcapPacket(1_700_000_000_020_000, 101, IP + b"x", 90)]


def read(data: bytes) -> list[PcapPacket]:
    return list(read_capture(BytesIO(data).read))


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_a_classic_file_gives_what_the_other_reader_gives(big_endian: bool, nanoseconds: bool) -> None:
    data = encode_pcap(PACKETS, big_endian=big_endian, nanoseconds=nanoseconds)
    assert read(data) == list(decode_pcap(data)) == PACKETS


def test_a_pcapng_file_is_told_by_its_first_bytes() -> None:
    assert [packet.data for packet in read(FILE)] == [b"abcde", b"f"]


def test_it_reads_as_it_is_asked_and_never_more_than_a_packet() -> None:
    asked: list[int] = []
    file = BytesIO(encode_pcap(PACKETS))

    def reading(size: int) -> bytes:
        asked.append(size)
        return file.read(size)

    packets = read_capture(reading)
    next(packets)
    assert sum(asked) == 24 + 16 + len(IP)
    next(packets)
    assert max(asked) == len(IP) + 1


CLASSIC = encode_pcap(PACKETS)
ENDS = {24, 24 + 16 + len(IP), len(CLASSIC)}


@pytest.mark.parametrize("size", range(len(CLASSIC)))
def test_every_cut_is_an_error_or_a_shorter_file(size: int) -> None:
    if size in ENDS:
        assert len(read(CLASSIC[:size])) <= 1
        return
    with pytest.raises(WireError) as caught:
        read(CLASSIC[:size])
    assert caught.value.protocol == ("capture" if size < 4 else "pcap")


def test_a_packet_longer_than_any_and_a_file_of_another_kind() -> None:
    with pytest.raises(WireError, match="packet length"):
        read(CLASSIC[:32] + b"\xff\xff\xff\x7f" + CLASSIC[36:])
    for other in (b"", b"PK\3\4 and more", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(WireError, match="starts no capture"):
            read(other)


@given(st.binary(max_size=200), st.integers(0, len(CLASSIC)))
def test_any_bytes_give_packets_or_the_one_error(noise: bytes, at: int) -> None:
    for data in (noise, CLASSIC[:at] + noise):
        packets, error = read_to_the_end(read_capture, data)
        size = sum(16 + len(packet.data) for packet in packets)
        if error is None:
            assert 24 + size == len(data)
        else:
            points_inside(error, data, protocol=("capture", "pcap", "pcapng"))
            assert size <= error.offset
        if data is not noise:
            whole = sum(end <= at for end in ENDS - {24})
            assert packets[:whole] == PACKETS[:whole], "what stands before the noise is read all the same"


ETHER = bytes(12) + b"\x08\0"
LAYERS: list[tuple[int, bytes]] = [
    (101, b""),
    (12, b""),
    (228, b""),
    (NULL, b"\2\0\0\0"),
    (LOOP, b"\0\0\0\2"),
    (ETHERNET, ETHER),
    (ETHERNET, bytes(12) + b"\x81\0\0\7\x08\0"),
    (ETHERNET, bytes(12) + b"\x88\xa8\0\7\x81\0\0\7\x08\0"),
    (SLL, bytes(14) + b"\x08\0"),
    (SLL2, b"\x08\0" + bytes(18)),
]


@pytest.mark.parametrize(("linktype", "head"), LAYERS)
def test_the_link_layer_is_taken_off(linktype: int, head: bytes) -> None:
    assert network_packet(PcapPacket(0, linktype, head + IP)) == IP


@pytest.mark.parametrize(("linktype", "head"), [layer for layer in LAYERS if layer[1]])
def test_a_cut_link_layer_is_the_one_error(linktype: int, head: bytes) -> None:
    for size in range(len(head) + 1):
        with pytest.raises(WireError):
            network_packet(PcapPacket(0, linktype, head[:size]))


@pytest.mark.parametrize(
    "packet",
    [
        PcapPacket(0, ETHERNET, bytes(12) + b"\x08\x06" + bytes(28)),
        PcapPacket(0, ETHERNET, bytes(12) + b"\x81\0\0\1" * 9 + IP),
        PcapPacket(0, 105, IP),
    ],
)
def test_what_is_not_ip_is_the_one_error(packet: PcapPacket) -> None:
    with pytest.raises(WireError):
        network_packet(packet)


@given(st.binary(max_size=80), st.integers(0, 300))
def test_any_frame_gives_bytes_or_the_one_error(data: bytes, linktype: int) -> None:
    read_it: Callable[[PcapPacket], bytes] = network_packet
    with suppress(WireError):
        assert data.endswith(read_it(PcapPacket(0, linktype, data)))
