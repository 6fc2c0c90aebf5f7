"""Which addresses may be asked when a stranger has named them: those that everybody can reach.

Refused is what IANA's registries of special-purpose addresses (RFC 6890 and its updates) and of IPv6 address
space hold for private, local, shared, documentation, benchmarking, translation and multicast use: behind any
of them may stand what only this machine's network can see. Python's `is_global` answers otherwise from
release to release, so the list is ours.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

REFUSED_IPV4: Final = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # shared by carriers' NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "168.63.129.16/32",  # Azure's services to its own machines; in no registry
        "169.254.0.0/16",  # link-local, RFC 3927; clouds tell machines their secrets there
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarking, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112; broadcast, RFC 919
    )
)
GLOBAL_IPV6: Final = IPv6Network("2000::/3")
"""Global unicast, RFC 4291, section 2.4, as far as IANA gives it out. Outside of it lie loopback, mapped and
translated IPv4 (::/8, 64:ff9b::/96), unique local (fc00::/7), link-local (fe80::/10), multicast (ff00::/8).
"""
REFUSED_IPV6: Final = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: an IPv4 address of anybody's choice is inside
        "3fff::/20",  # documentation, RFC 9637
    )
)
ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""First half of an interface identifier that holds an IPv4 address (RFC 5214, section 6.1), under whatever
prefix. Refused also where that address is public: no site needs one, and routers decide what is behind.
"""


def is_public(address: str) -> bool:
    """Whether an address may be asked; False for what is none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in each for each in REFUSED_IPV4)
    if found.scope_id is not None or (int(found) >> 32) & 0xFFFF_FFFF in ISATAP:
        return False
    return found in GLOBAL_IPV6 and not any(found in each for each in REFUSED_IPV6)
