"""How many forms one network may send: counted in memory, under a key that dies with the process.

A network is a /24 or /64 (what one household gets); its key is a keyed hash, so that not even a dump of
memory has addresses, and whatever a table holds is gone with the process.
"""

import hashlib
from ipaddress import ip_address, ip_network
from typing import Final

WIDE_SHARE: Final = 4
"""So many households' forms may come from one /48 of IPv6 a minute."""
MAILS_AT_ONCE: Final = 1.5
"""Mails that one network (/24, /48) may ask for at once, by its forms a minute: 30 where those are 20. Three
networks have 90, three minutes of the mails to one domain (`per_domain_a_minute`), of which half leaves while
they ask.
"""
MAILS_AN_HOUR: Final = 3
"""And after that, by the same: 60. Three networks then take a tenth of a domain's 1,800 an hour. A university
behind one address has 30 signers at once and 60 an hour.
"""
PREFIXES_MAX: Final = 65_536
"""More at once: the table is begun anew, which forgives everybody once."""


class PostLimits:
    """Token buckets by network. One event loop."""

    def __init__(self, most: float, key: bytes, *, over_s: float = 60.0, ipv6_bits: int = 64) -> None:
        """`most` at once, and as many again, evenly, in `over_s`; `ipv6_bits`: of a network."""
        self._rate = most / over_s
        self._most = float(most)
        self._key = key
        self._ipv6_bits = ipv6_bits
        self._left: dict[bytes, tuple[float, float]] = {}

    def allows(self, address: str, now_s: float) -> bool:
        """Whether one more is taken; it then has been counted. What is no address is one network of its
        own.
        """
        key = hashlib.blake2b(
            network_of(address, self._ipv6_bits).encode(), key=self._key, digest_size=16
        ).digest()
        if key not in self._left and len(self._left) >= PREFIXES_MAX:
            self._left.clear()
        left, since_s = self._left.get(key, (self._most, now_s))
        left = min(self._most, left + max(0.0, now_s - since_s) * self._rate)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now_s)
        return allowed


class FormLimits:
    """Of petitions' forms: so many a minute of one network, more of the /48 around it, and few that cause a
    mail. One event loop.
    """

    def __init__(self, a_minute: int, key: bytes) -> None:
        """`a_minute`: of one /24 or /64."""
        self._near = PostLimits(a_minute, key)
        self._wide = PostLimits(a_minute * WIDE_SHARE, key, ipv6_bits=48)
        refill_s = MAILS_AT_ONCE * 3_600 / MAILS_AN_HOUR
        self._mails = PostLimits(a_minute * MAILS_AT_ONCE, key, over_s=refill_s, ipv6_bits=48)

    def allows(self, address: str, now_s: float) -> bool:
        """Whether one more form is taken; it then has been counted."""
        return self._near.allows(address, now_s) and self._wide.allows(address, now_s)

    def allows_mail(self, address: str, now_s: float) -> bool:
        """Whether that form may cause a mail; it then has been counted."""
        return self._mails.allows(address, now_s)


def network_of(address: str, ipv6_bits: int = 64) -> str:
    """`192.0.2.0/24`, `2001:db8::/64`; empty for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return str(ip_network((found, 24 if found.version == 4 else ipv6_bits), strict=False))


def networks_of(address: str) -> tuple[str, ...]:
    """The same, and of IPv6 the /48 around it: what one customer may hold (RFC 6177, BCP 157)."""
    return tuple(dict.fromkeys((network_of(address), network_of(address, 48))))
