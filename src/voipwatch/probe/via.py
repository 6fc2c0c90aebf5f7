"""What a user names to be measured through: a tunnel of this machine, or a SOCKS 5 proxy.

Nothing of it may leave this process: no name, address, user or password is in a record, a message or a
`repr`. Only the kind is.
"""

import socket
import sys
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

INTERFACE_BYTES_MAX: Final = 15
"""IFNAMSIZ without its zero (linux/if.h)."""
_PLATFORM: str = sys.platform
_SO_BINDTODEVICE: Final = 25
_IP_BOUND_IF, _IPV6_BOUND_IF = 25, 125
"""netinet/in.h and netinet6/in6.h of macOS."""
_IP_UNICAST_IF, _IPV6_UNICAST_IF = 31, 31
"""ws2ipdef.h; the IPv4 option takes the index in network byte order."""
_INDEX: Final = Struct("@I")
_INDEX_NETWORK: Final = Struct("!I")


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A tunnel of this machine, by its interface."""

    interface: str = field(repr=False)

    def bind(self, sock: socket.socket) -> None:
        """Everything that `sock` sends leaves by the interface, whatever the routes say. Raises OSError.

        Linux grants it to anybody for a socket that is not bound yet since 5.7; before, to root alone.
        """
        if _PLATFORM == "linux":
            sock.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, self.interface.encode() + b"\0")
            return
        index = socket.if_nametoindex(self.interface)
        v6 = sock.family == socket.AF_INET6
        level = socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP
        if _PLATFORM == "win32":
            packed = _INDEX.pack(index) if v6 else _INDEX_NETWORK.pack(index)
            sock.setsockopt(level, _IPV6_UNICAST_IF if v6 else _IP_UNICAST_IF, packed)
        else:
            sock.setsockopt(level, _IPV6_BOUND_IF if v6 else _IP_BOUND_IF, _INDEX.pack(index))


@dataclass(frozen=True, slots=True)
class Proxy:
    """A SOCKS 5 proxy (RFC 1928)."""

    host: str = field(repr=False)
    """Name or address literal."""
    port: int = field(repr=False)
    credentials: tuple[bytes, bytes] | None = field(default=None, repr=False)
    """User name and password (RFC 1929), 1 to 255 bytes each."""


Via = Tunnel | Proxy


def tunnel_problem(interface: str) -> str | None:
    """Why sockets cannot be bound to the interface: `missing`, `forbidden`, or None where they can.

    Sends nothing.
    """
    try:
        if len(interface.encode()) > INTERFACE_BYTES_MAX and _PLATFORM == "linux":
            return "missing"
        socket.if_nametoindex(interface)
    except (OSError, ValueError):  # ValueError: a zero byte, or what UTF-8 cannot say
        return "missing"
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            Tunnel(interface).bind(sock)
    except PermissionError:
        return "forbidden"
    except OSError:
        return "missing"
    return None
