"""Mixtures of donors: the exact solution against a general optimiser, and what makes no sense."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize

from voipwatch.civic.synthetic import FloatArray, gap_at, mixture_at, simplex_weights


def general(target: FloatArray, columns: FloatArray) -> float:
    """Squared error of the best mixture, by a solver that knows nothing of the trick."""
    size = columns.shape[1]
    scale = float(np.abs(columns - target[:, None]).max()) or 1.0

    def error(weights: FloatArray) -> float:
        return float((((columns @ weights - target) / scale) ** 2).sum())

    found = minimize(
        error,
        np.full(size, 1 / size),
        method="SLSQP",
        bounds=[(0, 1)] * size,
        constraints=LinearConstraint(np.ones(size), 1, 1),
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return float(found.fun) * scale**2


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(3, 20))
def test_weights_are_the_best_of_the_simplex(seed: int, columns: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    data, target = rng.normal(size=(steps, columns)), rng.normal(size=steps)
    weights = simplex_weights(target, data)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    error = float(((data @ weights - target) ** 2).sum())
    assert error <= general(target, data) * (1 + 1e-6) + 1e-9


def test_a_mixture_worked_by_hand() -> None:
    # Donors at 0 and 4 about a page at 1: three parts of the first and one of the second.
    target = np.array([1.0, 1.0, 1.0])
    columns = np.array([[0.0, 4.0]] * 3)
    assert simplex_weights(target, columns) == pytest.approx([0.75, 0.25])
    # A page below both has the nearer one alone: a mixture goes no further than a donor.
    assert simplex_weights(target - 3, columns) == pytest.approx([1, 0])
    assert simplex_weights(target, np.array([[1.0, 5.0]] * 3)) == pytest.approx([1, 0])


@pytest.mark.parametrize("columns", [np.zeros((3, 0)), np.zeros((2, 2)), np.zeros(3)])
def test_what_is_no_system(columns: FloatArray) -> None:
    with pytest.raises(ValueError, match="columns must be"):
        simplex_weights(np.zeros(3), columns)


def test_a_gap_is_what_the_mixture_does_not_have() -> None:
    rng = np.random.default_rng(1)
    logs = np.cumsum(rng.normal(size=(30, 3)), axis=0)
    logs[:, 0] = 0.25 * logs[:, 1] + 0.75 * logs[:, 2] + 9.0
    logs[25:, 0] -= 0.5
    assert gap_at(logs, 0, 25, fit_steps=20, after_steps=5) == pytest.approx(-0.5)
    assert gap_at(logs, 0, 20, fit_steps=20, after_steps=5) == pytest.approx(0, abs=1e-9)
    window, weights = mixture_at(logs, 0, 25, fit_steps=20, after_steps=5)
    assert window.shape == (25, 3)
    assert weights == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize(("date", "fit", "after"), [(19, 20, 5), (26, 20, 5), (25, 1, 5), (25, 20, 0)])
def test_windows_beyond_the_series(date: int, fit: int, after: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        gap_at(np.zeros((30, 3)), 0, date, fit_steps=fit, after_steps=after)
