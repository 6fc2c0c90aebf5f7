"""How many colluding networks would move a cell's state, published beside it (docs/methods/influence.md).

A network is a source prefix. Whoever controls one may hold as many pseudonyms behind it as he likes: honest
votes from there then weigh nothing, and his weigh the prefix's whole cap. He may also bring prefixes that
nobody was behind. Every vote of his says what helps him most.

With w the weight of a state and T that of all deciding votes, a state holds while w >= m T (m: the majority).
Taking a prefix over changes w and T by amounts that do not depend on the others taken, so that the best k of
them are the k that change w - m T most: no search is needed, and a test compares with one. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Final

import msgspec

from voipwatch.inference.cells import state_of
from voipwatch.model import cells as numbers
from voipwatch.model.cells import CellKey, CellState
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import PANEL, Vote

DECIDED: Final = (Verdict.OK, Verdict.BLOCKED, Verdict.THROTTLED, Verdict.DOWN)
NETWORKS_MAX: Final = 10_000
"""More is "more"."""

Weights = Mapping[Verdict, int]
"""Millionths of a vote, after the cap."""


class Collusion(msgspec.Struct, frozen=True):
    """Networks of one kind that must collude in one hour; None where no number of them suffices."""

    to_move: int | None
    """To another state, whichever."""
    to_blocked: int | None
    """To `blocked`: a false accusation; 0 where it is the state."""
    to_ok: int | None
    """To `ok`: something hidden; 0 where it is the state."""


class Influence(msgspec.Struct, frozen=True):
    """Of one cell. A carrier's network needs `PREFIX_WEIGHT_CARRIER` enrolled pseudonyms, a fixed one one."""

    fixed: Collusion
    carrier: Collusion


def cap_of(kind: PrefixKind) -> int:
    """Most that all votes behind one prefix weigh together, millionths."""
    carrier = kind is PrefixKind.CARRIER
    return round(
        (numbers.PREFIX_WEIGHT_CARRIER if carrier else numbers.PREFIX_WEIGHT_FIXED) * numbers.VOTE_MICRO
    )


def influence_of(prefixes: Sequence[tuple[PrefixKind, Weights]]) -> Influence:
    """What it takes, for each kind of network.

    Args:
        prefixes: kind and weights of each source prefix in the cell; an unknown kind weighs like fixed.
    """
    return Influence(
        fixed=collusion_of(prefixes, carrier=False), carrier=collusion_of(prefixes, carrier=True)
    )


def collusion_of(prefixes: Sequence[tuple[PrefixKind, Weights]], *, carrier: bool) -> Collusion:
    """What it takes of carrier networks, or of fixed ones."""
    total = {verdict: sum(weights.get(verdict, 0) for _, weights in prefixes) for verdict in DECIDED}
    present = [weights for kind, weights in prefixes if (kind is PrefixKind.CARRIER) is carrier]
    cap = cap_of(PrefixKind.CARRIER if carrier else PrefixKind.FIXED)
    state = state_of(total)
    reach = {
        verdict: 0 if state == CellState(verdict.value) else _to_reach(total, present, verdict, cap)
        for verdict in DECIDED
    }
    others = [count for count in reach.values() if count]
    if state is not CellState.INTERMITTENT and state is not CellState.INSUFFICIENT:
        leaving = _to_leave(total, present, Verdict(state.value), cap)
        others += [leaving] if leaving is not None else []
    if state is CellState.INSUFFICIENT:
        speaking = -(-_missing(total) // cap)
        others.append(max(1, speaking))
    return Collusion(
        to_move=min(others, default=None), to_blocked=reach[Verdict.BLOCKED], to_ok=reach[Verdict.OK]
    )


def influences(votes: Iterable[Vote]) -> dict[tuple[str, CellKey], Influence]:
    """Of every cell of the panel that these votes make, by instance and key.

    Each pseudonym's latest vote of an hour counts, as in `inference.cells`.
    """
    latest: dict[tuple[str, CellKey], dict[str, Vote]] = defaultdict(dict)
    for vote in votes:
        if vote.source != PANEL:
            continue
        key = CellKey(vote.country, vote.operator, vote.access, vote.app, vote.stage, vote.hour)
        voices = latest[vote.instance, key]
        other = voices.get(vote.pseudonym)
        if other is None or _order(vote) > _order(other):
            voices[vote.pseudonym] = vote
    return {name: influence_of(weights_behind(voices.values())) for name, voices in latest.items()}


def weights_behind(votes: Iterable[Vote]) -> list[tuple[PrefixKind, Weights]]:
    """Kind and weights of each prefix; `votes` hold one of each pseudonym."""
    behind: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.verdict in DECIDED:
            behind[vote.prefix].append(vote)
    found: list[tuple[PrefixKind, Weights]] = []
    for group in behind.values():
        carrier = all(vote.prefix_kind is PrefixKind.CARRIER for vote in group)
        kind = PrefixKind.CARRIER if carrier else PrefixKind.FIXED
        each = min(numbers.VOTE_MICRO, cap_of(kind) // len(group))
        weights: dict[Verdict, int] = defaultdict(int)
        for vote in group:
            weights[vote.verdict] += each
        found.append((kind, weights))
    return found


def _order(vote: Vote) -> tuple[int, int, str]:
    return vote.observed_at_ms, vote.received_at_ms, vote.report_id


def _missing(total: Weights) -> int:
    enough = numbers.PROBES_MIN * numbers.VOTE_MICRO - numbers.ROUNDING_MICRO
    return max(0, enough - sum(total.values()))


def _to_reach(total: Weights, present: Sequence[Weights], wanted: Verdict, cap: int) -> int | None:
    """Networks until `wanted` holds the majority and enough is said at all."""
    majority = numbers.MAJORITY_RATIO
    margin = total[wanted] - majority * sum(total.values()) + numbers.ROUNDING_MICRO
    gains = [
        (
            (cap - weights.get(wanted, 0)) - majority * (cap - sum(weights.values())),
            cap - sum(weights.values()),
        )
        for weights in present
    ]
    return _count(margin, gains, (cap * (1 - majority), cap), missing=_missing(total))


def _to_leave(total: Weights, present: Sequence[Weights], state: Verdict, cap: int) -> int | None:
    """Networks until `state` has lost its majority."""
    majority = numbers.MAJORITY_RATIO
    margin = majority * sum(total.values()) - total[state] - numbers.ROUNDING_MICRO - 1
    gains = [
        (majority * (cap - sum(weights.values())) + weights.get(state, 0), cap - sum(weights.values()))
        for weights in present
    ]
    return _count(margin, gains, (cap * majority, cap), missing=0)


def _count(
    margin: float, gains: Iterable[tuple[float, int]], fresh: tuple[float, int], *, missing: int
) -> int | None:
    """Fewest moves that bring `margin` to 0 or above, and `missing` weight into the cell.

    `gains`: of taking over each prefix that is there, once each; `fresh`: of one that is new. A prefix taken
    over may win more, a new one brings more weight: every number of the former is tried.
    """
    best: int | None = None
    moves = sorted((gain for gain in gains if gain[0] > fresh[0]), reverse=True)
    for taken in range(len(moves) + 1):
        needs = max(ceil(-margin / fresh[0] - 1e-9), ceil(missing / fresh[1]), 0)
        count = taken + needs
        if 0 < count <= NETWORKS_MAX and (best is None or count < best):
            best = count
        if taken < len(moves):
            margin += moves[taken][0]
            missing -= moves[taken][1]
    return best
