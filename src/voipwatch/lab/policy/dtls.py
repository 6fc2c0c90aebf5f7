"""DTLS: the ClientHello dies, so that a WebRTC call connects and stays mute (technique D7)."""

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import is_dtls_hello
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction


class DtlsHello(Memory, frozen=True, tag_field="policy", tag="dtls-hello"):
    """Drops every datagram that begins with a ClientHello."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Both ways, any port."""
        return DROP if packet.proto == UDP and is_dtls_hello(packet.payload) else PASS
