"""Domain checks shared by every method: a number outside its domain raises, it never becomes NaN.

Each helper returns the checked value, so that a check is one word at the place of use. All raise ValueError
(or TypeError for what is no number at all) with the name of the argument and the value in the message.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def count(name: str, value: int | np.integer[Any], *, at_least: int = 0) -> int:
    """An integer not below `at_least`; bools are refused, because `True` as a count is always a mistake."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value}")
    return int(value)


def successes(hits: int, n: int) -> tuple[int, int]:
    """`hits` out of `n` with 0 <= hits <= n and n >= 1."""
    n = count("n", n, at_least=1)
    hits = count("hits", hits)
    if hits > n:
        raise ValueError(f"hits must not exceed n, got {hits} of {n}")
    return hits, n


def ratio(name: str, value: float) -> float:
    """A finite number in [0, 1]."""
    if not 0.0 <= value <= 1.0:  # false for NaN too
        raise ValueError(f"{name} must lie in 0..1, got {value}")
    return float(value)


def level(name: str, value: float) -> float:
    """An error probability or a confidence: a number strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value}")
    return float(value)


def finite(name: str, value: float) -> float:
    """A finite number."""
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}")
    return float(value)


def finite_array(name: str, values: Sequence[float] | FloatArray, *, at_least: int = 1) -> FloatArray:
    """A one-dimensional float array of at least `at_least` finite numbers."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got {array.ndim} dimensions")
    if array.size < at_least:
        raise ValueError(f"{name} must hold at least {at_least} values, got {array.size}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite: drop unmeasured pairs before the test, and count them")
    return array
