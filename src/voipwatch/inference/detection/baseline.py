"""The quiet past of a series: what is learnt, from rows that no alarm covers, and the border drawn from it.

Votes wait behind a guard before they are learnt, so that an onset which is still being found is not learnt as
quiet. Older experience weighs less: instead of shrinking the sums, each new vote weighs more.
"""

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from voipwatch.inference.detection.evidence import p_index, rho_index
from voipwatch.inference.detection.rhythm import Rhythm, learn, share_at
from voipwatch.inference.detection.settings import DAY_S, Settings
from voipwatch.stats.betabinomial import VOTES_MAX, overdispersion_bound, pair_agreement

Z: Final = 1.2816
"""One-sided 90 %; the factor of two on what is learnt stands beside it."""
PROBE_SHRINK_VOTES: Final = 20.0
"""Votes of the series that every probe's own share starts with."""
ROUNDING_ROWS: Final = 1e-6
"""Rows of a block that are forgiven: the variance of equal blocks is a difference of rounded sums, and its
root 1e-8 or so where it should be 0."""
PACE_DAYS_MAX: Final = 14.0
PROBE_FORGET_DAYS: Final = 60.0
"""Pseudonyms change every month: one that was not seen for two will not come back."""


class Waiting(msgspec.Struct, array_like=True, gc=False):
    """A closed block that waits behind the guard."""

    time_s: float
    blocked: int
    votes: int
    rows: int
    probes: list[tuple[str, int, int]]


class Known(msgspec.Struct, array_like=True, gc=False):
    """What is learnt of one probe."""

    blocked: float
    votes: float
    seen_s: float


class Baseline(msgspec.Struct):
    """Weighted sums over quiet blocks; all empty at first."""

    origin_s: float = 0.0
    """Time at which a vote weighs 1."""
    blocked: float = 0.0
    votes: float = 0.0
    blocks: float = 0.0
    days: float = 0.0
    """Days that those blocks stand for, silences in them."""
    last_s: float | None = None
    """Time of the newest block that was learnt."""
    rows: float = 0.0
    rows_squares: float = 0.0
    agreeing: float = 0.0
    agreeing_squares: float = 0.0
    pairs: float = 0.0
    probes: dict[str, Known] = {}
    rhythm: Rhythm = msgspec.field(default_factory=Rhythm)
    waiting: list[Waiting] = []
    pool_blocked: float = 0.0
    """Votes lent by the pool, weighing 1 each: see `panel`."""
    pool_votes: float = 0.0
    weight: float = 1.0
    """What a vote weighs now."""
    share: float | None = None
    """Share of blocked votes learnt; None before anything is."""
    border: float = 1.0
    """p0, the largest share that the null allows, on average over the week."""
    upper: float = 1.0
    """Upper bound of the share at 90 %."""
    rho: float = 1.0
    """Largest over-dispersion that the null allows."""
    pace_days: float = 0.0
    """Days from one block to the next, on average; 0 until something is learnt."""
    p_index: int = 0
    """Of the border, when no hour's term is used (`evidence.p_index`)."""
    rho_index: int = 0
    """Of the over-dispersion."""
    full_rows: int = 0
    """Rows that make a block full; 0 until something is learnt."""


def refresh(baseline: Baseline, settings: Settings, now_s: float) -> list[Waiting]:
    """Take out what the guard releases at `now_s`; the caller learns it or not."""
    last = len(baseline.waiting) - settings.guard_blocks
    limit_s = now_s - settings.guard_s
    count = 0
    while count < last and baseline.waiting[count].time_s < limit_s:
        count += 1
    released = baseline.waiting[:count]
    del baseline.waiting[:count]
    return released


def absorb(baseline: Baseline, settings: Settings, released: list[Waiting]) -> None:
    """Learn quiet blocks, a day's at a time."""
    released = [block for block in released if block.votes]
    if not released:
        return
    halflife_s = settings.halflife_days * DAY_S
    times_s = [block.time_s for block in released]
    weights = [2.0 ** ((time_s - baseline.origin_s) / halflife_s) for time_s in times_s]
    learn(
        baseline.rhythm,
        times_s,
        [block.blocked for block in released],
        [block.votes for block in released],
        weights,
        mean=baseline.share,
        effect=_design_effect(baseline),
    )
    _learn_pace(baseline, settings, released, weights)
    blocked = votes = agreeing = agreeing_squares = pairs = 0.0
    for block, weight in zip(released, weights, strict=True):
        hits, count = block.blocked, block.votes
        blocked += weight * hits
        votes += weight * count
        alike, of = pair_agreement(hits, count)
        agreeing += weight * alike
        agreeing_squares += weight * (alike * alike)
        pairs += weight * of
        if block.probes:
            _learn_probes(baseline, block, weight)
    baseline.blocked += blocked
    baseline.votes += votes
    baseline.agreeing += agreeing
    baseline.agreeing_squares += agreeing_squares
    baseline.pairs += pairs


def _learn_probes(baseline: Baseline, block: Waiting, weight: float) -> None:
    time_s = block.time_s
    for name, said, count in block.probes:
        known = baseline.probes.get(name)
        if known is None:
            known = baseline.probes[name] = Known(0.0, 0.0, time_s)
        if said:
            known.blocked += weight * said
        known.votes += weight * count
        known.seen_s = max(known.seen_s, time_s)


def _learn_pace(
    baseline: Baseline, settings: Settings, released: list[Waiting], weights: list[float]
) -> None:
    """How many rows make a block, and how many days it stands for: an alarm's are nobody's, so at most a
    fortnight's.
    """
    before_s, newest_s = baseline.last_s, baseline.last_s
    blocks = rows = rows_squares = days = 0.0
    for block, weight in zip(released, weights, strict=True):
        count, time_s = block.rows, block.time_s
        if not count:
            continue
        if before_s is None or newest_s is None:
            before_s = newest_s = time_s - settings.block_s
        blocks += weight
        rows += weight * count
        rows_squares += weight * (count * count)
        if time_s > before_s:
            gap = (time_s - before_s) / DAY_S
            days += weight * min(gap, PACE_DAYS_MAX)
            newest_s = max(newest_s, time_s)
        before_s = time_s
    baseline.blocks += blocks
    baseline.rows += rows
    baseline.rows_squares += rows_squares
    baseline.days += days
    baseline.last_s = newest_s


def weight_at(baseline: Baseline, settings: Settings, time_s: float) -> float:
    """What a vote of that time weighs: it doubles with every half-life."""
    return float(2.0 ** ((time_s - baseline.origin_s) / (settings.halflife_days * DAY_S)))


def redraw(baseline: Baseline, settings: Settings, now_s: float) -> None:
    """Draw the border, the over-dispersion and the size of a full block anew from what is learnt."""
    baseline.weight = weight_at(baseline, settings, now_s)
    votes = baseline.votes / baseline.weight
    if votes <= 0.0:
        return
    blocked = baseline.blocked / baseline.weight
    mean_votes = min(baseline.votes / max(baseline.blocks, 1e-9), float(VOTES_MAX))
    mean_rows = baseline.rows / max(baseline.blocks, 1e-9)
    variance = max(0.0, baseline.rows_squares / max(baseline.blocks, 1e-9) - mean_rows**2)
    baseline.full_rows = max(1, math.ceil(mean_rows + math.sqrt(variance) - ROUNDING_ROWS))
    baseline.pace_days = baseline.days / max(baseline.blocks, 1e-9)
    own = blocked / votes
    baseline.rho = overdispersion_bound(
        agreeing=baseline.agreeing / baseline.weight,
        agreeing_squares=baseline.agreeing_squares / baseline.weight,
        pairs=baseline.pairs / baseline.weight,
        p=own,
        typical_votes=mean_votes,
    )
    share = (blocked + baseline.pool_blocked) / (votes + baseline.pool_votes)
    blocks = baseline.blocks / baseline.weight
    worth = min(votes, blocks * mean_votes) / _design_effect(baseline) + baseline.pool_votes
    baseline.share = share
    baseline.upper = upper_bound(share, max(worth, 1.0))
    baseline.border = max(settings.baseline_factor * share, baseline.upper, settings.baseline_floor)
    baseline.p_index = p_index(min(1.0, baseline.border))
    baseline.rho_index = rho_index(baseline.rho)
    oldest_s = now_s - PROBE_FORGET_DAYS * DAY_S
    for name in [name for name, known in baseline.probes.items() if known.seen_s < oldest_s]:
        del baseline.probes[name]


def border_at(baseline: Baseline, settings: Settings, time_s: float) -> float:
    """p0 of a block at a time, the hour's and Ramadan's terms in it as far as they pay."""
    if baseline.share is None:
        return 1.0
    share = share_at(baseline.rhythm, time_s, baseline.share, baseline.weight)
    if share == baseline.share:
        return min(1.0, baseline.border)
    upper = baseline.upper * share / max(baseline.share, 1e-9)
    return min(1.0, max(settings.baseline_factor * share, upper, settings.baseline_floor))


def probe_share(baseline: Baseline, settings: Settings, probe: str) -> float | None:
    """Share of blocked votes learnt of one probe, drawn towards the series; None for a newcomer."""
    return probe_shares(baseline, settings, (probe,))[0]


def probe_shares(baseline: Baseline, settings: Settings, probes: Iterable[str]) -> list[float | None]:
    """The same of many."""
    mean, weight = baseline.share, baseline.weight
    if mean is None:
        return [None for _ in probes]
    least, prior = settings.proven_votes * weight, PROBE_SHRINK_VOTES * weight
    return [
        None
        if known is None or known.votes < least
        else (known.blocked + prior * mean) / (known.votes + prior)
        for known in map(baseline.probes.get, probes)
    ]


def upper_bound(share: float, votes: float) -> float:
    """Wilson's upper bound at 90 % on one side, for a share of so many independent votes (E. B. Wilson, JASA
    22 (1927) 209-212).
    """
    centre = share + Z * Z / (2.0 * votes)
    spread = Z * math.sqrt(share * (1.0 - share) / votes + Z * Z / (4.0 * votes * votes))
    return min(1.0, (centre + spread) / (1.0 + Z * Z / votes))


def _design_effect(baseline: Baseline) -> float:
    """How many dependent votes are worth one: 1 + (votes of a block - 1) rho (Kish 1965)."""
    votes = min(baseline.votes / max(baseline.blocks, 1e-9), float(VOTES_MAX))
    return 1.0 + max(0.0, votes - 1.0) * baseline.rho
