"""The matrix: every world, many seeds, and whether the judge said what must be said.

Guilty worlds run on each line of `grading.GUILTY_LINES`; innocent worlds on their own line, the runs shared
among them. A *run* is one app in one world with one seed; the apps of a check run side by side, so that three
runs come from one check. A check is simulated, or made over the kernel by the caller's `measure`: there in
real time, so that only the table's third for the kernel is run, each world on its own line.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from time import perf_counter
from typing import Final

import msgspec

from voipwatch.lab import ndpi
from voipwatch.lab.confusion import Confusion, confusion_of
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.grading import GUILTY_LINES, expected_of, graded
from voipwatch.lab.matrixrows import ACCUSATIONS, Row
from voipwatch.lab.owntable import own_worlds
from voipwatch.lab.worlds import APPS, World, load_worlds
from voipwatch.model.measurement import OVERTIME, Measurement
from voipwatch.model.results import Check
from voipwatch.model.vocabulary import Verdict

Judge = Callable[[Measurement], Check]
Measure = Callable[[World, "Job"], Measurement]
COMPANY: Final = (*APPS, "teams")
"""Apps that go along where one app's world is run with a few: no censor of one app takes three of them."""
GUILTY_SEEDS: Final = 3
INNOCENT_RUNS: Final = 1000
INNOCENT_SEED: Final = 1000
"""Their first: no innocent run shares its draws with a guilty one."""


class Job(msgspec.Struct, frozen=True):
    """One run: a world by id, a line condition by name (None: the world's own), a seed."""

    world: str
    line: str | None
    seed: int
    apps: tuple[str, ...] = APPS
    table: str = ""
    """Text of a file of one's own that the world is in (`owntable`); empty: the packaged table."""

    def find_world(self) -> World:
        """The world. Raises WorldsError if there is none of this id, or the file is no table."""
        return (own_worlds(self.table) if self.table else load_worlds()).get(self.world)


class Totals(msgspec.Struct):
    """Runs count rows (one app in one run). Ratios go from 0 to 1; None without a run."""

    guilty_runs: int = 0
    guilty_verdicts_right: float | None = None
    guilty_mechanisms_right: float | None = None
    innocent_runs: int = 0
    innocent_checks: int = 0
    innocent_accused: int = 0
    innocent_right: float | None = None
    guilty_spared_accused: int = 0
    """Apps that a guilty world does not touch, and that were called blocked or throttled."""
    ungraded_runs: int = 0
    """Runs of guilty worlds on a line that cannot carry the app: counted nowhere else."""
    ungraded_insufficient: int = 0
    """Those of which `insufficient` was said, as they must."""


class Cell(msgspec.Struct):
    """All runs of one app in one world on one line."""

    world: str
    line: str
    app: str
    guilty: bool
    expected: str
    runs: int = 0
    verdicts_right: int = 0
    mechanisms_right: int = 0
    accused: int = 0
    said: dict[str, int] = {}
    """Verdict and mechanism -> runs."""
    wrong_seeds: list[int] = []
    expected_mechanism: str = ""
    """As of `Row`: the acceptable ones with / between; empty: not compared, or none."""


class MatrixResult(msgspec.Struct):
    """Cells in the table's order, and the totals."""

    totals: Totals
    cells: list[Cell]
    rows: list[Row]
    schema: str = "voipwatch.matrix/1"
    confusion: Confusion | None = None


def plan(
    *,
    runs: int = INNOCENT_RUNS,
    guilty_seeds: int = GUILTY_SEEDS,
    first_seed: int = 1,
    only: Collection[str] | None = None,
    table: str = "",
) -> list[Job]:
    """Jobs for at least `runs` innocent runs and `guilty_seeds` seeds of each guilty world and line.

    Worlds that ask nDPI are left out where it is not installed.

    Args:
        runs: at least 0; shared by turns over the innocent worlds.
        guilty_seeds: at least 0.
        first_seed: at least 1, of guilty worlds; innocent ones begin as far after seed 1000.
        only: ids of the table's worlds; None for all.
        table: text of a file of one's own, whose worlds are then the only ones.
    """
    rows = own_worlds(table).worlds if table else load_worlds().matrix
    worlds = [w for w in rows if not w.needs_ndpi or ndpi.is_installed()]
    worlds = [w for w in worlds if only is None or w.id in only]
    innocent = [w for w in worlds if not w.guilty]
    jobs = [
        Job(w.id, line, seed, tuple(w.expected), table)
        for w in worlds
        if w.guilty
        for line in GUILTY_LINES
        for seed in range(first_seed, first_seed + guilty_seeds)
    ]
    checks = -(-runs // len(APPS)) if innocent else 0
    for n in range(checks):
        world = innocent[n % len(innocent)]
        seed = INNOCENT_SEED + first_seed - 1 + n // len(innocent)
        jobs.append(Job(world.id, None, seed, tuple(world.expected), table))
    return jobs


def once_each(*, seeds: int = 1, table: str = "") -> list[Job]:
    """Jobs for `seeds` checks in each world of the table's third for the kernel, on its own line.

    Of a file of one's own (`table`, its text) in each world that says `kernel = true`.
    """
    rows = own_worlds(table).worlds if table else load_worlds().matrix
    worlds = [w for w in rows if w.kernel and (not w.needs_ndpi or ndpi.is_installed())]
    return [
        Job(world.id, None, seed, tuple(world.expected), table)
        for seed in range(1, seeds + 1)
        for world in worlds
    ]


def named(worlds: Sequence[World], *, seeds: int = 1, all_apps: bool = True) -> list[Job]:
    """Jobs for `seeds` checks in each of these worlds, on its own line.

    Where a world says something of every app, all are checked, or those that it blocks and two others.
    """
    return [
        Job(world.id, None, seed, tuple(world.expected) if all_apps else few_apps(world))
        for seed in range(1, seeds + 1)
        for world in worlds
    ]


def few_apps(world: World) -> tuple[str, ...]:
    """The apps that a world blocks, and two that it does not; three where it blocks every app."""
    if not world.every:
        return tuple(world.expected)
    blocked = [app for app, told in world.expected.items() if Verdict.OK not in told.verdicts]
    spared = [app for app in COMPANY if app not in blocked][:2]
    return (*blocked, *spared) if spared else APPS


def simulated(world: World, job: Job) -> Measurement:
    """One check of the job's apps in virtual time."""
    return run_simulated(world, apps=job.apps, seed=job.seed, line=job.line)


def run_job(job: Job, judge: Judge, measure: Measure = simulated) -> list[Row]:
    """Runs one check and compares each row with the world's expectation."""
    world = job.find_world()
    started = perf_counter()
    measurement = measure(world, job)
    check = judge(measurement)
    elapsed_s = perf_counter() - started
    return list(_rows(world, job, measurement, check, elapsed_s))


def _rows(world: World, job: Job, measurement: Measurement, check: Check, elapsed_s: float) -> Iterator[Row]:
    line = job.line or world.line_name
    values = (world if job.line is None else world.on_line(job.line)).drawn(job.seed).values
    for result in check.results:
        expected = expected_of(world, result.app, line)
        dead = [
            d
            for d in measurement.decisions
            if (d.app, d.arm, d.outcome, d.question) == (result.app, "A", "dead", "setup")
            and d.stage == "setup"
        ]
        mechanism_right = not expected.mechanisms or (result.mechanism or "") in expected.mechanisms
        yield Row(
            world=world.id,
            line=line,
            app=result.app,
            seed=job.seed,
            guilty=world.guilty,
            expected="/".join(expected.verdicts),
            verdict=result.verdict,
            stage=result.stage,
            mechanism=result.mechanism,
            direction=result.direction,
            rule=result.rule,
            # A check that never came to its end is not as expected, whatever it says: somebody waited for it.
            verdict_right=result.verdict in expected.verdicts and check.interrupted != OVERTIME,
            mechanism_right=mechanism_right
            and expected.accepts(result.verdict, result.stage, result.mechanism, result.direction),
            cost_bytes=result.cost.bytes,
            decided_s=dead[0].at_s if dead else None,
            decided_packets=dead[0].packets if dead else None,
            elapsed_s=elapsed_s,
            graded=not world.guilty or graded(result.app, line),
            expected_mechanism="/".join(expected.mechanisms),
            values=dict(values),
        )


def summarise(rows: Sequence[Row]) -> MatrixResult:
    """Cells and totals of finished rows, in the table's order. Pure."""
    cells: dict[tuple[str, str, str], Cell] = {}
    for row in sorted(rows, key=lambda r: (not r.guilty, r.world, r.line, r.app, r.seed)):
        cell = cells.setdefault(
            (row.world, row.line, row.app),
            Cell(
                row.world,
                row.line,
                row.app,
                row.guilty,
                row.expected,
                expected_mechanism=row.expected_mechanism,
            ),
        )
        cell.runs += 1
        cell.verdicts_right += row.verdict_right
        cell.mechanisms_right += row.mechanism_right
        cell.accused += row.verdict in ACCUSATIONS
        said = f"{row.verdict} {row.mechanism}" if row.mechanism else row.verdict
        cell.said[said] = cell.said.get(said, 0) + 1
        if not (row.verdict_right and row.mechanism_right):
            cell.wrong_seeds.append(row.seed)
    guilty = [r for r in rows if r.guilty and r.graded]
    ungraded = [r for r in rows if r.guilty and not r.graded]
    innocent = [r for r in rows if not r.guilty]
    totals = Totals(
        guilty_runs=len(guilty),
        guilty_verdicts_right=_share([r.verdict_right for r in guilty]),
        guilty_mechanisms_right=_share([r.mechanism_right for r in guilty]),
        innocent_runs=len(innocent),
        innocent_checks=len({(r.world, r.seed) for r in innocent}),
        innocent_accused=sum(r.verdict in ACCUSATIONS for r in innocent),
        innocent_right=_share([r.verdict_right for r in innocent]),
        guilty_spared_accused=sum(r.verdict in ACCUSATIONS and r.expected == Verdict.OK for r in guilty),
        ungraded_runs=len(ungraded),
        ungraded_insufficient=sum(r.verdict == Verdict.INSUFFICIENT for r in ungraded),
    )
    return MatrixResult(totals, list(cells.values()), list(rows), confusion=confusion_of(rows))


def _share(right: list[bool]) -> float | None:
    return sum(right) / len(right) if right else None


def run_matrix(
    todo: Sequence[Job],
    *,
    judge: Judge,
    measure: Measure = simulated,
    processes: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> MatrixResult:
    """Runs `todo`; with more than one process, `judge` and `measure` must be functions of a module."""
    rows: list[Row] = []
    if processes <= 1:
        for done, job in enumerate(todo, 1):
            rows += run_job(job, judge, measure)
            if on_progress:
                on_progress(done, len(todo))
        return summarise(rows)
    with ProcessPoolExecutor(processes) as pool:
        futures = [pool.submit(run_job, job, judge, measure) for job in todo]
        for done, future in enumerate(as_completed(futures), 1):
            rows += future.result()
            if on_progress:
                on_progress(done, len(todo))
    return summarise(rows)
