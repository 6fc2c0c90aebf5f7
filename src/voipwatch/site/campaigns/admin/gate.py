"""When a try to sign in is looked at: pure, in the memory of one process.

A try is put off by a little more each time and never by more than `LONGEST_S`: an account that strangers
could lock would be locked on the day that matters, and a network is shared by whoever has the same carrier.
There are places for `ROOM` tries. Where all are taken, a newcomer gets that of the network that holds most,
unless his own would then hold more than is left to that one; a try that is alone of its network keeps its
place. Tries whose delay is over are looked at by turns of networks. So a flood of few networks is in nobody's
way but its own; one of as many networks as there are places is in everybody's for as long as it lasts.
Names and networks are kept as keyed hashes that die with the process; a name that no account has is put off
as one that has.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from voipwatch.site.campaigns.limits import PREFIXES_MAX, networks_of

FIRST_S: Final = 0.25
LONGEST_S: Final = 4.0
"""Nobody who mistyped minds it. With the room of one network it leaves a flood of it 4 hashes a second."""
ROOM: Final = 64
"""Tries under way at once in a process, of all: at `LONGEST_S` 16 hashes a second, 50 ms each."""
HASHED_AT_ONCE: Final = 1
"""Tries that are looked at, in each process: 16 MiB and 50 ms of a core each."""


class Kind(NamedTuple):
    """What tries are counted by."""

    free: int
    """So many in a row are not put off."""
    a_minute: int
    """So many are forgotten again in a minute."""
    at_once: int
    """So many may be under way."""


BY_NAME: Final = Kind(5, 6, ROOM)
"""Its places are all there are: else who floods a name would keep its owner out."""
BY_NETWORK: Final = Kind(30, 30, 16)
"""A /24 or a /64."""
BY_SITE: Final = Kind(120, 120, 32)
"""A /48: what one customer may hold 65,536 networks of."""


@dataclass(eq=False, slots=True)
class Try:
    """One that has a place."""

    wait_s: float
    """Before it is `ready`: 0 to `LONGEST_S`."""
    networks: tuple[bytes, ...]
    """Whose place it takes, the widest last: that one is its holder."""
    looked_at: bool = False
    """Its turn has come: nobody displaces it any more."""

    @property
    def holder(self) -> bytes:
        """Among whom places and turns are shared: a /24 or a /48."""
        return self.networks[-1]


class Entered(NamedTuple):
    """A try that began, and whom it cost his place."""

    own: Try
    displaced: Try | None


class SignInGate:
    """One process's. One event loop."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tries: dict[bytes, tuple[float, float]] = {}
        self._inside: dict[Try, None] = {}
        """In the order in which they came; `ROOM` at most, so that looking through them costs nothing."""
        self._ready: dict[bytes, list[Try]] = {}
        """By holder, whose turn is next first."""

    def enter(self, name: str, address: str, now_s: float) -> Entered | None:
        """A try begins; after its `wait_s` it is to be `ready`, and `leave` must follow in any case.

        None: there is no room for it now; it has not begun.

        Args:
            name: as it was typed, an account's or not.
            address: of the network, as `limits.network_of` takes it.
            now_s: Unix seconds; one that was set back forgives nothing and punishes nobody.
        """
        counted = self._counted(name, address)
        networks = tuple(key for key, _ in counted[1:])
        for key, kind in counted[1:]:
            if sum(key in each.networks for each in self._inside) >= kind.at_once:
                return None
        displaced = None
        if len(self._inside) >= ROOM:
            displaced = self._one_too_many(networks[-1])
            if displaced is None:
                return None
            self.leave(displaced)
        if len(self._tries) + len(counted) > PREFIXES_MAX:
            self._tries.clear()
        own = Try(max(self._put_off(key, kind, now_s) for key, kind in counted), networks)
        self._inside[own] = None
        return Entered(own, displaced)

    def ready(self, one: Try) -> None:
        """It has waited as long as it was put off; from now on it may be `called`."""
        if one in self._inside:
            self._ready.setdefault(one.holder, []).append(one)

    def called(self) -> Try | None:
        """Whose turn it is to be looked at; None: nobody's, or as many as may be are looked at already."""
        if not self._ready or sum(each.looked_at for each in self._inside) >= HASHED_AT_ONCE:
            return None
        holder = next(iter(self._ready))
        one, *others = self._ready.pop(holder)
        if others:
            self._ready[holder] = others
        one.looked_at = True
        return one

    def leave(self, one: Try) -> None:
        """The try is over, whatever it came to; one that has left already stays away."""
        self._inside.pop(one, None)
        waiting = self._ready.get(one.holder, [])
        if one in waiting:
            waiting.remove(one)
            if not waiting:
                del self._ready[one.holder]

    def _one_too_many(self, holder: bytes) -> Try | None:
        """The newest that waits, of who holds most; None: that would leave him fewer than `holder` then has.

        So two floods do not drive one another out in turns, and who has one place keeps it.
        """
        held: dict[bytes, int] = {}
        newest: dict[bytes, Try] = {}
        for each in self._inside:
            held[each.holder] = held.get(each.holder, 0) + 1
            if not each.looked_at:
                newest[each.holder] = each
        most = max(newest, key=lambda key: held[key], default=holder)
        return newest[most] if held.get(holder, 0) + 1 < held.get(most, 0) else None

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
