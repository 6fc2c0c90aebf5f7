"""Everything a command touches outside itself, in one place, so that a test can hand in another world.

The heavy half (sockets, profiles, the judge) is imported when a command needs it: `voipwatch --help` on
a small machine should not wait for numerical libraries.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from rich.console import Console
from rich.text import Text

from voipwatch.cli.errors import Stop
from voipwatch.cli.language import Texts
from voipwatch.cli.values import Endpoint
from voipwatch.model.instants import iso
from voipwatch.model.measurement import Line, Measurement
from voipwatch.model.results import Check

if TYPE_CHECKING:
    from voipwatch.cli.via import Through
    from voipwatch.experiment.events import Progress


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One check as the user asked for it, understood."""

    reflectors: tuple[Endpoint, ...]
    apps: tuple[str, ...]
    """Only apps that have a profile."""
    line: Line
    budget_bytes: int
    video: bool
    long: bool
    tickets: Path
    """Folder of the kept tickets."""
    private: str | None = None
    """A private profile, TOML that was read already."""
    providers: bool = False
    """Ask the providers' own servers too."""
    through: "Through | None" = None
    """What to measure through; None: nothing."""
    locate: bool = False
    """Ask where on the way a block sits."""
    networks: str = ""
    """The user's table of networks, that was read already."""
    blocks: int = 0
    """Matched blocks, where more than planned."""
    stand_ins: tuple[Endpoint, ...] = ()
    """Asked in this order, each in place of a reflector that does not answer."""


class Judge(Protocol):
    """`inference.judge`."""

    def __call__(self, measurement: Measurement, *, lang: str) -> Check:
        """The verdicts of a measurement, with sentences in `lang`."""
        ...


Measure = Callable[[CheckRequest, "Callable[[Progress], None]"], Measurement]
"""Runs a check on the real network. Ctrl-C gives what there is, marked; failures are in it."""


class _Console(Console):
    """Rich ends the process with status 1 when its reader has gone; the guard knows better."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@dataclass
class Context:
    """What one run of the command line works with."""

    texts: Texts
    stdin: IO[str] = field(default_factory=lambda: sys.stdin)
    stdout: IO[str] = field(default_factory=lambda: sys.stdout)
    stderr: IO[str] = field(default_factory=lambda: sys.stderr)
    environment: Mapping[str, str] = field(default_factory=dict)
    measure: Measure | None = None
    """None: the probe on this machine's network."""
    judge: Judge | None = None
    """None: `inference.judge`."""
    profiled: tuple[str, ...] | None = None
    """None: the apps of the packaged profiles."""
    width: int | None = None
    """Of the terminal, columns; None: ask it."""

    def __post_init__(self) -> None:
        """Open one console a stream; nothing that a person typed is read as markup."""
        self.out = self._console(self.stdout)
        self.err = self._console(self.stderr)

    def _console(self, stream: IO[str]) -> Console:
        return _Console(file=stream, highlight=False, markup=False, emoji=False, width=self.width)

    @property
    def interactive(self) -> bool:
        """True when a person can be asked: by standard error, and answers by standard input."""
        return self.stdin.isatty() and self.stderr.isatty()

    def say(self, key: str, *, style: str = "", **values: object) -> None:
        """One text on standard error, as one line however narrow the terminal."""
        self.err.print(Text(self.texts(key, **values), style=style), soft_wrap=True)

    def say_stop(self, stop: Stop, *, style: str = "") -> None:
        """Why a command cannot go on, on standard error."""
        self.say("error.line", style=style, text=self.texts(stop.key, **stop.values))

    def tell(self, key: str, *, style: str = "", **values: object) -> None:
        """One text on standard output."""
        self.out.print(Text(self.texts(key, **values), style=style), soft_wrap=True)

    def ask(self, key: str, **values: object) -> str | None:
        """A question on standard error; the answer, or None at the end of standard input."""
        self.err.print(Text(self.texts(key, **values)), end=" ", soft_wrap=True)
        answer = self.stdin.readline()
        return answer.strip() if answer else None

    def print_json(self, document: bytes) -> None:
        """One JSON document on standard output, in UTF-8 whatever the locale says."""
        self.stdout.flush()
        binary = getattr(self.stdout, "buffer", None)
        if binary is None:
            self.stdout.write(document.decode() + "\n")
        else:
            binary.write(document + b"\n")
        self.stdout.flush()

    def apps_with_profile(self) -> tuple[str, ...]:
        """Ids of the apps that can be measured, in the order of tables."""
        if self.profiled is None:
            from voipwatch.cli.machinery import profiled_apps  # noqa: PLC0415 -- see the module's docstring

            self.profiled = profiled_apps()
        return self.profiled

    def measuring(self) -> Measure:
        """What runs a check."""
        if self.measure is None:
            from voipwatch.cli.machinery import measure  # noqa: PLC0415 -- the same

            self.measure = measure
        return self.measure

    def judging(self) -> Judge:
        """What judges a measurement."""
        if self.judge is None:
            from voipwatch.cli.machinery import judge  # noqa: PLC0415 -- the same

            self.judge = judge
        return self.judge


def wall_s() -> float:
    """The clock, Unix seconds."""
    return datetime.now(tz=UTC).timestamp()


def now_iso() -> str:
    """The clock, as records spell it."""
    return iso(wall_s())


def data_folder(environment: Mapping[str, str]) -> Path:
    """Where tickets are kept: XDG Base Directory Specification 0.8, `XDG_DATA_HOME`."""
    base = environment.get("XDG_DATA_HOME", "")
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return home / "voipwatch"
