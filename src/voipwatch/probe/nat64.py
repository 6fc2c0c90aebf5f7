"""IPv4 addresses as an IPv6-only line reaches them: RFC 6052 synthesis, RFC 7050 prefix discovery.

Pure functions over addresses; `path` does the asking.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final

PREFIX_LENGTHS: Final = (32, 40, 48, 56, 64, 96)
"""RFC 6052 section 2.2; there are no others."""
WELL_KNOWN: Final = (IPv4Address("192.0.0.170"), IPv4Address("192.0.0.171"))
"""What ipv4only.arpa resolves to (RFC 7050 section 8.2)."""
NAME: Final = "ipv4only.arpa"
_U_OCTET: Final = 8
"""Bits 64 to 71 are zero (RFC 6052 section 2.2), so the IPv4 address jumps over that octet."""


def _positions(length: int) -> list[int]:
    """Octets of the IPv6 address that hold the four of the IPv4 address."""
    start = length // 8
    if length == 96:
        return [12, 13, 14, 15]
    return [n for n in range(start, start + 5) if n != _U_OCTET][:4]


def synthesize(prefix: IPv6Network, address: IPv4Address) -> IPv6Address:
    """The IPv6 address that stands for `address` behind a NAT64 with this prefix.

    Raises ValueError for a prefix length that RFC 6052 does not have.
    """
    if prefix.prefixlen not in PREFIX_LENGTHS:
        raise ValueError(f"RFC 6052 has no prefixes of {prefix.prefixlen} bits")
    octets = bytearray(prefix.network_address.packed)
    for position, octet in zip(_positions(prefix.prefixlen), address.packed, strict=True):
        octets[position] = octet
    return IPv6Address(bytes(octets))


def embedded(length: int, address: IPv6Address) -> IPv4Address:
    """The IPv4 address in `address`, were its prefix `length` bits long."""
    return IPv4Address(bytes(address.packed[position] for position in _positions(length)))


def discover(answers: Iterable[IPv6Address]) -> list[IPv6Network]:
    """The NAT64 prefixes that AAAA records of ipv4only.arpa tell of, in order, each once.

    RFC 7050 section 3: a well-known address is looked for at every place that RFC 6052 allows; an
    answer in which it stands at more than one is ambiguous and skipped.
    """
    prefixes: list[IPv6Network] = []
    for answer in answers:
        lengths = [n for n in PREFIX_LENGTHS if embedded(n, answer) in WELL_KNOWN]
        if len(lengths) != 1:
            continue
        prefix = IPv6Network((answer, lengths[0]), strict=False)
        if prefix not in prefixes:
            prefixes.append(prefix)
    return prefixes
