"""What is known passes, everything else dies (technique D21); and the opposite for one kind, QUIC (D19)."""

import re
from collections.abc import Callable
from typing import Final

from voipwatch.lab.policy.dtls import DTLS_RECORDS, RECORD_BYTES_MIN
from voipwatch.lab.policy.names import dns_name
from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, is_rtp, is_sip, is_stun
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

QUIC_1: Final = b"\x00\x00\x00\x01"
QUIC_VERSIONS: Final = (QUIC_1, b"\x6b\x33\x43\xcf")
"""QUIC 1 and 2 (RFC 9000, RFC 9369)."""
QUIC_PORT: Final = 443
QUIC_DROP_BYTES_MIN: Final = 1_001
"""An Initial fills a datagram of 1,200 bytes (RFC 9000 section 14.1); short ones are somebody else's."""
NTP_BYTES: Final = 48
NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def is_dns(payload: bytes) -> bool:
    """One question about a host's name, or its answer (RFC 1035 section 4.1)."""
    name = dns_name(payload)
    if name is None or NAME.fullmatch(name) is None or payload[2] & 0x78 or payload[4:6] != b"\0\1":
        return False
    end = 12 + len(name) + 2
    return payload[end + 2 : end + 4] == b"\0\1"  # class IN


def is_quic_long(payload: bytes) -> bool:
    """QUIC's long header, of version 1 or 2."""
    return len(payload) >= 7 and payload[0] & 0xC0 == 0xC0 and payload[1:5] in QUIC_VERSIONS


def is_quic_short(payload: bytes) -> bool:
    """What can be QUIC's short header: the fixed bit, and no more than that (RFC 9000 section 17.3.1)."""
    return len(payload) >= 21 and payload[0] & 0xC0 == 0x40


def is_ntp(payload: bytes) -> bool:
    """A question or an answer of NTP 3 or 4 (RFC 5905 section 7.3)."""
    return len(payload) >= NTP_BYTES and payload[0] >> 3 & 7 in {3, 4} and payload[0] & 7 in {3, 4}


def is_dtls(payload: bytes) -> bool:
    """A DTLS record of any kind."""
    return len(payload) >= RECORD_BYTES_MIN and payload[0] in DTLS_RECORDS and payload[1] == 0xFE


KINDS: Final[dict[str, Callable[[bytes], bool]]] = {
    "dns": is_dns,
    "ntp": is_ntp,
    "quic": is_quic_long,
    "quic-short": is_quic_short,
    "dtls": is_dtls,
    "stun": is_stun,
    "rtp": is_rtp,
    "sip": is_sip,
}


class AllowList(Memory, frozen=True, tag_field="policy", tag="allow-list"):
    """UDP must read as one of the kinds; a flow that once did passes for good (reported of Iran)."""

    kinds: tuple[str, ...] = ("dns", "ntp", "quic")

    def __post_init__(self) -> None:
        wrong = set(self.kinds) - KINDS.keys()
        if wrong:
            raise ValueError(f"no kind is called {', '.join(sorted(wrong))}")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """What does not read dies, packet by packet, until one does."""
        if packet.proto != UDP:
            return PASS
        flow = state.flows.find(flow_key(direction, packet), now)
        if not flow.passed:
            flow.passed = any(KINDS[kind](packet.payload) for kind in self.kinds)
        return PASS if flow.passed else DROP


class QuicDrop(Memory, frozen=True, tag_field="policy", tag="quic-drop"):
    """QUIC 1 is kept from beginning (D19): long headers to port 443 die, browsers go back to TCP."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Uplink only; short headers of a connection that lives are let be."""
        if direction is not Direction.UP or packet.proto != UDP or packet.dport != QUIC_PORT:
            return PASS
        payload = packet.payload
        return DROP if len(payload) >= QUIC_DROP_BYTES_MIN and payload[1:5] == QUIC_1 else PASS
