"""How late reports come: the one definition, that of docs/methods/cells.md, step 7.

A report's lag is when it was received less when it was observed, at least 0. The lag of many is the smallest
that `LAG_QUANTILE` of them stay below: only once it has passed since an hour's end is silence there silence.
Of which reports is the asker's choice. The store asks for each line, in SQL, of four weeks of the panel's
reports (`store.refresh`); the detectors' clock for all lines at once, of the latest votes
(`pipeline.detecting`).
"""

from collections.abc import Sequence

from voipwatch.model.cells import LAG_QUANTILE, LAG_REPORTS_MIN, LAG_UNKNOWN_S


def lag_of(received_s: float, observed_s: float) -> float:
    """Seconds, at least 0: a probe's clock may be ahead of the collector's."""
    return max(0.0, received_s - observed_s)


def lag_of_many(lags_s: Sequence[float]) -> float:
    """`LAG_QUANTILE` of them, in seconds; `LAG_UNKNOWN_S` where there are too few to tell."""
    if len(lags_s) < LAG_REPORTS_MIN:
        return float(LAG_UNKNOWN_S)
    return sorted(lags_s)[int(LAG_QUANTILE * len(lags_s))]
