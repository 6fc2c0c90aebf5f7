"""What happened in an incident, in its order: phases, and the spread from series to series."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from voipwatch.chronicle.grouping import WIDTH_S, bursts
from voipwatch.chronicle.instants import hour_after, hour_before
from voipwatch.chronicle.spells import Spell, is_relapse
from voipwatch.model.incidents import Finding, Intermittence, Phase, PhaseKind, SeriesName, Spread
from voipwatch.stats.dayhours import HOURS, DayCounts, added, shared_hours

_ORDER: Final = {kind: number for number, kind in enumerate(PhaseKind)}
ENDS_TOGETHER_S: Final = 48 * 3600
"""Ends so near to each other are one phase, as onsets are (`grouping.TOGETHER_S`)."""


Fineness = Callable[[str, Spell], int]
"""Onset or end, spell -> how finely that may be told; what is told in one phase is told alike."""


def phases_of(spells: Sequence[Spell], *, fineness: Fineness = lambda *_: 0) -> tuple[Phase, ...]:
    """The phases of one incident, by the time at which they had reached the last of their series.

    Args:
        spells: of one group.
        fineness: a series whose times can only be told roughly has a phase beside that of the others, which
            is not blurred by it (`chronicle.telling`).
    """
    found = [
        *_onsets(spells, fineness),
        *_schedules(spells),
        *_ends(spells, fineness),
        *_silences(spells),
    ]
    return tuple(sorted(found, key=_in_time))


def spread_of(spells: Sequence[Spell]) -> tuple[Spread, ...]:
    """When each series was first reached, by rank.

    Intervals are only partly ordered: a series is after another where its interval begins when the other's
    is over. The rank counts those certainly before: equal ranks always overlap, and others may.
    """
    first: dict[SeriesName, Spell] = {}
    last: dict[SeriesName, Spell] = {}
    for spell in sorted(spells, key=lambda each: each.order):
        first.setdefault(spell.series, spell)
        last[spell.series] = spell
    found = []
    for series, spell in first.items():
        before = sum(other.latest_s < spell.since_s for other in first.values())
        ends = last[series].ends
        found.append(
            Spread(
                series=series,
                earliest=_earliest(spell.earliest_s),
                latest=hour_after(spell.latest_s),
                rank=1 + before,
                ended_earliest=None if ends is None else hour_before(ends[0]),
                ended_latest=None if ends is None else hour_after(ends[1]),
            )
        )
    return tuple(sorted(found, key=lambda each: (each.rank, each.latest, each.series)))


def _onsets(spells: Sequence[Spell], fineness: Fineness) -> list[Phase]:
    found = []
    for number, burst in enumerate(bursts(spells)):
        opens = PhaseKind.ONSET if number == 0 else PhaseKind.EXTENSION
        plain = [spell for spell in burst if spell.schedule is None]
        found += [_phase(opens, alike) for alike in _alike(plain, "onset", fineness)]
    return found


def _alike(spells: Iterable[Spell], kind: str, fineness: Fineness) -> list[list[Spell]]:
    """By how finely they may be told, finest first; an end that is not known closely is told apart."""
    found: dict[tuple[int, bool], list[Spell]] = {}
    for spell in spells:
        vague = kind == "end" and spell.ends is not None and spell.ends[1] - spell.ends[0] > WIDTH_S
        found.setdefault((fineness(kind, spell), vague), []).append(spell)
    return [found[step] for step in sorted(found)]


def _schedules(spells: Sequence[Spell]) -> list[Phase]:
    found = []
    for burst in bursts([spell for spell in spells if spell.schedule is not None]):
        for hours, spells_of_hours in _by_hours(burst):
            over = [spell.ends[1] for spell in spells_of_hours if spell.ends is not None]
            until = hour_after(max(over)) if len(over) == len(spells_of_hours) else None
            found.append(_phase(PhaseKind.INTERMITTENT, spells_of_hours, hours=hours, until=until))
    return found


def _by_hours(burst: Sequence[Spell]) -> list[tuple[tuple[int, ...], list[Spell]]]:
    """A burst's spells by the hours of the day that they are blocked in, and those hours.

    The apps of a line speak with one voice, and lines share their hours unless their own votes tell them
    apart (`stats.dayhours`): of one series alone an hour of the day has a vote or two.
    """
    lines: dict[tuple[str, str], list[Spell]] = {}
    for spell in burst:
        lines.setdefault((spell.series.operator, spell.series.access), []).append(spell)
    members = [lines[line] for line in sorted(lines)]
    groups = shared_hours([added([_counts(spell.schedule) for spell in spells]) for spells in members])
    return [
        (hours, sorted((spell for index in indices for spell in members[index]), key=lambda each: each.order))
        for hours, indices in groups
    ]


def _counts(schedule: Intermittence | None) -> DayCounts:
    if schedule is None or not schedule.hour_votes:
        return DayCounts((0.0,) * HOURS, (0.0,) * HOURS)
    return DayCounts(schedule.hour_hits, schedule.hour_votes)


def _ends(spells: Sequence[Spell], fineness: Fineness) -> list[Phase]:
    """Relief where something still stands, end where nothing does.

    The end of a schedule that plain interference takes up at once is told by its phase alone.
    """
    ended = [
        (spell.ends, spell)
        for spell in spells
        if spell.ends is not None
        and not (spell.schedule is not None and any(is_relapse(spell, after) for after in spells))
    ]
    clusters: list[list[tuple[tuple[float, float], Spell]]] = []
    for ends, spell in sorted(ended, key=lambda each: (each[0], each[1].order)):
        if clusters and ends[0] <= max(each[0][1] for each in clusters[-1]) + ENDS_TOGETHER_S:
            clusters[-1].append((ends, spell))
        else:
            clusters.append([(ends, spell)])
    found = []
    for cluster in clusters:
        kind = _kind_of_ends(cluster, spells)
        groups = _alike((spell for _, spell in cluster), "end", fineness)
        found += [_end_phase(kind, [each for each in cluster if each[1] in alike]) for alike in groups]
    return found


def _kind_of_ends(cluster: Sequence[tuple[tuple[float, float], Spell]], spells: Sequence[Spell]) -> PhaseKind:
    latest_s = max(ends[1] for ends, _ in cluster)
    stands = any(
        spell.latest_s <= latest_s and (spell.ends is None or spell.ends[1] > latest_s) for spell in spells
    )
    return PhaseKind.RELIEF if stands else PhaseKind.END


def _end_phase(kind: PhaseKind, cluster: Sequence[tuple[tuple[float, float], Spell]]) -> Phase:
    return Phase(
        kind=kind,
        earliest=hour_before(min(ends[0] for ends, _ in cluster)),
        latest=hour_after(max(ends[1] for ends, _ in cluster)),
        series=_names(spell for _, spell in cluster),
        changepoints=_sorted(name for _, spell in cluster for name in spell.end_evidence),
    )


def _silences(spells: Sequence[Spell]) -> list[Phase]:
    found: list[Phase] = []
    cluster: list[Finding] = []
    silences = {each.changepoint: each for spell in spells for each in spell.silences}
    for each in sorted(silences.values(), key=lambda item: (item.latest_s, item.changepoint)):
        if cluster and each.latest_s > cluster[-1].latest_s + ENDS_TOGETHER_S:
            found.append(_silence_phase(cluster))
            cluster = []
        cluster.append(each)
    return [*found, _silence_phase(cluster)] if cluster else found


def _silence_phase(cluster: Sequence[Finding]) -> Phase:
    bounds = [each.latest_s if each.earliest_s is None else each.earliest_s for each in cluster]
    return Phase(
        kind=PhaseKind.SILENCE,
        earliest=hour_before(min(bounds)),
        latest=hour_after(max(each.latest_s for each in cluster)),
        series=tuple(sorted({each.series for each in cluster})),
        changepoints=_sorted(each.changepoint for each in cluster),
    )


def _phase(
    kind: PhaseKind, spells: Sequence[Spell], *, hours: tuple[int, ...] = (), until: str | None = None
) -> Phase:
    unseen = any(spell.earliest_s is None for spell in spells)
    return Phase(
        kind=kind,
        earliest=None if unseen else hour_before(min(spell.since_s for spell in spells)),
        latest=hour_after(max(spell.latest_s for spell in spells)),
        series=_names(spells),
        changepoints=_sorted(name for spell in spells for name in spell.evidence),
        blocked_hours=hours,
        until=until,
    )


def _names(spells: Iterable[Spell]) -> tuple[SeriesName, ...]:
    return tuple(sorted({spell.series for spell in spells}))


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _earliest(time_s: float | None) -> str | None:
    return None if time_s is None else hour_before(time_s)


def _in_time(phase: Phase) -> tuple[str, str, int]:
    return phase.earliest or phase.latest, phase.latest, _ORDER[phase.kind]
