"""RTP-shaped media by its header alone (techniques D10, D11; with `one-way`, Q6)."""

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import DYNAMIC_PT_MIN, STATIC_PT_MAX, rtp_payload_type
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction


class RtpDrop(Memory, frozen=True, tag_field="policy", tag="rtp-drop"):
    """Drops media by payload type; RTCP (72-79 in that field) passes."""

    static: bool = True
    """Types up to 34: what plain SIP telephones send (D10)."""
    dynamic: bool = True
    """Types from 96: what apps negotiate (D11)."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Both ways, any port."""
        if packet.proto != UDP:
            return PASS
        kind = rtp_payload_type(packet.payload)
        if kind is None:
            return PASS
        hit = (self.static and kind <= STATIC_PT_MAX) or (self.dynamic and kind >= DYNAMIC_PT_MIN)
        return DROP if hit else PASS
