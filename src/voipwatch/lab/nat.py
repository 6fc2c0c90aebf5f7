"""Address translation, at home or at the carrier: mappings, their capacity, their end (RFC 4787).

Pure: time comes in, ports are a keyed hash of the seed and a count.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec

Endpoint = tuple[str, int]
PORT_MIN: Final = 1_024
PORTS: Final = 65_536 - PORT_MIN


NAT64_PREFIX: Final = "64:ff9b::"
"""The well-known prefix, RFC 6052 section 2.1."""


class Mapping(StrEnum):
    """RFC 4787 section 4.1, with the words of `model.Line.nat`."""

    ENDPOINT_INDEPENDENT = "endpoint-independent"
    """One outer port for a local port, whoever it speaks to."""
    PER_DESTINATION = "per-destination"
    """Another outer port for each remote address and port ("symmetric")."""


class NatCondition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A translator as a world describes it."""

    mapping: Mapping = Mapping.ENDPOINT_INDEPENDENT
    external: str = "198.51.100.64"
    external6: str = "2001:db8:2::64"
    capacity: int = 65_536
    """Mappings for the line (carriers give 64 to some thousands); the one that was idle longest goes."""
    timeout_s: float = 120.0
    """RFC 4787 REQ-5: not under two minutes. Carriers do use 30 s."""
    nat64: bool = False
    """The line has IPv6 only; what goes to NAT64_PREFIX leaves as IPv4 from `external` (RFC 6146)."""
    rebind_at_s: tuple[float, ...] = ()
    """Times at which every mapping is forgotten, as when a router restarts or a telephone changes cell."""


@dataclass(slots=True)
class _Entry:
    inner: Endpoint
    key: tuple[str, Endpoint, Endpoint | None]
    used_at: float
    remotes: set[str]


class Nat:
    """One translator. Give it packets in order of time."""

    def __init__(self, condition: NatCondition, seed: bytes, *, external: str | None = None) -> None:
        self._condition = condition
        self._seed = seed[:64]
        self._external = condition.external if external is None else external
        self._outer: dict[tuple[str, Endpoint, Endpoint | None], int] = {}
        self._entries: OrderedDict[tuple[str, int], _Entry] = OrderedDict()
        self._made = 0
        self._rebinds = sorted(condition.rebind_at_s)

    def __len__(self) -> int:
        """Mappings alive, idle ones that nobody asked about included."""
        return len(self._entries)

    def up(self, proto: str, inner: Endpoint, remote: Endpoint, now: float) -> Endpoint:
        """The outer source of a packet from the line; makes a mapping if there is none."""
        self._forget(now)
        independent = self._condition.mapping is Mapping.ENDPOINT_INDEPENDENT
        key = (proto, inner, None if independent else remote)
        port = self._outer.get(key)
        if port is None:
            port = self._make(proto, key, now)
        entry = self._entries[proto, port]
        entry.used_at = now
        entry.remotes.add(remote[0])
        self._entries.move_to_end((proto, port))
        return (self._external, port)

    def down(self, proto: str, outer: Endpoint, remote: Endpoint, now: float) -> Endpoint | None:
        """The inner target of a packet to the outer address; None if it is let fall.

        Only addresses that the line has spoken to may answer (address-dependent filtering, RFC 4787
        section 5). Answers do not keep a mapping alive (REQ-6 asks no more).
        """
        self._forget(now)
        entry = self._entries.get((proto, outer[1]))
        if entry is None or outer[0] != self._external or remote[0] not in entry.remotes:
            return None
        return entry.inner

    def _make(self, proto: str, key: tuple[str, Endpoint, Endpoint | None], now: float) -> int:
        if len(self._entries) >= self._condition.capacity:
            self._drop(next(iter(self._entries)))
        while True:
            digest = blake2b(self._made.to_bytes(8, "big"), key=self._seed, digest_size=8).digest()
            self._made += 1
            port = PORT_MIN + int.from_bytes(digest) % PORTS
            if (proto, port) not in self._entries:
                break
        self._outer[key] = port
        self._entries[proto, port] = _Entry(key[1], key, now, set())
        return port

    def _forget(self, now: float) -> None:
        if self._rebinds and now >= self._rebinds[0]:
            self._rebinds = [at for at in self._rebinds if at > now]
            self._outer.clear()
            self._entries.clear()
        while self._entries:
            oldest = next(iter(self._entries))
            if now - self._entries[oldest].used_at <= self._condition.timeout_s:
                return
            self._drop(oldest)

    def _drop(self, place: tuple[str, int]) -> None:
        entry = self._entries.pop(place)
        del self._outer[entry.key]
