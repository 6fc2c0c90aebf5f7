"""`voipwatch serve … --unit`: the systemd unit that runs the same command, with every option given."""

import os
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from voipwatch.cli.program import program
from voipwatch.cli.serve_share import ROLES
from voipwatch.cli.values import parse_address

UNIT: Final = "voipwatch-serve.service"
PATHS: Final = frozenset({"data", "prefixes", "certificate", "certificate_key", "site", "campaigns"})
"""Options that name a file or a folder: a service starts in /, so that they are made absolute."""
WRITTEN: Final = ("data", "campaigns")
"""Folders that the service writes into; it may read all others."""
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 -- printed
_PLAIN: Final = re.compile(r"[A-Za-z0-9_@+=:,./\[\]-]", re.ASCII)


def unit_text(given: Mapping[str, object]) -> str:
    """The unit for this machine.

    `given`: parameter of `serve` -> what was typed for it; None, False and () are options that were not
    given. Without `bind` it listens everywhere: a service is there for others.

    Raises Misuse for an address to listen on that is none.
    """
    binds = given.get("bind") or [EVERYWHERE]
    assert isinstance(binds, list)
    wanted = {"data": given["data"], "bind": [parse_address(address) for address in binds]}
    wanted |= {name: value for name, value in given.items() if name not in wanted}
    words = [word for name, value in wanted.items() for word in _option(name, value)]
    folders = [_absolute(given[name]) for name in WRITTEN if given.get(name) is not None]
    text = files("voipwatch.cli").joinpath("units").joinpath(UNIT).read_text(encoding="utf-8")
    filled = {
        "ROLES": _roles(given.get("role")),
        "VOIPWATCH": escaped(os.path.normpath(program())),
        "OPTIONS": " ".join(map(escaped, words)),
        "FOLDERS": " ".join(map(_quoted, folders)),
    }
    return re.sub("@([A-Z]+)@", lambda found: filled[found[1]], text)


def _roles(asked: object) -> str:
    """Words of the unit's description; what is no role is refused when it is started."""
    known = [role for role in asked if role in ROLES] if isinstance(asked, list) else []
    return ", ".join(known) or "reflector, collector and store"


def _option(name: str, value: object) -> list[str]:
    """The words of one option as they are typed; none where it was not given."""
    option = "--" + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    if isinstance(value, (list, tuple)):
        return [word for each in value for word in _option(name, each)]
    return [option, _absolute(value) if name in PATHS else str(value)]


def _absolute(path: object) -> str:
    return os.path.normpath(Path(str(path)).absolute())


def escaped(word: str) -> str:
    r"""A word of ExecStart: systemd.syntax(7) takes \xHH, systemd.service(5) % and $ doubled."""
    return "".join(map(_one, word)) or '""'


def _one(character: str) -> str:
    if _PLAIN.match(character):
        return character
    if character in "%$":
        return 2 * character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def _quoted(path: str) -> str:
    r"""A path of ReadWritePaths: in quotes, because not every version of systemd reads \xHH there."""
    inner = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{inner}"' if re.search(r"[\s\"'\\]", path) else inner
