"""How many forms one network may send: counted in memory, under a key that dies with the process.

A network is a /24 or /64 (what one household gets); its key is a keyed hash, so that not even a dump of
memory has addresses, and whatever a table holds is gone with the process.
"""

import hashlib
from ipaddress import ip_address, ip_network
from typing import Final

PREFIXES_MAX: Final = 65_536
"""More at once: the table is begun anew, which forgives everybody once."""


class PostLimits:
    """Token buckets by network. One event loop."""

    def __init__(self, a_minute: int, key: bytes) -> None:
        self._rate = a_minute / 60
        self._most = float(a_minute)
        self._key = key
        self._left: dict[bytes, tuple[float, float]] = {}

    def allows(self, address: str, now_s: float) -> bool:
        """Whether one more is taken; it then has been counted. What is no address is one network of its
        own.
        """
        key = hashlib.blake2b(network_of(address).encode(), key=self._key, digest_size=16).digest()
        if key not in self._left and len(self._left) >= PREFIXES_MAX:
            self._left.clear()
        left, since_s = self._left.get(key, (self._most, now_s))
        left = min(self._most, left + max(0.0, now_s - since_s) * self._rate)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now_s)
        return allowed


def network_of(address: str) -> str:
    """`192.0.2.0/24`, `2001:db8::/64`; empty for what is no address."""
    return networks_of(address)[0]


def networks_of(address: str) -> tuple[str, ...]:
    """The same, and of IPv6 the /48 around it: what one customer may hold (RFC 6177, BCP 157)."""
    try:
        found = ip_address(address)
    except ValueError:
        return ("",)
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    lengths = (24,) if found.version == 4 else (64, 48)
    return tuple(str(ip_network((found, length), strict=False)) for length in lengths)
