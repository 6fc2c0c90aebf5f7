"""The story of each series: from an onset to its end, or interference by a schedule.

A set of changepoints gives the same spells in whatever order they arrived.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from voipwatch.chronicle.instants import DAY_S, HOUR_S
from voipwatch.model.cells import STALE_AFTER_H
from voipwatch.model.incidents import Finding, IncidentKind, Intermittence, SeriesName
from voipwatch.model.vocabulary import LINE

SCHEDULE_END_S: Final = 12 * HOUR_S
"""A regime tells the best estimate of its end and no interval: half a day to either side, which is what four
runs a day can tell of one probe."""
SILENT_S: Final = STALE_AFTER_H * HOUR_S
"""After so long a silence a series is no longer measured, and explains nothing new."""
_ORDER: Final = {"onset": 0, "silence": 1, "end": 2}


class Spell(msgspec.Struct, frozen=True):
    """Interference with one series, plain or by a schedule."""

    series: SeriesName
    earliest_s: float | None
    latest_s: float
    evidence: tuple[str, ...]
    """Changepoints of the onset, and others inside."""
    ends: tuple[float, float] | None = None
    """Interval of its end."""
    end_evidence: tuple[str, ...] = ()
    silences: tuple[Finding, ...] = ()
    schedule: Intermittence | None = None

    @property
    def kind(self) -> IncidentKind:
        """`down` is said of lines, and never mixed with what is said of apps."""
        return IncidentKind.DOWN if self.series.app == LINE else IncidentKind.CALLS

    @property
    def order(self) -> tuple[float, float, SeriesName, tuple[str, ...]]:
        """By onset; total, because no two spells of a series share their evidence."""
        return self.latest_s, self.since_s, self.series, self.evidence

    @property
    def since_s(self) -> float:
        """Lower bound of the onset; the upper one where nothing was seen before."""
        return self.latest_s if self.earliest_s is None else min(self.earliest_s, self.latest_s)

    def stands_at(self, time_s: float) -> bool:
        """Whether it may still have stood then; not once nobody has measured it for a week."""
        if self.ends is not None:
            return self.ends[1] >= time_s
        return not self.silences or self.silences[-1].latest_s + SILENT_S >= time_s


def spells_of(findings: Iterable[Finding], schedules: Iterable[Intermittence] = ()) -> list[Spell]:
    """The spells of all series, by onset.

    Args:
        findings: of one country and instance, in any order; the same changepoint twice counts once.
        schedules: regimes of its series, in any order.

    An end of something that never began is no spell: what is not known to have begun is not told.
    """
    by_series: dict[SeriesName, dict[str, Finding]] = {}
    for finding in findings:
        by_series.setdefault(finding.series, {})[finding.changepoint] = finding
    regimes: dict[SeriesName, dict[float, Intermittence]] = {}
    for schedule in schedules:
        regimes.setdefault(schedule.series, {})[schedule.declared_s] = schedule
    found: list[Spell] = []
    for series, own in by_series.items():
        of_series = [regimes.get(series, {})[at] for at in sorted(regimes.get(series, {}))]
        rest = sorted(own.values(), key=_in_time)
        plain: list[Spell] = []
        for schedule in of_series:  # what stands when a regime is declared is a beat of it
            plain += _plain(series, [each for each in rest if each.latest_s <= schedule.declared_s])
            rest = [each for each in rest if each.latest_s > schedule.declared_s]
        found += _with_schedules([*plain, *_plain(series, rest)], of_series)
    return sorted(_with_lines_schedules(found), key=lambda spell: spell.order)


def _in_time(finding: Finding) -> tuple[float, int, float, str]:
    return finding.latest_s, _ORDER.get(finding.kind, 3), finding.detected_s, finding.changepoint


def _plain(series: SeriesName, findings: Sequence[Finding]) -> list[Spell]:
    spells: list[Spell] = []
    standing: Spell | None = None
    for each in findings:
        if each.kind == "onset":
            if standing is None:
                standing = Spell(series, each.earliest_s, each.latest_s, (each.changepoint,))
            else:  # said once more, for instance by a spell that outgrew its regime
                standing = msgspec.structs.replace(standing, evidence=(*standing.evidence, each.changepoint))
        elif standing is not None and each.kind == "silence":
            standing = msgspec.structs.replace(standing, silences=(*standing.silences, each))
        elif standing is not None and each.kind == "end":
            earliest_s = each.latest_s if each.earliest_s is None else min(each.earliest_s, each.latest_s)
            spells.append(
                msgspec.structs.replace(
                    standing, ends=(earliest_s, each.latest_s), end_evidence=(each.changepoint,)
                )
            )
            standing = None
    return spells if standing is None else [*spells, standing]


def _with_schedules(spells: list[Spell], schedules: Sequence[Intermittence]) -> list[Spell]:
    """Put the spells that made a regime into it: each onset and end inside is a beat of one thing.

    A regime of which no onset is left (withdrawn evidence) is told no more.
    """
    rest = list(spells)
    found: list[Spell] = []
    over_s = float("-inf")
    for schedule in schedules:
        since_s = over_s if schedule.earliest_s is None else max(over_s, schedule.earliest_s)
        beats = [spell for spell in rest if since_s <= spell.latest_s <= schedule.declared_s]
        over_s = schedule.declared_s
        if not beats:
            continue
        rest = [spell for spell in rest if spell not in beats]
        ended_s = schedule.ended_s
        found.append(
            Spell(
                series=schedule.series,
                earliest_s=beats[0].earliest_s,
                latest_s=beats[0].latest_s,
                evidence=tuple(name for spell in beats for name in (*spell.evidence, *spell.end_evidence)),
                ends=None if ended_s is None else (ended_s - SCHEDULE_END_S, ended_s + SCHEDULE_END_S),
                silences=tuple(silence for spell in beats for silence in spell.silences),
                schedule=schedule,
            )
        )
    return [*found, *rest]


RELAPSE_S: Final = 14 * DAY_S
"""An onset so soon after the end of the same series is the same incident: the pause that the detector's
regimes bridge too (`inference.detection.regime.PAUSE_MAX_S`)."""
BEAT_MAX_S: Final = 6 * DAY_S
"""A spell that is certainly longer is interference of its own. Twice the least after which the detector lets
one outgrow its regime (`inference.detection.regime.LEAST_S`): a pause is missed as a beat is, and makes one
spell of two beats."""


BORROWED_STEP_S: Final = 28 * DAY_S
"""How finely an end may be told that is another series': as what nobody counted (`Intermittence`)."""
OUTLASTS_S: Final = 2 * DAY_S
"""Regimes of a line whose ends are no further apart end together, as onsets begin together
(`grouping.TOGETHER_S`)."""


def _with_lines_schedules(spells: Sequence[Spell]) -> list[Spell]:
    """Where most other apps of a line come and go by a schedule, a short spell at that time is a beat too.

    A beat that one app's few votes do not show makes its pause look longer, and its regime over: the apps of
    a line vouch for each other. What lasts, what still stands, what no other regime covers, and what is said
    of the line itself stays as it is.
    """
    lines: dict[tuple[str, str], list[Spell]] = {}
    found = [spell for spell in spells if spell.series.app == LINE]
    for spell in sorted(spells, key=lambda each: each.order):
        if spell.series.app != LINE:
            lines.setdefault((spell.series.operator, spell.series.access), []).append(spell)
    for own in lines.values():
        found += _of_one_line(own)
    return found


def _of_one_line(spells: Sequence[Spell]) -> list[Spell]:
    found = _joined([spell for spell in spells if spell.schedule is not None], spells)
    regular = list(found)
    for spell in spells:
        if spell.schedule is not None:
            continue
        patterns = [each for each in regular if each.series != spell.series and _covers(each, spell)]
        others = {each.series for each in spells if each.series != spell.series}
        if not patterns or 2 * len({each.series for each in patterns}) <= len(others):
            found.append(spell)
            continue
        near = next((each for each in found if _takes(each, spell)), None)
        if near is not None:
            found[found.index(near)] = _with_beat(near, spell)
        else:
            found.append(_beat_alone(spell, patterns[0]))
    return [_outlasted(spell, found) for spell in found]


def _joined(regular: Sequence[Spell], line: Sequence[Spell]) -> list[Spell]:
    """The regimes, less those that take up an earlier one of their series while most other apps' stood.

    Votes that missed the beats between made two of one. A pause longer than a relapse's is no missed beat.
    """
    found: list[Spell] = []
    for spell in regular:
        others = {each.series for each in line if each.series != spell.series}
        before = next((each for each in reversed(found) if each.series == spell.series), None)
        if before is None or before.ends is None or spell.since_s - before.ends[1] > RELAPSE_S:
            found.append(spell)
            continue
        pause = before.ends[1], spell.since_s
        stood = {each.series for each in regular if each.series in others and _stands_through(each, pause)}
        if 2 * len(stood) > len(others):
            found[found.index(before)] = _taken_up(before, spell)
        else:
            found.append(spell)
    return found


def _stands_through(regular: Spell, pause: tuple[float, float]) -> bool:
    return regular.since_s <= pause[0] and (regular.ends is None or pause[1] <= regular.ends[1])


def _taken_up(before: Spell, after: Spell) -> Spell:
    """Two regimes of a series as one; the votes of both name its hours."""
    first, second = before.schedule, after.schedule
    assert first is not None
    assert second is not None
    schedule = msgspec.structs.replace(
        first,
        hour_hits=_sums(first.hour_hits, second.hour_hits),
        hour_votes=_sums(first.hour_votes, second.hour_votes),
        ended_s=second.ended_s,
        ended_step_s=second.ended_step_s,
    )
    return msgspec.structs.replace(
        before,
        schedule=schedule,
        ends=after.ends,
        evidence=(*before.evidence, *after.evidence),
        silences=(*before.silences, *after.silences),
    )


def _sums(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    """Hour by hour; those of the one that has them where the other has none."""
    if not one or not other:
        return tuple(one or other)
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _outlasted(spell: Spell, line: Sequence[Spell]) -> Spell:
    """A regime that seems over days before those of most other apps of the line: nobody knows when it ended.

    Its votes may have missed the last beats: it ended at some time up to the others' end. That is told once
    they are over, and of no longer time than a relapse may take: an app that is let through while others
    are not must be told to work. The bound is another series' then, and is told to four weeks.
    """
    if spell.schedule is None or spell.ends is None:
        return spell
    until_s = spell.ends[1]
    others = {each.series for each in line if each.series != spell.series}
    over = [
        (each.series, each.ends[1])
        for each in line
        if each.schedule is not None
        and each.series in others
        and each.since_s <= until_s
        and each.ends is not None
        and until_s + OUTLASTS_S < each.ends[1] <= until_s + RELAPSE_S
    ]
    if 2 * len({series for series, _ in over}) <= len(others):
        return spell
    return msgspec.structs.replace(
        spell,
        ends=(spell.ends[0], max(at_s for _, at_s in over)),
        schedule=msgspec.structs.replace(spell.schedule, ended_step_s=BORROWED_STEP_S),
    )


def _covers(regular: Spell, beat: Spell) -> bool:
    """Whether a short spell may lie inside a schedule's own time; its bounds are where votes were."""
    if beat.ends is None or beat.ends[0] - beat.latest_s > BEAT_MAX_S:
        return False
    until_s = float("inf") if regular.ends is None else regular.ends[1]
    return regular.since_s <= beat.latest_s and beat.ends[0] <= until_s


def _takes(regular: Spell, beat: Spell) -> bool:
    """Whether a beat is of this regime of the same series: at most the pause of a relapse away."""
    if regular.series != beat.series or regular.schedule is None or beat.ends is None:
        return False
    until_s = float("inf") if regular.ends is None else regular.ends[1]
    return beat.since_s - until_s <= RELAPSE_S and regular.since_s - beat.ends[1] <= RELAPSE_S


def _beat_alone(beat: Spell, pattern: Spell) -> Spell:
    """A beat of a series that declared no regime itself; its hours are the others' to tell."""
    schedule = pattern.schedule
    assert schedule is not None
    told = msgspec.structs.replace(
        schedule, series=beat.series, hour_hits=(), hour_votes=(), ended_s=None, ended_step_s=0
    )
    return msgspec.structs.replace(beat, schedule=told)


def _with_beat(regular: Spell, beat: Spell) -> Spell:
    """A schedule's spell, and one more of its beats that stood alone."""
    first = min(regular, beat, key=lambda each: each.order)
    over = regular.ends is not None and beat.ends is not None
    return msgspec.structs.replace(
        regular,
        earliest_s=first.earliest_s,
        latest_s=first.latest_s,
        evidence=(*regular.evidence, *beat.evidence, *beat.end_evidence),
        ends=max(regular.ends, beat.ends, key=lambda ends: ends[1]) if over else regular.ends,
        silences=tuple(sorted({*regular.silences, *beat.silences}, key=lambda each: each.latest_s)),
    )


def is_relapse(before: Spell, after: Spell) -> bool:
    """Whether `after` takes up `before`, of the same series."""
    if before.series != after.series or before.order >= after.order:
        return False
    return before.ends is None or after.since_s - before.ends[1] <= RELAPSE_S
