"""Ways to a reflector: from what the user typed to addresses that this machine has a route to."""

import ipaddress
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voipwatch.model.vocabulary import Failure
from voipwatch.probe import nat64
from voipwatch.probe.failures import failure_of, failure_of_errno
from voipwatch.probe.via import Proxy, Tunnel, Via

RESOLVE_S: Final = 5.0
"""glibc asks a silent server for 5 s before the next one (resolv.conf(5))."""
DISCARD_PORT: Final = 9
"""RFC 863; nothing is sent: connecting a UDP socket asks for a route only."""

Resolver = Callable[[str], "list[str] | Failure"]
"""Name -> address literals in the order of preference, or why there are none."""


@dataclass(frozen=True, slots=True)
class Path:
    """One way to a reflector."""

    ip: str
    """Address literal, with a zone where it is link-local."""
    nat64: bool = False
    """Synthesised by us: the user's line has no IPv4."""
    via: Via | None = None
    """Through what, where the user named something."""

    @property
    def ip_version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.ip else 4

    @property
    def family(self) -> socket.AddressFamily:
        """For a socket."""
        return socket.AF_INET6 if self.ip_version == 6 else socket.AF_INET

    def address(self, port: int) -> "tuple[str, int] | tuple[str, int, int, int]":
        """What connect and sendto take."""
        if self.ip_version == 4:
            return (self.ip, port)
        ip, _, zone = self.ip.partition("%")
        scope = 0
        if zone:
            try:
                scope = int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
            except OSError:
                scope = 0
        return (ip, port, 0, scope)

    def open_socket(self, kind: socket.SocketKind) -> socket.socket:
        """A socket for this way, bound to its tunnel where it has one. Raises OSError."""
        sock = socket.socket(self.family, kind)
        if isinstance(self.via, Tunnel):
            try:
                self.via.bind(sock)
            except OSError:
                sock.close()
                raise
        return sock

    def local_ip(self) -> str | Failure:
        """The address of ours that the way begins at, or why there is no way."""
        try:
            with self.open_socket(socket.SOCK_DGRAM) as sock:
                sock.connect(self.address(DISCARD_PORT))
                ip: str = sock.getsockname()[0]
                return ip
        except OSError as error:
            return failure_of_errno(error.errno, datagram=True)


def resolve_by_system(name: str) -> list[str] | Failure:
    """The system's resolver, in a thread that is left behind when it takes too long."""
    found: list[list[str] | Failure] = []

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            found.append(failure_of(error) if isinstance(error, OSError) else Failure.DNS_NXDOMAIN)
            return
        found.append(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(RESOLVE_S)
    return found[0] if found else Failure.DNS_TIMEOUT


def is_literal(host: str) -> bool:
    """True for an address literal, with or without a zone."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def find_paths(
    host: str, resolve: Resolver = resolve_by_system, *, via: Via | None = None
) -> list[Path] | Failure:
    """Ways to `host` that this machine has a route for, best first; or why there is none.

    A line without IPv4 reaches an IPv4 reflector through its NAT64, if it has one (RFC 7050). What a proxy
    has routes for is not ours to know: it is asked for every address.
    """
    addresses = [host] if is_literal(host) else resolve(host)
    if isinstance(addresses, Failure):
        return addresses
    if isinstance(via, Proxy):
        return [Path(ip, via=via) for ip in addresses] or Failure.DNS_NXDOMAIN
    failure = Failure.DNS_NXDOMAIN
    routed: list[Path] = []
    for ip in addresses:
        path = Path(ip, via=via)
        local = path.local_ip()
        if isinstance(local, Failure):
            failure = local
        else:
            routed.append(path)
    if routed:
        return routed
    translated = _through_nat64([ip for ip in addresses if ":" not in ip], resolve, via)
    return translated or failure


def _through_nat64(addresses: list[str], resolve: Resolver, via: Via | None) -> list[Path]:
    if not addresses:
        return []
    answers = resolve(nat64.NAME)
    if isinstance(answers, Failure):
        return []
    prefixes = nat64.discover(ipaddress.IPv6Address(ip) for ip in answers if ":" in ip)
    paths = [
        Path(str(nat64.synthesize(prefix, ipaddress.IPv4Address(ip))), nat64=True, via=via)
        for prefix in prefixes
        for ip in addresses
    ]
    return [path for path in paths if not isinstance(path.local_ip(), Failure)]
