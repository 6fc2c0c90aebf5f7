"""Budgets by source prefix and hour: /24 for IPv4, /56 for IPv6."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from voipwatch.reflector.core.limits import (
    PREFIX_BYTES_MAX,
    PREFIX_S,
    PREFIX_TICKETS_MAX,
    PREFIXES_MAX,
)

SITE_BITS: Final = 48
"""IPv6: what a site is given (RFC 6177); a /56 would leave its holder 256 shares of the tickets."""


def prefix_of(ip: str, *, v6_bits: int = 56) -> str:
    """The prefix that shares a budget. Cannot fail: what is no address is its own prefix."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip[:64]
    length = 24 if address.version == 4 else v6_bits
    return str(ipaddress.ip_network((int(address), length), strict=False))


@dataclass(slots=True)
class Budget:
    """What one prefix used since `since`."""

    since: float
    tickets: int = 0
    bytes_used: int = 0

    def affords_bytes(self, size_bytes: int) -> bool:
        """True when the prefix may still cause this much traffic in its hour."""
        return self.bytes_used + size_bytes <= PREFIX_BYTES_MAX


class Prefixes:
    """The budgets in use; at most `PREFIXES_MAX`, the longest unused is forgotten first."""

    def __init__(self) -> None:
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def __len__(self) -> int:
        return len(self._budgets)

    def parts(self) -> dict[str, object]:
        """What compiled code works on (`fast`)."""
        return {"budgets": self._budgets}

    def of_prefix(self, key: str, now: float) -> Budget:
        """The budget of a prefix that `prefix_of` named."""
        budget = self._budgets.get(key)
        if budget is None or now - budget.since >= PREFIX_S:
            budget = self._budgets[key] = Budget(now)
        self._budgets.move_to_end(key)
        while len(self._budgets) > PREFIXES_MAX:
            self._budgets.popitem(last=False)
        return budget

    def of(self, ip: str, now: float) -> Budget:
        """The budget that pays for traffic with `ip`."""
        return self.of_prefix(prefix_of(ip), now)

    def grant_tickets(self, ip: str, count: int, now: float) -> int:
        """Takes up to `count` tickets from the prefix's hour; returns how many it may have."""
        budget = self.of(ip, now)
        granted = max(0, min(count, PREFIX_TICKETS_MAX - budget.tickets))
        budget.tickets += granted
        return granted

    def retry_after_s(self, ip: str, now: float) -> int:
        """Seconds until the prefix may ask for tickets again, 1 to 3600."""
        return max(1, round(self.of(ip, now).since + PREFIX_S - now))

    def forget(self, now: float) -> None:
        """Drop budgets whose hour is over."""
        for key in [key for key, budget in self._budgets.items() if now - budget.since >= PREFIX_S]:
            del self._budgets[key]
