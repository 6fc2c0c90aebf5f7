"""`voipwatch apps list | show APP | check FILE`: the call profiles."""

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.apps import ProfileError, describe, load_profile_file, load_profiles
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, USAGE, Misuse
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.show import table
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.vocabulary import APP_IDS

PROFILE_BYTES_MAX: Final = 1 << 20
"""The longest profile of the catalogue has 10 kB."""


def list_apps(*, context: Annotated[Context, Parameter(parse=False)], json: bool = False) -> int:
    """One row an app that voipwatch knows: with a profile, or waiting for one."""
    profiles = load_profiles()
    texts = context.texts
    found = [(app, profiles.get(app)) for app in APP_IDS]
    if json:
        rows = [
            {
                "app": app,
                "name": profile.name if profile else None,
                "profile": profile is not None,
                "version": profile.version if profile else None,
                "digest": profile.digest if profile else None,
            }
            for app, profile in found
        ]
        document = {"schema": "voipwatch.apps/1", "digest": profiles.digest, "apps": rows}
        context.print_json(_json(document))
        return CLEAR
    columns = [texts(f"column.{name}") for name in ("app", "name", "profile")]
    cells: list[list[Text | str]] = [
        [app, profile.name, str(profile.version)]
        if profile
        else [app, "", Text(texts("apps.no_profile"), style="dim")]
        for app, profile in found
    ]
    context.out.print(table(texts, columns, cells))
    return CLEAR


def show_app(
    app: Annotated[str, Parameter(metavar="APP")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    json: bool = False,
) -> int:
    """Everything a profile says: legs, ports, exchange, media, and where each fact comes from."""
    wanted = app.strip().lower()
    if wanted not in APP_IDS:
        raise Misuse("error.app", value=shown(app) or '""', known=", ".join(APP_IDS))
    profile = load_profiles().get(wanted)
    if profile is None:
        known = ", ".join(context.apps_with_profile())
        raise Misuse("error.app_without_profile", value=wanted, known=known)
    document = describe(profile)
    if json:
        context.print_json(_json({"schema": "voipwatch.app/1", **document}))
        return CLEAR
    for line in _outline(document):
        context.out.print(Text(line), soft_wrap=True)
    return CLEAR


def check_file(
    file: Annotated[str, Parameter(metavar="FILE")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    json: bool = False,
) -> int:
    """Say of a profile file that it can be used, or what is wrong with it: file, line, field."""
    content = read_file(Path(file), most_bytes=PROFILE_BYTES_MAX)
    try:
        profile = load_profile_file(file, content)
    except ProfileError as error:
        if json:
            problems = [msgspec.to_builtins(problem) for problem in error.problems]
            document = {"schema": "voipwatch.app-check/1", "valid": False, "problems": problems}
            context.print_json(_json(document))
            return USAGE
        for problem in error.problems:
            field = f"{problem.field}: " if problem.field else ""  # none where it is no TOML at all
            place = f"{shown_path(problem.file)}:{problem.line}: {field}"
            context.out.print(Text(f"{place}{shown(problem.message, longest=300)}"), soft_wrap=True)
        context.say("apps.refused", path=shown_path(file), count=len(error.problems), style="red")
        return USAGE
    if json:
        document = {"schema": "voipwatch.app-check/1", "valid": True, "app": profile.id, "problems": []}
        context.print_json(_json(document))
    else:
        context.tell("apps.accepted", path=shown_path(file), app=profile.id, style="green")
    return CLEAR


def _json(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _outline(value: object, depth: int = 0) -> list[str]:
    """Nested plain values as an indented outline."""
    pad = "  " * depth
    if isinstance(value, dict):
        lines: list[str] = []
        for name, item in value.items():
            if isinstance(item, dict | list | tuple) and item and not _flat(item):
                lines += [f"{pad}{name}:", *_outline(item, depth + 1)]
            else:
                lines.append(f"{pad}{name}: {_inline(item)}")
        return lines
    if isinstance(value, list | tuple):
        lines = []
        for item in value:
            inner = _outline(item, depth + 1)
            lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]] if inner else []
        return lines
    return [f"{pad}{_inline(value)}"]


def _flat(value: object) -> bool:
    return isinstance(value, list | tuple) and not any(
        isinstance(item, dict | list | tuple) for item in value
    )


def _inline(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "-" if value is None or value == {} else str(value)
