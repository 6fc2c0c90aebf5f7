"""Times of `voipwatch publish`: as they are typed, and as of when a bundle is."""

from datetime import UTC, datetime
from typing import Final

from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown
from voipwatch.model.instants import iso

HOUR_S: Final = 3600
SKEW_S: Final = 300
"""That two machines' clocks may differ by; Kerberos allows as much (RFC 4120, section 5.5.1)."""
_FORMS: Final = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d")


def instant(option: str, text: str) -> int:
    """Unix seconds of `2016-01-31` or `2016-01-31T12:00:00Z`, UTC. Raises Misuse."""
    for form in _FORMS:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise Misuse("publish.instant", option=option, value=shown(text))


def past(option: str, text: str, clock_s: int) -> int:
    """An instant that has been: as of the future a bundle would say that nothing was heard until then."""
    moment = instant(option, text)
    if moment > clock_s + SKEW_S:
        raise Misuse("publish.future", option=option, value=iso(moment), now=iso(clock_s))
    return moment


def as_of_newest(newest_s: int, clock_s: int) -> int:
    """As of when a bundle is that holds all. Raises Misuse where the newest report is of a time to come."""
    if newest_s > clock_s + SKEW_S:
        raise Misuse("publish.newest_future", time=iso(newest_s), now=iso(clock_s))
    return told_as_of(newest_s)


def told_as_of(newest_s: int) -> int:
    """The last second of the hour in which the newest report arrived.

    Its own second would tell an onlooker at the collector's door whose it was; the full hour would close
    pools that still wait for votes.
    """
    return newest_s // HOUR_S * HOUR_S + HOUR_S - 1
