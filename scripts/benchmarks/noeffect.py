"""Panels of follower series in which nothing happened, seeded: what the effect's false alarms are counted
on.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

Panel = npt.NDArray[np.float64]
"""Steps by units, logarithms of counts; column 0 is the page."""
Random = np.random.Generator  # noqa: TID251 -- seeded draws of a calibration, outside of the package


def drawn(seed: int) -> Random:
    """The generator of one panel."""
    return np.random.default_rng(seed)  # noqa: TID251 -- the same


def _levels(rng: Random, units: int) -> Panel:
    return rng.uniform(np.log(2e4), np.log(3e6), units)


def random_walk(rng: Random, steps: int, units: int) -> Panel:
    """Daily changes of 0.05 %, independent, about a common market's change."""
    common = rng.normal(0.0, 0.0003, (steps, 1))
    return _levels(rng, units) + np.cumsum(common + rng.normal(0.0002, 0.0005, (steps, units)), axis=0)


def trend(rng: Random, steps: int, units: int) -> Panel:
    """Each its own slope, readings a little off."""
    slopes = rng.normal(0.0004, 0.0003, units)
    days = np.arange(steps)[:, None]
    return _levels(rng, units) + slopes * days + rng.normal(0.0, 0.0005, (steps, units))


def weekly(rng: Random, steps: int, units: int) -> Panel:
    """A rhythm of seven days in the changes, of each page's own size."""
    sizes = rng.uniform(0.0, 0.001, units)
    beat = np.sin(2 * np.pi * np.arange(steps) / 7.0)[:, None]
    noise = rng.normal(0.0002, 0.0003, (steps, units))
    return np.asarray(_levels(rng, units) + np.cumsum(sizes * beat + noise, axis=0))


def jumps(rng: Random, steps: int, units: int) -> Panel:
    """A random walk with purchases and purges: one in two hundred days a change of some percent."""
    rare = (rng.random((steps, units)) < 0.005) * rng.normal(0.0, 0.02, (steps, units))
    return random_walk(rng, steps, units) + np.cumsum(rare, axis=0)


def autocorrelated(rng: Random, steps: int, units: int) -> Panel:
    """Changes that last: tomorrow's is 0.9 of today's and some more."""
    changes = np.zeros((steps, units))
    shocks = rng.normal(0.0, 0.0002, (steps, units))
    changes[0] = shocks[0]
    for step in range(1, steps):
        changes[step] = 0.9 * changes[step - 1] + shocks[step]
    return _levels(rng, units) + np.cumsum(changes, axis=0)


def page_noisier(rng: Random, steps: int, units: int) -> Panel:
    """A random walk in which the page's own changes are twice the donors': it is not one of them."""
    panel = random_walk(rng, steps, units)
    panel[:, 0] += np.cumsum(rng.normal(0.0, 0.0005 * np.sqrt(3.0), steps))
    return panel


GENERATORS: Final[dict[str, Callable[[Random, int, int], Panel]]] = {
    "random walk": random_walk,
    "trend": trend,
    "weekly rhythm": weekly,
    "jumps": jumps,
    "autocorrelated": autocorrelated,
}
"""Pages and donors of one law: what the test assumes."""
UNLIKE: Final[dict[str, Callable[[Random, int, int], Panel]]] = {"page twice as noisy": page_noisier}
"""The page of another law than its donors: what it does not."""
