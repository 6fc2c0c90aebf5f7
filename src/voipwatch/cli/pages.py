"""Help pages, built from the commands' own signatures: for a terminal, and for docs/cli.md."""

from collections.abc import Iterator
from dataclasses import dataclass

from cyclopts import App
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from voipwatch.cli.commands import COMMANDS, GROUPS, build_app
from voipwatch.cli.language import Texts


@dataclass(frozen=True, slots=True)
class Option:
    """One row of a page."""

    label: str
    """`--budget SIZE`, `FILE`."""
    key: str
    """Of its text, after `help.COMMAND.`."""
    required: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What is said of one command, or of a group of them."""

    command: str
    """`check`, `lab run`, `lab`; empty for the whole program."""
    options: tuple[Option, ...]
    commands: tuple[str, ...]
    """Full names of the commands in this group."""

    @property
    def usage(self) -> str:
        """The line to type."""
        words = ["voipwatch", *self.command.split()]
        if self.commands:
            return " ".join([*words, "COMMAND"])
        words += [option.label if option.required else f"[{option.label}]" for option in self.options]
        return " ".join(words)

    def text(self, texts: Texts, part: str) -> str:
        """The page's own `summary`, `about` or `example`."""
        return texts(f"help.{self.command.replace(' ', '-') or 'voipwatch'}.{part}")

    def option_text(self, texts: Texts, option: Option) -> str:
        """What an option does; those that mean the same everywhere have one text."""
        own = f"help.{self.command.replace(' ', '-')}.option.{option.key}"
        return texts(own if texts.has(own) else f"help.common.{option.key}")


COMMON = (Option("--lang en|fr|ar", "lang", required=False), Option("--help", "help", required=False))
"""Of every page."""
REQUIRED = frozenset({("check", "--reflector"), ("tickets fetch", "--reflector"), ("reflector", "--bind")})
"""Options that a command refuses to run without, by its own message rather than the parser's."""


def page(command: str) -> Page:
    """The page of a command or group; of the whole program for the empty name."""
    if not command:
        top = tuple(name for name in COMMANDS if " " not in name)
        order = dict.fromkeys(name.split()[0] for name in COMMANDS)
        listed = tuple(name for name in order if name in top or name in GROUPS)
        return Page("", (*COMMON, Option("--version", "version", required=False)), listed)
    if command in GROUPS:
        return Page(command, COMMON, tuple(name for name in COMMANDS if name.startswith(f"{command} ")))
    return Page(command, tuple(_options(command)), ())


def all_pages() -> list[Page]:
    """Every page, in the order of the reference."""
    names = dict.fromkeys(part for name in COMMANDS for part in (name.rpartition(" ")[0], name))
    return [page(name) for name in dict.fromkeys(["", *names])]


def _options(command: str) -> Iterator[Option]:
    app: App = build_app()
    for word in command.split():
        app = app[word]
    for argument in app.assemble_argument_collection():
        if not argument.parse:
            continue
        metavar = argument.parameter.metavar
        names = [name for name in argument.names if name.startswith("--")]
        if not names:
            yield Option(metavar or argument.name, (metavar or argument.name).lower(), required=True)
            continue
        label = f"{names[0]} {metavar}" if metavar else names[0]
        required = argument.required or (command, names[0]) in REQUIRED
        yield Option(label, names[0].removeprefix("--"), required=required)
    yield from COMMON


def print_page(console: Console, texts: Texts, shown: Page) -> None:
    """A help page on a terminal."""
    justify: JustifyMethod = "right" if texts.right_to_left else "left"

    def paragraph(text: str, *, style: str = "") -> None:
        line = Text(text, style=style, justify=justify)
        console.print(line)

    paragraph(shown.text(texts, "summary"), style="bold")
    console.print()
    console.print(Text(shown.usage), soft_wrap=True)
    console.print()
    about = f"help.{shown.command.replace(' ', '-') or 'voipwatch'}.about"
    if texts.has(about):
        paragraph(texts(about))
        console.print()
    if shown.commands:
        paragraph(texts("help.commands"), style="bold")
        _rows(console, texts, [(name, page(name).text(texts, "summary")) for name in shown.commands])
    paragraph(texts("help.options"), style="bold")
    _rows(console, texts, [(option.label, shown.option_text(texts, option)) for option in shown.options])
    paragraph(texts("help.example"), style="bold")
    for line in texts.raw(f"help.{shown.command.replace(' ', '-') or 'voipwatch'}.example").splitlines():
        console.print(Text(f"  {line}"), soft_wrap=True)


def _rows(console: Console, texts: Texts, rows: list[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    names_first = not texts.right_to_left
    for is_name in (names_first, not names_first):
        grid.add_column(no_wrap=is_name, overflow="fold", justify="right" if texts.right_to_left else "left")
    for name, text in rows:
        grid.add_row(*((name, text) if names_first else (text, name)))
    console.print(Padding(grid, (0, 2)))
    console.print()


def reference(texts: Texts) -> str:
    """docs/cli.md: the whole command line, as Markdown."""
    lines = [texts.raw("reference.head"), ""]
    for shown in all_pages():
        lines += [
            f"## `{' '.join(['voipwatch', *shown.command.split()])}`",
            "",
            shown.text(texts, "summary"),
            "",
        ]
        about = f"help.{shown.command.replace(' ', '-') or 'voipwatch'}.about"
        if texts.has(about):
            lines += [texts(about), ""]
        lines += ["```", shown.usage, "```", ""]
        if shown.commands:
            lines += [f"- `voipwatch {name}`: {page(name).text(texts, 'summary')}" for name in shown.commands]
            lines.append("")
        lines += ["| option | meaning |", "|---|---|"]
        for option in shown.options:
            label = option.label.replace("|", "\\|")
            lines.append(f"| `{label}` | {shown.option_text(texts, option)} |")
        lines += ["", texts("help.example"), "", "```"]
        lines += texts.raw(f"help.{shown.command.replace(' ', '-') or 'voipwatch'}.example").splitlines()
        lines += ["```", ""]
    lines.append(texts.raw("reference.foot"))
    return "\n".join(lines).rstrip() + "\n"
