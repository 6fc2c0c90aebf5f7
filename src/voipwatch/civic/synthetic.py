"""A page as others would have it: the mixture of donor pages that went as it did, and the gap to it
afterwards.

Series are logarithms of counts, so that a gap of -0.05 is some 5 % fewer. Each is set to nothing over the
fit window (its mean there is taken off), then the donors are mixed with weights from 0 that sum to 1 (a
simplex), so that a mixture never goes beyond what some donor did. The mixture of least squares is found
exactly: with D the differences of the donors to the page, min |D w| over the simplex is, up to a factor,
the non-negative solution of [D; 1 ... 1] u = [0; 1] (Lawson and Hanson, chapter 23).

Sources: A. Abadie, A. Diamond, J. Hainmueller, "Synthetic control methods for comparative case studies",
JASA 105 (2010) 493-505; B. Ferman, C. Pinto, "Synthetic controls with imperfect pretreatment fit",
Quantitative Economics 12 (2021) 1197-1221 (the mean taken off); C. L. Lawson, R. J. Hanson, Solving Least
Squares Problems (1974).
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

FloatArray = npt.NDArray[np.float64]


def simplex_weights(target: FloatArray, columns: FloatArray) -> FloatArray:
    """Weights from 0, with sum 1, whose mixture of columns is nearest to the target.

    Args:
        target: n values.
        columns: n by k, k from 1.

    Returns:
        k weights. Where several mixtures are as near, one of them.

    Raises:
        ValueError: no column, or lengths that differ.

    Source: Lawson and Hanson 1974, chapter 23.
    """
    if columns.ndim != 2 or columns.shape[1] < 1 or columns.shape[0] != target.shape[0]:
        raise ValueError(f"columns must be {target.shape[0]} by 1 or more, got {columns.shape}")
    differences = columns - target[:, None]
    size = float(np.sqrt(np.mean(differences**2)))
    if size > 0.0:
        differences = differences / size  # so that the row of ones weighs as much as one of data
    system = np.vstack((differences, np.ones(columns.shape[1])))
    goal = np.zeros(system.shape[0])
    goal[-1] = 1.0
    found, _ = nnls(system, goal)
    weights: FloatArray = found / found.sum()
    return weights


def gap_at(logs: FloatArray, unit: int, date: int, *, fit_steps: int, after_steps: int) -> float:
    """Mean gap of one unit to its mixture of all the others, over the steps from a date on.

    Args:
        logs: steps by units, logarithms without a hole in the two windows.
        unit: its column.
        date: the first step after; the fit window are the `fit_steps` before it.
        fit_steps: at least 2.
        after_steps: at least 1.

    Raises:
        ValueError: windows beyond the series.
    """
    window, weights = mixture_at(logs, unit, date, fit_steps=fit_steps, after_steps=after_steps)
    others = np.delete(window, unit, axis=1)
    gap = window[fit_steps:, unit] - others[fit_steps:] @ weights
    return float(gap.mean())


def mixture_at(
    logs: FloatArray, unit: int, date: int, *, fit_steps: int, after_steps: int
) -> tuple[FloatArray, FloatArray]:
    """Both windows with the fit window's means taken off, and the weights of the others in their order.

    Arguments and errors as of `gap_at`.
    """
    if date < fit_steps or date + after_steps > logs.shape[0] or fit_steps < 2 or after_steps < 1:
        raise ValueError(f"windows of {fit_steps} and {after_steps} steps do not fit about step {date}")
    window = logs[date - fit_steps : date + after_steps]
    window = window - window[:fit_steps].mean(axis=0)
    others = np.delete(window[:fit_steps], unit, axis=1)
    return window, simplex_weights(window[:fit_steps, unit], others)
