"""`voipwatch probe systemd`: the unit and the timer that run the schedule, filled in for this machine."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.probe_place import probe_folder, unusable
from voipwatch.cli.program import program
from voipwatch.cli.values import shown_path

UNITS: Final = ("voipwatch-probe.service", "voipwatch-probe.timer")


def systemd(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    out: Annotated[str | None, Parameter(metavar="DIR")] = None,
) -> int:
    """Print both, or write them into a folder."""
    rendered = units(program(), probe_folder(context))
    if out is None:
        for name, text in rendered.items():
            context.out.print(Text(f"# --- {name} ---\n{text}"), soft_wrap=True)
        return CLEAR
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in rendered.items():
            (folder / name).write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            raise unusable(folder, error) from error
        raise Misuse("error.out_name", path=shown_path(out)) from error
    context.say("probe.units.written", path=shown_path(folder))
    context.say("probe.units.next")
    return CLEAR


def units(executable: str, data: Path) -> dict[str, str]:
    """File name -> text, for the program at `executable` and a probe's folder."""
    texts = {}
    for name in UNITS:
        text = files("voipwatch.probe").joinpath("units").joinpath(name).read_text(encoding="utf-8")
        texts[name] = text.replace("@VOIPWATCH@", _quoted(executable)).replace("@DATA@", _escaped(str(data)))
    return texts


def _escaped(path: str) -> str:
    r"""A path in a unit: systemd.unit(5), % begins a specifier; systemd.syntax(7), \\x20 is a space."""
    return path.replace("\\", "\\x5c").replace("%", "%%").replace(" ", "\\x20")


def _quoted(path: str) -> str:
    """The same, as the program of ExecStart (systemd.service(5)): a $ begins a variable there."""
    return _escaped(path).replace("$", "$$")
