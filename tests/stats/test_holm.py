"""Holm's procedure: a hand-worked case, brute-force closed testing, and planned looks."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.stats import holm


def test_hand_worked() -> None:
    """Four tests at 0.05: 4 x 0.005, 3 x 0.011, 2 x 0.02, 1 x 0.04, each at least the one before."""
    result = holm({"d": 0.04, "a": 0.005, "c": 0.02, "b": 0.011}, 0.05)
    assert list(result.adjusted) == ["a", "b", "c", "d"]
    assert list(result.adjusted.values()) == pytest.approx([0.020, 0.033, 0.040, 0.040])
    assert result.rejected == {"a", "b", "c", "d"}
    assert (result.n, result.family_size, result.alpha) == (4, 4, 0.05)


def test_stops_at_the_first_that_stands() -> None:
    """The third p-value alone would pass 0.05 / 1 but comes after one that stands."""
    result = holm({"a": 0.001, "b": 0.03, "c": 0.031}, 0.05)
    assert result.rejected == {"a"}
    assert result.adjusted["c"] == pytest.approx(0.06)


def test_planned_tests_that_were_not_run_cost_their_share() -> None:
    """Two of five planned: multipliers 5 and 4, as if three more had accepted."""
    result = holm({"a": 0.009, "b": 0.0126}, 0.05, family_size=5)
    assert result.adjusted == pytest.approx({"a": 0.045, "b": 0.0504})
    assert result.rejected == {"a"}


def test_adjusted_never_exceeds_one_and_empty_family_rejects_nothing() -> None:
    assert holm({"a": 0.9, "b": 0.8}, 0.05).adjusted == {"a": 1.0, "b": 1.0}
    assert holm({}, 0.05).rejected == frozenset()


@given(
    st.lists(st.sampled_from([0.0, 0.001, 0.004, 0.01, 0.012, 0.02, 0.05, 0.3, 1.0]), min_size=1, max_size=5),
    st.integers(0, 2),
    st.sampled_from([0.005, 0.05, 0.1]),
)
def test_equals_brute_force_closed_testing(p_values: list[float], planned: int, alpha: float) -> None:
    """Holm is the closed test with Bonferroni in every intersection; unrun tests enter with p = 1."""
    family = [*p_values, *[1.0] * planned]
    members = range(len(family))
    subsets = [set(s) for size in range(1, len(family) + 1) for s in combinations(members, size)]
    # The product is written as the package writes it: 5 * 0.01 <= 0.05 must not hang on the last digit.
    falls = [len(s) * min(family[i] for i in s) <= alpha for s in subsets]
    closed = {
        i for i in range(len(p_values)) if all(f for s, f in zip(subsets, falls, strict=True) if i in s)
    }
    assert holm(dict(enumerate(p_values)), alpha, family_size=len(family)).rejected == closed


@pytest.mark.parametrize(
    ("p_values", "alpha", "family_size"),
    [
        ({"a": -0.1}, 0.05, None),
        ({"a": 1.1}, 0.05, None),
        ({"a": float("nan")}, 0.05, None),
        ({"a": 0.1}, 0.0, None),
    ],
)
def test_domains(p_values: dict[str, float], alpha: float, family_size: int | None) -> None:
    with pytest.raises(ValueError, match="must lie"):
        holm(p_values, alpha, family_size=family_size)


def test_family_must_cover_what_was_tested() -> None:
    with pytest.raises(ValueError, match="family_size must cover all 2"):
        holm({"a": 0.1, "b": 0.2}, 0.05, family_size=1)
