"""Which votes of a block are evidence, and against which border: probes with a past speak for themselves."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from voipwatch.inference.detection.baseline import Baseline, border_at, probe_share
from voipwatch.inference.detection.settings import Settings
from voipwatch.model.series import SeriesRow

NEWCOMER_PASSING: Final = 0.9
"""Share of votes that get through which newcomers may show while something interferes: whoever comes to a
blocked network often comes with a VPN."""


class Ballot(NamedTuple):
    """Votes of one block, and the largest share of them that the null expects."""

    blocked: int
    votes: int
    border: float


def quiet_ballot(rows: list[SeriesRow], baseline: Baseline, settings: Settings, time_s: float) -> Ballot:
    """Votes against "still quiet".

    Where rows name probes, only those with a past count, each against the larger of the series' border and
    twice its own share; when none of them votes, newcomers count, against a border of a half.
    """
    border = border_at(baseline, settings, time_s)
    named = by_probe(rows)
    if not named:
        return _all(rows, border)
    blocked = votes = 0
    expected = 0.0
    for probe, said in named.items():
        share = probe_share(baseline, settings, probe)
        if share is not None:
            blocked += said
            votes += 1
            expected += min(1.0, max(border, settings.baseline_factor * share))
    if votes:
        return Ballot(blocked, votes, expected / votes)
    return Ballot(sum(named.values()), len(named), max(border, settings.newcomer_share))


def alarmed_ballot(rows: list[SeriesRow], seen: Mapping[str, tuple[int, int]], passing: float) -> Ballot:
    """Votes against "still blocked"; the border is of the votes that get through.

    Where rows name probes, only those that voted during the interference count; when none does, newcomers
    count, against `NEWCOMER_PASSING`.
    """
    named = by_probe(rows)
    if not named:
        return _all(rows, passing)
    known = [said for probe, said in named.items() if probe in seen]
    if known:
        return Ballot(sum(known), len(known), passing)
    return Ballot(sum(named.values()), len(named), max(passing, NEWCOMER_PASSING))


def by_probe(rows: list[SeriesRow]) -> dict[str, int]:
    """One vote a probe: 1 where most of its votes in the block say "blocked"; empty where none is named."""
    if not any(row.probe for row in rows):
        return {}
    said: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.probe and row.total_count:
            blocked, votes = said.get(row.probe, (0, 0))
            said[row.probe] = (blocked + row.blocked_count, votes + row.total_count)
    return {probe: int(2 * blocked > votes) for probe, (blocked, votes) in said.items()}


def _all(rows: list[SeriesRow], border: float) -> Ballot:
    return Ballot(sum(row.blocked_count for row in rows), sum(row.total_count for row in rows), border)
