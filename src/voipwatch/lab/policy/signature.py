"""How a box tells a call from its first bytes; the predicates that every family shares.

Offsets are those of the raw-payload rules that operators load (`nft` says the same in nftables). A control
payload, first byte 0x04-0x0F or 0x50-0x7F and the rest random, matches one of them by a chance of 2**-32.
"""

from collections.abc import Callable
from typing import Final

from voipwatch.lab.policy.packet import UDP, Packet
from voipwatch.lab.policy.state import FlowKey
from voipwatch.model.vocabulary import Direction

STUN_COOKIE: Final = b"\x21\x12\xa4\x42"
"""RFC 8489 section 5."""
STUN_HEADER_BYTES: Final = 20
RTP_HEADER_BYTES: Final = 12
STATIC_PT_MAX: Final = 34
"""RFC 3551 table 4 and 5: payload types up to 34 are assigned."""
DYNAMIC_PT_MIN: Final = 96
"""RFC 3551 section 6: 96-127 are dynamic."""
SIP_STARTS: Final = (b"INVI", b"REGI", b"SIP/", b"OPTI")
"""First four bytes of what opens a call and of every answer (RFC 3261 section 7)."""
DTLS_HELLO_BYTES_MIN: Final = 52
"""13 of record, 12 of handshake header, and the fixed part of a ClientHello (RFC 6347 section 4.2)."""


def stun_type(payload: bytes) -> int | None:
    """The message type of a STUN message with the magic cookie, else None."""
    if len(payload) < STUN_HEADER_BYTES or payload[0] >= 0x40 or payload[4:8] != STUN_COOKIE:
        return None
    return payload[0] << 8 | payload[1]


def rtp_payload_type(payload: bytes) -> int | None:
    """The payload type of what has RTP's version and header length, else None. RTCP reads as 72-79."""
    if len(payload) < RTP_HEADER_BYTES or payload[0] & 0xC0 != 0x80:
        return None
    return payload[1] & 0x7F


def is_stun(payload: bytes) -> bool:
    """STUN with the magic cookie."""
    return stun_type(payload) is not None


def is_rtp(payload: bytes) -> bool:
    """RTP with an assigned or a dynamic payload type; not RTCP."""
    kind = rtp_payload_type(payload)
    return kind is not None and (kind <= STATIC_PT_MAX or kind >= DYNAMIC_PT_MIN)


def is_sip(payload: bytes) -> bool:
    """SIP text that opens or answers."""
    return payload.startswith(SIP_STARTS)


def is_dtls_hello(payload: bytes) -> bool:
    """A DTLS 1.0 or 1.2 ClientHello at the start of the datagram (DTLS 1.3 looks like 1.2 here)."""
    return (
        len(payload) >= DTLS_HELLO_BYTES_MIN
        and payload[0] == 0x16
        and payload[1:3] in {b"\xfe\xff", b"\xfe\xfd"}
        and payload[13] == 1
    )


SIGNATURES: Final[dict[str, Callable[[bytes], bool]]] = {
    "stun": is_stun,
    "dtls": is_dtls_hello,
    "rtp": is_rtp,
    "sip": is_sip,
    "any": lambda _payload: True,
}
"""By name; `any` is every datagram, for a rule that asks for no signature."""


def shows_call(names: tuple[str, ...], packet: Packet) -> bool:
    """True if the datagram bears one of the named signatures."""
    return packet.proto == UDP and any(SIGNATURES[name](packet.payload) for name in names)


def flow_key(direction: Direction, packet: Packet) -> FlowKey:
    """The five-tuple, alike in both directions."""
    if direction is Direction.UP:
        return (packet.proto, packet.src, packet.sport, packet.dst, packet.dport)
    return (packet.proto, packet.dst, packet.dport, packet.src, packet.sport)
