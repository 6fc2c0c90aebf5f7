"""UDP sockets of the probe: one a flow, with the network's error messages where the system gives them.

On Linux the socket stays unconnected and asks for its error queue (IP_RECVERR, ip(7)): an ICMP message
is then read without privilege and without losing a datagram. Elsewhere it is connected, and an error
is what the next call says.
"""

import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import failure_of_errno
from voipwatch.probe.path import Path

if sys.platform != "win32":
    import resource

HAS_ERROR_QUEUE: Final = sys.platform == "linux"
DSCP_VOICE: Final = 46
"""Expedited forwarding (RFC 4594 section 4.1), as call apps mark audio; the same on every arm."""
DATAGRAM_BYTES_MAX: Final = 65_535
BATCH_MAX: Final = 32
ERRORS_MAX: Final = 8
BUFFER_BYTES: Final = 1 << 20
SOCKETS_MAX: Final = 4096

_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_MSG_ERRQUEUE: Final = 0x2000
EXTENDED_ERROR: Final = Struct("=IBBBBII")
"""struct sock_extended_err: errno, origin, type, code, pad, info, data (linux/errqueue.h)."""
_ORIGIN_LOCAL: Final = 1


def allow_many_sockets() -> None:
    """A check of all apps has over a thousand flows, each its socket; many systems begin with 1,024 files."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = SOCKETS_MAX if hard == resource.RLIM_INFINITY else min(SOCKETS_MAX, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(slots=True)
class UdpSocket:
    """One flow's socket."""

    path: Path
    sock: socket.socket
    failures: list[Failure] = field(default_factory=list)
    """Reported by the network or the system and not yet taken."""
    _connected: bool = False

    @classmethod
    def open(cls, path: Path) -> "UdpSocket":
        """Raises OSError when the system has no socket left."""
        sock = path.open_socket(socket.SOCK_DGRAM)
        sock.setblocking(False)
        for level, option, value in _options(path):
            with suppress(OSError):
                sock.setsockopt(level, option, value)
        return cls(path, sock)

    def send(self, port: int, data: bytes) -> None:
        """Send to a port of the reflector; what goes wrong is in `failures`. Cannot fail."""
        try:
            self._send(port, data)
        except OSError as error:
            if HAS_ERROR_QUEUE and error.errno is not None and self._told_by_queue(error.errno):
                # the error was an earlier datagram's, and this one did not leave
                with suppress(OSError):
                    self._send(port, data)
                return
            self.failures.append(failure_of_errno(error.errno, datagram=True))

    def _send(self, port: int, data: bytes) -> None:
        address = self.path.address(port)
        if HAS_ERROR_QUEUE:
            self.sock.sendto(data, address)
            return
        if not self._connected:
            self.sock.connect(address)  # a flow has one remote port
            self._connected = True
        self.sock.send(data)

    def _told_by_queue(self, number: int) -> bool:
        before = len(self.failures)
        self._read_errors()
        return failure_of_errno(number, datagram=True) in self.failures[before:]

    def receive(self) -> list[bytes]:
        """Up to `BATCH_MAX` datagrams that are there now; errors go to `failures`. Cannot fail."""
        batch: list[bytes] = []
        for _ in range(BATCH_MAX):
            try:
                batch.append(self.sock.recv(DATAGRAM_BYTES_MAX))
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                if not HAS_ERROR_QUEUE:
                    self.failures.append(failure_of_errno(error.errno, datagram=True))
        if HAS_ERROR_QUEUE:
            self._read_errors()
        return batch

    def close(self) -> None:
        """Give the socket back."""
        self.sock.close()

    def take_failures(self) -> list[Failure]:
        """What went wrong since the last call."""
        failures, self.failures = self.failures, []
        return failures

    def _read_errors(self) -> None:
        for error in self.read_errors():
            number = EXTENDED_ERROR.unpack_from(error)[0]
            self.failures.append(failure_of_errno(number, datagram=True))

    def read_errors(self) -> list[bytes]:
        """Up to `ERRORS_MAX` from the error queue: an `EXTENDED_ERROR`, and who sent it. Cannot fail."""
        errors: list[bytes] = []
        for _ in range(ERRORS_MAX):
            try:
                _, ancillary, _, _ = self.sock.recvmsg(0, 512, _MSG_ERRQUEUE)
            except OSError:
                break
            errors += [
                data
                for level, kind, data in ancillary
                if (level, kind) in _ERROR_KINDS and len(data) >= EXTENDED_ERROR.size
            ]
        return errors


_ERROR_KINDS: Final = frozenset({(socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)})


def _options(path: Path) -> list[tuple[int, int, int]]:
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)]
    if path.ip_version == 6:
        traffic_class = getattr(socket, "IPV6_TCLASS", None)
        if traffic_class is not None:
            options.append((socket.IPPROTO_IPV6, traffic_class, DSCP_VOICE << 2))
        if HAS_ERROR_QUEUE:
            options.append((socket.IPPROTO_IPV6, _IPV6_RECVERR, 1))
    else:
        options.append((socket.IPPROTO_IP, socket.IP_TOS, DSCP_VOICE << 2))
        if HAS_ERROR_QUEUE:
            options.append((socket.IPPROTO_IP, _IP_RECVERR, 1))
    return options
