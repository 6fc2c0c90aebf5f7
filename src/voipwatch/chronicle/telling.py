"""What of a finding may be told without telling of a voter: times in blocks of three probes, counts from 3.

A bound of a changepoint is the time of one vote. It is moved outwards to the edge of a block of a fixed
partition (half a day, day, ISO week, four weeks, UTC) in which at least three probes voted in that series
whose bounds would be told to the same edge: whoever knows when everybody measured still does not know whose
vote it was. docs/methods/privacy.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from voipwatch.chronicle.coarsen import Voice, count_probes
from voipwatch.chronicle.instants import DAY_S, hour_after
from voipwatch.chronicle.spells import SCHEDULE_END_S, Spell
from voipwatch.model.bundle import PROBES_PER_ROW, WITHHELD_STEP
from voipwatch.model.incidents import Finding, Intermittence, Phase, PhaseKind, Quality, SeriesName, Spread
from voipwatch.model.instants import iso, seconds

HALF_DAY_S: Final = int(DAY_S) // 2
WEEK_S: Final = 7 * int(DAY_S)
LAST_S: Final = 4 * WEEK_S
"""What is left over after the week: told to four weeks, whoever is in them."""
STEPS_S: Final = (HALF_DAY_S, int(DAY_S), WEEK_S, LAST_S)
"""Blocks, finest first. Half a day is the finest: with it an interval of 12 h stays below the 36 h that four
runs a day and probe should give, and twelve probes have 24 runs in it."""
_MONDAY_S: Final = 4 * int(DAY_S)
"""1970-01-05, the first Monday."""
_KIND_OF: Final[Mapping[PhaseKind, str]] = {
    PhaseKind.ONSET: "onset",
    PhaseKind.EXTENSION: "onset",
    PhaseKind.INTERMITTENT: "onset",
    PhaseKind.RELIEF: "end",
    PhaseKind.END: "end",
    PhaseKind.SILENCE: "silence",
}


def block_start(at_s: float, step_s: int) -> float:
    """Start of the block that a time lies in; `step_s` is one of `STEPS_S`."""
    offset_s = _MONDAY_S if step_s >= WEEK_S else 0
    return (at_s - offset_s) // step_s * step_s + offset_s


def block_end(at_s: float, step_s: int) -> float:
    """The first edge of a block that is not before a time."""
    start_s = block_start(at_s, step_s)
    return start_s if start_s == at_s else start_s + step_s


def step_of(at_s: float, voices: Iterable[Voice]) -> int:
    """To which of `STEPS_S` a bound may be told.

    The finest block in which three probes voted, counted low; of a coarser block only the votes that no finer
    one has taken count, because a bound among the others would have been told more finely. A day is told in
    halves only where both can be: else the small half has nobody left to be told with, and waits four weeks.

    Args:
        at_s: the bound, Unix seconds.
        voices: of its series, as far as is known.
    """
    rest = list(voices)
    for step_s in STEPS_S[:-1]:
        pools: defaultdict[float, list[Voice]] = defaultdict(list)
        for voice in rest:
            pools[block_start(voice.hour, step_s)].append(voice)
        small = {start_s for start_s, pool in pools.items() if count_probes(pool) < PROBES_PER_ROW}
        if step_s == HALF_DAY_S:  # both halves of a day or none: the small one would stand alone in its day
            days = {block_start(start_s, int(DAY_S)) for start_s in small}
            small = {start_s for start_s in pools if block_start(start_s, int(DAY_S)) in days}
        mine_s = block_start(at_s, step_s)
        if mine_s in pools and mine_s not in small:
            return step_s
        rest = [voice for start_s in small for voice in pools[start_s]]
    return LAST_S


def may_begin(finding: Finding) -> bool:
    """Whether a finding may be told as an onset: three probes, counted low, stand behind it.

    Ends and silences follow their onset: that fewer are left is no reason to say that a block goes on.
    """
    probes = finding.probes if finding.probes_low is None else finding.probes_low
    return finding.kind != "onset" or probes >= PROBES_PER_ROW


class Blocks:
    """How finely the times of each series may be told, by what its findings allow.

    Of several findings of a kind the coarsest decides, until it is said which of them a bound is of (`of`);
    where none says, as of a regime's end, it is a day.
    """

    def __init__(
        self,
        findings: Iterable[Finding],
        schedules: Iterable[Intermittence] = (),
        *,
        beneath: "Blocks | None" = None,
    ) -> None:
        """`beneath`: what holds where these findings say nothing."""
        self._findings = {each.changepoint: each for each in findings}
        self._regimes = [each for each in schedules if each.ended_s is not None]
        earliest: dict[tuple[str, SeriesName], int] = {}
        latest: dict[tuple[str, SeriesName], int] = {}
        for each in self._findings.values():
            name = each.kind, each.series
            earliest[name] = max(each.earliest_step_s, earliest.get(name, 0))
            latest[name] = max(each.latest_step_s, latest.get(name, 0))
        for regime in self._regimes:
            name = "end", regime.series
            earliest[name] = max(regime.ended_step_s, earliest.get(name, 0))
            latest[name] = max(regime.ended_step_s, latest.get(name, 0))
        self._earliest = earliest if beneath is None else beneath.steps[0] | earliest
        self._latest = latest if beneath is None else beneath.steps[1] | latest

    @property
    def steps(self) -> tuple[dict[tuple[str, SeriesName], int], dict[tuple[str, SeriesName], int]]:
        """Of lower and of upper bounds, by kind and series."""
        return self._earliest, self._latest

    def of(self, changepoints: Iterable[str], since: str | None = None, until: str | None = None) -> "Blocks":
        """For bounds that are those of these findings; the coarsest of each kind and series decides.

        An end that may be a regime's, whose end no finding has, stays as coarse as all of its series are.

        Args:
            changepoints: their ids.
            since: the phase or row that they bound; None: from the first day.
            until: the same; None: for ever.
        """
        first_s = float("-inf") if since is None else seconds(since)
        last_s = float("inf") if until is None else seconds(until)
        regular = {
            each.series
            for each in self._regimes
            if each.ended_s is not None
            and first_s <= each.ended_s + SCHEDULE_END_S
            and each.ended_s - SCHEDULE_END_S <= last_s
        }
        own = [each for each in self._named(changepoints) if each.kind != "end" or each.series not in regular]
        return Blocks(own, beneath=self)

    def of_first(self) -> "Blocks":
        """For the first onset of each series."""
        first: dict[SeriesName, Finding] = {}
        for each in sorted(self._findings.values(), key=lambda one: (one.latest_s, one.changepoint)):
            if each.kind == "onset":
                first.setdefault(each.series, each)
        return Blocks(first.values(), beneath=self)

    def of_end(self, row: Spread) -> "Blocks":
        """For the end of a series, where it is that of one of its findings."""
        ends = [
            name
            for name, each in self._findings.items()
            if each.series == row.series
            and each.kind == "end"
            and hour_after(each.latest_s) == row.ended_latest
        ]
        return self.of(ends, row.ended_earliest, row.ended_latest)

    def fineness(self, kind: str, spell: Spell) -> int:
        """The coarser of the two bounds of its onset or end, seconds; up to a day all are alike."""
        if kind == "end":
            near = (
                self if spell.schedule is not None else Blocks(self._named(spell.end_evidence), beneath=self)
            )
        else:
            near = Blocks(self._named(spell.evidence), beneath=self)
        return near.coarsest(kind, spell.series)

    def _named(self, names: Iterable[str]) -> list[Finding]:
        return [self._findings[name] for name in names if name in self._findings]

    def coarsest(self, kind: str, series: SeriesName) -> int:
        """Of both bounds, seconds; at least a day."""
        name = kind, series
        return max(self._earliest.get(name, 0), self._latest.get(name, 0), int(DAY_S))

    def earliest(
        self, text: str | None, kind: str, series: Iterable[SeriesName], *, least_s: int
    ) -> str | None:
        """A lower bound, moved down."""
        if text is None:
            return None
        step_s = max(least_s, *(self._earliest.get((kind, each), int(DAY_S)) for each in series))
        return iso(block_start(seconds(text), step_s))

    def latest(self, text: str, kind: str, series: Iterable[SeriesName], *, least_s: int) -> str:
        """An upper bound, moved up."""
        step_s = max(least_s, *(self._latest.get((kind, each), int(DAY_S)) for each in series))
        return iso(block_end(seconds(text), step_s))


def told_phases(phases: Sequence[Phase], blocks: Blocks) -> tuple[Phase, ...]:
    """The phases in blocks, in their order."""
    found = []
    for phase in phases:
        kind = _KIND_OF[phase.kind]
        near = blocks.of(phase.changepoints, phase.earliest, phase.latest)
        least_s = int(DAY_S) if phase.kind is PhaseKind.INTERMITTENT else HALF_DAY_S
        until = phase.until
        found.append(
            msgspec.structs.replace(
                phase,
                earliest=near.earliest(phase.earliest, kind, phase.series, least_s=least_s),
                latest=near.latest(phase.latest, kind, phase.series, least_s=least_s),
                until=None if until is None else blocks.latest(until, "end", phase.series, least_s=least_s),
            )
        )
    return tuple(_silences_once(found))


def _silences_once(phases: Sequence[Phase]) -> list[Phase]:
    """Silences that are told by the same blocks are one: nothing that is told sets them apart."""
    found: list[Phase] = []
    for phase in phases:
        same = next(
            (
                number
                for number, each in enumerate(found)
                if each.kind is phase.kind is PhaseKind.SILENCE
                and (each.earliest, each.latest) == (phase.earliest, phase.latest)
            ),
            None,
        )
        if same is None:
            found.append(phase)
            continue
        found[same] = msgspec.structs.replace(
            found[same],
            series=tuple(sorted({*found[same].series, *phase.series})),
            changepoints=tuple(sorted({*found[same].changepoints, *phase.changepoints})),
        )
    return found


def told_spread(spread: Sequence[Spread], blocks: Blocks) -> tuple[Spread, ...]:
    """The spread in blocks, ranked by what is told: the bounds' own order may tell of one vote."""
    found = []
    firsts = blocks.of_first()
    for row in spread:
        own = (row.series,)
        ended = row.ended_latest
        ends = blocks if ended is None else blocks.of_end(row)
        found.append(
            msgspec.structs.replace(
                row,
                earliest=firsts.earliest(row.earliest, "onset", own, least_s=HALF_DAY_S),
                latest=firsts.latest(row.latest, "onset", own, least_s=HALF_DAY_S),
                ended_earliest=ends.earliest(row.ended_earliest, "end", own, least_s=HALF_DAY_S),
                ended_latest=None if ended is None else ends.latest(ended, "end", own, least_s=HALF_DAY_S),
            )
        )
    ranked = [
        msgspec.structs.replace(
            row,
            rank=1 + sum(other.latest <= (row.earliest or row.latest) for other in found if other is not row),
        )
        for row in found
    ]
    return tuple(sorted(ranked, key=lambda each: (each.rank, each.latest, each.series)))


def told_quality(quality: Quality) -> Quality:
    """Counts of probes from three on, else 0; surplus votes in whole tens."""
    return msgspec.structs.replace(
        quality,
        probes=_from_three(quality.probes),
        probes_least=_from_three(quality.probes_least),
        probes_both_sides=_from_three(quality.probes_both_sides),
        joined=_from_three(quality.joined),
        left=_from_three(quality.left),
        votes_surplus=quality.votes_surplus // WITHHELD_STEP * WITHHELD_STEP,
    )


def _from_three(count: int) -> int:
    return count if count >= PROBES_PER_ROW else 0
