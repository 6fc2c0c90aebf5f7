"""The line test put together: far end, relay, inbox, as far as they can be had; what cannot, and why."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voipwatch.site.linetest.far_end import FarEnd, is_installed
from voipwatch.site.linetest.handler import LineTest
from voipwatch.site.linetest.inbox import Inbox, Locate
from voipwatch.site.linetest.turn import TurnError, TurnOptions, TurnServer


@dataclass(frozen=True, slots=True)
class LineTestOptions:
    """What whoever runs the site wants."""

    address: str
    """The address that visitors reach this machine at: the far end's."""
    turn: TurnOptions | None = None
    """`voipwatch serve --turn`; None: no relay."""
    reports: Path | None = None
    """The folder of browsers' reports; None: none are taken."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """The application, and in English what it goes without."""

    app: LineTest
    turn_pid: int | None
    problems: tuple[str, ...]


@contextmanager
def assemble(options: LineTestOptions, *, locate: Locate, clock: Callable[[], float]) -> Iterator[Assembled]:
    """The line test from here to the end of the block, coturn too.

    What cannot be had is left out and said, never raised: the page then says what was not run.

    Args:
        options: what is wanted.
        locate: address -> country and number of the network; `lambda _: (None, None)` where nobody knows.
        clock: Unix seconds.
    """
    problems: list[str] = []
    far_end = None
    if is_installed():
        far_end = FarEnd(options.address)
    else:
        problems.append("no line test: aiortc is not installed (pip install 'voipwatch[linetest]')")
    turn = None
    if options.turn is not None:
        turn = TurnServer(options.turn, secrets.token_hex(16), clock)
        try:
            turn.__enter__()
        except TurnError as error:
            problems.append(f"the line test runs without relay: {error}")
            turn = None
    inbox = None
    if options.reports is not None:
        inbox = Inbox(options.reports, locate=locate, clock=clock, key=secrets.token_bytes(32))
    app = LineTest(far_end, None if turn is None else turn.offers, inbox)
    try:
        yield Assembled(app, None if turn is None else turn.pid, tuple(problems))
    finally:
        if turn is not None:
            turn.close()
