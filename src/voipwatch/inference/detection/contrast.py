"""Within-probe contrast: the same lines before and after, so that a panel that changes is no changepoint.

Where a series names its probes, only probes with a past are evidence while any votes; and a change stands
only if it is seen within at least two probes, and still in those that are left without the one that shows it
most: one probe that breaks, or lies, moves nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from voipwatch.inference.detection.dating import Kept

PROBES_MIN: Final = 2
NEWCOMERS_MIN: Final = 3
"""At the turn of a month every pseudonym is new, and nobody has a past: then three."""


class Contrast(msgspec.Struct, frozen=True):
    """What the probes seen on both sides of a change say."""

    probes: int
    """Seen on both sides; without any, newcomers judged by the newcomers' border."""
    difference: float
    """Mean difference of their shares of blocked votes, without the probe that shows the change most."""
    holds: bool


def contrast(
    rows: list[Kept],
    before: Callable[[str], float | None],
    *,
    since_s: float,
    newcomers: float,
    effect_min: float,
    rising: bool,
) -> Contrast | None:
    """Compare each probe's votes since a change with its own past; None where the rows name no probe.

    Args:
        rows: the rows kept.
        before: share of blocked votes of a probe before the change; None for one without a past.
        since_s: the change.
        newcomers: what is taken as the past of probes that have none.
        effect_min: smallest difference that stands.
        rising: towards more blocked votes, or fewer.
    """
    since: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.probe and row.votes and row.time_s >= since_s:
            blocked, votes = since.get(row.probe, (0, 0))
            since[row.probe] = (blocked + row.blocked, votes + row.votes)
    if not since:
        return None
    sign = 1.0 if rising else -1.0
    shares = {name: blocked / votes for name, (blocked, votes) in since.items()}
    pasts = {name: before(name) for name in shares}
    known = {name: past for name, past in pasts.items() if past is not None}
    least = PROBES_MIN
    if not known:
        known, least = dict.fromkeys(shares, newcomers), NEWCOMERS_MIN
    differences = sorted(sign * (shares[name] - past) for name, past in known.items())
    rest = differences[:-1]
    moved = sum(difference >= effect_min for difference in differences)
    difference = sum(rest) / len(rest) if rest else 0.0
    seen = sum(past is not None for past in pasts.values())
    return Contrast(seen, difference, moved >= least and difference >= effect_min)
