"""UDP of no known kind (technique D20), and UDP of every kind (P4 without exceptions)."""

from typing import Final

from voipwatch.lab.policy.allow import QUIC_VERSIONS, is_dtls
from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, is_rtp, is_sip, rtp_payload_type, stun_type
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

LOOK_PAYLOADS: Final = 3
"""Payloads of a flow that the classifier looks at before it gives up on it."""
POPCOUNT_LOW, POPCOUNT_HIGH = 3.4, 4.6
"""Bits per byte of what looks encrypted: the Great Firewall's bounds (Wu et al., USENIX Security 2023)."""
POPCOUNT_BYTES_MIN: Final = 64
"""Below it, a random payload leaves the bounds by chance more than once in a thousand times."""
TEXT_BYTES: Final = 6
"""What begins with so many printable bytes is spared (the same source, exemption 2)."""


def is_known(payload: bytes) -> bool:
    """True for what a box with a short list recognises: STUN, DTLS, RTP, RTCP, SIP, QUIC's long header."""
    if stun_type(payload) is not None or is_rtp(payload) or is_sip(payload):
        return True
    if rtp_payload_type(payload) in range(72, 80):
        return True
    if is_dtls(payload):
        return True
    return len(payload) >= 21 and payload[0] & 0xC0 == 0xC0 and payload[1:5] in QUIC_VERSIONS


def looks_random(payload: bytes) -> bool:
    """True if about half of the bits are set and it is no text, or too few bytes are there to tell."""
    if len(payload) < POPCOUNT_BYTES_MIN:
        return True
    if all(0x20 <= byte <= 0x7E for byte in payload[:TEXT_BYTES]):
        return False
    bits = int.from_bytes(payload).bit_count() / len(payload)
    return POPCOUNT_LOW < bits < POPCOUNT_HIGH


class UnknownUdp(Memory, frozen=True, tag_field="policy", tag="unknown-udp"):
    """A flow whose first payloads match nothing known and look encrypted is dropped for good (D20)."""

    payloads: int = LOOK_PAYLOADS

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """The payloads that are looked at pass."""
        if packet.proto != UDP:
            return PASS
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.condemned:
            return DROP
        if not flow.passed:
            flow.payloads += 1
            if is_known(packet.payload) or not looks_random(packet.payload):
                flow.passed = True
            elif flow.payloads >= self.payloads:
                flow.condemned = True
        return PASS


class UdpAll(Memory, frozen=True, tag_field="policy", tag="udp-all"):
    """No UDP at all, as in many a café, hotel and campus; nobody is singled out."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Drops every datagram."""
        return DROP if packet.proto == UDP else PASS
