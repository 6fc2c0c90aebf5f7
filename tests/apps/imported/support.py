"""A made-up call as a capture: its every address, name and number is known, so that tests can look for it."""

from hashlib import shake_128

from voipwatch.apps.imported import Capture, Draft, Sample, draft_profile
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.pcap import LINKTYPE_RAW, PcapPacket
from voipwatch.wire.stun import StunAttribute
from voipwatch.wire.stun_address import encode_xor_address
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.udp import build_udp_packet

NEAR = TransportAddress("203.0.113.77", 41_234)
FAR = TransportAddress("198.51.100.99", 3478)
USERNAME = b"kJ8x:Zq5T"
SSRC_UP, SSRC_DOWN = 0x7B3D91A6, 0x5C8E42F9
TIE_BREAKER = bytes.fromhex("9f3a5c7e1b2d4f68")
START_US = 1_700_000_000_000_000


def noise(label: str, size: int) -> bytes:
    return shake_128(label.encode()).digest(size)


def rtp(ssrc: int, number: int, size: int = 80, payload_type: int = 111) -> bytes:
    head = bytes((0x80, payload_type)) + (700 + number & 0xFFFF).to_bytes(2, "big")
    return (
        head
        + (960 * number).to_bytes(4, "big")
        + ssrc.to_bytes(4, "big")
        + noise(f"{ssrc}{number}", size - 12)
    )


def check(number: int) -> tuple[bytes, bytes]:
    """A STUN check and its answer."""
    transaction = noise(f"transaction {number}", 12)
    asked = [
        StunAttribute(0x0006, USERNAME),
        StunAttribute(0x802A, TIE_BREAKER),
        StunAttribute(0x0024, b"\x6e\x7f\x1e\xff"),
    ]
    told = [StunAttribute(0x0020, encode_xor_address(NEAR, transaction))]
    return (
        build_stun(0x0001, transaction, asked, integrity_key=b"key", fingerprint=True),
        build_stun(0x0101, transaction, told, integrity_key=b"key", fingerprint=True),
    )


def packet(at_us: int, up: bool, payload: bytes, far: TransportAddress = FAR) -> PcapPacket:
    ends = (NEAR, far) if up else (far, NEAR)
    return PcapPacket(START_US + at_us, LINKTYPE_RAW, build_udp_packet(*ends, payload=payload))


def call(media: int = 60) -> list[PcapPacket]:
    """Two checks, then voice both ways every 20 ms."""
    packets: list[PcapPacket] = []
    for number in range(2):
        asked, told = check(number)
        packets += [packet(50_000 * number, True, asked), packet(50_000 * number + 20_000, False, told)]
    for number in range(media):
        at = 200_000 + 20_000 * number
        packets.append(packet(at, True, rtp(SSRC_UP, number, 70 + number % 5)))
        packets.append(packet(at + 3_000, False, rtp(SSRC_DOWN, number, 75 + number % 3)))
    return packets


def captured(packets: list[PcapPacket]) -> Capture:
    kept = Capture()
    for each in packets:
        kept.add(each)
    return kept


def drafted(packets: list[PcapPacket]) -> Draft:
    kept = captured(packets)
    return draft_profile(kept.candidates()[0], kept)


def samples(payloads: list[tuple[bool, bytes]]) -> list[Sample]:
    return [Sample(20_000 * number, up, data) for number, (up, data) in enumerate(payloads)]
