"""Collusion: against an exhaustive search with the very function that makes cells, and cases by hand."""

from itertools import combinations, product

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.pipeline.ballots_by_hand import HOUR, vote
from voipwatch.inference.cells import cells_of
from voipwatch.model import cells as numbers
from voipwatch.model.cells import CellState
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline.influence import influence_of, influences, weights_behind

LIES = (Verdict.OK, Verdict.BLOCKED, Verdict.DOWN, Verdict.THROTTLED)
CROWD = 2000
"""Pseudonyms behind a prefix once a liar has it: an honest one weighs half of what is forgiven."""


def honest(*said: tuple[str, PrefixKind, Verdict]) -> list[Vote]:
    return [
        vote(number, verdict, prefix=prefix, prefix_kind=kind)
        for number, (prefix, kind, verdict) in enumerate(said)
    ]


def attack(votes: list[Vote], taken: list[str], fresh: int, *, kind: PrefixKind, says: Verdict) -> CellState:
    """The state once `taken` prefixes and `fresh` new ones are somebody's who says one thing."""
    lies = list(votes)
    number = 10_000
    for prefix in [*taken, *(f"new{n}" for n in range(fresh))]:
        behind = sum(each.prefix == prefix for each in votes)
        crowd = CROWD - behind if behind else int(numbers.PREFIX_WEIGHT_CARRIER)
        for _ in range(crowd if kind is PrefixKind.CARRIER or behind else 1):
            lies.append(vote(number, says, prefix=prefix, prefix_kind=kind))
            number += 1
    (cell,) = cells_of(lies)
    return cell.state


def searched(votes: list[Vote], *, kind: PrefixKind, wanted: CellState | None, most: int) -> int | None:
    """Fewest networks by trying all of them."""
    (before,) = cells_of(votes)
    if wanted is before.state:
        return 0
    carrier = kind is PrefixKind.CARRIER
    present = sorted({v.prefix for v in votes if (v.prefix_kind is PrefixKind.CARRIER) is carrier})
    for count in range(1, most + 1):
        for old in range(min(count, len(present)) + 1):
            for taken, says in product(combinations(present, old), LIES):
                after = attack(votes, list(taken), count - old, kind=kind, says=says)
                if (after is wanted) if wanted is not None else (after is not before.state):
                    return count
    return None


FIXED, CARRIER = PrefixKind.FIXED, PrefixKind.CARRIER


@pytest.mark.parametrize(
    ("said", "fixed", "carrier"),
    [
        # Ten houses say ok. Leaving: 10 / (10 + x) < 2/3 from x = 5.002 on with new ones; taking over houses,
        # (10 - k) / 10 < 2/3 from k = 4 on.
        ([(f"h{n}", FIXED, Verdict.OK) for n in range(10)], (4, 7, 0), (1, 2, 0)),
        # Three houses, the least that says anything.
        ([(f"h{n}", FIXED, Verdict.OK) for n in range(3)], (2, 2, 0), (1, 1, 0)),
        # One voice: nothing is said, and two more make it speak.
        ([("h0", FIXED, Verdict.OK)], (2, 2, 2), (1, 1, 1)),
    ],
)
def test_cases_by_hand(
    said: list[tuple[str, PrefixKind, Verdict]], fixed: tuple[int, ...], carrier: tuple[int, ...]
) -> None:
    found = influence_of(weights_behind(honest(*said)))
    for collusion, wanted in ((found.fixed, fixed), (found.carrier, carrier)):
        assert (collusion.to_move, collusion.to_blocked, collusion.to_ok) == wanted


def test_an_operator_behind_one_carrier_prefix_is_moved_by_whoever_holds_that_prefix() -> None:
    votes = honest(*[("nat", CARRIER, Verdict.OK) for _ in range(40)])
    found = influence_of(weights_behind(votes))
    assert (found.carrier.to_move, found.carrier.to_blocked) == (1, 1)
    # 16 weigh the whole prefix: 9 houses leave 16/25 < 2/3, 32 reach 32/48.
    assert (found.fixed.to_move, found.fixed.to_blocked) == (9, 32)


prefixes = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([Verdict.OK, Verdict.BLOCKED, Verdict.DOWN])
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(prefixes)
def test_the_number_is_what_an_exhaustive_search_finds_for_fixed_lines(
    said: list[tuple[str, Verdict]],
) -> None:
    votes = honest(*[(prefix, FIXED, verdict) for prefix, verdict in said])
    found = influence_of(weights_behind(votes)).fixed
    most = 6
    for ours, wanted in ((found.to_blocked, CellState.BLOCKED), (found.to_ok, CellState.OK)):
        theirs = searched(votes, kind=FIXED, wanted=wanted, most=most)
        assert ours == theirs or (theirs is None and (ours is None or ours > most))
    assert found.to_move == searched(votes, kind=FIXED, wanted=None, most=most)


def test_influences_of_cells_take_the_latest_vote_and_leave_other_sources_out() -> None:
    votes = honest(*[(f"h{n}", FIXED, Verdict.OK) for n in range(3)])
    votes += [vote(0, Verdict.OK, prefix="h9", observed_at_ms=HOUR * 1000 - 1)]  # the hour before
    votes += [vote(50, Verdict.BLOCKED, prefix="h50", enrolled=False)]
    found = influences(votes)
    assert {key.hour: each.fixed.to_blocked for (_, key), each in found.items()} == {HOUR: 2, HOUR - 3600: 2}
