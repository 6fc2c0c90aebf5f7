"""`--fleet FILE|URL`: this probe's part of a fleet, and what it remembers of the lists that it believed.

Both lie in the data folder: a secret that chooses the part and goes nowhere, and per pinned key the newest
list with its keys, serial and digest, so that an older one is refused.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.cli.context import Context, data_folder, wall_s
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.fleet import parse_key, refusal
from voipwatch.cli.fleetlist import read_list
from voipwatch.cli.values import Endpoint, parse_endpoints, shown, shown_path
from voipwatch.probe.files import make_folder, write_whole
from voipwatch.probe.subset import subset_of
from voipwatch.wire.fleet import FleetError, Known, accept

SECRET: Final = "fleet-secret"  # noqa: S105 -- a file's name
SECRET_BYTES: Final = 32
STATE_BYTES_MAX: Final = 1 << 16


class _Kept(msgspec.Struct):
    """What is remembered under one pinned key."""

    keys: list[str]
    serial: int
    digest: str
    schema: str = "voipwatch.fleet-known/1"


def chosen_endpoints(
    context: Context,
    reflectors: Sequence[str],
    pins: Sequence[str],
    *,
    insecure: bool = False,
    fleet: str | None,
    fleet_key: str | None,
) -> tuple[Endpoint, ...]:
    """The reflectors that are named, or this probe's part of the fleet that is. Raises as `fleet_part`."""
    if fleet is None and fleet_key is None:
        return parse_endpoints(reflectors, pins, insecure=insecure)
    if reflectors or pins or insecure:
        raise Misuse("fleet.and_reflector")
    return fleet_part(context, fleet, fleet_key)


def fleet_part(context: Context, source: str | None, key: str | None) -> tuple[Endpoint, ...]:
    """The reflector to be asked first, then those that stand in for it, in order.

    Raises:
        Misuse: the list is not believed, names nobody who serves, or an option is missing.
        Trouble: no list came and none is kept, or what must be remembered cannot be.
    """
    if source is None or key is None:
        raise Misuse("fleet.both_options")
    root = parse_key(key)
    folder = data_folder(context.environment)
    path, kept = folder / f"fleet-{root[:16]}.json", folder / f"fleet-{root[:16]}.list.json"
    content = read_list(context, source, kept)
    try:
        make_folder(folder)
        fleet, known = accept(content, _known(path, root), wall_s())
        write_whole(path, msgspec.json.encode(_Kept(sorted(known.keys), known.serial, known.digest)))
        write_whole(kept, content)
        secret = _secret(folder / SECRET)
    except FleetError as error:
        raise refusal(error, source) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Trouble("fleet.unkept", path=shown_path(folder), reason=shown(reason, longest=120)) from error
    chosen = subset_of(fleet.reflectors, secret)
    if not chosen:
        raise Misuse("fleet.nobody_serves", path=shown_path(source))
    return tuple(Endpoint(each.host, each.port, each.pin or None) for each in chosen)


def _known(path: Path, root: str) -> Known:
    """What was remembered, or the pinned key alone. Raises OSError, and ValueError for a damaged file: to
    begin anew in silence would let an old list back in.
    """
    try:
        with path.open("rb") as file:
            kept = msgspec.json.decode(file.read(STATE_BYTES_MAX), type=_Kept)
    except FileNotFoundError:
        return Known(frozenset({root}))
    except msgspec.DecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
    return Known(frozenset(kept.keys), kept.serial, kept.digest)


def _secret(path: Path) -> bytes:
    try:
        kept = path.read_bytes()
    except FileNotFoundError:
        kept = secrets.token_bytes(SECRET_BYTES)
        write_whole(path, kept)
    if len(kept) != SECRET_BYTES:
        raise ValueError(f"{path.name}: {len(kept)} B, not {SECRET_BYTES}")
    return kept
