"""The wall's desk: enrolling, leaving, what is shown, what a look changed, and the day's number.

Methods take the time; random bytes are drawn here. Nothing here writes the name of a site anywhere but into
its own row, and an audit log that says that something was removed does not say what.
"""

import secrets
from typing import Final

import msgspec

from voipwatch.civic.keyed import (
    PEPPER_BYTES,
    SELECTOR_BYTES,
    TokenUse,
    read_token,
    supporter_mark,
    token,
)
from voipwatch.civic.wall import (
    HOUR_S,
    UNREACHED_S,
    WAITING_S,
    CurvePoint,
    Enrolment,
    State,
    WallError,
    WallFault,
    WallPage,
    after_look,
    enrolled,
    is_on_wall,
    parse_page,
    point_due,
    settled,
    sites_of,
    told_sites,
)
from voipwatch.site.campaigns.desk import Desk, day_of
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic import wall_rows
from voipwatch.store.civic.audit_log import AuditRow, add_audit
from voipwatch.store.civic.opening import forget_deleted, known_word, reading, writing
from voipwatch.store.civic.wall_rows import CurveRow, WallRow

WAITING_MAX: Final = 1_000
"""Enrolments that wait: each is a page that somebody makes us ask."""
WAITING_A_SITE_MAX: Final = 5
"""Of one site; a further one takes the oldest one's place, if that had its time."""
WAITING_SAFE_S: Final = 3 * HOUR_S
"""For so long, two looks at least, nothing takes a waiting enrolment's place: its owner puts the mark
on the site meanwhile. Who holds every place of a site over and over keeps it out all the same (docs/wall.md).
"""
LEASE_S: Final = 600
"""A look that was begun and never noted, because the process died, is begun again then."""
_OF: Final = "wall"
"""What codes are bound to; no petition may be called so (`links.SECTIONS`)."""


class Enrolled(msgspec.Struct, frozen=True):
    """What somebody who enrols is told, once."""

    page: WallPage
    mark: str
    """Goes onto the site, in public."""
    code: str
    """Leaves; kept nowhere."""


class Wall:
    """One instance's. Methods may be called from several threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._secret = desk.peppers.instance(secrets.token_bytes(PEPPER_BYTES))

    @property
    def observatory(self) -> str:
        """Address of the site, without a slash at its end."""
        return self._desk.campaigns.settings.url

    # --- people

    def enrol(self, typed: str, *, now_s: int) -> Enrolled:
        """Let a page wait for its first look. Raises WallError. What is enrolled already is not told."""
        page = parse_page(typed)
        selector = secrets.token_bytes(SELECTOR_BYTES)
        mark = supporter_mark(self._secret, selector)
        with writing(self._desk.engine) as connection:
            if wall_rows.count_in(connection, State.WAITING) >= WAITING_MAX:
                raise WallError(WallFault.FULL)
            spare = wall_rows.oldest_of_site(
                connection, page.site, State.WAITING, beyond=WAITING_A_SITE_MAX - 1
            )
            if any(row.since_at > now_s - WAITING_SAFE_S for row in spare):
                raise WallError(WallFault.FULL)
            wall_rows.delete_marks(connection, [row.mark for row in spare])
            wall_rows.add_row(connection, row_of(enrolled(page, mark, now_s=now_s)))
        return Enrolled(page, mark, token(self._secret, _OF, TokenUse.LEAVE, selector))

    def leave(self, code: str) -> None:
        """Delete the enrolment that a code is of; whether there was one, and whether it is a code, is not
        told.
        """
        selector = read_token(self._secret, _OF, TokenUse.LEAVE, code.strip())
        # A text that is no code deletes nothing, by the same statement as one whose page has left.
        mark = "" if selector is None else supporter_mark(self._secret, selector)
        with writing(self._desk.engine) as connection:
            wall_rows.delete_marks(connection, [mark])

    def shown(self, now_s: float) -> list[Enrolment]:
        """What is on the wall, by site."""
        with reading(self._desk.engine) as connection:
            found = wall_rows.rows_in(connection, State.SHOWN)
        return [each for row in found if is_on_wall(each := enrolment_of(row), now_s)]

    def curve(self) -> list[CurvePoint]:
        """Every day's number, oldest first."""
        with reading(self._desk.engine) as connection:
            return [CurvePoint(*row) for row in wall_rows.points(connection)]

    # --- keepers

    def enrolments(self) -> list[Enrolment]:
        """Every page that is enrolled now, in whatever state."""
        with reading(self._desk.engine) as connection:
            return [enrolment_of(row) for row in wall_rows.all_rows(connection)]

    def remove(self, site: str, *, who: str, now_s: int) -> int:
        """Delete every page of a site; how many there were. That it was done is in the audit log, to whom
        not.
        """
        with writing(self._desk.engine) as connection:
            gone = wall_rows.delete_site(connection, site)
            if gone:
                add_audit(connection, AuditRow(now_s, who, "wall-remove", "", ""))
        forget_deleted(self._desk.engine)
        return gone

    # --- what falls due whether anybody looks or not

    def purge(self, now_s: int) -> bool:
        """Delete what nobody looked at for a week, and every page where the settings have no wall any more;
        whether there was any.
        """
        off = self._desk.campaigns.settings.wall is None
        with writing(self._desk.engine) as connection:
            gone = (
                wall_rows.delete_all(connection)
                if off
                else wall_rows.delete_before(connection, now_s - max(WAITING_S, UNREACHED_S))
            )
        if gone:
            forget_deleted(self._desk.engine)
        return gone > 0

    # --- looks

    def take_due(self, now_s: int) -> WallPage | None:
        """The page that is to be looked at now; None: none is.

        Pages that wait come last: anybody may name a thousand that hang, and none may keep a page that
        dropped the counter on the wall.
        """
        with writing(self._desk.engine) as connection:
            url = wall_rows.take_due(connection, now_s=now_s, lease_s=LEASE_S, last=State.WAITING)
        return None if url is None else parse_page(url)

    def waits(self, page: WallPage) -> bool:
        """Whether nothing of a page was seen yet: somebody has named it, and that is all."""
        with reading(self._desk.engine) as connection:
            found = wall_rows.rows_of_page(connection, page.url)
        return all(row.state == State.WAITING for row in found)

    def note(self, page: WallPage, looked: Looked, *, now_s: int) -> None:
        """Keep what a look at a page changed; what is deleted stands in no file any more then (SQLite)."""
        with writing(self._desk.engine) as connection:
            before = [enrolment_of(row) for row in wall_rows.rows_of_page(connection, page.url)]
            after = settled(
                [
                    left
                    for each in before
                    if (
                        left := after_look(
                            each, looked.sight_for(each.mark), now_s=now_s, secret=self._secret
                        )
                    )
                ]
            )
            kept = {each.mark for each in after}
            gone = [each.mark for each in before if each.mark not in kept]
            wall_rows.delete_marks(connection, gone)
            for each in after:
                wall_rows.set_row(connection, row_of(each))
        if gone:
            forget_deleted(self._desk.engine)

    def take_point(self, now_s: int) -> bool:
        """The day's number, at the first look of the day (UTC); whether it was due."""
        today = day_of(now_s)
        with writing(self._desk.engine) as connection:
            last = wall_rows.last_point(connection)
            if not point_due(None if last is None else CurvePoint(*last), today):
                return False
            shown = [enrolment_of(row) for row in wall_rows.rows_in(connection, State.SHOWN)]
            wall_rows.add_point(connection, CurveRow(today, told_sites(sites_of(shown, now_s))))
        return True


def enrolment_of(row: WallRow) -> Enrolment:
    """What a row says. Raises DatabaseError, `damaged`."""
    return Enrolment(
        mark=row.mark,
        page=row.page,
        site=row.site,
        state=known_word(State, row.state),
        since_s=row.since_at,
        seen_s=row.seen_at,
        due_s=row.due_at,
    )


def row_of(known: Enrolment) -> WallRow:
    """As it is kept."""
    return WallRow(
        known.mark, known.page, known.site, known.state.value, known.since_s, known.seen_s, known.due_s
    )
