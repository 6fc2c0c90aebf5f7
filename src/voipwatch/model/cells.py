"""Cells: what an operator's line did to an app's calls in one hour, by how many independent voices.

A cell is country x operator x access x app x stage x hour. What decides its state is in `inference.cells`;
the numbers are here, so that the store's SQL and the pure function use the same.
"""

from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.model.vocabulary import Access

CELLS_RULESET: Final = "2026.1"
"""Changes with any number below."""

CALL_STAGE: Final = "call"
"""The stage of the whole app's verdict; the others are `model.vocabulary.Stage`."""
PROBES_MIN: Final = 3
"""Weighted voices below which nothing is said of a cell."""
MAJORITY_RATIO: Final = 2 / 3
"""Share of the weight that a state needs; between two such shares the cell is intermittent."""
PREFIX_WEIGHT_FIXED: Final = 1.0
"""All pseudonyms behind one fixed-line prefix in one hour weigh as one."""
PREFIX_WEIGHT_CARRIER: Final = 16.0
"""Those behind one carrier-NAT prefix, where a whole operator may live, weigh at most as sixteen: more than a
dozen enrolled probes of one operator and access, and no unbounded crowd."""
VOTE_MICRO: Final = 1_000_000
"""Weights are summed as whole millionths, so that no order of summing changes a state."""
ROUNDING_MICRO: Final = 1_000
"""Forgiven at each threshold: a cap shared by n votes is rounded down to millionths (1/3 + 1/3 + 1/3)."""
STALE_AFTER_H: Final = 24 * 7
"""Hours without enough probes after which a series is no longer measured."""


class CellState(StrEnum):
    """What is said of a cell."""

    OK = "ok"
    BLOCKED = "blocked"
    THROTTLED = "throttled"
    DOWN = "down"
    """Treatment and control dead; a series of its own, so that nobody hides behind it."""
    INTERMITTENT = "intermittent"
    """Enough voices, and no state has its majority."""
    INSUFFICIENT = "insufficient"
    SILENT = "silent"
    """The panel was there before, and said nothing; provisional until late reports cannot be expected."""


class CellKey(msgspec.Struct, frozen=True, order=True):
    """Where and what; the order of fields is the order of tables."""

    country: str
    """ISO 3166, or `ZZ`."""
    operator: str
    """`AS` and number of the network, or the declared name where an instance maps it; never empty."""
    access: Access
    app: str
    stage: str
    hour: int
    """Unix seconds of the hour's start, UTC."""


class Cell(msgspec.Struct, frozen=True):
    """One row of the cell table. Weights are sums of votes after the cap of each source prefix."""

    key: CellKey
    state: CellState
    ok: float
    blocked: float
    throttled: float
    down: float
    insufficient: float
    """Votes that decide nothing: never part of a share."""
    probes: int
    """Distinct pseudonyms that voted, decided or not."""
    prefixes: int
    reports: int
    mechanisms: list[str]
    """Of the blocked and throttled votes, most frequent first."""
    last_received: int
    """Unix seconds of the latest report in it."""
    synthetic: str = ""
    """The instance of emulated rows; they never share a cell with real ones."""
    source: str = "panel"
    """Whose votes: `panel` feeds states; `canary`, `unenrolled`, `manual`, `browser`, `import` are counted,
    and of them nothing is said: their state is insufficient."""
