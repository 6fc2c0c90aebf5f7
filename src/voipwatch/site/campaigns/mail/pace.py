"""When a mail is sent: so many a minute to one domain, later after a refusal, and nothing to a server that
is down.

No clock and no dice: time and random shares come in.
"""

from typing import Final

RETRY_FIRST_S: Final = 300
"""After the first 4xx. RFC 5321, section 4.5.4.1 asks for 30 minutes at least for hosts that do not answer;
a grey list (RFC 6647) lets through after some minutes already.
"""
RETRY_MOST_S: Final = 4 * 3_600
DOWN_FIRST_S: Final = 30
"""Before our own relay is tried again."""
DOWN_MOST_S: Final = 900


def retry_after_s(attempts: int, share: float) -> int:
    """Seconds until a mail is tried again that was put off.

    Args:
        attempts: before this one, from 0.
        share: random, 0 to 1: mails that were put off together do not come back together.
    """
    return _spread(min(RETRY_MOST_S, RETRY_FIRST_S << min(attempts, 20)), share)


def down_for_s(failures: int, share: float) -> int:
    """Seconds until the server is asked again, after `failures` times (from 1) of not reaching it."""
    return _spread(min(DOWN_MOST_S, DOWN_FIRST_S << min(failures - 1, 20)), share)


def _spread(delay_s: int, share: float) -> int:
    """Between half and all of it (equal jitter)."""
    return max(1, round(delay_s / 2 + delay_s / 2 * share))


class DomainPace:
    """Mails by domain: a bucket of tokens that fills evenly, and a place in the line for who finds it
    empty.
    """

    def __init__(self, a_minute: int) -> None:
        self._every_s = 60 / a_minute
        self._most = max(1.0, a_minute / 10)
        self._tokens: dict[str, tuple[float, float]] = {}
        self._line_ends: dict[str, float] = {}

    def may_send(self, domain: str, now_s: float) -> bool:
        """Whether a mail may leave now; it then has taken its token."""
        tokens, since_s = self._tokens.get(domain, (self._most, now_s))
        tokens = min(self._most, tokens + max(0.0, now_s - since_s) / self._every_s)
        allowed = tokens >= 1
        self._tokens[domain] = (tokens - 1 if allowed else tokens, now_s)
        return allowed

    def place(self, domain: str, now_s: float) -> float:
        """When to ask again: one place after the other, so that a long line is not asked as one."""
        at_s = max(now_s, self._line_ends.get(domain, now_s)) + self._every_s
        self._line_ends[domain] = at_s
        return at_s

    def forget(self, now_s: float) -> None:
        """Drop domains of which nobody waits and whose buckets are full."""
        self._line_ends = {domain: at for domain, at in self._line_ends.items() if at > now_s}
        full_s = self._most * self._every_s
        self._tokens = {domain: each for domain, each in self._tokens.items() if each[1] + full_s > now_s}
