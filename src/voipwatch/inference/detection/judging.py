"""One closed block against the null of the moment: still quiet, or still blocked; and what a crossing means.

A crossing of the threshold is necessary, not sufficient: the change must be of the smallest size reported and
be seen within probes. Such conditions only ever hold a detector back, so its run length stands.
"""

from typing import Final

from voipwatch.inference.detection import regime
from voipwatch.inference.detection.baseline import absorb, border_at, probe_share
from voipwatch.inference.detection.contrast import contrast
from voipwatch.inference.detection.dating import Dated, date_change
from voipwatch.inference.detection.evidence import (
    COMPONENTS,
    END_WEIGHTS,
    FRACTIONS,
    WEIGHTS,
    end_evidence,
    onset_evidence,
    p_index,
)
from voipwatch.inference.detection.settings import Settings
from voipwatch.inference.detection.state import Interference, Phase, State
from voipwatch.inference.detection.votes import Count, alarmed_ballot, quiet_ballot
from voipwatch.model.series import ChangeKind, Changepoint, SeriesRow
from voipwatch.stats.edetector import shiryaev_roberts_step

RELAXED_SHARE: Final = 0.5
"""An end must bring the level at least half of the way back; less is interference that relaxed."""
PASSING_MIN: Final = 0.05
"""Votes that get through a total block, at least: a line roams, a probe has a second path."""


def judge_onset(
    state: State, settings: Settings, count: Count, *, time_s: float, mass: float, decided_s: float
) -> list[Changepoint]:
    """Add a block to the evidence against "still quiet".

    Args:
        state: changed in place; its phase is QUIET.
        settings: the one setting.
        count: the block's votes.
        time_s: start of the block.
        mass: days that this step stands for.
        decided_s: time of the deciding row.
    """
    ballot = quiet_ballot(count, state.baseline, settings, time_s)
    if not ballot.votes:
        return []
    baseline = state.baseline
    plain = ballot.border == baseline.border
    evidence = onset_evidence(
        ballot.blocked,
        ballot.votes,
        baseline.p_index if plain else p_index(ballot.border),
        baseline.rho_index,
    )
    state.onset_sums = shiryaev_roberts_step(state.onset_sums, evidence, mass, WEIGHTS)
    if sum(state.onset_sums) < settings.onset_threshold:
        return []
    return _onset(state, settings, decided_s)


def certain(state: State, settings: Settings, rows: list[SeriesRow], *, time_s: float, mass: float) -> bool:
    """Whether an open block will cross the onset's threshold whatever its remaining votes say.

    No more than `full_rows` rows enter a block. With all of the missing ones counted as not blocked the
    evidence is a lower bound of what it will be; an alarm that is certain need not wait for the hour's end.
    Asked only where rows are single votes of no named probe: else the bound would need more than that.
    """
    full = state.baseline.full_rows
    if not full or sum(state.onset_sums) == 0.0 or any(row.probe or row.total_count != 1 for row in rows):
        return False
    threshold = settings.onset_threshold
    border = border_at(state.baseline, settings, time_s)
    if (sum(state.onset_sums) + mass) / border < threshold:
        return False
    blocked = sum(row.blocked_count for row in rows)
    evidence = onset_evidence(blocked, max(full, len(rows)), p_index(border), state.baseline.rho_index)
    return sum(shiryaev_roberts_step(state.onset_sums, evidence, mass, WEIGHTS)) >= threshold


def _onset(state: State, settings: Settings, decided_s: float) -> list[Changepoint]:
    """The threshold is crossed: an onset, if it is large enough and seen within probes."""
    baseline = state.baseline
    before = baseline.share or 0.0
    dated = _dated(state, settings, share_before=before, rising=True)
    if dated is None or dated.level - before < settings.effect_min:
        return []
    seen = contrast(
        state.kept,
        lambda probe: probe_share(baseline, settings, probe),
        since_s=dated.best_s,
        newcomers=settings.newcomer_share,
        effect_min=settings.effect_min,
        rising=True,
    )
    if seen is not None and not seen.holds:
        return []
    quiet_until_s = (dated.best_s if dated.earliest_s is None else dated.earliest_s) - settings.gap_s
    after_s = state.learn_after_s
    quiet = [
        block
        for block in baseline.waiting
        if block.time_s < quiet_until_s and (after_s is None or block.time_s > after_s)
    ]
    absorb(baseline, settings, quiet)
    baseline.waiting.clear()
    state.interference = Interference(
        onset_s=dated.latest_s, blocked=float(dated.blocked), votes=float(dated.votes), share_before=before
    )
    for row in state.kept:
        if row.probe and row.time_s >= dated.best_s:
            said = state.interference.probes.get(row.probe, (0, 0))
            state.interference.probes[row.probe] = (said[0] + row.blocked, said[1] + row.votes)
    state.phase = Phase.ALARMED
    state.end_sums = [0.0] * len(FRACTIONS)
    state.last_change_s = dated.best_s
    if regime.begin(state.cycles, dated.earliest_s, dated.latest_s, decided_s):
        return []
    return [
        Changepoint(
            kind=ChangeKind.ONSET,
            earliest_s=dated.earliest_s,
            latest_s=dated.latest_s,
            detected_s=decided_s,
            level_before=before,
            level_after=dated.level,
            probes_both_sides=seen.probes if seen is not None else 0,
        )
    ]


def judge_end(
    state: State, settings: Settings, count: Count, *, mass: float, decided_s: float
) -> list[Changepoint]:
    """Add a block to the evidence against "most of the rise still stands"; arguments as in `judge_onset`."""
    standing = state.interference
    if standing is None:
        return []
    rise = max(0.0, standing.level - standing.share_before)
    passing = max(PASSING_MIN, 1.0 - standing.share_before - settings.standing_share * rise)
    ballot = alarmed_ballot(count, standing.probes, passing)
    if not ballot.votes:
        return []
    evidence = end_evidence(ballot.blocked, ballot.votes, p_index(ballot.border))
    state.end_sums = shiryaev_roberts_step(state.end_sums, evidence, mass, END_WEIGHTS)
    if sum(state.end_sums) < settings.end_run_length_days:
        return []
    return _end(state, settings, standing, decided_s)


def _end(state: State, settings: Settings, standing: Interference, decided_s: float) -> list[Changepoint]:
    """The threshold is crossed: an end, if the level came most of the way back and probes saw it."""
    level = standing.level
    dated = _dated(state, settings, share_before=level, rising=False)
    if dated is None:
        return []
    relaxed = standing.share_before + RELAXED_SHARE * (level - standing.share_before)
    if dated.level > relaxed or level - dated.level < settings.effect_min:
        # It stands at a lower level: from now on an end is an end of that.
        standing.blocked, standing.votes = float(dated.blocked), float(dated.votes)
        state.end_sums = [0.0] * len(FRACTIONS)
        return []
    probes = standing.probes

    def before(probe: str) -> float | None:
        blocked, votes = probes.get(probe, (0, 0))
        return blocked / votes if votes >= 2 else None

    seen = contrast(
        state.kept,
        before,
        since_s=dated.best_s,
        newcomers=1.0 - settings.newcomer_share,
        effect_min=settings.effect_min,
        rising=False,
    )
    if seen is not None and not seen.holds:
        return []
    state.learn_after_s = dated.latest_s + settings.gap_s
    state.baseline.waiting = [block for block in state.baseline.waiting if block.time_s > state.learn_after_s]
    state.phase = Phase.LEARNING if state.baseline.share is None else Phase.QUIET
    state.onset_sums = [0.0] * COMPONENTS
    state.interference = None
    state.last_change_s = dated.best_s
    if regime.finish(state.cycles, dated.best_s):
        return []
    return [
        Changepoint(
            kind=ChangeKind.END,
            earliest_s=dated.earliest_s,
            latest_s=dated.latest_s,
            detected_s=decided_s,
            level_before=level,
            level_after=dated.level,
            probes_both_sides=seen.probes if seen is not None else 0,
        )
    ]


def outgrown(state: State, now_s: float) -> list[Changepoint]:
    """A spell that lasts too long for its regime is an onset of its own, reported late."""
    spell = regime.outgrown(state.cycles, now_s)
    standing = state.interference
    if spell is None or standing is None:
        return []
    return [
        Changepoint(
            kind=ChangeKind.ONSET,
            earliest_s=spell.earliest_s,
            latest_s=spell.onset_s,
            detected_s=now_s,
            level_before=standing.share_before,
            level_after=standing.level,
        )
    ]


def _dated(state: State, settings: Settings, *, share_before: float, rising: bool) -> Dated | None:
    baseline = state.baseline
    votes = baseline.votes / baseline.blocks if baseline.blocks else 1.0
    return date_change(
        state.kept,
        share_before=share_before,
        rising=rising,
        since_s=state.last_change_s,
        span_s=settings.row_span_s,
        effect=1.0 + max(0.0, votes - 1.0) * baseline.rho,
    )
