"""Names: a DNS question about them is answered by the censor, TLS that says them is stopped.

What a censor reads of DNS (RFC 1035 section 4.1) and of a ClientHello (RFC 8446 section 4.1.2, RFC 6066
section 3) is here too, and what the lab's resolver writes.
"""

import ipaddress
from struct import pack, unpack_from
from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, TCP, UDP, Action, Inject, Memory, Packet, Reject
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

DNS_PORT: Final = 53
NOERROR, NXDOMAIN = 0, 3
_HEADER_BYTES: Final = 12
_A, _IN = 1, 1


def dns_query(name: str) -> bytes:
    """A question for the IPv4 addresses of a name."""
    labels = b"".join(bytes([len(part)]) + part for part in name.encode("ascii").split(b"."))
    return pack("!6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + pack("!2H", _A, _IN)


def dns_name(message: bytes) -> str | None:
    """The first question's name, or None. Cannot fail."""
    if len(message) < _HEADER_BYTES or unpack_from("!H", message, 4)[0] < 1:
        return None
    at, labels = _HEADER_BYTES, []
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1 : at + 1 + message[at]])
        at += 1 + message[at]
    if at >= len(message) or message[at] != 0 or not labels:
        return None
    return b".".join(labels).decode("ascii", "replace").lower()


def dns_answer(query: bytes, addresses: tuple[str, ...]) -> bytes:
    """The answer to a `dns_query`: these IPv4 addresses, or that there is no such name."""
    code = NOERROR if addresses else NXDOMAIN
    head = query[:2] + pack("!5H", 0x8180 | code, 1, len(addresses), 0, 0)
    records = b"".join(
        pack("!3HIH", 0xC00C, _A, _IN, 60, 4) + ipaddress.IPv4Address(address).packed for address in addresses
    )
    return head + query[_HEADER_BYTES:] + records


def dns_addresses(answer: bytes) -> tuple[str, ...] | None:
    """The addresses of a `dns_answer`; none for NXDOMAIN, None for what is no answer."""
    if len(answer) < _HEADER_BYTES:
        return None
    _, flags, _, count, _, _ = unpack_from("!6H", answer)
    if flags & 0xF == NXDOMAIN:
        return ()
    tail = answer[len(answer) - 16 * count :] if count else b""
    return tuple(str(ipaddress.IPv4Address(tail[i + 12 : i + 16])) for i in range(0, 16 * count, 16))


def server_name(data: bytes) -> str | None:
    """The name in a ClientHello at the start of a TCP stream, or None. Cannot fail."""
    if len(data) < 44 or data[0] != 22 or data[5] != 1:
        return None
    try:
        at = 44 + data[43]
        at += 2 + int.from_bytes(data[at : at + 2])
        at += 1 + data[at]
        end = at + 2 + int.from_bytes(data[at : at + 2])
        at += 2
        while at + 4 <= min(end, len(data)):
            kind, size = unpack_from("!2H", data, at)
            if kind == 0:
                length = int.from_bytes(data[at + 7 : at + 9])
                return data[at + 9 : at + 9 + length].decode("ascii", "replace").lower()
            at += 4 + size
    except IndexError:
        return None
    return None


class _Names(Memory, frozen=True):
    names: tuple[str, ...]
    """Each with all that lies below it; `*` is every name."""

    def hits(self, name: str | None) -> bool:
        """Whether a name is one of those."""
        return name is not None and any(
            rule in {"*", name} or name.endswith("." + rule) for rule in self.names
        )


class DnsForge(_Names, frozen=True, tag_field="policy", tag="dns-forge"):
    """Questions for the names are answered by the box (technique N1): with its addresses, or NXDOMAIN."""

    addresses: tuple[str, ...] = ()
    """None: it says that there is no such name."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """The question never reaches the resolver."""
        asks = direction is Direction.UP and packet.proto == UDP and packet.dport == DNS_PORT
        if not asks or not self.hits(dns_name(packet.payload)):
            return PASS
        payload = dns_answer(packet.payload, self.addresses)
        forged = Packet(UDP, packet.dst, DNS_PORT, packet.src, packet.sport, payload, len(payload) + 28)
        return Inject(((Direction.DOWN, forged),))


class TlsName(_Names, frozen=True, tag_field="policy", tag="tls-name"):
    """A ClientHello that says one of the names is reset, or dropped (technique N2)."""

    drop: bool = False

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Looks at the segment that holds the hello, and at no other."""
        says = direction is Direction.UP and packet.proto == TCP and self.hits(server_name(packet.payload))
        if not says:
            return PASS
        return DROP if self.drop else Reject()


class AddressDrop(Memory, frozen=True, tag_field="policy", tag="address-drop"):
    """What goes to the networks is dropped, or refused, whatever it is (technique P3)."""

    networks: tuple[str, ...]
    proto: str = ""
    """`tcp` or `udp`; empty: both."""
    reject: bool = False

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Uplink only."""
        if direction is not Direction.UP or self.proto not in {"", packet.proto}:
            return PASS
        address = ipaddress.ip_address(packet.dst)
        if not any(address in ipaddress.ip_network(network) for network in self.networks):
            return PASS
        return Reject() if self.reject else DROP
