"""What the operating system says went wrong, in the words of the closed list: one table."""

import errno
import socket
import ssl
from typing import Final

from voipwatch.model.vocabulary import Failure
from voipwatch.wire.socks5 import Refusal

BY_ERRNO: Final[dict[int, Failure]] = {
    errno.ECONNREFUSED: Failure.CONNECTION_REFUSED,
    errno.ECONNRESET: Failure.CONNECTION_RESET,
    errno.EPIPE: Failure.CONNECTION_CLOSED,
    errno.ETIMEDOUT: Failure.CONNECT_TIMEOUT,
    errno.EHOSTUNREACH: Failure.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Failure.HOST_UNREACHABLE,
    errno.EACCES: Failure.HOST_UNREACHABLE,  # ICMP administratively prohibited (RFC 1122 section 3.2.2.1)
    errno.ENETUNREACH: Failure.NETWORK_UNREACHABLE,
    errno.ENETDOWN: Failure.NETWORK_UNREACHABLE,
    errno.EADDRNOTAVAIL: Failure.NETWORK_UNREACHABLE,  # no source address of the family
    errno.EAFNOSUPPORT: Failure.NETWORK_UNREACHABLE,
    errno.EMSGSIZE: Failure.MESSAGE_TOO_LONG,
    errno.ENOBUFS: Failure.NO_BUFFERS,
    errno.EAGAIN: Failure.NO_BUFFERS,
    errno.ENOMEM: Failure.NO_BUFFERS,
}
BY_ERRNO_DATAGRAM: Final[dict[int, Failure]] = {
    errno.ECONNREFUSED: Failure.PORT_UNREACHABLE,
    errno.ECONNRESET: Failure.PORT_UNREACHABLE,  # how Windows tells of an ICMP port unreachable
}
"""What a number means on a UDP socket, where it means something else."""

BY_REFUSAL: Final[dict[Refusal, Failure]] = {
    Refusal.AUTHENTICATION: Failure.PROXY_AUTH,
    Refusal.NOT_ALLOWED: Failure.PROXY_REFUSED,
    Refusal.NETWORK_UNREACHABLE: Failure.NETWORK_UNREACHABLE,
    Refusal.HOST_UNREACHABLE: Failure.HOST_UNREACHABLE,
    Refusal.CONNECTION_REFUSED: Failure.CONNECTION_REFUSED,
    Refusal.TTL_EXPIRED: Failure.CONNECT_TIMEOUT,
    Refusal.NO_COMMAND: Failure.PROXY_NO_UDP,
    Refusal.NO_ADDRESS_TYPE: Failure.PROXY_REFUSED,
    Refusal.GIBBERISH: Failure.PROXY_FAILED,
}
"""What a proxy says of itself, and what it says of the way behind it."""


class ProxyError(OSError):
    """A proxy did not do what was asked; its text names nothing of the proxy's."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


def failure_of_errno(number: int | None, *, datagram: bool = False) -> Failure:
    """The failure that an error number stands for; `UNKNOWN` for one that is not in the table."""
    if number is None:
        return Failure.UNKNOWN
    if datagram and number in BY_ERRNO_DATAGRAM:
        return BY_ERRNO_DATAGRAM[number]
    return BY_ERRNO.get(number, Failure.UNKNOWN)


def failure_of(error: Exception, *, connected: bool = False) -> Failure:
    """The failure that an exception of a TCP or TLS operation stands for.

    `connected`: a timeout then is one of reading, not of connecting.
    """
    if isinstance(error, ProxyError):
        return error.failure
    if isinstance(error, TimeoutError) and error.errno is None:
        return Failure.READ_TIMEOUT if connected else Failure.CONNECT_TIMEOUT
    if isinstance(error, socket.gaierror):
        missing = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
        return Failure.DNS_NXDOMAIN if error.errno in missing else Failure.DNS_TIMEOUT
    if isinstance(error, ssl.SSLError):
        return Failure.TLS_FAILED
    if isinstance(error, OSError):
        return failure_of_errno(error.errno)
    return Failure.UNKNOWN
