"""Microsoft's multiplexed TURN header: 12 bytes before a STUN message, in Teams calls to port 3479.

Two bytes FF10, the length of what follows the length, and a session id of 8 bytes, the value of the STUN
attribute 8095 (MS-TURN, MULTIPLEXED-TURN-SESSION-ID). The layout is taken from captures.
"""

import msgspec

from voipwatch.wire.cursor import Cursor

MARK = b"\xff\x10"
SESSION_ID_BYTES = 8


class MultiplexedTurn(msgspec.Struct, frozen=True):
    """One datagram with Microsoft's multiplexing header."""

    session_id: bytes
    """8 bytes."""
    payload: bytes
    """A STUN message, usually."""
    trailing: bytes = b""
    """What follows the announced length."""


def decode_multiplexed_turn(data: bytes | memoryview) -> MultiplexedTurn:
    """Read the header and keep the rest.

    Raises:
        WireError: it does not start with FF10, or is shorter than it says.
    """
    cursor = Cursor(bytes(data), "MS-TURN", section="MS-TURN MULTIPLEXED-TURN-SESSION-ID")
    mark = cursor.take(2, "mark")
    if mark != MARK:
        raise cursor.fail("mark", f"{mark.hex()} is not ff10", offset=0)
    inner = cursor.restrict_to(cursor.u16("length"), "length")
    session_id = inner.take(SESSION_ID_BYTES, "session id")
    return MultiplexedTurn(session_id, inner.rest(), cursor.rest())


def encode_multiplexed_turn(message: MultiplexedTurn) -> bytes:
    """Write the header and what it carries.

    Raises:
        ValueError: the session id does not have 8 bytes, or the payload is too long.
    """
    length = len(message.session_id) + len(message.payload)
    if len(message.session_id) != SESSION_ID_BYTES or length > 0xFFFF:
        raise ValueError("a session id has 8 bytes, a payload at most 65527")
    return MARK + length.to_bytes(2, "big") + message.session_id + message.payload + message.trailing
