"""Which protocol a datagram speaks, by its first bytes (RFC 7983, RFC 9443, RFC 5761).

It never raises, and decides by little: a kind means that the kind's decoder is the one to ask, and that
decoder may still refuse the bytes. Where the RFCs look at the first byte alone, this looks a little further:

- text that starts like a SIP message is SIP, though its letters lie in the ranges of TURN and QUIC;
- 0 to 3 is STUN only with the cookie, or with a length field that comes out at the datagram's end; DNS, DHCP
  and many private protocols start there too;
- 4 to 19 with the cookie is STUN as well: WhatsApp's types 0800 to 0805;
- 64 to 79 is TURN's ChannelData only where its length fits, else QUIC (RFC 9443 section 3);
- FF10 with a length that fits is Microsoft's multiplexed TURN.
"""

from enum import Enum

from voipwatch.wire.stun import HEADER_BYTES, MAGIC_COOKIE


class Kind(Enum):
    """What a datagram is taken for."""

    STUN = "stun"
    ZRTP = "zrtp"
    DTLS = "dtls"
    TURN_CHANNEL = "turn-channel"
    QUIC = "quic"
    RTP = "rtp"
    RTCP = "rtcp"
    SIP = "sip"
    MS_TURN = "ms-turn"
    UNKNOWN = "unknown"


_SIP_METHODS = (
    b"ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE".split()
)
_SIP_STARTS = (b"sip/2.0 ", *(method.lower() + b" " for method in _SIP_METHODS))
_SIP_URIS = (b"sip:", b"sips:", b"tel:")


def demultiplex(data: bytes | memoryview) -> Kind:
    """The kind of one UDP datagram; `Kind.UNKNOWN` for an empty one and for what no rule names."""
    raw = bytes(data)
    if not raw:
        return Kind.UNKNOWN
    first = raw[0]
    if 128 <= first <= 191:
        is_rtcp = len(raw) > 1 and 192 <= raw[1] <= 223  # RFC 5761 section 4
        return Kind.RTCP if is_rtcp else Kind.RTP
    if first < 20:
        return _below_20(raw)
    if first < 64:
        return Kind.DTLS
    if _looks_like_sip(raw):
        return Kind.SIP
    if first < 80 and _is_channel_data(raw):
        return Kind.TURN_CHANNEL
    if first == 0xFF and _is_multiplexed_turn(raw):
        return Kind.MS_TURN
    return Kind.QUIC


def _below_20(raw: bytes) -> Kind:
    if len(raw) >= HEADER_BYTES:
        if raw[4:8] == MAGIC_COOKIE:
            return Kind.STUN
        if raw[0] < 4 and HEADER_BYTES + int.from_bytes(raw[2:4], "big") == len(raw):
            return Kind.STUN
    return Kind.ZRTP if raw[0] >= 16 else Kind.UNKNOWN


def _looks_like_sip(raw: bytes) -> bool:
    start = raw[:32].lower()
    if not start.startswith(_SIP_STARTS):
        return False
    return start.startswith(b"sip/") or start.partition(b" ")[2].startswith(_SIP_URIS)


def _is_channel_data(raw: bytes) -> bool:
    """Whether the length fits, and what follows is no more than padding (RFC 8656 section 12.5)."""
    return len(raw) >= 4 and 0 <= len(raw) - 4 - int.from_bytes(raw[2:4], "big") <= 3


def _is_multiplexed_turn(raw: bytes) -> bool:
    return raw.startswith(b"\xff\x10") and len(raw) >= 12 and int.from_bytes(raw[2:4], "big") == len(raw) - 4
