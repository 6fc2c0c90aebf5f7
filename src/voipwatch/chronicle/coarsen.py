"""What may be told of votes without telling of a voter: each vote goes into one row of three probes, or none.

Pools of votes follow one fixed partition of time: hour, day, ISO week, and the week's late arrivals. A pool
closes at a fixed moment. If its votes are of three probes or more, it becomes one row; if not, all of its
votes move up to the next coarser pool, and those that have no coarser one are never told. Rows therefore
share no vote. A row that is out is remembered and stays as it is: what arrives later goes to a pool that is
still open. docs/methods/privacy.md has the argument.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from voipwatch.model import cells as numbers
from voipwatch.model.bundle import (
    CLOSING_LAG_S,
    DAY_S,
    LATE_LAG_S,
    LEVEL_S,
    PROBES_PER_ROW,
    Level,
    PublicRow,
    SeriesId,
)
from voipwatch.model.cells import CellState

DECIDED: Final = ("ok", "blocked", "throttled", "down")
"""Verdicts that decide something, in the order in which a tie would fall (there is none above a half)."""
UNDECIDED: Final = "insufficient"
LEVELS: Final = tuple(Level)
_MONDAY_S: Final = 3 * DAY_S
"""1970-01-01 was a Thursday: three days after a Monday."""


class Voice(NamedTuple):
    """One vote of one pseudonym in one hour of one series, after the cap of its source prefix."""

    series: SeriesId
    hour: int
    """Unix seconds of its start."""
    pseudonym: str
    """Changes with the month and the network."""
    household: str
    """Hash of a fixed line's prefix, under a key that lives a day; empty behind carrier NAT."""
    received_at: int
    """Unix seconds."""
    verdict: str
    """One of `DECIDED`, or `UNDECIDED`."""


class Told(NamedTuple):
    """What a release adds."""

    rows: list[PublicRow]
    """New rows, in order; those that were remembered are not among them."""
    members: list[list[Voice]]
    """The votes of each new row: for tests and tallies, never published."""
    withheld: list[Voice]
    """Votes that will never be told, as of now."""


def start_of(level: Level, hour: int) -> int:
    """Unix seconds at which the pool of `level` that holds `hour` begins."""
    if level is Level.HOUR:
        return hour
    if level is Level.DAY:
        return hour // DAY_S * DAY_S
    span = LEVEL_S[level]
    return (hour + _MONDAY_S) // span * span - _MONDAY_S


def closes_at(level: Level, start: int) -> int:
    """Unix seconds at which a pool is closed; what is received then or later is not in it."""
    late = LATE_LAG_S if level is Level.LATE else 0
    return start + LEVEL_S[level] + CLOSING_LAG_S + late


def state_of_counts(counts: Mapping[str, int]) -> CellState:
    """The rule of cells (docs/methods/cells.md, 3 and 4) on whole votes: two thirds of at least three.

    `counts`: votes by verdict; those of `UNDECIDED` do not matter.
    """
    total = sum(counts.get(verdict, 0) for verdict in DECIDED)
    if total < numbers.PROBES_MIN:
        return CellState.INSUFFICIENT
    for verdict in DECIDED:
        # In whole numbers: no rounding stands between two readers.
        if 3 * counts.get(verdict, 0) >= 2 * total:
            return CellState(verdict)
    return CellState.INTERMITTENT


def state_of_row(row: PublicRow) -> CellState:
    """The state that a row's own counts give: how anybody checks it."""
    if row.ok is None:
        return CellState.INSUFFICIENT
    return state_of_counts({verdict: getattr(row, verdict) or 0 for verdict in DECIDED})


def count_probes(voices: Iterable[Voice]) -> int:
    """Distinct probes among votes, counted low.

    Pseudonyms that were ever seen behind one household's prefix are one. A pseudonym is another one each
    month, so that months are counted apart and the larger number stands.
    """
    by_month: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for voice in voices:
        roots = by_month[_month(voice.hour // DAY_S)]
        mine = _root(roots, f"p{voice.pseudonym}")
        if voice.household:
            roots[_root(roots, f"h{voice.household}")] = mine
    return max((len(_pseudonym_roots(roots)) for roots in by_month.values()), default=0)


def tell(
    voices: Iterable[Voice],
    *,
    as_of: int,
    remembered: Iterable[PublicRow] = (),
    remembered_until: int = 0,
) -> Told:
    """The rows that may be added to what is out.

    Args:
        voices: whole ISO weeks of votes; which weeks does not matter, the order neither.
        as_of: Unix seconds; pools that close later are left for later.
        remembered: rows that are out, at least those of the weeks of `voices`.
        remembered_until: `as_of` of the last release. Pools that had closed by then are as they were left:
            with their row, or without one for ever.
    """
    out = {(row.series, row.level, row.start) for row in remembered}
    weeks: defaultdict[tuple[SeriesId, int], dict[Level | None, list[Voice]]] = defaultdict(dict)
    for voice in voices:
        if voice.received_at < as_of:
            week = weeks[voice.series, start_of(Level.WEEK, voice.hour)]
            week.setdefault(first_level(voice), []).append(voice)
    told = Told([], [], [])
    for name in sorted(weeks):
        arrived = weeks[name]
        moving: list[Voice] = []
        for level in LEVELS:
            moving += arrived.get(level, [])
            moving = _one_level(level, moving, told, out=out, as_of=as_of, until=remembered_until)
        told.withheld.extend(moving + arrived.get(None, []))
    order = sorted(range(len(told.rows)), key=told.rows.__getitem__)
    return Told([told.rows[n] for n in order], [told.members[n] for n in order], told.withheld)


def first_level(voice: Voice) -> Level | None:
    """Of the first pool that a vote is in: that which was open when it arrived; None where none was."""
    for level in LEVELS:
        if voice.received_at < closes_at(level, start_of(level, voice.hour)):
            return level
    return None


def _one_level(
    level: Level,
    voices: Sequence[Voice],
    told: Told,
    *,
    out: set[tuple[SeriesId, Level, int]],
    as_of: int,
    until: int,
) -> list[Voice]:
    """Close the pools of one series, week and level; returns the votes that move up."""
    pools: defaultdict[int, list[Voice]] = defaultdict(list)
    for voice in voices:
        pools[start_of(level, voice.hour)].append(voice)
    up: list[Voice] = []
    for start in sorted(pools):
        pool, closed_at = pools[start], closes_at(level, start)
        if (pool[0].series, level, start) in out or closed_at > as_of:
            continue  # spoken for, or waiting
        row = None if closed_at <= until else row_of(pool, level=level, start=start)
        if row is None:
            up += pool
        else:
            told.rows.append(row)
            told.members.append(pool)
    return up


def row_of(pool: Sequence[Voice], *, level: Level, start: int) -> PublicRow | None:
    """The row that a closed pool becomes, or None: too few probes decided.

    From the week on a pool of three probes of which fewer decided is told too, its votes in one number.
    """
    if len(pool) < PROBES_PER_ROW:
        return None
    split = count_probes(voice for voice in pool if voice.verdict != UNDECIDED) >= PROBES_PER_ROW
    probes = count_probes(pool)
    if not split and (level in {Level.HOUR, Level.DAY} or probes < PROBES_PER_ROW):
        return None
    counts = dict.fromkeys((*DECIDED, UNDECIDED), 0)
    for voice in pool:
        counts[voice.verdict] += 1
    shown: dict[str, int | None] = {word: number if split else None for word, number in counts.items()}
    return PublicRow(
        series=pool[0].series,
        start=start,
        level=level,
        closed_at=closes_at(level, start),
        state=state_of_counts(counts) if split else CellState.INSUFFICIENT,
        votes=len(pool),
        probes=probes,
        hours=len({voice.hour for voice in pool}),
        **shown,
    )


def _pseudonym_roots(roots: dict[str, str]) -> set[str]:
    return {_root(roots, name) for name in list(roots) if name.startswith("p")}


def _root(roots: dict[str, str], name: str) -> str:
    """Of the set that `name` is in; a name that is new is its own."""
    while (above := roots.setdefault(name, name)) != name:
        name = above
    return name


@lru_cache(maxsize=4096)
def _month(day: int) -> int:
    """Month number of a day since 1970, by which a pseudonym lives."""
    moment = datetime.fromtimestamp(day * DAY_S, tz=UTC)
    return moment.year * 12 + moment.month
