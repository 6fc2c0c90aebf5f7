"""A pledge of a boycott: its window in local time, what may be done when, and what a pledge consists of.

A window is two local times in a named zone and stays what they say: across a change of clocks 48 hours on
the wall are 47 or 49 hours, and where a country changes its rules afterwards the window moves with its
clocks.

A pledge carries no name and no address: it is a token of the person's own, of which a digest is kept and
the day. So nothing prevents one person from pledging twice, and nobody claims that it does: the number of
pledges is no number of people. What the token does prevent is that one pledge reports twice, and that
somebody reports who never pledged.
"""

import base64
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from voipwatch.civic.zones import zone

TOKEN_BYTES_MIN: Final = 16
"""Nobody guesses 128 bits."""
REPORTING: Final = timedelta(days=14)
"""After the end: long enough for a weekend away, short enough to remember."""


class Stage(StrEnum):
    """What a window is in."""

    PLEDGING = "pledging"
    """Before it: pledges are taken."""
    RUNNING = "running"
    """Within it: neither pledges nor reports."""
    REPORTING = "reporting"
    """After it: those who pledged say whether they kept to it."""
    CLOSED = "closed"


class Window(msgspec.Struct, frozen=True):
    """Two local times in a zone. Made by `window`."""

    begins: datetime
    """As the clock on the wall shows it, without an offset."""
    ends: datetime
    zone: str
    """IANA name."""

    @property
    def begins_s(self) -> float:
        """Unix seconds; of an hour that comes twice the first."""
        return self.begins.replace(tzinfo=zone(self.zone), fold=0).timestamp()

    @property
    def ends_s(self) -> float:
        """Unix seconds; of an hour that comes twice the second."""
        return self.ends.replace(tzinfo=zone(self.zone), fold=1).timestamp()

    @property
    def length_s(self) -> float:
        """Seconds that pass."""
        return self.ends_s - self.begins_s

    @property
    def wall_s(self) -> float:
        """Seconds by the clock on the wall."""
        return (self.ends - self.begins).total_seconds()


def window(begins: datetime, ends: datetime, *, zone_name: str) -> Window:
    """A window between two local times.

    Raises:
        KeyError: no such zone. ValueError: a time has an offset of its own, the clock leaves it out, or the
        end is not after the start.
    """
    for time in (begins, ends):
        if time.tzinfo is not None:
            raise ValueError(f"{time.isoformat()} has an offset of its own")
        if not _exists(time, zone_name):
            raise ValueError(f"the clocks of {zone_name} leave {time.isoformat()} out")
    found = Window(begins, ends, zone_name)
    if found.length_s <= 0:
        raise ValueError("a window must end after it begins")
    return found


def window_of_hours(begins: datetime, hours: int, *, zone_name: str) -> Window:
    """A window of so many hours on the wall: 48 end at the time of day at which they began. Raises as
    `window`.
    """
    return window(begins, begins + timedelta(hours=hours), zone_name=zone_name)


def _exists(time: datetime, zone_name: str) -> bool:
    """Whether the clock ever shows it: a time in a gap comes back from UTC as another."""
    where = zone(zone_name)
    local = time.replace(tzinfo=where)
    back = datetime.fromtimestamp(local.timestamp(), tz=where)
    return back.replace(tzinfo=None) == time


def stage_at(of: Window, now_s: float) -> Stage:
    """What it is in at a time, Unix seconds."""
    if now_s < of.begins_s:
        return Stage.PLEDGING
    if now_s < of.ends_s:
        return Stage.RUNNING
    return Stage.REPORTING if now_s < of.ends_s + REPORTING.total_seconds() else Stage.CLOSED


def pledge_digest(token: bytes) -> str:
    """What is kept of a pledge: SHA-256 of its token, hex.

    A token is random and the person's own, so that no key is needed: nobody can try all of them.

    Raises:
        ValueError: the token can be guessed.
    """
    if len(token) < TOKEN_BYTES_MIN:
        raise ValueError(f"a token has {TOKEN_BYTES_MIN} bytes at least")
    return sha256(b"voipwatch.pledge\0" + token).hexdigest()


def token_text(token: bytes) -> str:
    """A token as it stands in a link: base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def read_token_text(text: str) -> bytes | None:
    """The token of a link; None for what none can be."""
    if not text.isascii() or len(text) != (TOKEN_BYTES_MIN * 8 + 5) // 6:
        return None
    try:
        token = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # Of 22 letters the last has four bits too many: only one spelling of a token is one.
    return token if token_text(token) == text else None
