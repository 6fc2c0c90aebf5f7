"""What a probe must remember between two turns: one small file, written before and after all that counts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.submission import Stop
from voipwatch.probe.backoff import Backoff
from voipwatch.probe.collectors import printable
from voipwatch.probe.files import write_whole
from voipwatch.probe.schedule import Due
from voipwatch.probe.settings import FILE_BYTES_MAX, DamagedFileError
from voipwatch.probe.spending import Spending

STATE: Final = "state.json"
STATE_SCHEMA: Final = "voipwatch.probe-state/1"
RUNS_KEPT: Final = 10
ENROLMENTS_KEPT: Final = 32
STOP_DAYS_MAX: Final = 366
"""A stop for longer is taken as one of this length; a probe that is to end for ever, its owner ends."""
STOP_UNCLEAR: Final = timedelta(days=1)
"""Of a stop whose date cannot be read: it is obeyed for a day, and the next answer says more."""


class RunNote(msgspec.Struct, frozen=True):
    """One run, or why there was none. Never a verdict: that is in the report alone."""

    at_s: float
    apps: list[str]
    outcome: str
    """A word of `agent.RunOutcome`."""
    bytes: int = 0


class Enrolment(msgspec.Struct, frozen=True):
    """A collector's token for a pseudonym; empty where it gives none for that month any more."""

    month: str
    token: str


class Halt(msgspec.Struct, frozen=True):
    """A collector's stop."""

    reason: str
    until_s: float


class State(msgspec.Struct):
    """All of it."""

    due: Due | None = None
    turn: int = 0
    """Runs begun: the rotation's place."""
    spending: Spending = Spending()
    runs: list[RunNote] = []
    """The last ones, the newest last."""
    halt: Halt | None = None
    backoff: Backoff = Backoff()
    trouble: str = ""
    """Why the last try to send failed; empty after a success."""
    enrolments: dict[str, Enrolment] = {}
    """By pseudonym, the newest last."""
    collector_key: str | None = None
    """Of the first receipt, where none was pinned."""
    submitted: int = 0
    schema: str = STATE_SCHEMA


def read_state(folder: Path) -> State:
    """The state; a fresh one where there is none. Raises DamagedFileError, OSError."""
    path = folder / STATE
    try:
        with path.open("rb") as file:
            state = msgspec.json.decode(file.read(FILE_BYTES_MAX), type=State)
    except FileNotFoundError:
        return State()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedFileError(path, str(error)) from error
    if state.schema != STATE_SCHEMA:
        raise DamagedFileError(path, state.schema)
    return state


def write_state(folder: Path, state: State) -> None:
    """Keep it. Raises OSError."""
    write_whole(folder / STATE, msgspec.json.encode(state))


def set_damaged_aside(folder: Path) -> None:
    """Move a state that cannot be read out of the way, for its owner to look at. Raises OSError."""
    (folder / STATE).replace(folder / f"{STATE}.damaged")


def noted(runs: list[RunNote], note: RunNote) -> list[RunNote]:
    """The last runs with one more."""
    return [*runs, note][-RUNS_KEPT:]


def halted_by(stop: Stop, now_s: float) -> Halt:
    """What a collector's stop means for this probe."""
    now = datetime.fromtimestamp(now_s, tz=UTC)
    try:
        until = datetime.fromisoformat(stop.until)
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        until_s = until.timestamp()
    except (ValueError, OverflowError):
        until_s = (now + STOP_UNCLEAR).timestamp()
    longest_s = (now + timedelta(days=STOP_DAYS_MAX)).timestamp()
    return Halt(printable(stop.reason), min(until_s, longest_s))
