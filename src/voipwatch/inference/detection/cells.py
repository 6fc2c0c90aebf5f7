"""Hourly cells in bulk: what `Detector.receive` does to a quiet series, a day at a time and with fewer calls.

A country-year of cells is millions of blocks in which nothing happens. While a series is quiet, its border
stands for a day, each cell is one whole block, and all that a block does is to multiply sums and to be kept.
Anything else (an alarm, a rhythm that pays, a late cell, a gap) goes the long way; the memory is the same bit
for bit, and a test says so.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch.inference.detection.baseline import Waiting
from voipwatch.inference.detection.dating import KEPT_ROWS, Kept
from voipwatch.inference.detection.detector import Detector
from voipwatch.inference.detection.evidence import WEIGHTS, onset_evidence
from voipwatch.inference.detection.rhythm import PAYS
from voipwatch.inference.detection.settings import DAY_S, Settings
from voipwatch.inference.detection.silence import MEMORY_BLOCKS
from voipwatch.inference.detection.state import Phase, State
from voipwatch.model.series import Changepoint, SeriesRow

FADING: Final = 0.5 ** (1.0 / MEMORY_BLOCKS)


def receive_cells(
    detector: Detector, times_s: Sequence[float], blocked: Sequence[int], votes: Sequence[int]
) -> list[Changepoint]:
    """Take cells of unnamed votes in the order of arrival; the changepoints that they decide.

    Args:
        detector: changed in place, as by `receive` with one row a cell.
        times_s: start of each cell, Unix time.
        blocked: votes that say so, 0 up to the cell's votes.
        votes: all votes of each cell.

    Raises:
        ValueError: sequences of different lengths; counts that cannot be.
    """
    if not len(times_s) == len(blocked) == len(votes):
        raise ValueError(f"as many of each: {len(times_s)}, {len(blocked)}, {len(votes)}")
    found: list[Changepoint] = []
    at = 0
    while at < len(times_s):
        quick = _quiet_day(detector, times_s, blocked, votes, at)
        if quick == at:
            found += detector.receive(SeriesRow(times_s[at], blocked[at], votes[at]))
            quick = at + 1
        at = quick
    return found


def _quiet_day(
    detector: Detector, times_s: Sequence[float], blocked: Sequence[int], votes: Sequence[int], at: int
) -> int:
    """Take cells while all is quiet and of the day of the last one; the index of the first not taken."""
    state, settings = detector.state, detector.settings
    baseline, pace = state.baseline, state.pace
    if state.day is None or state.last_index is None or state.newest_s is None or pace.last_s is None:
        return at
    if not _nothing_goes_on(state, settings):
        return at
    p, rho = baseline.p_index, baseline.rho_index
    mass = min(baseline.pace_days, settings.mass_days_max)
    threshold, block_s = settings.onset_threshold, settings.block_s
    day_ends_s, last_index = (state.day + 1) * DAY_S, state.last_index
    sum_0, sum_1, sum_2, sum_3, sum_4, sum_5 = state.onset_sums
    mass_0, mass_1, mass_2, mass_3, mass_4, mass_5 = (mass * weight for weight in WEIGHTS)
    told: dict[tuple[int, int], tuple[float, ...]] = {}
    """Evidence of each pair of counts: a day has a few."""
    longest_s, last_s, first = pace.longest_s, state.newest_s, at
    indices: list[int] = []
    for at in range(first, len(times_s)):  # noqa: PLR1704 -- where it stops is the answer
        time_s, hits, count = times_s[at], blocked[at], votes[at]
        index = int(time_s // block_s)
        if time_s >= day_ends_s or index <= last_index or time_s - last_s > DAY_S:
            break
        evidence = told.get((hits, count))
        if evidence is None:
            if not 0 <= hits <= count or not count:
                break
            evidence = told[hits, count] = onset_evidence(hits, count, p, rho)
        e_0, e_1, e_2, e_3, e_4, e_5 = evidence
        # Below the threshold, so far below the ceiling of `shiryaev_roberts_step`; else the long way.
        new_0, new_1, new_2 = (sum_0 + mass_0) * e_0, (sum_1 + mass_1) * e_1, (sum_2 + mass_2) * e_2
        new_3, new_4, new_5 = (sum_3 + mass_3) * e_3, (sum_4 + mass_4) * e_4, (sum_5 + mass_5) * e_5
        if new_0 + new_1 + new_2 + new_3 + new_4 + new_5 >= threshold:
            break
        sum_0, sum_1, sum_2, sum_3, sum_4, sum_5 = new_0, new_1, new_2, new_3, new_4, new_5
        last_index = index
        indices.append(index)
        longest_s = max(longest_s * FADING, time_s - last_s)
        last_s = time_s
    else:
        at = len(times_s)
    if at == first:
        return at
    taken = list(zip(times_s[first:at], blocked[first:at], votes[first:at], strict=True))
    state.onset_sums = [sum_0, sum_1, sum_2, sum_3, sum_4, sum_5]
    _keep(state, [Kept(time_s, hits, count, "") for time_s, hits, count in taken])
    baseline.waiting += [
        Waiting(index * block_s, hits, count, 1, [])
        for index, (_, hits, count) in zip(indices, taken, strict=True)
    ]
    state.judged += indices
    state.votes += sum(votes[first:at])
    state.blocked += sum(blocked[first:at])
    state.last_index, state.last_start_s = last_index, last_index * block_s
    state.newest_s = pace.last_s = last_s
    pace.longest_s = longest_s
    pace.blocks += at - first
    state.rows += at - first
    return at


def _nothing_goes_on(state: State, settings: Settings) -> bool:
    """Whether a cell changes sums alone: no change under way, no open block, no term of the hour."""
    rhythm = state.baseline.rhythm
    return (
        state.phase is Phase.QUIET
        and state.open is None
        and state.baseline.full_rows == 1
        and not settings.row_span_s
        and not state.cycles.spells
        and rhythm.gain < PAYS
        and rhythm.ramadan_gain < PAYS
        and not state.pace.said
    )


def _keep(state: State, rows: list[Kept]) -> None:
    """What appending them one by one would leave: the older half goes whenever there are twice as many."""
    state.kept += rows
    while len(state.kept) > 2 * KEPT_ROWS:
        del state.kept[:KEPT_ROWS]
