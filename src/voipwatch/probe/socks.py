"""A SOCKS 5 proxy over real sockets: TCP connections through it, and UDP associations.

An association is a TCP connection to the proxy that lives as long as its datagrams may (RFC 1928 section
6), and a UDP socket. A flow needs one of its own: its five-tuple is what a middlebox sees behind the proxy.
"""

import ipaddress
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace

from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import BY_REFUSAL, ProxyError
from voipwatch.probe.path import Path, Resolver, find_paths, resolve_by_system
from voipwatch.probe.udp import UdpSocket
from voipwatch.probe.via import Proxy
from voipwatch.wire.errors import WireError
from voipwatch.wire.socks5 import (
    CONNECT,
    HEADER_BYTES,
    UDP_ASSOCIATE,
    Socks5Client,
    decode_datagram,
    encode_datagram,
)

ASSOCIATE_S = 5.0
"""SYN retransmissions come after 1 and 3 s (RFC 6298 section 2)."""
READ_BYTES = 512
OF_THE_DATAGRAM = frozenset({Failure.MESSAGE_TOO_LONG, Failure.NO_BUFFERS})
"""Failures of a socket towards the proxy that say nothing of the proxy."""
OF_THE_NAME = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_TIMEOUT})


def located(proxy: Proxy, resolve: Resolver) -> Proxy | None:
    """The proxy by an address that this machine has a route to; None where it has none."""
    paths = find_paths(proxy.host, resolve)
    return None if isinstance(paths, Failure) else replace(proxy, host=paths[0].ip)


def negotiate(sock: socket.socket, client: Socks5Client, deadline: float) -> tuple[str, int]:
    """Speak to a proxy over a connected socket; where it stands for us. Raises ProxyError."""
    try:
        while not client.done and time.monotonic() < deadline:
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            sock.sendall(client.data_to_send())
            client.receive(sock.recv(1))  # byte by byte: what follows its last word is not ours to read
    except OSError as error:
        raise ProxyError(Failure.PROXY_FAILED) from error
    if client.bound is None:
        raise ProxyError(BY_REFUSAL[client.refusal] if client.refusal is not None else Failure.PROXY_FAILED)
    return client.bound


def connect_to_proxy(proxy: Proxy, timeout_s: float) -> socket.socket:
    """A TCP connection to the proxy itself, which is known by its address. Raises ProxyError."""
    way = Path(proxy.host)
    sock = way.open_socket(socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(way.address(proxy.port))
    except OSError as error:
        sock.close()
        raise ProxyError(Failure.PROXY_FAILED) from error
    return sock


def connect_through(proxy: Proxy, ip: str, port: int, timeout_s: float) -> socket.socket:
    """A TCP connection to a port of `ip` through the proxy. Raises ProxyError."""
    deadline = time.monotonic() + timeout_s
    sock = connect_to_proxy(proxy, timeout_s)
    client = Socks5Client(CONNECT, destination=(ip, port), credentials=proxy.credentials)
    try:
        negotiate(sock, client, deadline)
    except ProxyError:
        sock.close()
        raise
    return sock


def proxy_problem(
    proxy: Proxy, resolve: Resolver = resolve_by_system, *, timeout_s: float = ASSOCIATE_S
) -> str | None:
    """Why nothing can be measured through the proxy, asked of itself alone: nothing goes to any other place.

    Returns:
        `name` (it has no address), `unreachable`, `refused` (no program listens there), `no_socks` (what
        listens does not speak SOCKS 5), `auth` (it wants other credentials); None where it can be used,
        be it for TCP only.
    """
    paths = find_paths(proxy.host, resolve)
    if isinstance(paths, Failure):
        return "name" if paths in OF_THE_NAME else "unreachable"
    deadline = time.monotonic() + timeout_s
    try:
        sock = connect_to_proxy(replace(proxy, host=paths[0].ip), timeout_s)
    except OSError as error:
        return "refused" if isinstance(error.__cause__, ConnectionRefusedError) else "unreachable"
    with sock:
        try:
            negotiate(sock, Socks5Client(UDP_ASSOCIATE, credentials=proxy.credentials), deadline)
        except ProxyError as error:
            return {Failure.PROXY_FAILED: "no_socks", Failure.PROXY_AUTH: "auth"}.get(error.failure)
    return None


@dataclass(slots=True)
class Association:
    """The right to send datagrams through a proxy, as long as its connection lives."""

    control: socket.socket
    relay: Path
    relay_port: int

    @classmethod
    def open(cls, proxy: Proxy, timeout_s: float = ASSOCIATE_S) -> "Association":
        """Ask for one; blocks. Raises ProxyError."""
        deadline = time.monotonic() + timeout_s
        control = connect_to_proxy(proxy, timeout_s)
        try:
            host, port = negotiate(
                control, Socks5Client(UDP_ASSOCIATE, credentials=proxy.credentials), deadline
            )
            control.setblocking(False)
            return cls(control, _relay(host, Path(proxy.host)), port)
        except ProxyError:
            control.close()
            raise

    def alive(self) -> bool:
        """Whether the proxy holds the connection still. It says nothing over it, so one look is enough."""
        try:
            return self.control.recv(READ_BYTES) != b""
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Give it back."""
        self.control.close()


def _relay(host: str, way: Path) -> Path:
    """Where datagrams go: a proxy that does not know its own address, or says one of a network that it and
    we do not share, means the address where we found it.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ProxyError(Failure.PROXY_FAILED) from None
    found = ipaddress.ip_address(way.ip.partition("%")[0])
    if address.is_unspecified or (address.is_private and not found.is_private):
        return way
    return Path(str(address))


@dataclass(slots=True)
class RelayedSocket:
    """One flow's socket through a proxy: as `udp.UdpSocket`, with RFC 1928's header on each datagram."""

    path: Path
    association: Association
    inner: UdpSocket
    lost: bool = False
    """The proxy gave the association up, or is not there any more."""
    overhead_bytes: int = 0
    """Headers of both ways, on the line and not the app's."""
    failures: list[Failure] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, association: Association) -> "RelayedSocket":
        """Raises OSError when the system has no socket left."""
        return cls(path, association, UdpSocket.open(association.relay))

    @property
    def sock(self) -> socket.socket:
        """For a selector."""
        return self.inner.sock

    def send(self, port: int, data: bytes) -> None:
        """Send to a port of the reflector; what goes wrong is in `failures` or `lost`. Cannot fail."""
        if self.lost or not self.association.alive():
            self.lost = True
            return
        self.overhead_bytes += HEADER_BYTES[self.path.ip_version]
        self.inner.send(self.association.relay_port, encode_datagram(self.path.ip, port, data))
        self._sort_failures()

    def receive(self) -> list[bytes]:
        """The payloads that are there now; what bears no header of the proxy's is nobody's. Cannot fail."""
        batch = []
        for data in self.inner.receive():
            with suppress(WireError):
                _, _, payload = decode_datagram(data)
                self.overhead_bytes += len(data) - len(payload)
                batch.append(payload)
        self._sort_failures()
        return batch

    def _sort_failures(self) -> None:
        """An ICMP error here is about the proxy's port and never about the reflector's."""
        for failure in self.inner.take_failures():
            if failure in OF_THE_DATAGRAM:
                self.failures.append(failure)
            else:
                self.lost = True

    def take_failures(self) -> list[Failure]:
        """What went wrong since the last call."""
        failures, self.failures = self.failures, []
        return failures

    def close(self) -> None:
        """Give the socket and the association back."""
        self.inner.close()
        self.association.close()
