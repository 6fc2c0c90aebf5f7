"""What was found beside what was planted. Pure.

An onset or end is right if an interval that was found for its series, of its kind, holds it; what was found
and holds none is false. Silence is no claim about calls and is only counted. Spells that come and go by hours
need not be told one by one: of them the incident must name the schedule (`story`).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from voipwatch.lab.scenarios.table import END_PHASE, Scenario
from voipwatch.lab.scenarios.truth import HOUR_S, Planted, Series, planted, true_phases
from voipwatch.model.vocabulary import Access

ONSET: Final = "onset"
END: Final = "end"


class Change(msgspec.Struct, frozen=True):
    """A changepoint, as it was found."""

    series: Series
    kind: str
    """onset, end, silence."""
    earliest_s: float | None
    latest_s: float
    detected_s: float

    def holds(self, at_s: float) -> bool:
        """Whether this moment is in its interval."""
        return (self.earliest_s is None or self.earliest_s <= at_s) and at_s <= self.latest_s


class Edge(msgspec.Struct, frozen=True):
    """One planted onset or end, and what was found of it."""

    series: Series
    phase: str
    kind: str
    at_s: float
    found: Change | None

    @property
    def width_h(self) -> float | None:
        """Of the interval; None where there is none, or one without a beginning."""
        if self.found is None or self.found.earliest_s is None:
            return None
        return (self.found.latest_s - self.found.earliest_s) / HOUR_S


class Score(msgspec.Struct, frozen=True):
    """A run against its truth."""

    edges: tuple[Edge, ...]
    wrong: tuple[Change, ...]
    """Onsets and ends that nothing planted explains."""
    silences: int

    @property
    def missed(self) -> tuple[Edge, ...]:
        """Planted, and not found."""
        return tuple(edge for edge in self.edges if edge.found is None)

    @property
    def widest_h(self) -> float:
        """Of the intervals that were found."""
        return max((edge.width_h for edge in self.edges if edge.width_h is not None), default=0.0)

    @property
    def right(self) -> bool:
        """Whether all that was planted was found, and nothing else."""
        return not self.missed and not self.wrong


class PhaseLine(msgspec.Struct, frozen=True):
    """One line in one phase: planted, and found over its apps."""

    phase: str
    operator: str
    access: Access
    at_s: float
    earliest_s: float | None
    """The earliest that any of its apps' intervals begins; None where none was found."""
    latest_s: float | None
    found: int
    of: int


def score(scenario: Scenario, changes: Sequence[Change]) -> Score:
    """Compare. Changes of series that the scenario does not have (the line's own) count where they are
    wrong.
    """
    truths = {truth.series: truth for truth in planted(scenario)}
    left = sorted(
        (change for change in changes if change.kind in {ONSET, END}),
        key=lambda change: (change.series, change.latest_s),
    )
    silences = len(changes) - len(left)
    edges: list[Edge] = []
    for truth in truths.values():
        mine = [change for change in left if change.series == truth.series]
        for kind, at_s, phase, gated in _edges(truth):
            hit = next((each for each in mine if each.kind == kind and each.holds(at_s)), None)
            if hit is not None:
                mine.remove(hit)
                left.remove(hit)
            if not gated:
                edges.append(Edge(truth.series, phase, kind, at_s, hit))
    return Score(tuple(edges), tuple(left), silences)


def _edges(truth: Planted) -> list[tuple[str, float, str, bool]]:
    """Plain edges first: an interval that holds two is of the one that must be found."""
    last = len(truth.spells) - 1
    edges = []
    for number, spell in enumerate(truth.spells):
        edges.append((ONSET, spell.since_s, spell.phase, spell.gated))
        ends = END_PHASE if number == last else spell.phase
        edges.append((END, spell.until_s, ends, spell.gated))
    return sorted(edges, key=lambda edge: edge[3])


def phase_lines(scenario: Scenario, result: Score) -> list[PhaseLine]:
    """The chronology, phase by phase and line by line, for showing."""
    rows = []
    for phase in true_phases(scenario):
        kind = END if phase.name == END_PHASE else ONSET
        for operator, access, at_s in phase.lines:
            edges = [
                edge
                for edge in result.edges
                if (edge.series.operator, edge.series.access, edge.kind, edge.at_s)
                == (operator, access, kind, at_s)
            ]
            found = [edge.found for edge in edges if edge.found is not None]
            starts = [each.earliest_s for each in found if each.earliest_s is not None]
            rows.append(
                PhaseLine(
                    phase.name,
                    operator,
                    access,
                    at_s,
                    min(starts, default=None),
                    max((each.latest_s for each in found), default=None),
                    len(found),
                    len(edges),
                )
            )
    return rows
