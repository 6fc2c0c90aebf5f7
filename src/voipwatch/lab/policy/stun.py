"""STUN and its dialects (techniques D1 to D6)."""

from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import STUN_HEADER_BYTES, stun_type
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

TURN_TYPES: Final = frozenset({0x0003, 0x0016, 0x0017})
"""Allocate request, Send and Data indications (RFC 8656 section 17)."""
WHATSAPP_TYPES: Final = frozenset({0x0800, 0x0801, 0x0802, 0x0804, 0x0805})
WHATSAPP_ATTRIBUTES: Final = frozenset({0x4000, 0x4001})


class StunCookie(Memory, frozen=True, tag_field="policy", tag="stun-cookie"):
    """Everything with the magic cookie dies (D1); `strict` lets go what is not padded to four bytes (D2)."""

    strict: bool = False

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Drops STUN messages, both ways and on any port."""
        if packet.proto != UDP or stun_type(packet.payload) is None:
            return PASS
        # WhatsApp's Allocate of 2015-2019 has length 106: a strict matcher misses it.
        return PASS if self.strict and packet.payload[3] & 3 else DROP


class StunReplies(Memory, frozen=True, tag_field="policy", tag="stun-replies"):
    """STUN answers die on their way to the line, requests pass (D4)."""

    types: tuple[int, ...] = (0x0101,)
    """Message types; by default the success of a Binding (RFC 8489 section 5)."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Downlink only."""
        if direction is not Direction.DOWN or packet.proto != UDP:
            return PASS
        return DROP if stun_type(packet.payload) in self.types else PASS


class TurnOnly(Memory, frozen=True, tag_field="policy", tag="turn-only"):
    """TURN dies, plain STUN lives (D3): direct calls work, relayed ones do not."""

    requests: bool = True
    """Allocate requests, Send and Data indications die."""
    channel: bool = True
    """ChannelData dies; alone, a call is set up and stays mute."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Both ways, any port."""
        if packet.proto != UDP:
            return PASS
        payload = packet.payload
        # RFC 8656 section 12: channel numbers are 0x4000-0x4FFF, then a length. On the first nibble alone
        # INVITE, BYE and OPTIONS are channels too; a length under 1,536 is never text.
        if self.channel and len(payload) >= 4 and payload[0] & 0xF0 == 0x40 and payload[2] < 0x06:
            return DROP
        return DROP if self.requests and stun_type(payload) in TURN_TYPES else PASS


class WhatsAppStun(Memory, frozen=True, tag_field="policy", tag="whatsapp-types"):
    """WhatsApp's own message types (D5), or its own attribute first in any STUN message (D6)."""

    def __call__(self, _direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Drops what only WhatsApp sends; generic STUN and TURN pass."""
        payload = packet.payload
        if packet.proto != UDP or (kind := stun_type(payload)) is None:
            return PASS
        if kind in WHATSAPP_TYPES:
            return DROP
        attribute = payload[STUN_HEADER_BYTES : STUN_HEADER_BYTES + 2]
        return DROP if len(attribute) == 2 and int.from_bytes(attribute) in WHATSAPP_ATTRIBUTES else PASS
