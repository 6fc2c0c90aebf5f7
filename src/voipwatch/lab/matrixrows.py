"""One row of the matrix: what was said of one app in one run, and what had to be said."""

from typing import Any, Final

import msgspec

from voipwatch.model.vocabulary import Verdict

ACCUSATIONS: Final = frozenset({Verdict.BLOCKED, Verdict.THROTTLED})


class Row(msgspec.Struct, frozen=True):
    """What one run said of one app, against what must be said."""

    world: str
    line: str
    app: str
    seed: int
    guilty: bool
    expected: str
    verdict: str
    stage: str | None
    mechanism: str | None
    direction: str | None
    rule: str
    verdict_right: bool
    mechanism_right: bool
    cost_bytes: int
    decided_s: float | None
    """Seconds from the set-up's first packet to the decision "dead"; None if there was none."""
    decided_packets: int | None
    elapsed_s: float
    """Wall time of the whole run on this machine, shared by its rows."""
    graded: bool = True
    """False: the line cannot carry the app, so that only `insufficient` is right, and no total counts it."""
    expected_mechanism: str = ""
    """The acceptable ones, the exact one first, with / between; empty: not compared, or none."""
    values: dict[str, Any] = {}
    """What the seed drew, by path."""
