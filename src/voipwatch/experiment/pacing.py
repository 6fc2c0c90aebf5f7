"""Keeps a check within what a line bears: mappings, new flows a second, half the line's rate.

Carrier NATs give a subscriber a few hundred to a thousand ports and limit new mappings a
second (RFC 6888 section 3 requires such limits); the design's bounds stay far under both.
"""

from collections import deque

from voipwatch.model.ruleset import MAPPINGS_ALIVE_MAX, NEW_FLOWS_PER_S_MAX

FLOW_GAP_S = 0.0213
"""Between two new flows, so that a block's arms interleave packet by packet. Not 20 ms, the spacing of most
voices: flows so far apart would send all their packets at the same instants, each waiting for the others."""
RATE_SHARE_MAX = 0.5
"""Of the line's measured rate, all our flows together."""


class Pacer:
    """Says when the next flow may start. Rates are IP bytes a second, one direction.

    `starts`: shared by the pacers of one line, because its translator counts the new flows to all reflectors.
    """

    def __init__(self, starts: deque[float] | None = None) -> None:
        self._starts = deque() if starts is None else starts
        self.rate_up: float | None = None
        """The line's measured rate; None when it could not be measured."""
        self.rate_down: float | None = None
        self.share = RATE_SHARE_MAX
        """Of these rates, what all our flows together may take."""

    def next_start(self, now: float) -> float:
        """The earliest time at which one more flow may start, by the flow rate alone."""
        while self._starts and self._starts[0] <= now - 1.0:
            self._starts.popleft()
        at = now
        if self._starts:
            at = max(at, self._starts[-1] + FLOW_GAP_S)
        if len(self._starts) >= int(NEW_FLOWS_PER_S_MAX):
            at = max(at, self._starts[-int(NEW_FLOWS_PER_S_MAX)] + 1.0)
        return at

    def started(self, now: float) -> None:
        """A flow was started."""
        self._starts.append(now)

    def mappings_free(self, alive: int) -> bool:
        """True while one more five-tuple may be alive."""
        return alive < MAPPINGS_ALIVE_MAX

    def rate_free(self, used_up: float, used_down: float, up: float, down: float) -> bool:
        """True when flows of these added rates fit; a line with nothing on it takes one block anyway."""
        if used_up <= 0 and used_down <= 0:
            return True
        fits_up = self.rate_up is None or used_up + up <= self.share * self.rate_up
        fits_down = self.rate_down is None or used_down + down <= self.share * self.rate_down
        return fits_up and fits_down
