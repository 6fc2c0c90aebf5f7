"""What one block of votes says against "still quiet" and against "still blocked": e-values of several bets.

Half of the bets are on the mean and hold whatever the votes of a block have in common; the other half use the
learnt over-dispersion. No block says more than one single vote could: a burst that hits fifty lines in one
hour is one thing that happened.
"""

import math
from functools import lru_cache
from typing import Final

from voipwatch.stats.betabinomial import VOTES_MAX, tilted_e_value
from voipwatch.stats.betting import mean_bet

FRACTIONS: Final = (0.1, 0.4, 0.95)
"""Of the capital, bet on the mean: 0.1 finds weak and intermittent interference, 0.95 a total block."""
TARGETS: Final = (0.15, 0.4, 0.9)
"""How far from the null's border to 1 the tilts aim."""
COMPONENTS: Final = len(FRACTIONS) + len(TARGETS)
WEIGHTS: Final = (1.0 / COMPONENTS,) * COMPONENTS
END_WEIGHTS: Final = (1.0 / len(FRACTIONS),) * len(FRACTIONS)

P_STEP: Final = 1.02
_LOG_P_STEP: Final = math.log(P_STEP)
RHO_STEP: Final = 1.1
RHO_FLOOR: Final = 0.02
"""No block is believed to be dice."""


def p_index(p: float) -> int:
    """Index of the border on the grid, rounded up: 1 stays 1, anything else by at most 2 %."""
    if p >= 1.0:
        return 0
    return math.floor(math.log(p) / _LOG_P_STEP + 1e-9)


def p_value(index: int) -> float:
    """The border of an index."""
    return min(1.0, P_STEP ** (index + 1)) if index < 0 else 1.0


def rho_index(rho: float) -> int:
    """Index of an over-dispersion on the grid, rounded up."""
    return math.ceil(math.log(min(max(rho, RHO_FLOOR), 1.0) / RHO_FLOOR) / math.log(RHO_STEP) - 1e-9)


def rho_value(index: int) -> float:
    """The over-dispersion of an index."""
    return min(1.0, RHO_FLOOR * RHO_STEP**index)


@lru_cache(maxsize=1 << 16)
def onset_evidence(blocked: int, n: int, p: int, rho: int) -> tuple[float, ...]:
    """E-values of a block against "the share of blocked votes is at most the border", one a component.

    Args:
        blocked: votes of the block that say so.
        n: all votes of the block, at least 1.
        p: `p_index` of the border.
        rho: `rho_index` of the over-dispersion.
    """
    border = p_value(p)
    if border >= 0.99:
        return (1.0,) * COMPONENTS
    mean, most = blocked / n, 1.0 / border
    bets = [mean_bet(mean, border, fraction) for fraction in FRACTIONS]
    tilts = [
        tilted_e_value(
            mean, min(n, VOTES_MAX), border, rho_value(rho), target=border + (1.0 - border) * target
        )
        for target in TARGETS
    ]
    return tuple(min(e, most) for e in bets + tilts)


@lru_cache(maxsize=1 << 16)
def end_evidence(blocked: int, n: int, p: int) -> tuple[float, ...]:
    """E-values of a block against "the share of votes that get through is at most the border".

    Bets on the mean only: how alike the votes are while something interferes cannot be learnt beforehand.
    """
    border = p_value(p)
    return tuple(mean_bet((n - blocked) / n, border, fraction) for fraction in FRACTIONS)
