"""Which votes of a block are evidence, and against which border: probes with a past speak for themselves."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from voipwatch.inference.detection.baseline import Baseline, border_at, probe_shares
from voipwatch.inference.detection.settings import Settings
from voipwatch.model.series import SeriesRow

NEWCOMER_PASSING: Final = 0.9
"""Share of votes that get through which newcomers may show while something interferes: whoever comes to a
blocked network often comes with a VPN."""


class Count(NamedTuple):
    """What the rows of a block say."""

    blocked: int
    votes: int
    by_probe: dict[str, int]
    """One vote a probe: 1 where most of its votes in the block say "blocked"; empty where none is named."""


class Ballot(NamedTuple):
    """Votes of one block, and the largest share of them that the null expects."""

    blocked: int
    votes: int
    border: float


def quiet_ballot(count: Count, baseline: Baseline, settings: Settings, time_s: float) -> Ballot:
    """Votes against "still quiet".

    Where rows name probes, only those with a past count, each against the larger of the series' border and
    twice its own share; when none of them votes, newcomers count, against a border of a half.
    """
    border = border_at(baseline, settings, time_s)
    named = count.by_probe
    if not named:
        return Ballot(count.blocked, count.votes, border)
    blocked = votes = 0
    expected = 0.0
    factor, shares = settings.baseline_factor, probe_shares(baseline, settings, named)
    for said, share in zip(named.values(), shares, strict=True):
        if share is not None:
            blocked += said
            votes += 1
            own = factor * share
            expected += border if own <= border else min(1.0, own)
    if votes:
        return Ballot(blocked, votes, expected / votes)
    return Ballot(sum(named.values()), len(named), max(border, settings.newcomer_share))


def alarmed_ballot(count: Count, seen: Mapping[str, tuple[int, int]], passing: float) -> Ballot:
    """Votes against "still blocked"; the border is of the votes that get through.

    Where rows name probes, only those that voted during the interference count; when none does, newcomers
    count, against `NEWCOMER_PASSING`.
    """
    named = count.by_probe
    if not named:
        return Ballot(count.blocked, count.votes, passing)
    known = [said for probe, said in named.items() if probe in seen]
    if known:
        return Ballot(sum(known), len(known), passing)
    return Ballot(sum(named.values()), len(named), max(passing, NEWCOMER_PASSING))


def counted(rows: list[SeriesRow]) -> Count:
    """Count a block's votes, once."""
    if len(rows) == 1 and not rows[0].probe:  # an hour's cell, a day's counts: most of all blocks
        return Count(rows[0].blocked_count, rows[0].total_count, {})
    blocked = votes = 0
    said: dict[str, tuple[int, int]] = {}
    by_probe: dict[str, int] = {}
    for row in rows:
        hits, count, probe = row.blocked_count, row.total_count, row.probe
        blocked += hits
        votes += count
        if probe and count:
            if count != 1 or probe in by_probe:  # seldom: one vote a probe and hour
                before = said.get(probe) or (by_probe.get(probe, 0), int(probe in by_probe))
                hits, count = said[probe] = hits + before[0], count + before[1]
                hits = int(2 * hits > count)
            by_probe[probe] = hits
    return Count(blocked, votes, by_probe)
