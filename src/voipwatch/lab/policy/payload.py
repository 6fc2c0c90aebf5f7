"""Bytes at offsets, sizes, ports: any raw-payload rule that an operator may load, as data (D5, D6, D13-D18).

What nftables calls `udp length 82 @th,64,32 0x00010046 drop` is `size = 74, at = [[0, "00010046"]]` here.
"""

from typing import Final

import msgspec

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

BYTES_MAX: Final = 16
"""nftables loads at most 128 bits of raw payload at once."""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Conditions on one datagram, all of which must hold."""

    at: tuple[tuple[int, str], ...] = ()
    """Offset into the payload, and the bytes there in hexadecimal, at most 16."""
    size: int = 0
    """Payload bytes in all; 0: any."""
    ports: tuple[tuple[int, int], ...] = ()
    """First and last of each range of the far end's ports; empty: any."""

    def __post_init__(self) -> None:
        if not self.at and not self.size:
            raise ValueError("a pattern without bytes or a size matches everything")
        for offset, text in self.at:
            if offset < 0 or not 0 < len(bytes.fromhex(text)) <= BYTES_MAX:
                raise ValueError(f"{offset}, {text!r}: an offset from 0, and 1 to {BYTES_MAX} bytes")

    @property
    def bytes_at(self) -> tuple[tuple[int, bytes], ...]:
        """The bytes themselves."""
        return tuple((offset, bytes.fromhex(text)) for offset, text in self.at)

    @property
    def size_min(self) -> int:
        """What a payload needs to hold all the bytes."""
        return max((offset + len(data) for offset, data in self.bytes_at), default=0)

    def matches(self, payload: bytes, far_port: int) -> bool:
        """Whether the datagram, to or from this port of the far end, is meant."""
        if self.size and len(payload) != self.size:
            return False
        if self.ports and not any(first <= far_port <= last for first, last in self.ports):
            return False
        return all(payload[offset : offset + len(data)] == data for offset, data in self.bytes_at)


class Payload(Memory, frozen=True, tag_field="policy", tag="payload"):
    """Drops what matches any of the patterns, both ways."""

    any: tuple[Pattern, ...]

    def __post_init__(self) -> None:
        if not self.any:
            raise ValueError("a rule without a pattern")

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """By the bytes alone, and the far end's port where a pattern names one."""
        if packet.proto != UDP:
            return PASS
        far_port = packet.dport if direction is Direction.UP else packet.sport
        return DROP if any(pattern.matches(packet.payload, far_port) for pattern in self.any) else PASS
