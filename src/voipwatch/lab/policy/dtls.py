"""DTLS: the ClientHello dies (technique D7), or every record (D8); a WebRTC call connects and stays mute."""

from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import is_dtls_hello
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

DTLS_RECORDS: Final = frozenset(range(0x14, 0x18))
"""Change cipher spec, alert, handshake, application data (RFC 6347 section 4.1)."""
RECORD_BYTES_MIN: Final = 13


class DtlsHello(Memory, frozen=True, tag_field="policy", tag="dtls-hello"):
    """Drops every datagram that begins with a ClientHello."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Both ways, any port."""
        return DROP if packet.proto == UDP and is_dtls_hello(packet.payload) else PASS


class DtlsAny(Memory, frozen=True, tag_field="policy", tag="dtls-any"):
    """Drops every datagram that begins with a DTLS record: of calls, and of VPNs and games too."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Both ways, any port; the version's first byte is 0xFE in DTLS 1.0, 1.2 and the hellos of 1.3."""
        payload = packet.payload
        if packet.proto != UDP or len(payload) < RECORD_BYTES_MIN:
            return PASS
        return DROP if payload[0] in DTLS_RECORDS and payload[1] == 0xFE else PASS
