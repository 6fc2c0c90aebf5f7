"""pcapng by files made here, block by block: both byte orders, clocks, kinds of packets, and every cut."""

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import points_inside, read_to_the_end
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import PcapPacket
from voipwatch.wire.pcapng import BLOCK_MAX_BYTES, INTERFACES_MAX, read_pcapng


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, linktype: int = 101, snaplen: int = 0, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", linktype, 0, snaplen) + options)


def resolution(order: str, value: int) -> bytes:
    return struct.pack(order + "HHB3x", 9, 1, value) + struct.pack(order + "HH", 0, 0)


def enhanced(order: str, ticks: int, data: bytes, number: int = 0, original: int | None = None) -> bytes:
    head = struct.pack(
        order + "IIIII",
        number,
        ticks >> 32,
        ticks & 0xFFFFFFFF,
        len(data),
        len(data) if original is None else original,
    )
    return block(order, 6, head + data)


def read(data: bytes) -> list[PcapPacket]:
    return list(read_pcapng(BytesIO(data).read))


@pytest.mark.parametrize("order", ["<", ">"])
def test_packets_of_two_interfaces_with_clocks_of_their_own(order: str) -> None:
    file = (
        section(order)
        + interface(order)
        + interface(order, 1, options=resolution(order, 9))
        + block(order, 5, b"statistics that nobody asked for")
        + enhanced(order, 1_700_000_000_000_001, b"one")
        + enhanced(order, 1_700_000_000_000_002_999, b"three", number=1, original=90)
    )
    assert read(file) == [
        PcapPacket(1_700_000_000_000_001, 101, b"one"),
        PcapPacket(1_700_000_000_000_002, 1, b"three", 90),
    ]


def test_a_binary_resolution_and_the_obsolete_and_the_simple_packet() -> None:
    old = block("<", 2, struct.pack("<HHIIII", 0, 0, 0, 3 << 10, 2, 2) + b"ab")
    simple = block("<", 3, struct.pack("<I", 9) + b"abcd")
    file = section("<") + interface("<", snaplen=4, options=resolution("<", 0x8A)) + old + simple
    assert read(file) == [PcapPacket(3_000_000, 101, b"ab"), PcapPacket(0, 101, b"abcd", 9)]


def test_a_new_section_has_its_own_byte_order_and_interfaces() -> None:
    file = section("<") + interface("<", 1) + section(">") + interface(">", 113) + enhanced(">", 5, b"x")
    assert read(file) == [PcapPacket(5, 113, b"x")]
    with pytest.raises(WireError, match="packet of interface 0, 0 are described"):
        read(section("<") + interface("<") + section("<") + enhanced("<", 5, b"x"))


FILE = (
    section("<")
    + interface("<", options=resolution("<", 6))
    + enhanced("<", 7, b"abcde")
    + enhanced("<", 8, b"f")
)
ENDS = {0, len(section("<")), len(section("<")) + 32, len(FILE) - 36, len(FILE)}
"""Where a block ends: a file cut there is a shorter file."""


@pytest.mark.parametrize("size", range(len(FILE)))
def test_every_cut_is_an_error_or_a_shorter_file(size: int) -> None:
    if size in ENDS:
        assert len(read(FILE[:size])) <= 1
        return
    with pytest.raises(WireError) as caught:
        read(FILE[:size])
    assert caught.value.protocol == "pcapng"
    assert caught.value.field
    assert 0 <= caught.value.offset <= size


@pytest.mark.parametrize(
    ("file", "field"),
    [
        (interface("<"), "block type"),
        (section("<")[:8] + b"\1\2\3\4" + section("<")[12:], "byte order"),
        (section("<") + struct.pack("<II", 6, BLOCK_MAX_BYTES + 4), "block length"),
        (section("<") + struct.pack("<II", 6, 13) + bytes(8), "block length"),
        (section("<") + block("<", 6, b"")[:-4] + b"\x10\0\0\0", "block trailer"),
        (section("<") + interface("<", options=resolution("<", 40)), "time resolution"),
        (section("<") + block("<", 1, b"ab"), "interface"),
        (section("<") + interface("<") * (INTERFACES_MAX + 1), "interface"),
        (
            section("<") + interface("<") + block("<", 6, struct.pack("<IIIII", 0, 0, 0, 99, 99)),
            "packet data",
        ),
    ],
)
def test_what_is_wrong_is_named(file: bytes, field: str) -> None:
    with pytest.raises(WireError) as caught:
        read(file)
    assert caught.value.field == field


@given(st.binary(max_size=200), st.integers(0, len(FILE)))
def test_any_bytes_give_packets_or_the_one_error(noise: bytes, at: int) -> None:
    for data in (noise, FILE[:at] + noise, FILE[:at] + noise + FILE[at:]):
        packets, error = read_to_the_end(read_pcapng, data)
        assert sum(12 + len(packet.data) for packet in packets) <= len(data)
        assert all(0 <= packet.linktype <= 0xFFFF for packet in packets)
        if error is None:
            assert data == b"" or data.startswith(b"\x0a\x0d\x0d\x0a")
        else:
            points_inside(error, data, protocol="pcapng")
        if data is not noise:
            whole, _ = read_to_the_end(read_pcapng, FILE[: max(end for end in ENDS if end <= at)])
            assert packets[: len(whole)] == whole, "what stands before the noise is read all the same"
