"""Which roles one `voipwatch serve` has, and which partitions of the stream."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown
from voipwatch.collector.streaming.address import parse_stream

ROLES: Final = ("reflector", "collector", "loader", "detector", "site")
KEEPER: Final = "keeper"
"""Loader and detector in one, on a store of its own: what `serve` without `--role` has."""
_RANGE: Final = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """What is asked of one `serve`."""

    roles: tuple[str, ...]
    partitions: tuple[int, ...] = ()
    """Of the stream, of loader and detector; none: all."""

    def has(self, *roles: str) -> bool:
        """Whether one of these is asked for."""
        return any(role in self.roles for role in roles)


def asked_share(
    roles: Sequence[str] | None,
    partitions: str | None,
    *,
    store: str | None,
    stream: str,
    site: str | None,
    instance: str,
) -> Share:
    """What `--role` and `--partitions` ask for, with what they need beside them. Raises Misuse.

    Without `--role` everything: keeper, reflector, collector, and the site where there is one.
    """
    wanted = tuple(dict.fromkeys(roles or ()))
    for role in wanted:
        if role not in ROLES:
            raise Misuse("error.role", role=shown(role, longest=40), roles=", ".join(ROLES))
    working = [role for role in ("loader", "detector") if role in wanted]
    if partitions is not None and not working:
        raise Misuse("error.partitions_alone")
    if not wanted:
        return Share((KEEPER, "reflector", "collector", *(("site",) if site is not None else ())))
    for role in working:
        _require(role, {"--store": store, "--stream": stream})
    if "collector" in wanted:
        _require("collector", {"--stream": stream})
    if "site" in wanted:
        _require("site", {"--site": site})
    elif site is not None:
        raise Misuse("error.site_without_role")
    own = _partitions(partitions, parse_stream(stream).partitions) if partitions is not None else ()
    if own and instance:
        # Emulated reports lie by where they were sent from, and count where they say they are from.
        raise Misuse("error.partitions_instance")
    return Share(wanted, own)


def _require(role: str, options: Mapping[str, str | None]) -> None:
    missing = [option for option, value in options.items() if not value]
    if missing:
        raise Misuse("error.role_needs", role=role, option=", ".join(missing))


def _partitions(text: str, count: int) -> tuple[int, ...]:
    """`0-7,12`: numbers of the stream's partitions. Raises Misuse."""
    found: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        low, high = (int(match[1]), int(match[2] or match[1])) if match is not None else (1, 0)
        if not low <= high < count:
            raise Misuse("error.partitions", text=shown(text, longest=60), last=count - 1)
        found.update(range(low, high + 1))
    return tuple(sorted(found))
