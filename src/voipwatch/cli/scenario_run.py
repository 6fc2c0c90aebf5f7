"""A scenario from its calendar to what the observatory found: the checks, then collector, loader, detector.

The collector's side runs in a process of its own and fills the spool; this process loads, judges and detects
what is sealed, as `voipwatch serve` does it with a collector and a keeper. Nothing in here knows what was
planted.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.cli.machinery import judge_in_english
from voipwatch.collector.server import SPOOL_FOLDER
from voipwatch.lab.scenarios.calendar import Run, calendar, kinds
from voipwatch.lab.scenarios.drawing import Library, Wanted, run_missing, wanted_checks
from voipwatch.lab.scenarios.handing import Handed, hand_in
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.score import Change
from voipwatch.lab.scenarios.table import Scenario
from voipwatch.lab.scenarios.truth import Series
from voipwatch.model.incidents import Incident
from voipwatch.model.vocabulary import Access
from voipwatch.pipeline.cachedjudge import CachedJudge
from voipwatch.pipeline.chronicling import Chronicling
from voipwatch.pipeline.detecting import Detecting, Found
from voipwatch.pipeline.loader import Loader
from voipwatch.store.opening import open_store
from voipwatch.store.store import Store

STORE_FOLDER: Final = "store"
MARK: Final = "scenario.json"
"""In a folder that a scenario made, and may therefore make anew."""
WAIT_S: Final = 0.2
"""Between two looks for a sealed segment."""
PIECE_BYTES: Final = 16 << 20
"""Of one piece: a few hundred reports."""
STEPS: Final = ("checks", "calendar", "observatory")
Step = Callable[[str, int, int], None]
"""Called with a step's name, what of it is done, and all of it."""


class NotOursError(Exception):
    """The folder holds something else."""


class Order(msgspec.Struct, frozen=True):
    """What is to be run."""

    scenario: str
    size: str
    seed: int
    data: Path
    """Spool, index and store; made anew."""
    checks: Path
    """Kept checks."""
    processes: int = 2
    every_check: bool = False
    """The distinct checks that this calendar does not draw too."""


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    changes: list[Change] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    """Newest revisions of the scenario's chronicle."""
    revisions: int = 0
    """Of all incidents, as the year went."""
    handed: Handed = field(default_factory=Handed)
    reports: int = 0
    checks: int = 0
    """Distinct ones that were drawn from."""
    checks_run: int = 0
    """Of them, those that were not kept yet."""
    runs: int = 0
    observations: int = 0
    votes: int = 0
    cells: int = 0
    judged: int = 0
    """Reports for which the judge was asked; for the others his word on the same evidence was told again."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By step."""


def run_scenario(order: Order, step: Step) -> Outcome:
    """All steps.

    Raises:
        ScenarioError: no such scenario.
        NotOursError: the data folder holds something else.
        OSError, StoreError: no room, no engine.
        RuntimeError: the collector's side failed.
    """
    scenario = load_scenario(order.scenario).sized(order.size)
    size = scenario.sizes[order.size]
    outcome = Outcome()
    clear(order)
    runs = calendar(scenario, size, order.seed)
    outcome.runs = len(runs)
    started = time.monotonic()
    _run_checks(order, scenario, runs, outcome, step)
    outcome.seconds["checks"] = time.monotonic() - started
    started = time.monotonic()
    _observe(order, scenario, len(runs), outcome, step)
    outcome.seconds["observatory"] = time.monotonic() - started
    return outcome


def clear(order: Order) -> None:
    """An empty data folder with our mark. Raises NotOursError, OSError."""
    mark = order.data / MARK
    if order.data.exists() and any(order.data.iterdir()):
        if not mark.exists():
            raise NotOursError(str(order.data))
        shutil.rmtree(order.data)
    order.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.write_bytes(
        msgspec.json.encode({"scenario": order.scenario, "size": order.size, "seed": order.seed})
    )


def _run_checks(order: Order, scenario: Scenario, runs: Sequence[Run], outcome: Outcome, step: Step) -> None:
    drawn = {Wanted(run.kind, run.draw, scenario.budget_bytes) for run in runs}
    wanted = sorted(drawn)
    if order.every_check:
        every = wanted_checks(kinds(scenario, scenario.sizes[order.size]), scenario.budget_bytes)
        wanted += [each for each in every if each not in drawn]
    outcome.checks = len(wanted)
    missing = Library(order.checks).missing(wanted)
    outcome.checks_run = len(missing)
    kept = len(wanted) - len(missing)
    step("checks", kept, len(wanted))
    run_missing(
        order.checks,
        missing,
        judge=judge_in_english,
        processes=order.processes,
        on_progress=lambda done, _: step("checks", kept + done, len(wanted)),
    )


# --- the observatory ----------------------------------------------------------------------------------------


class _Said(msgspec.Struct, tag=True):
    """What the collector's side says through its pipe: so many handed in, done, or why not."""

    done: int = 0
    handed: dict[str, int] | None = None
    taken: int = 0
    problem: str = ""


def _collect(order: Order, pipe: Connection) -> None:
    """The collector's side, in a process of its own."""
    try:
        scenario = load_scenario(order.scenario).sized(order.size)
        runs = calendar(scenario, scenario.sizes[order.size], order.seed)
        handed = hand_in(
            scenario,
            runs,
            order.seed,
            data=order.data,
            checks=order.checks,
            on_progress=lambda done: pipe.send_bytes(msgspec.json.encode(_Said(done))),
        )
        pipe.send_bytes(msgspec.json.encode(_Said(len(runs), handed.refused, handed.taken)))
    except BrokenPipeError:
        pass  # whoever listened was ended, and with him the run
    except Exception as error:  # noqa: BLE001 -- it is told where it can be shown, and ends the run
        with suppress(BrokenPipeError):
            pipe.send_bytes(msgspec.json.encode(_Said(problem=f"{type(error).__name__}: {error}")))
    finally:
        pipe.close()


def _observe(order: Order, scenario: Scenario, total: int, outcome: Outcome, step: Step) -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_collect, args=(order, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        with open_store(f"chdb://{order.data / STORE_FOLDER}", create=True, who="voipwatch lab") as store:
            observatory = Observatory(store, order.data)
            while not _finished(ours, total, outcome, step):
                if not observatory.turn(at_most=1):
                    time.sleep(WAIT_S)
                step("observatory", observatory.loader.tally.reports, total)
            while observatory.turn(at_most=4):
                step("observatory", observatory.loader.tally.reports, total)
            step("observatory", total, total)
            observatory.finish(scenario.instance)
            _tell(observatory, outcome)
    finally:
        if process.is_alive():
            process.terminate()
        process.join()


def _finished(pipe: Connection, total: int, outcome: Outcome, step: Step) -> bool:
    """Take what the collector's side said; True when it is done. Raises RuntimeError where it failed."""
    while pipe.poll():
        try:
            said = msgspec.json.decode(pipe.recv_bytes(), type=_Said)
        except EOFError:
            raise RuntimeError("the collector's side died without a word") from None
        if said.problem:
            raise RuntimeError(said.problem)
        step("calendar", said.done, total)
        if said.handed is not None:
            outcome.handed = Handed(said.taken, said.handed)
            return True
    return False


class Observatory:
    """What stands behind a collector: loader, judge, detector, chronicle.

    Methods raise StoreError, LogError, OSError.
    """

    def __init__(self, store: Store, data: Path) -> None:
        """`data`: with the collector's spool; the chronicle is written beside it."""
        self.judge = CachedJudge()
        self.loader = Loader(store, data / SPOOL_FOLDER, judges=self.judge, piece_bytes=PIECE_BYTES)
        self.found: list[Found] = []
        self.incidents: list[Incident] = []
        self.revisions = 0
        self._detecting = Detecting(store)
        self._chronicling = Chronicling(store, data)

    def turn(self, *, at_most: int) -> bool:
        """Load, judge, detect and tell some of what is sealed; whether there was any."""
        loaded = self.loader.load(growing=False, at_most=at_most)
        voted = self.loader.vote()
        if voted:
            self.loader.refresh()
            found = self._detecting.consume(self.loader.ledger.voted)
            self.found += found
            if found:
                self.revisions += self._chronicling.turn()
        return bool(loaded or voted)

    def finish(self, instance: str) -> None:
        """Tell what came since the last changepoint, and read what is told of the scenario."""
        self.revisions += self._chronicling.turn()
        self.incidents = list(self._chronicling.folder(instance).state().newest.values())


def _tell(observatory: Observatory, outcome: Outcome) -> None:
    outcome.changes = [change_of(each) for each in observatory.found]
    outcome.incidents, outcome.revisions = observatory.incidents, observatory.revisions
    tally = observatory.loader.tally
    outcome.reports, outcome.observations = tally.reports, tally.observations
    outcome.votes, outcome.cells, outcome.judged = tally.votes, tally.cells, observatory.judge.judged


def series_named(name: str) -> Series:
    """`pipeline.detecting`'s name of a series, taken apart."""
    operator, access, app = name.split("\0")
    return Series(operator, Access(access), app)


def change_of(found: Found) -> Change:
    """A changepoint, as the score reads it."""
    change = found.change
    return Change(
        series_named(found.series), change.kind.value, change.earliest_s, change.latest_s, change.detected_s
    )
