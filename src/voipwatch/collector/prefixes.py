"""Source prefixes: hashed under a key that lives a day, and what kind of network is behind one.

A /24 (IPv4) or /48 (IPv6) is hashed with keyed BLAKE2b. The key is drawn for a UTC day, kept in one file
so that a restart in that day goes on with it, and overwritten by the next day's: then nobody, we neither,
can tell which prefix a hash was, or that two days' hashes are of one.

A carrier's NAT holds a whole operator behind few prefixes. Such a prefix is declared by whoever runs the
collector, or learnt within the day: many pseudonyms, source ports spread over the whole range as a NAT hands
them out (RFC 7422, 2: blocks from 1024 up; a single host stays in its ephemeral range, RFC 6335, 6), and a
share of its network's pseudonyms that no household line has. What is learnt is forgotten with the day's key.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.collector.keys import write_private
from voipwatch.model.submission import PrefixKind

KEY_FILE: Final = "prefix-key.json"
IPV4_BITS: Final = 24
IPV6_BITS: Final = 48
HASH_BYTES: Final = 8
LEARN_PSEUDONYMS: Final = 24
"""Far above the enrolments that one prefix is given in a day (`limits.ENROLMENTS_A_DAY`): a liar needs
days.
"""
LEARN_PORT_RANGES: Final = 11
"""Of the 16 ranges of 4,096 ports; a Linux host's ephemeral ports (32768 to 60999) lie in 7 of them."""
LEARN_SHARE: Final = 0.05
"""Of the pseudonyms seen from the same network that day."""
LEARN_PEERS: Final = 100
"""Pseudonyms of the network below which a share says nothing."""
PREFIXES_MAX: Final = 50_000

Network = IPv4Network | IPv6Network


class DayKey(msgspec.Struct, frozen=True):
    """One UTC day's key."""

    day: str
    key: bytes


def day_of(now_s: float) -> str:
    """YYYY-MM-DD, UTC."""
    return datetime.fromtimestamp(now_s, tz=UTC).date().isoformat()


def prefix_of(address: str) -> bytes:
    """The prefix's bytes, its version in front. An IPv4-mapped address is its IPv4. Raises ValueError."""
    host = ip_address(address)
    mapped = getattr(host, "ipv4_mapped", None)
    host = mapped if mapped is not None else host
    bits = IPV4_BITS if host.version == 4 else IPV6_BITS
    return bytes([host.version]) + host.packed[: bits // 8]


def hash_prefix(address: str, key: bytes) -> str:
    """16 hex digits. Raises ValueError for what is no address."""
    return blake2b(prefix_of(address), key=key, digest_size=HASH_BYTES).hexdigest()


def forget_kept_key(folder: Path) -> None:
    """A collector that shares its key from now on leaves none of its own behind. Raises OSError."""
    (folder / KEY_FILE).unlink(missing_ok=True)


class PrefixHasher:
    """Hashes prefixes under the day's key. `folder` None: the key is in memory only."""

    def __init__(self, folder: Path | None, random: Callable[[int], bytes]) -> None:
        self._path = None if folder is None else folder / KEY_FILE
        self._random = random
        self._current = self._kept()

    def hash(self, address: str, now_s: float) -> tuple[str, str]:
        """16 hex digits, and the day of the key. Raises ValueError for what is no address."""
        prefix_of(address)  # refused before a key is drawn for it
        day = day_of(now_s)
        if self._current is None or self._current.day != day:
            self._renew(day)
        assert self._current is not None
        return hash_prefix(address, self._current.key), day

    async def prepare(self, now_s: float) -> None:
        """Have a key: always done. One that collectors share has to be asked for (`daykey`)."""

    async def refresh(self, now_s: float) -> None:
        """The same."""

    def forget(self, now_s: float) -> None:
        """Replace a key whose day is over, though nobody came since."""
        if self._current is not None and self._current.day != day_of(now_s):
            self._renew(day_of(now_s))

    def _renew(self, day: str) -> None:
        self._current = DayKey(day, self._random(32))
        if self._path is None:
            return
        try:
            write_private(self._path, msgspec.json.encode(self._current))
        except OSError:
            # Not kept: a restart in this day then has another key. The old one must be gone all the same.
            self._path.unlink(missing_ok=True)

    def _kept(self) -> DayKey | None:
        if self._path is None:
            return None
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=DayKey)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return kept if len(kept.key) == 32 else None


@dataclass(slots=True)
class _Seen:
    asn: int | None
    pseudonyms: set[bytes] = field(default_factory=set)
    port_ranges: int = 0
    """Bit i: a source port from 4096 i on."""


class PrefixKinds:
    """What kind a prefix is: declared, else learnt within the day, else unknown."""

    def __init__(self, declared: dict[Network, PrefixKind] | None = None) -> None:
        self._declared = sorted((declared or {}).items(), key=lambda item: -item[0].prefixlen)
        self._day = ""
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._peers: dict[int, set[bytes]] = {}

    def kind(self, address: str, prefix: str, day: str) -> PrefixKind:
        """Of the prefix that this address is in."""
        host = ip_address(address)
        for network, kind in self._declared:
            if host.version == network.version and host in network:
                return kind
        seen = self._seen.get(prefix) if day == self._day else None
        return PrefixKind.CARRIER if seen is not None and self._is_carrier(seen) else PrefixKind.UNKNOWN

    def observe(self, prefix: str, day: str, *, asn: int | None, pseudonym: str, port: int | None) -> None:
        """An accepted report of an enrolled probe. `port`: its source port, None where a proxy hid it."""
        if day != self._day:
            self._day, self._seen, self._peers = day, OrderedDict(), {}
        seen = self._seen.setdefault(prefix, _Seen(asn))
        self._seen.move_to_end(prefix)
        if len(self._seen) > PREFIXES_MAX:
            self._seen.popitem(last=False)
        name = bytes.fromhex(pseudonym)[:8]
        if len(seen.pseudonyms) < 16 * LEARN_PSEUDONYMS:
            seen.pseudonyms.add(name)
        if port is not None:
            seen.port_ranges |= 1 << (port >> 12)
        if asn is not None:
            peers = self._peers.setdefault(asn, set())
            if len(peers) < PREFIXES_MAX:
                peers.add(name)

    def _is_carrier(self, seen: _Seen) -> bool:
        peers = len(self._peers.get(seen.asn, ())) if seen.asn is not None else 0
        return (
            len(seen.pseudonyms) >= LEARN_PSEUDONYMS
            and seen.port_ranges.bit_count() >= LEARN_PORT_RANGES
            and peers >= LEARN_PEERS
            and len(seen.pseudonyms) >= LEARN_SHARE * peers
        )


def read_declared(text: str) -> dict[Network, PrefixKind]:
    """Declared prefixes: one `PREFIX fixed|carrier` a line, # begins a comment. Raises ValueError with the
    line.
    """
    declared: dict[Network, PrefixKind] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            prefix, kind = words
            declared[ip_network(prefix)] = PrefixKind(kind)
        except ValueError as error:
            raise ValueError(f"line {number}: PREFIX and fixed or carrier are needed ({error})") from error
    return declared
