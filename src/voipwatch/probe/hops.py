"""Datagrams with few hops to live, and who says that one has died: without root, on Linux.

A socket of its own a try: IP_TTL (ip(7)) or IPV6_UNICAST_HOPS (ipv6(7)) before the send, and the error queue
(IP_RECVERR) after it, which names the offender. Whether a router quotes enough of the datagram to tell two of
one socket apart differs (RFC 792 asks for eight bytes); so each socket sends one with few hops to live.
"""

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from struct import Struct
from typing import Final

from voipwatch.model.sweeps import HopAnswer
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import line, udp
from voipwatch.probe.networks import Networks
from voipwatch.probe.path import Path

ERRORS_MAX: Final = 16
SHARED: Final = ip_network("100.64.0.0/10")
"""RFC 6598: between a carrier and its customers."""
PRIVATE: Final = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10"))
)
"""RFC 1918, RFC 4193, RFC 4291. Not `is_private`: that counts documentation and benchmarks too."""
_ORIGIN_ICMP: Final = 2
_ORIGIN_ICMP6: Final = 3
_TIME_EXCEEDED: Final = {_ORIGIN_ICMP: 11, _ORIGIN_ICMP6: 3}
_UNREACHABLE: Final = {_ORIGIN_ICMP: 3, _ORIGIN_ICMP6: 1}
_ADDRESS_AT: Final = {socket.AF_INET: (4, 4), socket.AF_INET6: (8, 16)}
"""Where in a struct sockaddr the address stands, and its length."""
_FAMILY: Final = Struct("=H")


def sweeps_problem(path: Path | None) -> str:
    """Why no sweep can be made over this way: `via` (a tunnel by default too), `system`; empty: it can."""
    if path is not None and (path.via is not None or line.tunnel(path) is True):
        return "via"
    return "" if udp.HAS_ERROR_QUEUE else "system"


def kind_of(ip: IPv4Address | IPv6Address) -> str:
    """Kind of a hop's address."""
    if ip.version == 4 and ip in SHARED:
        return "shared"
    if any(ip.version == network.version and ip in network for network in PRIVATE):
        return "private"
    return "other" if ip.is_loopback or ip.is_multicast or ip.is_unspecified else "public"


@dataclass(slots=True)
class HopSocket:
    """One try's socket. What `FlowSocket` asks for, and hops to live."""

    inner: udp.UdpSocket
    networks: Networks
    said: list[HopAnswer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    """Of the sends; those that the network reported are in `said`."""

    @classmethod
    def open(cls, path: Path, networks: Networks) -> "HopSocket":
        """Raises OSError when the system has no socket left."""
        return cls(udp.UdpSocket.open(path), networks)

    @property
    def sock(self) -> socket.socket:
        """For a selector."""
        return self.inner.sock

    def send(self, port: int, data: bytes) -> None:
        """As `UdpSocket.send`, but an earlier datagram's error stays where `receive` finds it."""
        for _ in range(2):  # an error of an earlier datagram surfaces here, and is then gone
            try:
                self.sock.sendto(data, self.inner.path.address(port))
            except OSError:
                self._read_errors()
            else:
                return

    def limit(self, ttl: int) -> None:
        """What is sent from now on has so many hops to live."""
        if self.inner.path.ip_version == 6:
            self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
        else:
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)

    def receive(self) -> list[bytes]:
        """Datagrams that are there now; errors go to `said`. Cannot fail."""
        batch: list[bytes] = []
        for _ in range(udp.BATCH_MAX):
            try:
                batch.append(self.sock.recv(udp.DATAGRAM_BYTES_MAX))
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an error's number comes once before the data; the queue has the whole of it
        self._read_errors()
        return batch

    def take_failures(self) -> list[Failure]:
        """None: what the network says of a limited datagram is an answer."""
        return []

    def take_said(self) -> list[HopAnswer]:
        """The ICMP errors since the last call."""
        said, self.said = self.said, []
        return said

    def close(self) -> None:
        """Give the socket back."""
        self.inner.close()

    def _read_errors(self) -> None:
        for error in self.inner.read_errors():
            answer = self._understood(error)
            if answer is not None:
                self.said.append(answer)

    def _understood(self, error: bytes) -> HopAnswer | None:
        """One struct sock_extended_err, and the offender's struct sockaddr behind it."""
        _, origin, kind, _, _, _, _ = udp.EXTENDED_ERROR.unpack_from(error)
        if kind not in (_TIME_EXCEEDED.get(origin), _UNREACHABLE.get(origin)):
            return None
        ip = _offender(error[udp.EXTENDED_ERROR.size :])
        expired = kind == _TIME_EXCEEDED[origin]
        if ip is None:
            return HopAnswer(expired=expired)
        return HopAnswer(expired, str(ip), kind_of(ip), self.networks.name_of(ip))


def _offender(sockaddr: bytes) -> IPv4Address | IPv6Address | None:
    if len(sockaddr) < _FAMILY.size:
        return None
    found = _ADDRESS_AT.get(_FAMILY.unpack_from(sockaddr)[0])
    if found is None or len(sockaddr) < sum(found):
        return None
    at, length = found
    return ip_address(sockaddr[at : at + length])
