"""A scenario's calendar: who measures what and when, and when it is handed in. Pure: the seed decides.

Runs come as a probe's schedule draws them (`probe.schedule`): exponential gaps, two apps a run, in a circle.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from voipwatch.lab.scenarios.people import CROWD_FIRST, Person, derive, share
from voipwatch.lab.scenarios.table import CANARY_ID, Noise, NoiseKind, Scenario, Size, Window
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.submission import RunKind
from voipwatch.probe.schedule import APPS_AT_ONCE, DAY_S, LEAST_S, MOST_S, Rhythm, apps_of_run, gap_s

OPEN: Final = "clean"
"""World of a line that nobody interferes with."""
SOFTWARE: Final = "0.1.0"
HAND_IN_LEAST_S, HAND_IN_MOST_S = 90.0, 900.0
"""From a run's start to its report's arrival: a check takes a minute, the queue is emptied by the next
turn."""
LATE_SPREAD_S: Final = 6 * 3_600.0
"""Over which late reports come in once the way is open."""
LEAVE_S: Final = 2 * DAY_S
"""Over which a panel's exodus, and its return, spread."""
MOST_FACTOR: Final = MOST_S / (DAY_S / 4)
"""The longest gap, in mean gaps: as a probe's own rhythm has it."""


class Kind(msgspec.Struct, frozen=True, order=True):
    """What kind of check a run draws one of: a world, a line condition, the apps."""

    world: str
    line: str
    apps: tuple[str, ...]


class Run(msgspec.Struct, frozen=True):
    """One entry of the calendar."""

    arrives_s: float
    """When the collector has it; Unix seconds, as all of these."""
    at_s: float
    person: Person
    turn: int
    """Of this person, from 0."""
    kind: Kind
    draw: int
    """Which of the kind's distinct checks."""
    run_kind: RunKind = RunKind.SCHEDULED
    software: str = SOFTWARE
    blocked: bool = False
    """Planted truth: whether this line's calls were interfered with."""

    @property
    def month(self) -> str:
        """YYYY-MM, UTC, of the pseudonym."""
        return datetime.fromtimestamp(self.at_s, tz=UTC).strftime("%Y-%m")


def calendar(scenario: Scenario, size: Size, seed: int) -> list[Run]:
    """All runs, in the order of arrival."""
    runs = [
        run
        for operator in scenario.operators
        for line in scenario.accesses
        for number in range(most_probes(size))
        for run in _of_probe(scenario, size, seed, Person(operator.id, line.id, number))
    ]
    runs += _of_probe(scenario, size, seed, Person(CANARY_ID, scenario.canary.access, 0))
    full = scenario.sizes.get("full", size)
    thinner = size.probes / full.probes
    for index, noise in enumerate(scenario.noise):
        if noise.kind is NoiseKind.CROWD:
            runs += _crowd(scenario, size, seed, (index, noise), max(1, round(noise.reports * thinner)))
    runs.sort(key=lambda run: (run.arrives_s, run.person, run.turn))
    return runs


def most_probes(size: Size) -> int:
    """Probes of an operator and access that take part at some time."""
    return max([size.probes, *(window.probes or 0 for window in size.windows)])


def kinds(scenario: Scenario, size: Size) -> dict[Kind, int]:
    """Every kind of check that a calendar of this size may draw from, and how many distinct ones it has."""
    pairs = app_pairs(scenario.apps)
    plain = {
        Kind(world, line.line, apps): size.draws
        for line in scenario.accesses
        for world in (OPEN, *(operator.world for operator in scenario.operators))
        for apps in pairs
    }
    canary = {Kind(OPEN, scenario.canary.line, apps): size.noise_draws for apps in pairs}
    meant = canary | {
        Kind(world, condition, apps): size.noise_draws
        for noise in scenario.noise
        for world, condition in _met(scenario, noise)
        for apps in pairs
        if not noise.apps or set(noise.apps) & set(apps)
    }
    return meant | plain


def _met(scenario: Scenario, noise: Noise) -> set[tuple[str, str]]:
    """Worlds and line conditions that a noise may lead to."""
    operators = [o for o in scenario.operators if not noise.operators or o.id in noise.operators]
    lines = [a for a in scenario.accesses if not noise.accesses or a.id in noise.accesses]
    if noise.kind in {NoiseKind.BAD_LINE, NoiseKind.CROWD}:
        met = {(OPEN, noise.line)}
        times_s = (noise.since.timestamp(), noise.until.timestamp() - 1.0)
        for operator in operators:
            if any(scenario.block_at(operator.id, line.id, at_s) for line in lines for at_s in times_s):
                met.add((operator.world, noise.line))
        return met
    if noise.kind is NoiseKind.OUTAGE:
        return {(noise.world, load_worlds().get(noise.world).line_name)}
    if noise.kind is NoiseKind.RELEASE:
        return {(noise.world, line.line) for line in lines}
    return set()


def app_pairs(apps: Sequence[str]) -> list[tuple[str, ...]]:
    """The apps of the runs of one circle."""
    return [apps_of_run(apps, turn) for turn in range(len(apps) // APPS_AT_ONCE)]


# --- one probe ----------------------------------------------------------------------------------------------


def _of_probe(scenario: Scenario, size: Size, seed: int, person: Person) -> Iterator[Run]:
    first = int.from_bytes(derive(seed, "turn", person.name, size=4), "big") % len(scenario.apps)
    for turn, at_s in enumerate(_times(scenario, size, seed, person)):
        if _left(scenario, seed, person, at_s):
            continue
        yield _run(scenario, size, seed, person, (turn, first + turn), at_s)


def _times(scenario: Scenario, size: Size, seed: int, person: Person) -> Iterator[float]:
    since_s, until_s = scenario.since.timestamp(), scenario.until.timestamp()
    at_s, step = since_s, 0
    while True:
        rhythm, ends_s = _rhythm(scenario, size, person, at_s)
        if rhythm is None:
            next_s = ends_s
        else:
            # The first of a rhythm is what is left of a gap: it needs no least one.
            next_s = at_s + gap_s(rhythm, derive(seed, "gap", person.name, step)) * (1.0 if step else 0.5)
        step += 1
        if next_s >= ends_s >= until_s:
            return
        if next_s >= ends_s:
            at_s = ends_s  # another rhythm from there on; a law without memory begins anew
            continue
        at_s = next_s
        yield at_s


def _rhythm(scenario: Scenario, size: Size, person: Person, at_s: float) -> tuple[Rhythm | None, float]:
    """The rhythm at a moment, None where the probe does not measure, and until when it holds."""
    ends_s = scenario.until.timestamp()
    canary = person.operator == CANARY_ID
    for window in size.windows:
        if not canary and window.accesses and person.access not in window.accesses:
            continue
        if window.since.timestamp() <= at_s < window.until.timestamp():
            rhythm = _mean(scenario.canary.runs_a_day) if canary else _of_window(size, window, person)
            return rhythm, window.until.timestamp()
        if at_s < window.since.timestamp():
            ends_s = min(ends_s, window.since.timestamp())
    if canary:
        return _mean(size.canary_runs_a_day), ends_s
    return (_mean(size.runs_a_day) if person.number < size.probes else None), ends_s


def _of_window(size: Size, window: Window, person: Person) -> Rhythm | None:
    probes = size.probes if window.probes is None else window.probes
    return _mean(window.runs_a_day) if person.number < probes else None


def _mean(runs_a_day: float) -> Rhythm | None:
    if runs_a_day <= 0.0:
        return None
    mean_s = DAY_S / runs_a_day
    return Rhythm(mean_s, min(LEAST_S, mean_s / 4), MOST_FACTOR * mean_s)


def _left(scenario: Scenario, seed: int, person: Person, at_s: float) -> bool:
    """Whether the person has gone: a share of the probes, each on its own day, and each its own way back."""
    for index, noise in enumerate(scenario.noise):
        if noise.kind is not NoiseKind.EXODUS or not _about(noise, person):
            continue
        kept = _kept(person.number, noise.share)
        delay_s = LEAVE_S * share(seed, "exodus", index, person.name)
        if not kept and noise.since.timestamp() + delay_s <= at_s < noise.until.timestamp() + delay_s:
            return True
    return False


def _kept(number: int, gone: float) -> bool:
    """Of every dozen, the first so many stay: every size keeps the same share."""
    return (number * 5) % 12 >= round(12 * gone)


def _about(noise: Noise, person: Person) -> bool:
    return (not noise.operators or person.operator in noise.operators) and (
        not noise.accesses or person.access in noise.accesses
    )


def _run(
    scenario: Scenario, size: Size, seed: int, person: Person, turns: tuple[int, int], at_s: float
) -> Run:
    turn, place = turns
    apps = apps_of_run(scenario.apps, place)
    block = scenario.block_at(person.operator, person.access, at_s)
    world = OPEN if block is None else scenario.operator(person.operator).world
    line = scenario.access(person.access).line
    software = SOFTWARE
    waits = HAND_IN_LEAST_S + (HAND_IN_MOST_S - HAND_IN_LEAST_S) * share(seed, "hand-in", person.name, turn)
    arrives_s = at_s + waits
    for index, noise in enumerate(scenario.noise):
        if not noise.covers(person.operator, person.access, at_s):
            continue
        if person.operator == CANARY_ID and noise.kind is not NoiseKind.OUTAGE:
            continue  # it runs what was released to everybody, on a line without weather
        if noise.kind is NoiseKind.BAD_LINE:
            if share(seed, "bad", index, person.name, turn) < noise.share:
                line = noise.line
        elif noise.kind is NoiseKind.OUTAGE:
            world, line = noise.world, load_worlds().get(noise.world).line_name
        elif noise.kind is NoiseKind.RELEASE:
            if person.number < noise.probes and block is None:
                software = noise.software
                # On a bad line nothing is told of the bug: the control is as bad.
                plain = line == scenario.access(person.access).line
                world = noise.world if plain and set(apps) & set(noise.apps) else world
        elif noise.kind is NoiseKind.LATE and share(seed, "late", index, person.name) < noise.share:
            spread_s = LATE_SPREAD_S * share(seed, "spread", index, person.name, turn)
            arrives_s = max(arrives_s, noise.until.timestamp() + spread_s)
    kind = Kind(world, line, apps)
    return Run(
        arrives_s=arrives_s,
        at_s=at_s,
        person=person,
        turn=turn,
        kind=kind,
        draw=_draw(scenario, size, seed, kind, person, turn),
        run_kind=RunKind.CANARY if person.operator == CANARY_ID else RunKind.SCHEDULED,
        software=software,
        blocked=block is not None,
    )


def _draw(scenario: Scenario, size: Size, seed: int, kind: Kind, person: Person, turn: int) -> int:
    plain = kind.line in {line.line for line in scenario.accesses} and kind.world in {
        OPEN,
        *(operator.world for operator in scenario.operators),
    }
    count = size.draws if plain else size.noise_draws
    return int.from_bytes(derive(seed, "draw", person.name, turn, size=4), "big") % count


# --- people who test by hand ----------------------------------------------------------------------------


def _crowd(scenario: Scenario, size: Size, seed: int, noise: tuple[int, Noise], count: int) -> Iterator[Run]:
    index, each = noise
    operators = [o.id for o in scenario.operators if not each.operators or o.id in each.operators]
    accesses = each.accesses or tuple(line.id for line in scenario.accesses)
    pairs = app_pairs(scenario.apps)
    length_s = each.until.timestamp() - each.since.timestamp()
    for number in range(count):
        dice = derive(seed, "crowd", index, number, size=8)
        person = Person(
            operators[dice[0] % len(operators)], accesses[dice[1] % len(accesses)], CROWD_FIRST + number
        )
        at_s = each.since.timestamp() + length_s * share(seed, "crowd-time", index, number)
        block = scenario.block_at(person.operator, person.access, at_s)
        world = OPEN if block is None else scenario.operator(person.operator).world
        yield Run(
            arrives_s=at_s + HAND_IN_LEAST_S,
            at_s=at_s,
            person=person,
            turn=index,
            kind=Kind(world, each.line, pairs[dice[2] % len(pairs)]),
            draw=dice[3] % size.noise_draws,
            run_kind=RunKind.MANUAL,
            blocked=block is not None,
        )
