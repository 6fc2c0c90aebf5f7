"""E-detectors: sums of e-processes that start at every moment, and the run length they promise.

A changepoint may lie anywhere, so one e-process is started at every step and all are added up. While nothing
has changed, the sum's expectation grows no faster than the mass that was put in; stopped when it reaches a
threshold c, at least c of mass went in on average. With mass counted in days, c is the average run length in
days, however often votes come.
"""

from collections.abc import Sequence

from voipwatch.stats import _checks

CEILING = 1e250
"""Sums are held below this: a long block must not overflow what only asks whether a threshold was reached."""


def shiryaev_roberts_step(
    values: Sequence[float], evidence: Sequence[float], mass: float, weights: Sequence[float]
) -> list[float]:
    """One step of a mixture of Shiryaev-Roberts e-detectors: (value + mass * weight) * evidence, each.

    Args:
        values: one sum a component, each at least 0; all 0 at the start.
        evidence: this block's e-value under each component's bet, at least 0.
        mass: what is put in at this step, at least 0, known before the block is: 1 counts blocks, the days
            since the block before counts days.
        weights: the components' shares, summing to at most 1.

    Returns:
        The new sums. The first time that their total reaches c has an expected mass of at least c under the
        null.

    Source: J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change
    detection", New England Journal of Statistics in Data Science 2 (2024) 229-260, definition 2.2 and
    theorem 2.4, with predictable starting weights.
    """
    raised = [(value + mass * weight) * e for value, e, weight in zip(values, evidence, weights, strict=True)]
    return raised if max(raised) <= CEILING else [min(value, CEILING) for value in raised]


def cusum_step(values: Sequence[float], evidence: Sequence[float], weights: Sequence[float]) -> list[float]:
    """One step of a mixture of CUSUM e-detectors: max(value, weight) * evidence, each.

    Never above the Shiryaev-Roberts sums with mass 1, hence with at least their run length, and slower.

    Source: Shin, Ramdas, Rinaldo 2024, definition 2.5; E. S. Page, Biometrika 41 (1954) 100-115.
    """
    return [
        min(max(value, weight) * e, CEILING)
        for value, e, weight in zip(values, evidence, weights, strict=True)
    ]


def run_length_threshold(run_length: float, *, series: int = 1) -> float:
    """The total at which one of `series` detectors speaks, so that all together err once in `run_length`.

    Each errs at a rate of at most one in `series * run_length`, in the unit in which mass is put in; rates
    add, whatever the series have in common.

    Source: Shin, Ramdas, Rinaldo 2024, theorem 2.4; the sum of rates is Boole's inequality.
    """
    _checks.count("series", series, at_least=1)
    if not _checks.finite("run_length", run_length) > 0.0:
        raise ValueError(f"run_length must be positive, got {run_length}")
    return run_length * series
