"""Where in an uplink datagram the session token lies, found without knowing the profile.

The first byte decides (RFC 7983): STUN carries it in the transaction id, a DTLS ClientHello in
its random, SIP text in the branch of the topmost Via (RFC 3261 section 8.1.1.7), everything
else at its end; but Zoom's ping from client to client, which ends in zeros, where STUN does.
Profiles are checked against this at load time.
"""

import re
from typing import Final

TXID_ROOM: Final = 12
TAIL_ROOM: Final = 16
PEER_PING: Final = bytes.fromhex("1f0201")
"""What Zoom's ping from client to client begins with; random bytes do so once in 16 million times."""
BRANCH_COOKIE: Final = b"z9hG4bK"
_BRANCH = re.compile(rb"z9hG4bK([0-9a-f]{32})")
_SIP_START = re.compile(rb"[A-Za-z]{3,10}[ /]")
_SIP_SCAN_BYTES: Final = 2048


def uplink_place(data: bytes) -> bytes | None:
    """Returns the bytes of the token's place, or None when the datagram has none. Cannot fail."""
    size = len(data)
    if size <= TAIL_ROOM:
        return None
    first = data[0]
    if (first <= 3 or data.startswith(PEER_PING)) and size >= 20:
        return data[8:20]
    if first == 22 and size >= 59 and data[13] == 1:
        # record header 13, handshake header 12, client_version 2, random 32 (RFC 6347 section 4.2.2)
        return data[43:59]
    if 65 <= first <= 122 and _SIP_START.match(data):
        found = _BRANCH.search(data, 0, _SIP_SCAN_BYTES)
        if found:
            return bytes.fromhex(found.group(1).decode("ascii"))
    return data[-TAIL_ROOM:]
