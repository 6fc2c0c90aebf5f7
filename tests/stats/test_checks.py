"""Every domain check: what passes comes back unchanged, what does not raises with its name and value."""

import math

import numpy as np
import pytest

from voipwatch.stats import _checks


def test_count_accepts_numpy_integers_and_returns_int() -> None:
    assert _checks.count("n", np.int64(3)) == 3
    assert type(_checks.count("n", np.int64(3))) is int


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_count_refuses_what_is_no_integer(value: object) -> None:
    with pytest.raises(TypeError, match="n must be an integer"):
        _checks.count("n", value)  # type: ignore[arg-type]  # the point of the test


def test_count_refuses_below_its_floor() -> None:
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        _checks.count("n", 0, at_least=1)


@pytest.mark.parametrize(("hits", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_successes_domain(hits: int, n: int) -> None:
    with pytest.raises(ValueError, match="must"):
        _checks.successes(hits, n)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_ratio_domain(value: float) -> None:
    with pytest.raises(ValueError, match="share must lie in"):
        _checks.ratio("share", value)


def test_ratio_includes_its_ends() -> None:
    assert [_checks.ratio("share", value) for value in (0, 1)] == [0.0, 1.0]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, math.nan])
def test_level_domain(value: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie strictly"):
        _checks.level("alpha", value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_finite_domain(value: float) -> None:
    with pytest.raises(ValueError, match="shift must be finite"):
        _checks.finite("shift", value)


def test_finite_array_domain() -> None:
    with pytest.raises(ValueError, match="one-dimensional, got 2"):
        _checks.finite_array("d", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="at least 1 values, got 0"):
        _checks.finite_array("d", [])
    with pytest.raises(ValueError, match="drop unmeasured pairs"):
        _checks.finite_array("d", [0.0, math.nan])
    assert _checks.finite_array("d", [1, 2]).tolist() == [1.0, 2.0]
