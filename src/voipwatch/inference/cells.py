"""From votes to cells, in plain Python: by this second implementation anybody recomputes a published state.

The store's SQL does the same on many; both take their numbers from `model.cells`, and a test holds them
together. docs/methods/cells.md says it in words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from voipwatch.model import cells as numbers
from voipwatch.model.cells import Cell, CellKey, CellState
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import PANEL, Vote

_DECIDED: Final = (Verdict.OK, Verdict.BLOCKED, Verdict.THROTTLED, Verdict.DOWN)
_CAP_MICRO: Final = {
    True: round(numbers.PREFIX_WEIGHT_CARRIER * numbers.VOTE_MICRO),
    False: round(numbers.PREFIX_WEIGHT_FIXED * numbers.VOTE_MICRO),
}


def cells_of(votes: Iterable[Vote]) -> list[Cell]:
    """All cells that these votes make, in the order of instance, source and key.

    Votes of one instance, source and key meet in one cell, whatever their order: the latest of each pseudonym
    counts, and those behind one prefix share its cap.
    """
    groups: defaultdict[tuple[str, str, CellKey], list[Vote]] = defaultdict(list)
    for vote in votes:
        key = CellKey(vote.country, vote.operator, vote.access, vote.app, vote.stage, vote.hour)
        groups[vote.instance, vote.source, key].append(vote)
    return [
        _cell(key, groups[instance, source, key], source=source, instance=instance)
        for instance, source, key in sorted(groups)
    ]


def state_of(decided_micro: dict[Verdict, int], *, source: str = PANEL) -> CellState:
    """What the weights of a cell (millionths of a vote, after the caps) say.

    Nothing below `PROBES_MIN`; else the verdict that holds `MAJORITY_RATIO` of the decided weight; else
    intermittent. Sources other than the panel say nothing.
    """
    total = sum(decided_micro.values())
    enough = numbers.PROBES_MIN * numbers.VOTE_MICRO
    if source != PANEL or total + numbers.ROUNDING_MICRO < enough:
        return CellState.INSUFFICIENT
    needed = numbers.MAJORITY_RATIO * total - numbers.ROUNDING_MICRO
    for verdict in _DECIDED:
        if decided_micro.get(verdict, 0) >= needed:
            return CellState(verdict.value)
    return CellState.INTERMITTENT


def with_silence(cells: Sequence[Cell], *, since: int, until: int) -> list[tuple[int, CellState]]:
    """Hour by hour what one series says: its cells' states, and silence between them.

    Args:
        cells: of one series, any hours; those of `STALE_AFTER_H` before `since` say whether it was
            measured.
        since: first hour, Unix seconds.
        until: hour after the last one.

    Returns:
        (hour, state), ascending. An hour without a cell is silent while a cell that decided something lies at
        most `STALE_AFTER_H` hours before it; without that the series is not measured, and has no entry.
    """
    by_hour = {cell.key.hour: cell.state for cell in cells}
    stale_s = numbers.STALE_AFTER_H * 3600
    measured: int | None = None
    said = []
    for hour in range(since - stale_s, until, 3600):
        state = by_hour.get(hour)
        if state not in {None, CellState.INSUFFICIENT}:
            measured = hour
        if hour < since:
            continue
        if state is not None:
            said.append((hour, state))
        elif measured is not None and hour - measured <= stale_s:
            said.append((hour, CellState.SILENT))
    return said


def _cell(key: CellKey, votes: list[Vote], *, source: str, instance: str) -> Cell:
    voices: dict[str, Vote] = {}
    for vote in votes:
        other = voices.get(vote.pseudonym)
        if other is None or _order(vote) > _order(other):
            voices[vote.pseudonym] = vote
    by_prefix: defaultdict[str, list[Vote]] = defaultdict(list)
    for vote in voices.values():
        by_prefix[vote.prefix].append(vote)
    micro = dict.fromkeys(Verdict, 0)
    for behind in by_prefix.values():
        cap = _CAP_MICRO[all(vote.prefix_kind is PrefixKind.CARRIER for vote in behind)]
        decided = sum(vote.verdict in _DECIDED for vote in behind)
        for vote in behind:
            sharing = decided if vote.verdict in _DECIDED else len(behind) - decided
            micro[vote.verdict] += min(numbers.VOTE_MICRO, cap // sharing)
    blames = Counter(
        vote.mechanism
        for vote in voices.values()
        if vote.mechanism and vote.verdict in {Verdict.BLOCKED, Verdict.THROTTLED}
    )
    return Cell(
        key=key,
        state=state_of({verdict: micro[verdict] for verdict in _DECIDED}, source=source),
        ok=micro[Verdict.OK] / numbers.VOTE_MICRO,
        blocked=micro[Verdict.BLOCKED] / numbers.VOTE_MICRO,
        throttled=micro[Verdict.THROTTLED] / numbers.VOTE_MICRO,
        down=micro[Verdict.DOWN] / numbers.VOTE_MICRO,
        insufficient=micro[Verdict.INSUFFICIENT] / numbers.VOTE_MICRO,
        probes=len(voices),
        prefixes=len(by_prefix),
        reports=len({vote.report_id for vote in votes}),
        mechanisms=sorted(blames, key=lambda word: (-blames[word], word)),
        last_received=max(vote.received_at_ms for vote in votes) // 1000,
        synthetic=instance,
        source=source,
    )


def _order(vote: Vote) -> tuple[int, int, str]:
    return vote.observed_at_ms, vote.received_at_ms, vote.report_id
