"""Two tests of whether losses fall by dice: too clumped or too alternating, and too even over time."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from voipwatch.stats.tokenbucket import SentFlow

MIN_STEPS: Final = 20
"""Packets after the first loss below which nothing can be too regular."""

OVERSHOOT: Final = 0.5826
"""Mean overshoot of a random walk over a far border, in standard deviations of a step: -zeta(1/2) / sqrt(2
pi)."""


def runs_test(lost: Sequence[bool]) -> float:
    """Two-sided p-value of the Wald-Wolfowitz runs test, by its normal approximation.

    Small where losses come in bursts, and where they come too regularly.

    Args:
        lost: one bool per packet, with at least one true and one false.

    Raises:
        ValueError: all alike.

    Source: A. Wald and J. Wolfowitz, Annals of Mathematical Statistics 11 (1940) 147-162.
    """
    values = np.asarray(lost, dtype=bool)
    ones = int(values.sum())
    zeros = values.size - ones
    if not ones or not zeros:
        raise ValueError("runs_test needs both losses and arrivals")
    runs = 1 + int(np.count_nonzero(values[1:] != values[:-1]))
    product = 2.0 * ones * zeros
    n = values.size
    mean = product / n + 1.0
    variance = product * (product - n) / (n * n * (n - 1.0))
    if variance <= 0.0:
        return 1.0  # one loss and one arrival: nothing can be told
    from scipy.special import ndtr  # noqa: PLC0415 -- slow, and seldom needed

    # Continuity correction towards the mean.
    distance = max(0.0, abs(runs - mean) - 0.5)
    return float(2.0 * ndtr(-distance / np.sqrt(variance)))


def regularity_test(flow: SentFlow) -> float:
    """How probable it is that dice deliver as evenly as this: small means too regular for chance.

    What a policer lets through after its burst stays within a packet or two of a straight line, whichever
    packet it is that passes; what dice let through wanders off like a random walk. The range of the delivered
    bytes about the line through their ends, in units of its standard deviation, is Kuiper's statistic of a
    Brownian bridge.

    Args:
        flow: at least one loss and one arrival.

    Returns:
        P(range at most this | independent loss), from the first loss to the end of the flow.

    Raises:
        ValueError: outside this domain.

    Source: N. H. Kuiper, Proc. Kon. Ned. Akad. Wet. A 63 (1960) 38-47, in its limit law; for the walk's steps
    D. Siegmund, Sequential Analysis (1985).
    """
    passed = ~np.asarray(flow.lost, dtype=bool)
    if passed.all() or not passed.any():
        raise ValueError("regularity_test needs both losses and arrivals")
    first_loss = int(np.argmin(passed))
    steps = (np.asarray(flow.size_bytes, dtype=np.float64) * passed)[first_loss:]
    time = np.asarray(flow.time_us, dtype=np.float64)[first_loss:]
    if steps.size < MIN_STEPS or time[-1] <= time[0]:
        return 1.0  # too short to be regular
    line = (time - time[0]) / (time[-1] - time[0])
    bridge = np.cumsum(steps) - steps[0] - line * (steps.sum() - steps[0])
    spread = float(np.std(steps)) * np.sqrt(steps.size)
    if spread == 0.0:
        return 1.0  # nothing arrived after the first loss
    # A walk in steps stays 0.58 of a step short of a path at each end (Siegmund's overshoot constant).
    scale = float(np.ptp(bridge)) / spread + 2.0 * OVERSHOOT / np.sqrt(steps.size)
    j = np.arange(1, 101, dtype=np.float64)
    beyond = 2.0 * np.sum((4.0 * j * j * scale * scale - 1.0) * np.exp(-2.0 * j * j * scale * scale))
    # Below 0.3 the series needs more terms than it is worth: the probability there is under 1e-20.
    return 0.0 if scale < 0.3 else float(min(1.0, max(0.0, 1.0 - beyond)))
