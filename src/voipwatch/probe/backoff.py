"""When to try a collector again: exponential, with jitter, at the server's word where it gives one. Pure."""

from typing import Final

import msgspec

FIRST_S: Final = 60.0
MOST_S: Final = 6 * 3_600.0
ASKED_MOST_S: Final = 86_400.0
"""A Retry-After beyond a day is taken as a day: a mistake at the other end must not end a probe."""


class Backoff(msgspec.Struct, frozen=True):
    """The failures since the last success, and when the next try may be."""

    failures: int = 0
    not_before_s: float = 0.0
    """Unix seconds."""

    def after_failure(self, now_s: float, draw: bytes, *, retry_after_s: int | None = None) -> "Backoff":
        """Doubled at each failure, times 0.5 to 1.5; never before a Retry-After (RFC 9110 section 10.2.3).

        `draw`: random bytes; probes that lost their collector together must not come back together.
        """
        longest_s = min(MOST_S, FIRST_S * 2.0 ** min(self.failures, 20))
        jitter = 0.5 + int.from_bytes(draw[:4], "big") / 2.0**32
        wait_s = longest_s * jitter
        if retry_after_s is not None:
            wait_s = max(wait_s, min(float(retry_after_s), ASKED_MOST_S) * (1 + 0.1 * (jitter - 0.5)))
        return Backoff(self.failures + 1, now_s + wait_s)

    def allows(self, now_s: float) -> bool:
        """Whether a try may be made now. A time further ahead than any that is set is a clock's mistake."""
        return now_s >= self.not_before_s or self.not_before_s - now_s > 2 * ASKED_MOST_S
