"""Confusion matrices: what had to be said against what was said, by app and by line condition. Pure.

Where more than one verdict is acceptable and one of them was said, that one had to be said; else the
likeliest. The same for mechanisms, of which "" is none; a run in which none had to be named and none was is
not among them. A share is one of all runs of which the same had to be said, with Wilson's interval at 95 %.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from voipwatch.lab.matrixrows import ACCUSATIONS, Row
from voipwatch.stats.intervals import wilson_interval

OWN: Final = "own"
"""The line condition of an innocent world, which brings its own."""


class Witness(msgspec.Struct, frozen=True):
    """One run of a cell: `voipwatch lab replay --world W --line L --seed N` prints what happened in it."""

    world: str
    line: str
    app: str
    seed: int


class Count(msgspec.Struct, frozen=True):
    """One cell."""

    expected: str
    said: str
    runs: int
    of: int
    """Runs of which `expected` had to be said."""
    share: float
    low: float
    high: float
    witness: Witness


class Rate(msgspec.Struct, frozen=True):
    """How often the right thing was said; shares from 0 to 1 with Wilson's interval at 95 %."""

    name: str
    runs: int
    right: int
    share: float
    low: float
    high: float


class Part(msgspec.Struct, frozen=True):
    """The runs of one app, of one line condition, or all."""

    name: str
    verdicts: list[Count]
    mechanisms: list[Count]


class Confusion(msgspec.Struct, frozen=True):
    """Matrices and rates. Runs that no total counts are in none of them."""

    guilty: Part
    innocent: Part
    by_app: list[Part]
    by_line: list[Part]
    verdicts_by_app: list[Rate]
    """Of guilty worlds; so are the others."""
    verdicts_by_line: list[Rate]
    mechanisms_by_app: list[Rate]
    mechanisms_by_line: list[Rate]
    mechanisms_by_expected: list[Rate]
    accused_by_line: list[Rate]
    """Of innocent worlds, by their own line: `right` are those that nobody was accused in."""


def confusion_of(rows: Iterable[Row]) -> Confusion:
    """All of it, names in alphabetical order."""
    counted = sorted((r for r in rows if r.graded), key=lambda r: (r.world, r.line, r.app, r.seed))
    guilty = [r for r in counted if r.guilty]
    innocent = [r for r in counted if not r.guilty]
    return Confusion(
        guilty=_part("guilty", guilty),
        innocent=_part("innocent", innocent),
        by_app=[_part(name, some) for name, some in _by(counted, lambda r: r.app)],
        by_line=[_part(name, some) for name, some in _by(counted, condition)],
        verdicts_by_app=_rates(guilty, lambda r: r.app, lambda r: r.verdict_right),
        verdicts_by_line=_rates(guilty, condition, lambda r: r.verdict_right),
        mechanisms_by_app=_rates(guilty, lambda r: r.app, lambda r: r.mechanism_right),
        mechanisms_by_line=_rates(guilty, condition, lambda r: r.mechanism_right),
        mechanisms_by_expected=_rates(
            [r for r in guilty if r.expected_mechanism], _mechanism, lambda r: r.mechanism_right
        ),
        accused_by_line=_rates(innocent, lambda r: r.line, lambda r: r.verdict not in ACCUSATIONS),
    )


def condition(row: Row) -> str:
    """The line condition that a run counts under."""
    return row.line if row.guilty else OWN


def expected_verdict(row: Row) -> str:
    """What had to be said, one word."""
    acceptable = row.expected.split("/")
    return row.verdict if row.verdict in acceptable else acceptable[0]


def _mechanism(row: Row) -> str:
    acceptable = row.expected_mechanism.split("/")
    said = row.mechanism or ""
    return said if said in acceptable else acceptable[0]


def _by(rows: Sequence[Row], key: Callable[[Row], str]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return sorted(found.items())


def _part(name: str, rows: Sequence[Row]) -> Part:
    named = [r for r in rows if _mechanism(r) or r.mechanism]
    return Part(
        name,
        _counts(rows, expected_verdict, lambda r: r.verdict),
        _counts(named, _mechanism, lambda r: r.mechanism or ""),
    )


def _counts(rows: Sequence[Row], expected: Callable[[Row], str], said: Callable[[Row], str]) -> list[Count]:
    counts: list[Count] = []
    for wanted, some in _by(rows, expected):
        for word, same in _by(some, said):
            interval = wilson_interval(len(same), len(some))
            first = same[0]
            counts.append(
                Count(
                    wanted,
                    word,
                    len(same),
                    len(some),
                    interval.estimate,
                    interval.low,
                    interval.high,
                    Witness(first.world, first.line, first.app, first.seed),
                )
            )
    return counts


def _rates(rows: Sequence[Row], key: Callable[[Row], str], right: Callable[[Row], bool]) -> list[Rate]:
    rates: list[Rate] = []
    for name, some in _by(rows, key):
        hits = sum(map(right, some))
        interval = wilson_interval(hits, len(some))
        rates.append(Rate(name, len(some), hits, interval.estimate, interval.low, interval.high))
    return rates
