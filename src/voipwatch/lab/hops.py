"""A way of several routers, as pure data: which of them hold the box, which say that a datagram died of age.

`lab.simnet` plays it in virtual time; `lab.hopnet` builds it of namespaces.
"""

from typing import Final

import msgspec

ICMP_BURST: Final = 6
"""Linux: tokens that a router holds for one destination (net/ipv4/route.c, `XRLIM_BURST_FACTOR`)."""
ICMP_RATELIMIT_S: Final = 1.0
"""Linux' `net.ipv4.icmp_ratelimit`: one token."""


class HopChain(msgspec.Struct, frozen=True):
    """`count` routers between line and reflector, the box in the `box_at`-th (from 1)."""

    count: int
    box_at: int
    silent: tuple[int, ...] = ()
    """Routers that send no time-exceeded."""
    before_age: bool = False
    """The box looks at a datagram before the router counts its hops down (nftables: prerouting)."""

    def __post_init__(self) -> None:
        """Raises ValueError for a box that is on no router."""
        if not 1 <= self.box_at <= self.count:
            raise ValueError(f"box_at must be 1 to {self.count}, got {self.box_at}")

    @property
    def last_hop(self) -> int:
        """The last router that answers a datagram which the box drops, if it answers any: the truth."""
        return self.box_at - self.before_age

    def address(self, hop: int) -> str:
        """Of a router's end towards the line: the operator's own ones first, then public ones."""
        if hop == 1:
            return "192.0.2.1"
        return f"100.64.{hop}.2" if hop <= self.shared_until else f"198.51.100.{4 * hop - 2}"

    @property
    def shared_until(self) -> int:
        """The last router with an address that is the operator's own (RFC 6598)."""
        return max(1, self.count // 2)


class IcmpLimits:
    """What Linux routers send to one destination: a bucket of `ICMP_BURST` each, a token a second."""

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[float, float]] = {}

    def admits(self, hop: int, now: float) -> bool:
        """Whether this router sends one more now; it counts as sent."""
        tokens, at = self._buckets.get(hop, (float(ICMP_BURST), now))
        tokens = min(float(ICMP_BURST), tokens + (now - at) / ICMP_RATELIMIT_S)
        admitted = tokens >= 1.0
        self._buckets[hop] = (tokens - admitted, now)
        return admitted
