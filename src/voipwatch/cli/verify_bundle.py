"""`voipwatch verify DIR`: a published bundle, checked as a stranger checks it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.values import shown, shown_path

SCHEMA: Final = "voipwatch.bundle-verification/1"
_STYLES: Final = {True: "green", False: "bold red", None: "yellow"}
_WORDS: Final = {True: "holds", False: "fails", None: "open"}


def bundle_at(path: Path) -> Path | None:
    """The bundle's folder where `path` is one, or its manifest; None for anything else."""
    try:
        if path.is_dir():
            return path
        return path.parent if path.name == "manifest.json" and path.is_file() else None
    except (OSError, ValueError):  # a name too long, a NUL in it: said by whoever reads it as a file
        return None


def verify_bundle(context: Context, folder: Path, *, key: str | None, json: bool) -> int:
    """Say of everything that can be checked whether it holds; 0 when nothing fails, else 1."""
    try:
        from voipwatch.pipeline.publishing.checking import BadBundleError, check_bundle  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError as error:
        raise Trouble("store.error.missing-engine", detail=error.name or "pyarrow") from None
    now_s = int(datetime.now(UTC).timestamp())
    try:
        found = check_bundle(folder, key=key, now_s=now_s)
    except BadBundleError as error:
        raise Misuse("bundle.missing", path=shown_path(folder)) from error
    except OSError as error:
        raise Misuse(
            "error.file_unreadable", path=shown_path(folder), reason=error.strerror or str(error)
        ) from error
    told = [
        (
            finding,
            context.texts(f"bundle.{finding.id}.{_WORDS[finding.holds]}", **_plain(context, finding.values)),
        )
        for finding in found
    ]
    refuted = any(finding.holds is False for finding in found)
    if json:
        document = {
            "schema": SCHEMA,
            "folder": str(folder),
            "verified": not refuted,
            "findings": [{"id": f.id, "holds": f.holds, **f.values, "text": text} for f, text in told],
        }
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
    else:
        for finding, text in told:
            line = Text(context.texts(f"verify.state.{_WORDS[finding.holds]}"), style=_STYLES[finding.holds])
            line.append(f" {text}", style="")
            context.out.print(line, soft_wrap=True)
        end = "refuted" if refuted else "verified"
        context.tell(f"bundle.{end}", style="bold red" if refuted else "bold green")
    return INTERFERENCE if refuted else CLEAR


def _plain(context: Context, values: dict[str, object]) -> dict[str, object]:
    """For the text; a bundle is a stranger's, so that whatever it says is shown with care."""
    plain = {
        name: shown(value, longest=200) if isinstance(value, str) else value for name, value in values.items()
    }
    if "why" in plain:
        plain["why"] = context.texts(f"bundle.why.{plain['why']}", number=plain.get("number"))
    if plain.get("instance") == "":
        plain["instance"] = context.texts("bundle.real")
    return plain
