"""`voipwatch fleet`: the signed list of reflectors, made, shown and checked."""

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Stop
from voipwatch.cli.reportfile import read_file, require_writable, write_file
from voipwatch.cli.show import table
from voipwatch.cli.values import shown, shown_path
from voipwatch.wire.fleet import (
    FLEET_BYTES_MAX,
    Fleet,
    FleetError,
    FleetProblem,
    Known,
    ReflectorState,
    accept,
    decode_fleet,
    sign_fleet,
    unix_s,
)

SCHEMA: Final = "voipwatch.fleet-shown/1"
CHAIN_SCHEMA: Final = "voipwatch.fleet-verified/1"
KEY_BYTES_MAX: Final = 4096
NO_LIST: Final = frozenset({FleetProblem.UNREADABLE, FleetProblem.UNSIGNED, FleetProblem.FIELD})
"""A file of another kind; any other problem is that of a list that does not hold."""
_HEX_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def sign(
    draft: Annotated[str, Parameter(metavar="DRAFT")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    signing_key: Annotated[str, Parameter(metavar="KEYFILE")],
    out: Annotated[str, Parameter(metavar="FILE")],
) -> int:
    """Sign a draft with a key of 64 hex digits, and write the list."""
    target = Path(out)
    require_writable(target)
    private = _private_key(Path(signing_key))
    content = read_file(Path(draft), most_bytes=FLEET_BYTES_MAX)
    try:
        signed = sign_fleet(content, private)
    except FleetError as error:
        raise refusal(error, draft) from None
    write_file(target, signed)
    fleet = decode_fleet(signed)
    context.say("fleet.signed", path=shown_path(target), serial=fleet.serial, public=fleet.key)
    return CLEAR


def show(
    file: Annotated[str, Parameter(metavar="FILE")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    json: bool = False,
) -> int:
    """One row a reflector. The list must be whole and signed by the key that it names, whoever has that."""
    content = read_file(Path(file), most_bytes=FLEET_BYTES_MAX)
    try:
        fleet = decode_fleet(content)
    except FleetError as error:
        raise refusal(error, file) from None
    expired = wall_s() >= unix_s(fleet.expires)
    if json:
        document = {"schema": SCHEMA, "expired": expired, "calls": _calls(fleet), "fleet": fleet}
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return CLEAR
    texts = context.texts
    columns = [
        texts(f"fleet.column.{name}") for name in ("name", "place", "country", "network", "calls", "state")
    ]
    cells: list[list[Text | str]] = [
        [
            each.name,
            f"[{each.host}]:{each.port}" if ":" in each.host else f"{each.host}:{each.port}",
            each.country or "-",
            each.network or "-",
            str(each.calls),
            texts(f"fleet.state.{each.state}"),
        ]
        for each in fleet.reflectors
    ]
    context.out.print(table(texts, columns, cells))
    context.tell("fleet.sum", serial=fleet.serial, count=len(fleet.reflectors), calls=_calls(fleet))
    context.tell("fleet.holds", issued=fleet.issued, expires=fleet.expires)
    context.tell("fleet.key", public=fleet.key)
    for key in fleet.next_keys:
        context.tell("fleet.next_key", public=key)
    if expired:
        context.say("fleet.is_expired", style="bold yellow")
    return CLEAR


def verify(
    *file: Annotated[str, Parameter(metavar="FILE")],
    context: Annotated[Context, Parameter(parse=False)],
    key: Annotated[str, Parameter(metavar="HEX")],
    json: bool = False,
) -> int:
    """Believe list after list, the oldest first, as a probe that got each would. Of the last alone it is
    asked whether it holds today: the others were replaced.
    """
    if not file:
        raise Misuse("fleet.no_file")
    known = Known(frozenset({parse_key(key)}))
    last: Fleet | None = None
    for number, name in enumerate(file, start=1):
        content = read_file(Path(name), most_bytes=FLEET_BYTES_MAX)
        try:
            now_s = wall_s() if number == len(file) else unix_s(decode_fleet(content).issued)
            last, known = accept(content, known, now_s)
        except FleetError as error:
            refused = refusal(error, name)
            if error.problem in NO_LIST:
                raise refused from None
            raise Stop(INTERFERENCE, refused.key, **refused.values) from None
    assert last is not None
    if json:
        document = {
            "schema": CHAIN_SCHEMA,
            "lists": len(file),
            "serial": last.serial,
            "keys": sorted(known.keys),
        }
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return CLEAR
    context.tell("fleet.verified", count=len(file), serial=last.serial, expires=last.expires)
    return CLEAR


def refusal(error: FleetError, name: str) -> Misuse:
    """Why a list is not believed, in words."""
    return Misuse(
        f"fleet.error.{error.problem}", path=shown_path(name), detail=shown(error.detail, longest=120)
    )


def parse_key(text: str) -> str:
    """A public key, hex. Raises Misuse."""
    key = text.strip().lower()
    if not _HEX_KEY.fullmatch(key):
        raise Misuse("error.key", value=shown(text))
    return key


def _private_key(path: Path) -> bytes:
    digits = read_file(path, most_bytes=KEY_BYTES_MAX).decode("ascii", "replace").strip().lower()
    if not _HEX_KEY.fullmatch(digits):
        raise Misuse("fleet.signing_key", path=shown_path(path))  # nothing of what is in it is shown
    return bytes.fromhex(digits)


def _calls(fleet: Fleet) -> int:
    """Calls at once that new checks find."""
    return sum(each.calls for each in fleet.reflectors if each.state is ReflectorState.SERVING)
