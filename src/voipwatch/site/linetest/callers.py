"""Who visits, for bounds: the network a visitor's address is of, and a name for it that says nothing.

An address costs nothing where a whole prefix is somebody's, so what is bounded is bounded by prefix: the /24
of IPv4, as small as what is announced to the internet, and the /48 of IPv6, what a site is given (RFC 6177).
"""

from hashlib import blake2b
from ipaddress import IPv6Address
from typing import Final

from voipwatch.wire.forwarded import plain_address

NAME_BYTES: Final = 8


def caller_prefix(address: str) -> str:
    """Of an address; an IPv4-mapped one is its IPv4. What is no address is empty: all those are one."""
    try:
        found = plain_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        return found.exploded[:14]
    return found.exploded.rpartition(".")[0]


def caller_name(address: str, key: bytes) -> bytes:
    """Eight bytes that stand for the prefix as long as somebody has the key (of 16 bytes or more)."""
    return blake2b(caller_prefix(address).encode(), key=key[:64], digest_size=NAME_BYTES).digest()
