"""How often a check accuses where treatment and control obey one law: whole checks, and drawn ones."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final, TypeVar

import msgspec

from scripts.benchmarks.drawn import Guilt, LineLaw, Random, Size, draw_session, drawn, judged
from scripts.benchmarks.page import table
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.ruleset import CHECK_ALPHA
from voipwatch.model.vocabulary import Verdict
from voipwatch.stats import clopper_pearson_interval

Job = TypeVar("Job")
APPS: Final = ("whatsapp", "sip", "webrtc")
ACCUSES: Final = frozenset({Verdict.BLOCKED, Verdict.THROTTLED})
ONE_SIDED: Final = 0.90
"""Two-sided confidence whose upper end is the exact 95 % bound."""


STRESS_SAYS: Final = (
    "Outside the promise ([runrule.md](methods/runrule.md)): where an active five-tuple dies for good with "
    "probability *d*, both treatments of two held pairs die and both controls live with about d²(1 - d)²:"
)


class Told(msgspec.Struct, frozen=True):
    """One check: what it said of its apps."""

    line: str
    seed: int
    verdicts: tuple[str, ...]
    rules: tuple[str, ...]

    @property
    def accused(self) -> bool:
        """Whether any app of the check was accused."""
        return bool(ACCUSES & {Verdict(v) for v in self.verdicts})


def _bursts(loss: float, burst_ms: float) -> LineCondition:
    way = LinkCondition(delay_ms=40, jitter_ms=4, loss_ratio=loss, burst_ms=burst_ms)
    return LineCondition(up=way, down=way)


def _path(loss: float) -> LineCondition:
    way = LinkCondition(delay_ms=20, jitter_ms=2, paths=4, bad_path_loss_ratio=loss)
    return LineCondition(up=way, down=way)


STRESS: Final = (0.05, 0.1, 0.2)
"""A cut of two held flows is held by the run rule alone: these lines break it, and say how often."""
LINES: Final[dict[str, LineCondition | None]] = {
    "clean": None,
    "5 % in bursts of 80 ms": _bursts(0.05, 80),
    "10 % in bursts of 80 ms": _bursts(0.10, 80),
    "10 % in bursts of 0.5 s": _bursts(0.10, 500),
    "20 % in bursts of 120 ms": _bursts(0.20, 120),
    "30 % in bursts of 120 ms": _bursts(0.30, 120),
    "one path of four loses 30 %": _path(0.3),
    "one path of four loses all": _path(1.0),
    "jitter of 25 ms, 6 % in bursts": load_worlds().get("clean").on_line("merely-bad").line,
    "a translator that forgets, thrice": load_worlds().get("nat-rebind").line,
}
"""Innocent lines by name; None: the world `clean` as it stands."""


def _world(line: str) -> World:
    clean = load_worlds().get("clean")
    condition = LINES[line]
    return clean if condition is None else msgspec.structs.replace(clean, line=condition)


def whole_check(job: tuple[str, int]) -> Told:
    """One whole simulated check of three apps on a line, judged."""
    line, seed = job
    told = judge(run_simulated(_world(line), apps=APPS, seed=seed))
    return Told(line, seed, tuple(str(r.verdict) for r in told.results), tuple(r.rule for r in told.results))


def whole_jobs(checks: int, *, seed: int = 1) -> list[tuple[str, int]]:
    """At least `checks` jobs, the same number on each line."""
    each = -(-checks // len(LINES))
    return [(line, 10_000 * seed + n) for n in range(each) for line in LINES]


def fair_law(random: Random) -> tuple[str, LineLaw]:
    """A line drawn without a look at the arm, and the name of its kind."""
    loss, burst_s = float(random.uniform(0.05, 0.30)), float(random.choice([0.08, 0.2, 0.5]))
    jitter_ms = float(random.choice([1.0, 4.0, 25.0]))
    kind = int(random.integers(5))
    if kind == 0:
        return "under 2 % lost", LineLaw(loss=float(random.uniform(0, 0.02)), jitter_ms=jitter_ms)
    if kind == 1:
        return "bursts of the line, 5–30 %", LineLaw(loss=loss, burst_s=burst_s, jitter_ms=jitter_ms)
    if kind == 2:
        law = LineLaw(loss=loss / 2, burst_s=burst_s, own=True, jitter_ms=jitter_ms)
        return "bursts of each five-tuple, 2–15 %", law
    if kind == 3:
        bad = float(random.choice([0.1, 0.3, 0.5, 1.0]))
        return "one path of two to eight loses", LineLaw(
            loss=0.01, paths=int(random.choice([2, 3, 4, 8])), bad_path_loss=bad, jitter_ms=jitter_ms
        )
    share = float(random.uniform(0.005, 0.05))
    return "0.5–5 % of five-tuples die midway", LineLaw(loss=0.01, dies_ratio=share, jitter_ms=jitter_ms)


def drawn_check(seed: int) -> Told:
    """One drawn check of one app under a drawn law."""
    random = drawn(seed)
    name, law = fair_law(random)
    finding = judged(draw_session(random, law, Guilt(), Size(held_s=10.0)))
    return Told(name, seed, (str(finding.verdict),), (finding.finding.rule,))


def stressed_check(job: tuple[float, int]) -> Told:
    """One drawn check on a line that kills so large a share of all five-tuples for good, midway."""
    share, seed = job
    finding = judged(draw_session(drawn(seed), LineLaw(loss=0.01, dies_ratio=share), Guilt(), Size()))
    name = f"{100 * share:g} % of five-tuples die midway"
    return Told(name, seed, (str(finding.verdict),), (finding.finding.rule,))


def stressed_jobs(checks: int, *, seed: int = 1) -> list[tuple[float, int]]:
    """So many on each of the lines outside the promise."""
    return [(share, 500_000_000 * seed + n) for share in STRESS for n in range(checks)]


def run(
    one: Callable[[Job], Told], jobs: Sequence[Job], *, processes: int, say: Callable[[str], None]
) -> list[Told]:
    """All jobs, in order; with one process in this one."""
    done: list[Told] = []
    every = max(1, len(jobs) // 20)

    def take(told: Told) -> None:
        done.append(told)
        if told.accused:
            say(f"accused: {told}")
        if len(done) % every == 0:
            say(f"{len(done)} of {len(jobs)}")

    if processes <= 1:
        for job in jobs:
            take(one(job))
    else:
        with ProcessPoolExecutor(processes) as pool:
            for told in pool.map(one, jobs, chunksize=8):
                take(told)
    return done


def bound(accused: int, checks: int) -> float:
    """The exact upper 95 % bound on the rate of false alarms."""
    return clopper_pearson_interval(accused, checks, confidence=ONE_SIDED).high


def render(
    whole: Sequence[Told], fast: Sequence[Told], stressed: Sequence[Told], *, command: str, machine: str
) -> str:
    """The section's text."""
    parts = [f"`{command}`, {machine}."]
    for title, told in (
        ("Whole simulated checks of three apps (bytes, keys, logs, stopping rules):", whole),
        ("Checks of one app drawn packet by packet and judged by the judge's own functions:", fast),
        (STRESS_SAYS, stressed),
    ):
        if told:
            parts += [title, _table(told)]
    return "\n\n".join(parts)


def _table(told: Sequence[Told]) -> str:
    lines = list(dict.fromkeys(t.line for t in told))
    rows = [_row(line, [t for t in told if t.line == line]) for line in lines]
    total = _row("**all**", told)
    return table(
        ("line", "checks", "accused somebody", "rate at most (95 %)", "`ok`, of apps", "accusing rules"),
        [*rows, total],
    )


def _row(name: str, told: Sequence[Told]) -> list[str]:
    accused = sum(t.accused for t in told)
    said = Counter(v for t in told for v in t.verdicts)
    rules = Counter(
        rule for t in told for v, rule in zip(t.verdicts, t.rules, strict=True) if Verdict(v) in ACCUSES
    )
    high = bound(accused, len(told))
    mark = " **over 0.005**" if accused / len(told) > CHECK_ALPHA else ""
    return [
        name,
        f"{len(told):,}",
        str(accused),
        f"{high:.5f}{mark}",
        f"{100 * said[Verdict.OK] / max(1, said.total()):.0f} %",
        ", ".join(f"{rule} {n}x" for rule, n in sorted(rules.items())) or "–",
    ]


def drawn_jobs(checks: int, *, seed: int = 1) -> list[int]:
    """Seeds of so many drawn checks."""
    return [10_000_000 * seed + n for n in range(checks)]
