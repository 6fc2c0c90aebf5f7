"""IP packets as the kernel hands them over: read, re-addressed, re-filled, refused.

RFC 791, 768, 9293, 8200, 792 and 4443. Pure. What is not UDP or TCP, or is a fragment without their
header, is not read: it goes its way unseen.
"""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final

import msgspec

from voipwatch.lab.policy.packet import TCP, UDP, Packet

ICMP4, ICMP6 = 1, 58
PROTOCOLS: Final = {17: UDP, 6: TCP}
NUMBERS: Final = {UDP: 17, TCP: 6}
CHECKSUM_AT: Final = {17: 6, 6: 16}
"""Offset of the checksum in the UDP and TCP headers."""
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
"""Flags of a TCP segment (RFC 9293 section 3.1)."""
NEIGHBOUR_TYPES: Final = range(133, 138)
"""ICMPv6 of the link itself (RFC 4861): part of the cable, not of what crosses it."""


@lru_cache(maxsize=1024)
def _text(packed: bytes) -> str:
    return str(ip_address(packed))


@lru_cache(maxsize=1024)
def _packed(text: str) -> bytes:
    return ip_address(text).packed


class Datagram(msgspec.Struct, frozen=True):
    """A UDP datagram or TCP segment, and where its parts lie in the raw packet."""

    packet: Packet
    header_at: int
    """Offset of the UDP or TCP header."""
    payload_at: int


def read_ip(raw: bytes) -> Datagram | None:
    """The datagram or segment in an IP packet; None for anything else, whatever the bytes."""
    version = raw[0] >> 4 if raw else 0
    if version == 4 and len(raw) >= 20:
        header_at, number = (raw[0] & 0x0F) * 4, raw[9]
        size = int.from_bytes(raw[2:4])
        fragment = int.from_bytes(raw[6:8]) & 0x3FFF
        src, dst = raw[12:16], raw[16:20]
    elif version == 6 and len(raw) >= 40:
        header_at, number, fragment = 40, raw[6], 0
        size = 40 + int.from_bytes(raw[4:6])
        src, dst = raw[8:24], raw[24:40]
    else:
        return None
    proto = PROTOCOLS.get(number)
    if proto is None or fragment or size > len(raw) or header_at < 20 or header_at + 8 > size:
        return None
    payload_at = header_at + 8
    if proto == TCP:
        if header_at + 20 > size:
            return None
        payload_at = header_at + (raw[header_at + 12] >> 4) * 4
        if payload_at < header_at + 20 or payload_at > size:
            return None
    packet = Packet(
        proto,
        _text(src),
        int.from_bytes(raw[header_at : header_at + 2]),
        _text(dst),
        int.from_bytes(raw[header_at + 2 : header_at + 4]),
        raw[payload_at:size],
        size,
    )
    return Datagram(packet, header_at, payload_at)


def is_neighbour_talk(raw: bytes) -> bool:
    """True for IPv6 neighbour discovery."""
    return len(raw) > 40 and raw[0] >> 4 == 6 and raw[6] == ICMP6 and raw[40] in NEIGHBOUR_TYPES


def write_ip(raw: bytes, datagram: Datagram, packet: Packet) -> bytes:
    """The raw packet with another packet's addresses, ports and payload, lengths and checksums made right.

    Header options stay. The protocol and the IP version must be the same.
    """
    out = bytearray(raw[: datagram.payload_at]) + packet.payload
    at = datagram.header_at
    out[at : at + 2] = packet.sport.to_bytes(2)
    out[at + 2 : at + 4] = packet.dport.to_bytes(2)
    if packet.proto == UDP:
        out[at + 4 : at + 6] = (len(out) - at).to_bytes(2)
    src, dst = _packed(packet.src), _packed(packet.dst)
    if out[0] >> 4 == 4:
        out[2:4] = len(out).to_bytes(2)
        out[12:20] = src + dst
        out[10:12] = b"\0\0"
        out[10:12] = checksum(bytes(out[:at])).to_bytes(2)
    else:
        out[4:6] = (len(out) - 40).to_bytes(2)
        out[8:40] = src + dst
    _seal(out, at, NUMBERS[packet.proto], CHECKSUM_AT[NUMBERS[packet.proto]], src + dst)
    return bytes(out)


def convert_ip(raw: bytes, datagram: Datagram, packet: Packet) -> bytes:
    """The packet with a header of the other IP version, one hop further (RFC 7915 sections 4.1, 5.1).

    `packet` has the addresses of that version, and the same protocol.
    """
    version = raw[0] >> 4
    hops = max(1, (raw[8] if version == 4 else raw[7]) - 1)
    src, dst = _packed(packet.src), _packed(packet.dst)
    inner = bytes(raw[datagram.header_at : datagram.payload_at]) + packet.payload
    number = NUMBERS[packet.proto]
    if version == 6:
        head = b"\x45\0" + (20 + len(inner)).to_bytes(2) + b"\0\0\x40\0" + bytes((hops, number)) + b"\0\0"
    else:
        head = b"\x60\0\0\0" + len(inner).to_bytes(2) + bytes((number, hops))
    out = head + src + dst + inner
    shifted = Datagram(packet, len(out) - len(inner), len(out) - len(packet.payload))
    return write_ip(out, shifted, packet)


def repair(raw: bytes, datagram: Datagram) -> bytes:
    """The packet with its UDP or TCP checksum computed, and without padding: between namespaces the kernel
    leaves the checksum to a card that is not there.
    """
    packet = datagram.packet
    out = bytearray(raw[: packet.size])
    addresses = raw[12:20] if raw[0] >> 4 == 4 else raw[8:40]
    number = NUMBERS[packet.proto]
    _seal(out, datagram.header_at, number, CHECKSUM_AT[number], addresses)
    return bytes(out)


def refuse(raw: bytes, datagram: Datagram, by: str) -> bytes:
    """The ICMP "port unreachable" that answers a packet, from address `by`."""
    target = _packed(datagram.packet.src)
    source = _packed(by)
    if raw[0] >> 4 == 4:
        quoted = raw[: datagram.header_at + 8]
        body = bytearray(b"\x03\x03\0\0\0\0\0\0" + quoted)
        body[2:4] = checksum(bytes(body)).to_bytes(2)
        head = bytearray(
            bytes.fromhex("4500") + (20 + len(body)).to_bytes(2) + bytes.fromhex("0000000040010000")
        )
        head += source + target
        head[10:12] = checksum(bytes(head)).to_bytes(2)
        return bytes(head + body)
    body = bytearray(b"\x01\x04\0\0\0\0\0\0" + raw[:1232])
    out = bytearray(bytes.fromhex("60000000") + len(body).to_bytes(2) + bytes((ICMP6, 64)))
    out += source + target + body
    _seal(out, 40, ICMP6, 2, source + target)
    return bytes(out)


def reset(raw: bytes, datagram: Datagram) -> bytes:
    """The TCP reset that answers a segment in the far end's place (RFC 9293 section 3.10.7.1)."""
    at, packet = datagram.header_at, datagram.packet
    sequence, acknowledged = raw[at + 4 : at + 8], raw[at + 8 : at + 12]
    flags = raw[at + 13]
    if flags & ACK:
        numbers, answer = acknowledged + bytes(4), RST
    else:
        spoken = len(packet.payload) + bool(flags & SYN) + bool(flags & FIN)
        after = (int.from_bytes(sequence) + spoken) & 0xFFFF_FFFF
        numbers, answer = bytes(4) + after.to_bytes(4), RST | ACK
    segment = packet.dport.to_bytes(2) + packet.sport.to_bytes(2) + numbers + bytes((0x50, answer)) + bytes(6)
    addresses = _packed(packet.dst) + _packed(packet.src)
    if raw[0] >> 4 == 4:
        out = bytearray(bytes.fromhex("4500 0028 0000 0000 4006 0000") + addresses)
        out[10:12] = checksum(bytes(out)).to_bytes(2)
    else:
        out = bytearray(bytes.fromhex("60000000 0014 06 40") + addresses)
    header_at = len(out)
    out += segment
    _seal(out, header_at, NUMBERS[TCP], CHECKSUM_AT[NUMBERS[TCP]], addresses)
    return bytes(out)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071): a sum in ones' complement is a remainder by 65,535."""
    if len(data) % 2:
        data += b"\0"
    total = int.from_bytes(data) % 0xFFFF
    # Zero and 0xFFFF are the same number there; a sum of non-zero words is written 0xFFFF.
    if total == 0 and any(data):
        total = 0xFFFF
    return ~total & 0xFFFF


def _seal(out: bytearray, at: int, number: int, offset: int, addresses: bytes) -> None:
    """Sets the checksum of the header at `at`, over the pseudo-header (RFC 768; RFC 8200 section 8.1)."""
    place = slice(at + offset, at + offset + 2)
    out[place] = b"\0\0"
    pseudo = addresses + (len(out) - at).to_bytes(4) + number.to_bytes(4)
    value = checksum(pseudo + bytes(out[at:]))
    # RFC 768: a computed zero is sent as all ones, since zero says "none".
    out[place] = (0xFFFF if value == 0 and number == NUMBERS[UDP] else value).to_bytes(2)
