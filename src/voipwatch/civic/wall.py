"""The wall of supporters: sites that carry the counter and say so themselves, as long as they do.

A site is enrolled by its page's address and a mark that stands on the site (`MARK_NAME`); it is on the wall
once both the mark and the counter were seen there, and no longer than that. Every page is looked at again
within `LOOK_S` and `SPREAD_S`. One that dropped either of them, or says that it is not for us, is hidden when
that is first seen and deleted at a second look an hour later, which tells a slip of the site from a decision.
A look that saw nothing is begun again hourly; whatever was not seen with both for `LATE_S` beyond its turn is
hidden by who reads the rows, so that a day is kept also where nobody looks at all.

Nothing is kept of a site that left. The curve has a number a day and no name; what it tells of fewer than
ten is that they are fewer than ten, because the curve stays when the wall has changed.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

import idna
import msgspec

from voipwatch.civic.addresses import AddressError, AddressFault, host_name
from voipwatch.civic.keyed import look_spread

MARK_NAME: Final = "voipwatch-supporter"
"""Of the `<meta>` element that holds the mark, and of the file below `/.well-known/` (RFC 8615)."""
WELL_KNOWN: Final = f"/.well-known/{MARK_NAME}"
URL_CHARACTERS_MAX: Final = 500
NAME_CHARACTERS_MAX: Final = 80
"""Of a page's name on the wall; a longer one is cut, and says so."""
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
LOOK_S: Final = 15 * HOUR_S
SPREAD_S: Final = 2 * HOUR_S
"""A shown page is looked at `LOOK_S` after the last look, as much sooner or later as its seed says, at most
this.
"""
LATE_S: Final = 6 * HOUR_S
"""A page whose turn is over for so long is not shown, whether its site or our program did not answer: 23
hours after it was last seen at most.
"""
AGAIN_S: Final = HOUR_S
"""A look at a shown page that saw nothing is begun again then, as long as the page is shown."""
SECOND_LOOK_S: Final = HOUR_S
WAITING_LOOK_S: Final = HOUR_S
"""On the first day after enrolling: somebody waits for it. From then on once a day, as for all."""
WAITING_S: Final = 7 * DAY_S
"""An enrolment whose mark was never seen is deleted then."""
UNREACHED_S: Final = 7 * DAY_S
"""A page that was not seen since then is deleted; hidden it is long before."""
FEW: Final = 10
"""Fewer sites than this are told as fewer than ten, in the curve, for ever."""
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")
_PATH_SAFE: Final = "/:@!$&'()*+,;=-._~"
_QUERY_SAFE: Final = _PATH_SAFE + "?"
_PORTS: Final = {"http": 80, "https": 443}


class WallFault(StrEnum):
    """Why an address is none that can be enrolled."""

    EMPTY = "empty"
    LONG = "long"
    SCHEME = "scheme"
    """Neither http nor https."""
    USER = "user"
    """A name or a password stands in it."""
    PORT = "port"
    HOST = "host"
    LOOKALIKE = "lookalike"
    """The name mixes scripts, or is written in letters that look like others."""
    PATH = "path"
    """Dots that lead elsewhere, or bytes that are no text."""
    FULL = "full"
    """So many pages wait for their first look, of this site, its domain or all, that none is taken now."""
    NETWORK = "network"
    """So many enrolments came from one network."""


class WallError(ValueError):
    """An address cannot be enrolled."""

    def __init__(self, fault: WallFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class WallPage(msgspec.Struct, frozen=True):
    """The page that somebody declares."""

    url: str
    """ASCII; http or https, no user, no port, no fragment."""
    site: str
    """Its host: lower case, A-labels, without `www.` before it."""

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which this very site may answer."""
        return frozenset({self.site, f"www.{self.site}"})


class State(StrEnum):
    """Of an enrolled page."""

    WAITING = "waiting"
    """Not looked at since it was enrolled: on no wall."""
    BARE = "bare"
    """Looked at, and no counter seen: on no wall, and the first to go where places are wanted."""
    COUNTED = "counted"
    """The counter was seen and no mark: on no wall, and nobody takes its place."""
    WITHDRAWN = "withdrawn"
    """Of no page: a mark that was taken back before it was seen."""
    SHOWN = "shown"
    LEAVING = "leaving"
    """Seen without them: off the wall, looked at a second time before it is deleted."""


class Sight(StrEnum):
    """What one look gave."""

    CARRIES = "carries"
    NO_COUNTER = "no-counter"
    NO_MARK = "no-mark"
    GONE = "gone"
    """The site says that there is no such page."""
    REFUSED = "refused"
    """The site says that it is not for everybody."""
    ELSEWHERE = "elsewhere"
    """The site leads on to another one."""
    FORBIDDEN = "forbidden"
    """Its robots.txt asks us not to look."""
    UNREACHED = "unreached"
    """Nothing was seen: neither that it carries the counter nor that it does not."""


BEFORE: Final = frozenset({State.WAITING, State.BARE, State.COUNTED})
"""States of a page that never was on the wall."""


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one page."""

    mark: str
    """That was seen there; of one that waits the seed of all the marks that are given out for it."""
    page: str
    site: str
    state: State
    since_s: int
    """When it was enrolled; of one that was shown, when it first was."""
    seen_s: int
    """When mark and counter were last seen; 0: never."""
    due_s: int
    """When it is looked at next."""
    given: int = 0
    """Of one that waits: marks that are given out for it and were not taken back."""


class CurvePoint(msgspec.Struct, frozen=True):
    """One day of the curve."""

    day: str
    """`2026-11-22`, UTC."""
    told: int
    """Sites on the wall; 0 stands for fewer than ten."""


class CurveRun(msgspec.Struct, frozen=True):
    """Days one after the other with one number."""

    first: str
    last: str
    told: int


def parse_page(typed: str) -> WallPage:
    """The page that a text names, spelt in one way.

    Raises WallError.
    """
    text = typed.strip(" ")
    if not text:
        raise WallError(WallFault.EMPTY)
    if len(text) > URL_CHARACTERS_MAX:
        raise WallError(WallFault.LONG)
    hidden = any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)
    if hidden or _FORBIDDEN.search(text):
        raise WallError(WallFault.PATH)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise WallError(WallFault.HOST) from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise WallError(WallFault.SCHEME)
    if "@" in parts.netloc:
        raise WallError(WallFault.USER)
    if port not in {None, _PORTS[scheme]}:
        raise WallError(WallFault.PORT)
    name = _host(host or "")
    url = f"{scheme}://{name}{_path(parts.path) or '/'}{_query(parts.query)}"
    if len(url) > URL_CHARACTERS_MAX:
        raise WallError(WallFault.LONG)
    return WallPage(url, name.removeprefix("www.") if name.count(".") > 1 else name)


def is_front(url: str) -> bool:
    """Whether a page is its host's first one."""
    parts = urlsplit(url)
    return parts.path == "/" and not parts.query


def enrolled(page: WallPage, seed: str, *, now_s: int) -> Enrolment:
    """A new one, whose first look is due at once."""
    return Enrolment(
        mark=seed,
        page=page.url,
        site=page.site,
        state=State.WAITING,
        since_s=now_s,
        seen_s=0,
        due_s=now_s,
        given=1,
    )


def enrolled_again(known: Enrolment, *, now_s: int) -> Enrolment:
    """One that waits, when somebody enrols its page once more: its seed, and with it every mark, stays.

    It is looked at an hour later at the latest, and waits no longer than before: who enrols a stranger's page
    over and over makes us ask it once an hour, for a week.
    """
    state = State.WAITING if known.state is State.BARE else known.state
    due_s = min(known.due_s, now_s + WAITING_LOOK_S)
    return msgspec.structs.replace(known, state=state, due_s=due_s, given=known.given + 1)


def after_look(known: Enrolment, sight: Sight, *, now_s: int, secret: bytes) -> Enrolment | None:
    """What is known after a look; None: it is deleted, and nothing of it is kept.

    Args:
        known: before.
        sight: what the look gave.
        now_s: Unix seconds, of the look.
        secret: of the instance, 32 bytes: the seed of the spread.
    """
    daily_s = next_look_s(known.mark, now_s=now_s, secret=secret)
    change = msgspec.structs.replace
    if sight is Sight.CARRIES:
        since_s = now_s if known.state in BEFORE else known.since_s
        return change(known, state=State.SHOWN, since_s=since_s, seen_s=now_s, due_s=daily_s, given=0)
    if known.state in BEFORE:
        if now_s - known.since_s >= WAITING_S:
            return None
        soon = now_s - known.since_s < DAY_S
        counted = sight is Sight.NO_MARK or (sight is Sight.UNREACHED and known.state is State.COUNTED)
        state = State.COUNTED if counted else State.BARE
        return change(known, state=state, due_s=now_s + WAITING_LOOK_S if soon else daily_s)
    if known.state is State.LEAVING:
        # Seen without it once, and not with it since: whether it can be reached now changes nothing.
        return None
    if sight is Sight.UNREACHED:
        if now_s - known.seen_s >= UNREACHED_S:
            return None
        return change(known, due_s=now_s + AGAIN_S if is_on_wall(known, now_s, secret) else daily_s)
    return change(known, state=State.LEAVING, due_s=now_s + SECOND_LOOK_S)


def settled(enrolments: Sequence[Enrolment]) -> list[Enrolment]:
    """Of several enrolments of one page, those that stay once each was looked at: one of it is on the wall.

    Who lost the code that leaves enrols the page anew: the newer one then takes the older one's place, with
    its date.
    """
    shown = [each for each in enrolments if each.state is State.SHOWN]
    if not shown:
        return list(enrolments)
    newest = max(shown, key=lambda each: (each.since_s, each.mark))
    since_s = min(each.since_s for each in enrolments if each.state not in BEFORE)
    waiting = [each for each in enrolments if each.state in BEFORE]
    return [msgspec.structs.replace(newest, since_s=since_s), *waiting]


def is_on_wall(known: Enrolment, now_s: float, secret: bytes) -> bool:
    """Whether it is shown now: not one that is `LATE_S` beyond its turn, for whatever reason."""
    if known.state is not State.SHOWN or known.seen_s > now_s:
        return False  # seen at a time that is yet to come: the clock was wrong then, or is now
    return now_s < next_look_s(known.mark, now_s=known.seen_s, secret=secret) + LATE_S


def is_overdue(known: Enrolment, now_s: float) -> bool:
    """Whether nobody looks, not whether nobody answers: a look that is begun puts the next one off."""
    return known.state is State.SHOWN and (now_s >= known.due_s + LATE_S or known.seen_s > now_s)


def next_look_s(mark: str, *, now_s: int, secret: bytes) -> int:
    """When a page is looked at next: about daily, spread so that not all are asked in one hour."""
    day = (date(1970, 1, 1) + timedelta(days=now_s // DAY_S)).isoformat()
    share = look_spread(secret, mark, day)
    return now_s + LOOK_S + round((2 * share - 1) * SPREAD_S)


def told_sites(shown: int) -> int:
    """What the curve keeps of a number of sites: itself from ten on, else 0."""
    return shown if shown >= FEW else 0


def point_due(last: CurvePoint | None, today: str) -> bool:
    """Whether this day has no number yet; days that passed unseen stay gaps."""
    return last is None or today > last.day


def curve_runs(points: Sequence[CurvePoint]) -> list[CurveRun]:
    """Days in order, those one after the other with one number as one run; a gap ends a run."""
    runs: list[CurveRun] = []
    for point in points:
        last = runs[-1] if runs else None
        if last is not None and last.told == point.told and _next_day(last.last) == point.day:
            runs[-1] = CurveRun(last.first, point.day, point.told)
        else:
            runs.append(CurveRun(point.day, point.day, point.told))
    return runs


def sites_of(shown: Iterable[Enrolment]) -> int:
    """Of how many sites pages are: two pages of one site count once."""
    return len({each.site for each in shown})


def page_name(known: Enrolment) -> str:
    """What was declared, as its owner writes it: the host, and what follows it where there is more than `/`.

    An escape that does not spell letters, marks, digits or punctuation stays one: what would hide, break the
    line, turn it round or look like another part of an address is not shown as that.
    """
    return _name_of(known.site, known.page)


@lru_cache(maxsize=4_096)  # half of what a wall of 1,000 pages costs, which is made anew for every reader
def _name_of(site: str, page: str) -> str:
    parts = urlsplit(page)
    path = "" if is_front(page) else "/".join(map(_read, parts.path.split("/")))
    name = idna.decode(site) + path + (f"?{parts.query}" if parts.query else "")
    return name if len(name) <= NAME_CHARACTERS_MAX else f"{name[: NAME_CHARACTERS_MAX - 1]}…"


def _read(segment: str) -> str:
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return segment
    plain = all(unicodedata.category(c)[0] in "LMN" or c in "-._~!$&'()*+,;=:@" for c in text)
    return text if plain else segment


def _next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _host(text: str) -> str:
    try:
        return host_name(text)
    except AddressError as error:
        lookalike = error.fault is AddressFault.LOOKALIKE
        raise WallError(WallFault.LOOKALIKE if lookalike else WallFault.HOST) from None


def _path(text: str) -> str:
    raw = _bytes(text)
    if any(segment in {b".", b".."} for segment in raw.split(b"/")):
        raise WallError(WallFault.PATH)
    # A slash or a percent sign that was written as an escape stays one: they mean something else than these.
    return "/".join(quote(_bytes(segment), safe=_PATH_SAFE[1:]) for segment in text.split("/"))


def _query(text: str) -> str:
    if not text:
        return ""
    # Every escape of a query stays as it is: which characters mean something there is the site's to say.
    kept = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)
    return f"?{quote(kept, safe=_QUERY_SAFE + '%')}"


def _bytes(text: str) -> bytes:
    raw = unquote_to_bytes(text)
    if any(byte < 0x20 or byte == 0x7F for byte in raw):
        raise WallError(WallFault.PATH)
    return raw
