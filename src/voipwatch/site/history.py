"""A series day by day, from its published rows alone: for charts, strips and tables of months.

A day's figures are the sum of its day row and of its hours' rows, which share no vote (docs/bundle.md). Its
state is by the rule of a row: three deciding votes, two thirds of them (docs/methods/cells.md). Late rows are
in the table and in no chart: they hold what other rows of the same week lack.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from voipwatch.site.bundle import Row

VOTES_NEEDED: Final = 3
MAJORITY: Final = 2 / 3


class Day(NamedTuple):
    """What the rows of one day (UTC) say together."""

    day: date
    state: str
    deciding: int
    blocked: int
    """Blocked and throttled votes, of those that decide."""
    anchor: str
    """Of the first of its rows."""
    by_week: bool = False
    """Only the row of its week speaks of it."""

    @property
    def share(self) -> float | None:
        """Of blocked and throttled votes; None where too few decide."""
        return self.blocked / self.deciding if self.deciding >= VOTES_NEEDED else None


class Run(NamedTuple):
    """Days of one state, one after the other, both ends included."""

    first: date
    last: date
    state: str


class Month(NamedTuple):
    """One month of a series."""

    name: str
    """`2016-01`."""
    days: int
    """With a row."""
    deciding: int
    blocked: int
    rows: int
    hours: tuple[Row, ...]
    """Its rows of single hours."""
    first_anchor: str

    @property
    def digest(self) -> str:
        """Of its rows of hours, hex."""
        return sha256(msgspec.json.encode(self.hours)).hexdigest()


def days_of(rows: Iterable[Row]) -> tuple[Day, ...]:
    """Days with a row, in order; of a week's row those days that have none of their own."""
    counts: dict[date, list[int]] = {}
    anchors: dict[date, str] = {}
    weeks: list[Row] = []
    for row in rows:
        if row.level not in {"hour", "day"}:
            if row.level == "week":
                weeks.append(row)
            continue
        day = date.fromisoformat(row.start[:10])
        anchors.setdefault(day, row.anchor)
        _add(counts.setdefault(day, [0, 0, 0, 0]), row)
    found = {day: _day(day, said, anchors[day]) for day, said in counts.items()}
    for row in weeks:
        said = [0, 0, 0, 0]
        _add(said, row)
        monday = date.fromisoformat(row.start[:10])
        for number in range(7):
            day = monday + timedelta(days=number)
            found.setdefault(day, _day(day, said, row.anchor, by_week=True))
    return tuple(found[day] for day in sorted(found))


def _add(said: list[int], row: Row) -> None:
    for number, votes in enumerate((row.ok, row.blocked, row.throttled, row.down)):
        said[number] += votes or 0


def _day(day: date, said: Sequence[int], anchor: str, *, by_week: bool = False) -> Day:
    return Day(day, state_of(said), sum(said), said[1] + said[2], anchor, by_week)


def state_of(said: Sequence[int]) -> str:
    """Of votes for ok, blocked, throttled, down, in this order."""
    total = sum(said)
    if total < VOTES_NEEDED:
        return "insufficient"
    for votes, state in zip(said, ("ok", "blocked", "throttled", "down"), strict=True):
        if votes >= MAJORITY * total - 1e-9:
            return state
    return "intermittent"


def runs_of(days: Iterable[Day]) -> tuple[Run, ...]:
    """Days of the same state that follow each other; days without a row are in none."""
    found: list[Run] = []
    for day in days:
        if found and found[-1].state == day.state and found[-1].last + timedelta(days=1) == day.day:
            found[-1] = found[-1]._replace(last=day.day)
        else:
            found.append(Run(day.day, day.day, day.state))
    return tuple(found)


def gaps_of(days: Sequence[Day], first: date, last: date) -> tuple[Run, ...]:
    """Days from `first` to `last` without a row: nobody measured."""
    known = {day.day for day in days}
    span = (last - first).days + 1
    empty = (first + timedelta(days=number) for number in range(span))
    return runs_of(Day(day, "unmeasured", 0, 0, "") for day in empty if day not in known)


def months_of(rows: Sequence[Row]) -> tuple[Month, ...]:
    """In order; a week counts to the month of its Monday."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.start[:7], []).append(row)
    found = []
    for name in sorted(groups):
        mine = groups[name]
        said = [0, 0, 0, 0]
        for row in mine:
            _add(said, row)
        found.append(
            Month(
                name=name,
                days=len({row.start[:10] for row in mine if row.level in {"hour", "day"}}),
                deciding=sum(said),
                blocked=said[1] + said[2],
                rows=len(mine),
                hours=tuple(row for row in mine if row.level == "hour"),
                first_anchor=mine[0].anchor,
            )
        )
    return tuple(found)
