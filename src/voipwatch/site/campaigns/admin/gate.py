"""How long a try to sign in waits before it is looked at: pure, in the memory of one process.

A try is never refused because of others of its name or network, only put off, by a little more each time and
never by more than `LONGEST_S`: an account that strangers could lock would be locked on the day that matters,
and a network is shared by whoever has the same carrier. What is refused is what finds no room (`ROOM`).
Names and networks are kept as keyed hashes that die with the process; a name that no account has is put off
as one that has.
"""

import hashlib
import math
from typing import Final, NamedTuple

from voipwatch.site.campaigns.limits import PREFIXES_MAX, networks_of

FIRST_S: Final = 0.25
LONGEST_S: Final = 4.0
"""Nobody who mistyped minds it. With the room of one network it leaves a flood of it 4 hashes a second."""
ROOM: Final = 64
"""Tries under way at once in a process, of all: at `LONGEST_S` 16 hashes a second, 50 ms each."""


class Kind(NamedTuple):
    """What tries are counted by."""

    free: int
    """So many in a row are not put off."""
    a_minute: int
    """So many are forgotten again in a minute."""
    at_once: int
    """So many may be under way."""


BY_NAME: Final = Kind(5, 6, ROOM)
BY_NETWORK: Final = Kind(30, 30, 16)
"""A /24 or a /64."""
BY_SITE: Final = Kind(120, 120, 32)
"""A /48: what one customer may hold 65,536 networks of."""


class SignInGate:
    """One process's. One event loop."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tries: dict[bytes, tuple[float, float]] = {}
        self._under_way: dict[bytes, int] = {}
        self._all = 0

    def enter(self, name: str, address: str, now_s: float) -> float | None:
        """A try begins: seconds to wait before it is looked at, 0 to `LONGEST_S`; `leave` must follow.

        None: there is no room for it now; it has not begun.

        Args:
            name: as it was typed, an account's or not.
            address: of the network, as `limits.network_of` takes it.
            now_s: Unix seconds; one that was set back forgives nothing and punishes nobody.
        """
        counted = self._counted(name, address)
        if self._all >= ROOM or any(self._under_way.get(key, 0) >= kind.at_once for key, kind in counted):
            return None
        if len(self._tries) + len(counted) > PREFIXES_MAX:
            self._tries.clear()
        self._all += 1
        for key, _ in counted:
            self._under_way[key] = self._under_way.get(key, 0) + 1
        return max(self._put_off(key, kind, now_s) for key, kind in counted)

    def leave(self, name: str, address: str) -> None:
        """The try is over, whatever it came to."""
        self._all -= 1
        for key, _ in self._counted(name, address):
            left = self._under_way[key] - 1
            if left:
                self._under_way[key] = left
            else:
                del self._under_way[key]

    def _put_off(self, key: bytes, kind: Kind, now_s: float) -> float:
        many, since_s = self._tries.get(key, (0.0, now_s))
        many = max(0.0, many - max(0.0, now_s - since_s) * kind.a_minute / 60) + 1
        self._tries[key] = (many, now_s)
        over = math.ceil(many - kind.free)
        return 0.0 if over <= 0 else float(min(LONGEST_S, FIRST_S * 2 ** min(over - 1, 16)))

    def _counted(self, name: str, address: str) -> list[tuple[bytes, Kind]]:
        networks = networks_of(address)
        found = [(self._hash(f"name {name[:256]}"), BY_NAME)]
        return found + [
            (self._hash(f"network {network}"), kind)
            for network, kind in zip(networks, (BY_NETWORK, BY_SITE), strict=False)
        ]

    def _hash(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
