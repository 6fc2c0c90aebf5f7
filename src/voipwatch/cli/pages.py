"""Help pages, built from the commands' own signatures."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cyclopts import App
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from voipwatch.cli.commands import COMMANDS, GROUPS, build_app
from voipwatch.cli.language import Texts

USAGE_INDENT: Final = "    "
"""Of the second usage line and those after it."""


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
        """What to type, on one line."""
        return " ".join(self._pieces)

    def usage_lines(self, width: int) -> list[str]:
        """The same on lines of at most `width` columns where it can be; no option leaves its value."""
        lines: list[str] = []
        for piece in self._pieces:
            if lines and len(lines[-1]) + 1 + len(piece) <= width:
                lines[-1] += f" {piece}"
            else:
                lines.append(f"{USAGE_INDENT}{piece}" if lines else piece)
        return lines

    @property
    def _pieces(self) -> list[str]:
        words = " ".join(["voipwatch", *self.command.split()])
        if self.commands:
            return [words, "COMMAND"]
        labels = [option.label if option.required else f"[{option.label}]" for option in self.options]
        return [words, *labels]

    @property
    def _prefix(self) -> str:
        return f"help.{self.command.replace(' ', '-') or 'voipwatch'}"

    def summary(self, texts: Texts) -> str:
        """What it is for, in a sentence."""
        return texts(f"{self._prefix}.summary")

    def about(self, texts: Texts) -> str:
        """What more there is to say, or nothing."""
        key = f"{self._prefix}.about"
        return texts(key) if texts.has(key) else ""

    def example(self, texts: Texts) -> list[str]:
        """Lines to type; the same letters in every script."""
        return texts.raw(f"{self._prefix}.example").splitlines()

    def option_text(self, texts: Texts, option: Option) -> str:
        """What an option does; those that mean the same everywhere have one text."""
        own = f"{self._prefix}.option.{option.key}"
        return texts(own if texts.has(own) else f"help.common.{option.key}")


COMMON = (Option("--lang en|fr|ar", "lang", required=False), Option("--help", "help", required=False))
"""Of every page."""
REQUIRED = frozenset(
    {
        ("probe setup", "--collector"),
        ("tickets fetch", "--reflector"),
        ("reflector", "--bind"),
        ("serve", "--data"),
        ("collector", "--data"),
        ("reputation import", "--to"),
        ("reputation fetch", "--to"),
        ("reputation effect", "--page"),
        ("reputation effect", "--event"),
        ("collector", "--reflector-key"),
    }
)
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

    paragraph(shown.summary(texts), style="bold")
    console.print()
    for line in shown.usage_lines(console.width):
        console.print(Text(line), soft_wrap=True)
    console.print()
    if about := shown.about(texts):
        paragraph(about)
        console.print()
    if shown.commands:
        paragraph(texts("help.commands"), style="bold")
        _rows(console, texts, [(name, Page(name, (), ()).summary(texts)) for name in shown.commands])
    paragraph(texts("help.options"), style="bold")
    _rows(console, texts, [(option.label, shown.option_text(texts, option)) for option in shown.options])
    paragraph(texts("help.example"), style="bold")
    for line in shown.example(texts):
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
