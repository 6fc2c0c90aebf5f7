"""Who sent a request that came through proxies: X-Forwarded-For, believed from declared proxies alone.

One rule for all that takes requests here (the collector, the line test's inbox): an address that a sender may
choose himself would be no bound of anything. The header has no standard; its order is that of RFC 7239,
section 4: each proxy appends whom it heard it from.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
HEADER = b"x-forwarded-for"


def is_proxy(text: str, proxies: Iterable[Network]) -> bool:
    """Whether an address is that of a declared proxy. What is no address is none; an IPv4-mapped one is its
    IPv4.
    """
    try:
        host = plain_address(text)
    except ValueError:
        return False
    return any(host.version == network.version and host in network for network in proxies)


def sender_address(host: str, headers: Iterable[tuple[bytes, bytes]], proxies: tuple[Network, ...]) -> str:
    """The sender's address: `host`, or where that is a declared proxy, the last that no proxy of ours has.

    What stands further in front was written by the sender himself, and is not believed. It is told as it
    stands there: it may be no address at all.

    Args:
        host: that the connection came from.
        headers: of the request, names in lower case.
        proxies: whose header is believed.
    """
    if not proxies or not is_proxy(host, proxies):
        return host
    return next((each for each in reversed(_forwarded(headers)) if not is_proxy(each, proxies)), host)


def plain_address(text: str) -> IPv4Address | IPv6Address:
    """An address; an IPv4-mapped one (RFC 4291, section 2.5.5.2) is its IPv4. Raises ValueError."""
    host = ip_address(text)
    return (host.ipv4_mapped or host) if isinstance(host, IPv6Address) else host


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """Every address of every such header, in order; the last was added by the nearest proxy."""
    lines = [value.decode("latin-1") for name, value in headers if name == HEADER]
    return [part.strip().removeprefix("[").removesuffix("]") for line in lines for part in line.split(",")]
