"""One question about a provider's server, over real sockets: resolve, connect, shake hands, Binding.

Blocking, with an end to every wait; called in threads. Nothing of the application is ever sent: TCP is opened
and closed, TLS ends with the handshake, STUN is one Binding request.
"""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from cryptography import x509

from voipwatch.experiment.events import AskHost, HostOutcome, NameOutcome, ResolveName
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.control import TCP_HEADER_BYTES, TlsConnection, line_bytes
from voipwatch.probe.failures import failure_of, failure_of_errno
from voipwatch.probe.path import Path, Resolver, find_paths, resolve_by_system

CGNAT: Final = IPv4Network("100.64.0.0/10")
NAT64: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052 section 2.1: an IPv4 address in an answer of DNS64."""
PUBLIC: Final = frozenset({"expected", "public", "nat64"})
STUN_SENDS_S: Final = (0.0, 0.5, 1.5, 3.5)
"""RFC 8489 section 6.2.1: 500 ms, then doubling."""
STUN_BYTES_MAX: Final = 2048
UDP_HEADER_BYTES: Final = {4: 28, 6: 48}
ADDRESSES_MAX: Final = 16
"""Of one answer; more are left out."""
HOSTNAME_MISMATCH: Final = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""


def kind_of(ip: str, prefixes: tuple[str, ...] = ()) -> str:
    """The kind of an address, by the words of `model.targets.NameAnswer`. Cannot fail."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return "unusable"
    if isinstance(address, IPv6Address):
        if address in NAT64:
            inner = kind_of(str(IPv4Address(address.packed[-4:])), prefixes)
            return "nat64" if inner == "public" else inner
        if address.ipv4_mapped is not None:
            return kind_of(str(address.ipv4_mapped), prefixes)
    networks = [ip_network(p) for p in prefixes]
    if any(n.version == address.version and address in n for n in networks):
        return "expected"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_unspecified or address.is_multicast or address.is_reserved:
        return "unusable"
    if isinstance(address, IPv4Address) and address in CGNAT:
        return "cgnat"
    return "public" if address.is_global else "private"


def is_public(ip: str) -> bool:
    """Whether a canary's address may be asked from here."""
    return kind_of(ip) in PUBLIC


def resolve_name(ask: ResolveName, resolve: Resolver = resolve_by_system) -> NameOutcome:
    """What the system's resolver says of a name. Cannot fail."""
    found = resolve(ask.name)
    if isinstance(found, Failure):
        return NameOutcome((), (), found)
    addresses = tuple(found[:ADDRESSES_MAX])
    return NameOutcome(addresses, tuple(kind_of(ip, ask.prefixes) for ip in addresses), None)


def ask_host(
    ask: AskHost, *, context: Callable[[], ssl.SSLContext] = ssl.create_default_context
) -> HostOutcome:
    """Ask one address. Cannot fail: why there is no answer is in the outcome."""
    try:
        paths = find_paths(ask.address)
        if isinstance(paths, Failure):
            return HostOutcome(None, "", paths)
        if ask.transport == "stun":
            return _binding(ask, paths[0])
        if ask.transport == "tls":
            return _shake(ask, paths[0], context)
        return _open(ask, paths[0])
    except OSError as error:
        return HostOutcome(None, "", failure_of(error))


# --- TCP and TLS --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Shaken:
    """A handshake, or what became of it."""

    connect_ms: float | None = None
    answer: str = ""
    failure: Failure | None = None
    certificate: bytes = b""
    moved_bytes: int = 0


def _open(ask: AskHost, path: Path) -> HostOutcome:
    with socket.socket(path.family, socket.SOCK_STREAM) as sock:
        connect_ms, failure = _connect(sock, ask, path)
    header = TCP_HEADER_BYTES[path.ip_version]
    up, down = (4, 3) if failure is None else (1, 0)
    return HostOutcome(
        connect_ms, "connected" if failure is None else "", failure, b"", up * header, down * header
    )


def _connect(sock: socket.socket, ask: AskHost, path: Path) -> tuple[float | None, Failure | None]:
    begun = time.monotonic()
    sock.settimeout(ask.timeout_s)
    try:
        sock.connect(path.address(ask.port))
    except OSError as error:
        return None, failure_of(error)
    return (time.monotonic() - begun) * 1e3, None


def _shake(ask: AskHost, path: Path, context: Callable[[], ssl.SSLContext]) -> HostOutcome:
    strict = context()
    strict.minimum_version = ssl.TLSVersion.TLSv1_2
    first = _handshake(ask, path, strict)
    moved_bytes = first.moved_bytes
    if first.answer == "untrusted":
        # Whose name the certificate bears is seen only without the demand that somebody vouches for it.
        lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lenient.check_hostname = False
        lenient.verify_mode = ssl.CERT_NONE
        second = _handshake(ask, path, lenient)
        moved_bytes += second.moved_bytes
        if second.certificate and not is_for(second.certificate, ask.server_name):
            first.answer = "other"
        elif not second.certificate:
            first.answer = "alert"  # it spoke TLS once; whose it is, nobody can say
    cost = line_bytes(moved_bytes, path.ip_version, connected=first.connect_ms is not None)
    return HostOutcome(first.connect_ms, first.answer, first.failure, b"", cost // 3, cost - cost // 3)


def _handshake(ask: AskHost, path: Path, context: ssl.SSLContext) -> _Shaken:
    shaken = _Shaken()
    with socket.socket(path.family, socket.SOCK_STREAM) as sock:
        shaken.connect_ms, shaken.failure = _connect(sock, ask, path)
        if shaken.failure is not None:
            return shaken
        connection = TlsConnection(sock, context, ask.server_name, ask.timeout_s)
        try:
            connection.handshake()
            shaken.certificate = connection.certificate()
            shaken.answer = "certificate"
        except ssl.SSLCertVerificationError as error:
            shaken.answer = "other" if error.verify_code in HOSTNAME_MISMATCH else "untrusted"
        except ssl.SSLError as error:
            shaken.answer = "alert" if "ALERT" in (error.reason or "").upper() else "garbage"
        except EOFError:
            shaken.failure = Failure.CONNECTION_CLOSED
        except OSError as error:
            shaken.failure = failure_of(error, connected=True)
        shaken.moved_bytes = connection.moved_bytes
    return shaken


def is_for(certificate: bytes, name: str) -> bool:
    """Whether a certificate (DER) bears a name, wildcards as in RFC 6125 section 6.4.3. Cannot fail."""
    try:
        found = x509.load_der_x509_certificate(certificate)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = [n.lower() for n in names.get_values_for_type(x509.DNSName)]
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    wanted = name.lower()
    return wanted in listed or f"*.{wanted.partition('.')[2]}" in listed


# --- STUN ---------------------------------------------------------------------------------------------


def _binding(ask: AskHost, path: Path) -> HostOutcome:
    """A connected socket hears that address alone; what it says is for the core to judge."""
    begun = time.monotonic()
    header = UDP_HEADER_BYTES[path.ip_version]
    sends = [begun + s for s in STUN_SENDS_S if s < ask.timeout_s]
    sent = 0
    with socket.socket(path.family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(path.address(ask.port))
            while (now := time.monotonic()) < begun + ask.timeout_s:
                if sends and now >= sends[0]:
                    sends.pop(0)
                    sock.send(ask.hello)
                    sent += len(ask.hello) + header
                sock.settimeout(max(0.001, min([begun + ask.timeout_s, *sends[:1]]) - time.monotonic()))
                with suppress(TimeoutError):
                    data = sock.recv(STUN_BYTES_MAX)
                    return HostOutcome(None, "", None, data, sent, len(data) + header)
        except OSError as error:
            return HostOutcome(None, "", failure_of_errno(error.errno, datagram=True), b"", sent, 0)
    return HostOutcome(None, "", Failure.READ_TIMEOUT, b"", sent, 0)
