"""When it changed: an interval, from the rows that were kept, once the detector has spoken.

The interval holds every row at which a change explains the rows since nearly as well as the best one does: by
a likelihood ratio of at most 20, the votes of one block counted for what they are worth.
"""

import math
from typing import Final

import msgspec
import numpy as np

RATIO: Final = math.log(20.0)
"""Rows within this of the best one's log-likelihood stay in the interval: the usual 5 %."""
SHARE_FLOOR: Final = 0.01
"""Of the state before: a past without a single blocked vote is not a law of nature."""
KEPT_ROWS: Final = 600
"""Rows kept for dating; when there are twice as many the older half goes."""


class Kept(msgspec.Struct, array_like=True, gc=False):
    """One row, kept for dating."""

    time_s: float
    blocked: int
    votes: int
    probe: str


class Dated(msgspec.Struct, frozen=True):
    """The interval in which a series changed, and what it changed to."""

    earliest_s: float | None
    latest_s: float
    best_s: float
    """Time of the first row after the likeliest change."""
    blocked: int
    """Votes since the likeliest change."""
    votes: int

    @property
    def level(self) -> float:
        """Share of blocked votes since the likeliest change."""
        return self.blocked / self.votes


def date_change(
    rows: list[Kept],
    *,
    share_before: float,
    rising: bool,
    since_s: float | None,
    span_s: float,
    effect: float,
) -> Dated | None:
    """The interval of one change in `rows`; None when no row tells of one.

    Args:
        rows: in any order; sorted by time here, late ones included.
        share_before: share of blocked votes before, 0..1.
        rising: towards more blocked votes, or towards fewer.
        since_s: the change is not sought before this.
        span_s: what one row covers.
        effect: design effect of a row's neighbours, at least 1.

    Source: the likelihood-ratio set of a changepoint, D. Siegmund, Annals of Statistics 16 (1988) 1-27.
    """
    rows = sorted((row for row in rows if row.votes), key=lambda row: row.time_s)
    if since_s is not None:
        rows = [row for row in rows if row.time_s >= since_s]
    if not rows:
        return None
    hits = np.array([row.blocked if rising else row.votes - row.blocked for row in rows], dtype=np.float64)
    votes = np.array([row.votes for row in rows], dtype=np.float64)
    before = min(max(share_before if rising else 1.0 - share_before, SHARE_FLOOR), 1.0 - SHARE_FLOOR)
    hits_since, votes_since = np.cumsum(hits[::-1])[::-1], np.cumsum(votes[::-1])[::-1]
    after = np.clip(hits_since / votes_since, before, 1.0 - 1e-3)
    gain = hits_since * np.log(after / before) + (votes_since - hits_since) * np.log(
        (1 - after) / (1 - before)
    )
    gain /= effect
    best = int(np.argmax(gain))
    if gain[best] <= 0.0:
        return None
    within = np.flatnonzero(gain >= gain[best] - RATIO)
    first, last = int(within[0]), int(within[-1])
    blocked = sum(row.blocked for row in rows[best:])
    return Dated(
        earliest_s=rows[first - 1].time_s + span_s if first else since_s,
        latest_s=rows[last].time_s + span_s,
        best_s=rows[best].time_s,
        blocked=blocked,
        votes=int(votes_since[best]),
    )
