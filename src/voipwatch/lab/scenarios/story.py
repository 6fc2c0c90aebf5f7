"""What the chronicle tells beside what was planted: one incident, its phases, its order, its hours. Pure.

Where `score` asks of every series, this asks of the incident that people read: is it one, does each of its
phases hold what was planted and nothing else, does it tell the order in which lines were reached, and the
hours of what came and went.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from voipwatch.lab.scenarios.table import DAY_S, END_PHASE, Scenario, Size
from voipwatch.lab.scenarios.truth import HOUR_S, Planted, Series, planted, true_phases
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind, SeriesName, Spread
from voipwatch.model.instants import seconds
from voipwatch.model.vocabulary import Access

SERIES_SHARE: Final = 0.75
"""Of a phase's planted series so many must be told, and as finely as the panel allows; the others may be told
only roughly, or had too few voters to be told at all (`chronicle.telling`)."""
BLOCKS_S: Final = 36 * HOUR_S
"""By which the blocks in which an incident is told may widen an interval: a day on one side, half a day on
the other."""
HOURS_OFF: Final = 1
"""Hours at either border of a schedule that may be missing or too many: its first and last hours have the
fewest votes."""
BEAT_OFF_S: Final = 24 * HOUR_S
"""By which the end of something intermittent may be missed: its last beat may be taken for the one before the
last where few votes were cast in it, and the chronicle gives half a day to either side."""

Line = tuple[str, Access]
"""Operator's name, and access."""


class Hours(msgspec.Struct, frozen=True):
    """A planted schedule of a line, and what is told of it."""

    operator: str
    access: Access
    planted: tuple[int, ...]
    found: tuple[int, ...]
    """Of the intermittent phase that the line is in; empty where it is in none, or that names none."""
    series: int
    """Of the line's, in the phase."""
    of: int

    @property
    def right(self) -> bool:
        """Whether most series are in it, and its hours are the planted ones."""
        if 2 * self.series <= self.of:
            return False
        inner = set(self.planted) - _borders(self.planted)
        outer = set(self.planted) | {(hour + by) % 24 for hour in self.planted for by in (-1, 1)}
        return inner <= set(self.found) <= outer


class Told(msgspec.Struct, frozen=True):
    """One planted phase, and the incident's phase that tells it."""

    phase: str
    since_s: float
    until_s: float
    """When it had reached its last line."""
    lines: tuple[Line, ...]
    found: Phase | None

    @property
    def right(self) -> bool:
        """Whether a phase tells it."""
        return self.found is not None


class Story(msgspec.Struct, frozen=True):
    """The chronicle against the truth."""

    incidents: tuple[str, ...]
    """Ids of those that stand; one is right."""
    phases: tuple[Told, ...]
    strange: tuple[Phase, ...]
    """Phases that nothing planted explains. Silence is no claim about calls."""
    pairs: int
    """Of series that were reached so far apart that their order must be told."""
    untold: int
    """Pairs without an order."""
    reversed: int
    """Pairs of any distance in the wrong one."""
    ends_wrong: int
    """Series of the spread whose end is not where it was planted."""
    hours: tuple[Hours, ...]

    @property
    def one(self) -> bool:
        """Whether it is one incident, or none where none was planted."""
        return len(self.incidents) == (1 if self.phases else 0)

    @property
    def phases_right(self) -> bool:
        """Every planted phase is told, and no other."""
        return all(each.right for each in self.phases) and not self.strange

    @property
    def order_right(self) -> bool:
        """No pair the wrong way round, none untold that must be told, and every end in its interval."""
        return not self.reversed and not self.untold and not self.ends_wrong

    @property
    def right(self) -> bool:
        """All of it."""
        return self.one and self.phases_right and self.order_right and all(each.right for each in self.hours)


def judge_story(scenario: Scenario, size: Size, incidents: Sequence[Incident]) -> Story:
    """Compare.

    Args:
        scenario: that was run.
        size: in which it was run: how well it can be told.
        incidents: newest revisions of the scenario's chronicle.
    """
    standing = [each for each in incidents if each.status is not IncidentStatus.WITHDRAWN]
    truths = planted(scenario)
    most_s = size.interval_h * HOUR_S + BLOCKS_S
    left = [phase for each in standing for phase in each.phases if phase.kind is not PhaseKind.SILENCE]
    told = [_told(wanted, left, most_s) for wanted in _wanted(scenario)]
    rows = {row.series: row for each in standing for row in each.spread}
    pairs, untold, wrong = _order(truths, rows, size.order_h * HOUR_S, most_s=most_s)
    intermittent = [
        phase for each in standing for phase in each.phases if phase.kind is PhaseKind.INTERMITTENT
    ]
    return Story(
        tuple(each.id for each in standing),
        tuple(told),
        tuple(left),
        pairs,
        untold,
        wrong,
        _ends(truths, [row for each in standing for row in each.spread]),
        tuple(_hours(truths, intermittent)),
    )


class _Wanted(msgspec.Struct, frozen=True):
    told: Told
    kind: PhaseKind
    reached_s: Mapping[Line, float]
    series: int
    """Planted in it."""
    off_s: float = 0.0
    """By how much its interval may miss what was planted."""
    pause_s: float = 0.0
    """Of what comes and goes: its end is not known finer, where one app's votes miss the last beat."""


def _wanted(scenario: Scenario) -> list[_Wanted]:
    """The phases that a right story has, in their order."""
    hourly = {block.phase for block in scenario.blocks if block.hours is not None}
    found: list[_Wanted] = []
    for number, phase in enumerate(true_phases(scenario)):
        reached_s = {(operator, access): at_s for operator, access, at_s in phase.lines}
        lines = tuple(sorted(reached_s))
        kind = PhaseKind.EXTENSION if number else PhaseKind.ONSET
        if phase.name == END_PHASE:
            kind = PhaseKind.END
        elif phase.name in hourly:
            kind = PhaseKind.INTERMITTENT
        told = Told(phase.name, phase.since_s, phase.latest_s, lines, None)
        series = len(lines) * len(scenario.apps)
        found.append(_Wanted(told, kind, reached_s, series))
        if kind is PhaseKind.INTERMITTENT:
            hourly_blocks = [block for block in scenario.blocks if block.hours is not None]
            over = [block.until.timestamp() for block in hourly_blocks if block.phase == phase.name]
            relief = Told(f"{phase.name} over", min(over), max(over), lines, None)
            ended_s = dict.fromkeys(lines, max(over))
            days = max(block.every_days for block in hourly_blocks if block.phase == phase.name)
            found.append(_Wanted(relief, PhaseKind.RELIEF, ended_s, series, BEAT_OFF_S, days * DAY_S))
    return found


def _told(wanted: _Wanted, left: list[Phase], most_s: float) -> Told:
    """With the phase that tells it, which is taken out of `left`.

    Series that may be told only roughly have a phase of their own beside it, which tells the same. Most
    series must be in phases that are no wider than `most_s` and what was planted.
    """
    told, lines = wanted.told, set(wanted.told.lines)
    telling: list[Phase] = []
    for phase in left:
        fits = phase.kind is wanted.kind and _lines_of(phase) <= lines and _holds(phase, wanted)
        if fits and not any(set(phase.series) & set(other.series) for other in telling):
            telling.append(phase)
    room_s = most_s + wanted.pause_s + told.until_s - told.since_s
    fine = [phase for phase in telling if _width_s(phase) <= room_s]
    if set().union(*(_lines_of(phase) for phase in telling)) != lines:
        return told
    if sum(len(phase.series) for phase in fine) < SERIES_SHARE * wanted.series:
        return told
    for phase in telling:
        left.remove(phase)
    return msgspec.structs.replace(told, found=max(fine, key=lambda phase: len(phase.series)))


def _width_s(phase: Phase) -> float:
    """Of its interval; endless where it has no beginning."""
    return float("inf") if phase.earliest is None else seconds(phase.latest) - seconds(phase.earliest)


def _lines_of(phase: Phase) -> set[Line]:
    return {(name.operator, Access(name.access)) for name in phase.series}


def _holds(phase: Phase, wanted: _Wanted) -> bool:
    """Whether its interval holds what was planted in its own lines."""
    mine_s = [wanted.reached_s[line] for line in _lines_of(phase)]
    earliest_s = float("-inf") if phase.earliest is None else seconds(phase.earliest)
    return earliest_s - wanted.off_s <= min(mine_s) and max(mine_s) <= seconds(phase.latest) + wanted.off_s


def _order(
    truths: Sequence[Planted], rows: Mapping[SeriesName, Spread], apart_s: float, *, most_s: float
) -> tuple[int, int, int]:
    """Pairs that must be told, those without an order, and pairs in the wrong order.

    Two series have an order where their intervals do not overlap, and their ranks must say the same. A series
    that is not told, or only roughly (wider than `most_s`), has none to miss; up to a quarter of them
    (`SERIES_SHARE`) may be such. An order that is told must be right, however roughly.
    """
    planted_s = {_name(truth.series): truth.spells[0].since_s for truth in truths if truth.spells}
    fine = {name for name in planted_s if name in rows and _reached_width_s(rows[name]) <= most_s}
    if len(fine) < SERIES_SHARE * len(planted_s):
        fine = set(planted_s)
    reached = sorted((at_s, name) for name, at_s in planted_s.items())
    pairs = untold = wrong = 0
    for number, (first_s, first) in enumerate(reached):
        for later_s, later in reached[number + 1 :]:
            told = _is_before(rows, first, later)
            against = told and rows[later].rank < rows[first].rank
            wrong += later_s > first_s and (against or _is_before(rows, later, first))
            if later_s - first_s >= apart_s and {first, later} <= fine:
                pairs += 1
                untold += not told or rows[first].rank == rows[later].rank
    return pairs, untold, wrong


def _is_before(rows: Mapping[SeriesName, Spread], one: SeriesName, other: SeriesName) -> bool:
    """Whether the told intervals say that `one` was reached before `other`."""
    if one not in rows or other not in rows:
        return False
    earliest = rows[other].earliest
    return earliest is not None and seconds(rows[one].latest) <= seconds(earliest)


def _reached_width_s(row: Spread) -> float:
    return float("inf") if row.earliest is None else seconds(row.latest) - seconds(row.earliest)


def _ends(truths: Sequence[Planted], rows: Sequence[Spread]) -> int:
    """Series whose told end does not hold the planted one."""
    planted_s = {_name(truth.series): truth.spells[-1].until_s for truth in truths if truth.spells}
    wrong = 0
    for row in rows:
        at_s = planted_s.get(row.series)
        if at_s is None or row.ended_earliest is None or row.ended_latest is None:
            wrong += at_s is not None
        else:
            wrong += not seconds(row.ended_earliest) <= at_s <= seconds(row.ended_latest)
    return wrong


def _name(series: Series) -> SeriesName:
    return SeriesName(series.operator, series.access.value, series.app)


def _hours(truths: Sequence[Planted], phases: Sequence[Phase]) -> list[Hours]:
    lines: dict[Line, list[Planted]] = {}
    for truth in truths:
        if truth.hours:
            lines.setdefault((truth.series.operator, truth.series.access), []).append(truth)
    found = []
    for (operator, access), members in lines.items():
        names = {_name(truth.series) for truth in members}
        phase = max(phases, key=lambda each: len(names & set(each.series)), default=None)
        series = 0 if phase is None else len(names & set(phase.series))
        hours = phase.blocked_hours if phase is not None and series else ()
        found.append(Hours(operator, access, members[0].hours, hours, series, len(members)))
    return found


def _borders(hours: Sequence[int]) -> set[int]:
    return {
        hour for hour in hours if (hour - HOURS_OFF) % 24 not in hours or (hour + HOURS_OFF) % 24 not in hours
    }
