"""What a block is worth: expectation at most 1 under the null, no block louder than one vote."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.inference.detection.evidence import (
    COMPONENTS,
    END_WEIGHTS,
    FRACTIONS,
    RHO_FLOOR,
    WEIGHTS,
    end_evidence,
    onset_evidence,
    p_index,
    p_value,
    rho_index,
    rho_value,
)
from voipwatch.stats import betabinomial_pmf


@given(
    n=st.integers(1, 40),
    p=st.floats(0.03, 0.9),
    rho=st.floats(0.0, 1.0),
    less_p=st.floats(0.1, 1.0),
    less_rho=st.floats(0.0, 1.0),
)
def test_each_bets_expectation_is_at_most_one(
    n: int, p: float, rho: float, less_p: float, less_rho: float
) -> None:
    table = np.array([onset_evidence(k, n, p_index(p), rho_index(rho)) for k in range(n + 1)])
    law = betabinomial_pmf(n, p * less_p, rho * less_rho)
    assert (law @ table <= 1.0 + 1e-9).all()
    ends = np.array([end_evidence(n - k, n, p_index(p)) for k in range(n + 1)])
    assert (law @ ends <= 1.0 + 1e-9).all()


@pytest.mark.parametrize("n", [1, 5, 50, 5000])
def test_no_block_says_more_than_one_vote_could(n: int) -> None:
    border = p_value(p_index(0.05))
    values = onset_evidence(n, n, p_index(0.05), rho_index(0.02))
    assert max(values) <= 1 / border
    assert max(values) > 0.8 / border


def test_evidence_rises_with_the_blocked_votes() -> None:
    table = np.array([onset_evidence(k, 8, p_index(0.05), rho_index(0.1)) for k in range(9)])
    assert (np.diff(table, axis=0) >= 0.0).all()
    assert (table[0] < 1.0).all()


@given(st.floats(1e-3, 1.0))
def test_the_grids_round_up_and_by_little(value: float) -> None:
    assert value <= p_value(p_index(value)) * (1 + 1e-9) <= max(value * 1.021, 1e-3) + 1e-9
    assert max(value, RHO_FLOOR) <= rho_value(rho_index(value)) * (1 + 1e-9)


def test_the_weights_are_a_mixture() -> None:
    assert sum(WEIGHTS) == pytest.approx(1.0)
    assert sum(END_WEIGHTS) == pytest.approx(1.0)
    assert len(WEIGHTS) == COMPONENTS
    assert len(END_WEIGHTS) == len(FRACTIONS)


def test_a_border_of_one_bets_nothing() -> None:
    assert onset_evidence(5, 5, p_index(1.0), rho_index(1.0)) == (1.0,) * COMPONENTS


def test_the_pages_case_by_hand() -> None:
    """p0 = 0.1, one blocked vote an hour: the bet of 0.95 pays 1 + 0.95 * 9 = 9.55, to a grid step."""
    values = onset_evidence(1, 1, p_index(0.1), rho_index(1.0))
    assert values[FRACTIONS.index(0.95)] == pytest.approx(9.55, rel=0.02)
