"""The wall's desk: enrolling, leaving, what is shown, what a look changed, and the day's number.

Methods take the time; random bytes are drawn here. Nothing here writes the name of a site anywhere but into
its own row, and an audit log that says that something was removed does not say what.
"""

import secrets
from typing import Final

import msgspec
from sqlalchemy import Connection

from voipwatch.civic.keyed import (
    PEPPER_BYTES,
    SELECTOR_BYTES,
    STEM_CHARACTERS,
    TokenUse,
    is_mark_of,
    mark_stem,
    read_token,
    seed_key,
    supporter_mark,
    token,
    withdrawn_key,
)
from voipwatch.civic.wall import (
    BEFORE,
    DAY_S,
    UNREACHED_S,
    WAITING_S,
    CurvePoint,
    Enrolment,
    Sight,
    State,
    WallError,
    WallPage,
    after_look,
    enrolled,
    enrolled_again,
    is_on_wall,
    is_overdue,
    parse_page,
    point_due,
    settled,
    sites_of,
    told_sites,
)
from voipwatch.civic.wallplaces import displaced
from voipwatch.site.campaigns.desk import Desk, day_of
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic import wall_rows
from voipwatch.store.civic.audit_log import AuditRow, add_audit
from voipwatch.store.civic.opening import forget_deleted, known_word, reading, writing
from voipwatch.store.civic.wall_rows import CurveRow, WallRow

WITHDRAWN_MAX: Final = 100_000
"""Marks that were taken back before they were seen. Of one more the page goes that it was given out for, with
all its marks: none that was taken back may be forgotten while its page waits.
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
        """Let a page wait for its first look. Raises WallError. What is enrolled already is not told.

        Whatever stands on the wall stays as it is until a look sees the new mark on the site.
        """
        page = parse_page(typed)
        with writing(self._desk.engine) as connection:
            seed = self._place(connection, page, now_s)
        selector = secrets.token_bytes(SELECTOR_BYTES // 2) + seed_key(self._secret, seed)
        mark = supporter_mark(self._secret, selector, seed)
        return Enrolled(page, mark, token(self._secret, _OF, TokenUse.LEAVE, selector))

    def _place(self, connection: Connection, page: WallPage, now_s: int) -> str:
        """The seed of the page's marks: of the place that it has among those that wait, or now gets."""
        held = [enrolment_of(row) for row in wall_rows.rows_in(connection, *BEFORE)]
        for each in held:
            if each.page == page.url:
                wall_rows.set_row(connection, row_of(enrolled_again(each, now_s=now_s)))
                return each.mark
        gone = displaced(held, page, now_s=now_s)
        wall_rows.delete_marks(connection, [each.mark for each in gone])
        seed = secrets.token_urlsafe(SELECTOR_BYTES)
        wall_rows.add_row(connection, row_of(enrolled(page, seed, now_s=now_s)))
        return seed

    def leave(self, code: str, *, now_s: int) -> None:
        """Delete the page that a code is of; whether there was one, and whether it is a code, is not told."""
        selector = read_token(self._secret, _OF, TokenUse.LEAVE, code.strip())
        # A text that is no code deletes nothing, by the same statement as one whose page has left.
        stem = "" if selector is None else mark_stem(self._secret, selector)
        with writing(self._desk.engine) as connection:
            gone = wall_rows.delete_stem(connection, stem, sorted(set(State) - BEFORE - {State.WITHDRAWN}))
            if selector is not None and not gone:
                # Its page may still wait, with the mark on it: it must not come onto the wall after that.
                self._withdraw(connection, selector, stem, now_s)

    def _withdraw(self, connection: Connection, selector: bytes, stem: str, now_s: int) -> None:
        """Of a page that waits: it goes with the last mark that was given out for it."""
        held = [enrolment_of(row) for row in wall_rows.rows_in(connection, *BEFORE)]
        own = [each for each in held if selector.endswith(seed_key(self._secret, each.mark))]
        key = withdrawn_key(self._secret, stem)
        if not own or wall_rows.known_marks(connection, State.WITHDRAWN, [key]):
            return
        if own[0].given <= 1 or wall_rows.count_in(connection, State.WITHDRAWN) >= WITHDRAWN_MAX:
            wall_rows.delete_marks(connection, [own[0].mark])
            return
        fewer = msgspec.structs.replace(own[0], given=own[0].given - 1)
        wall_rows.set_row(connection, row_of(fewer))
        wall_rows.add_row(connection, WallRow(key, "", "", State.WITHDRAWN, now_s, 0, now_s))

    def shown(self, now_s: float) -> list[Enrolment]:
        """What is on the wall, by site."""
        with reading(self._desk.engine) as connection:
            found = wall_rows.rows_in(connection, State.SHOWN)
        return [each for row in found if self.is_shown(each := enrolment_of(row), now_s)]

    def is_shown(self, known: Enrolment, now_s: float) -> bool:
        """Whether it is on the wall at this moment, whatever its row says."""
        return is_on_wall(known, now_s, self._secret)

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
        dropped the counter on the wall. A row whose page is none by today's rules is deleted.
        """
        while True:
            with writing(self._desk.engine) as connection:
                wall_rows.seen_no_later(connection, now_s=now_s, seen_s=now_s - DAY_S)
                url = wall_rows.take_due(connection, now_s=now_s, lease_s=LEASE_S, last=sorted(BEFORE))
                if url is None:
                    return None
                try:
                    return parse_page(url)
                except WallError:
                    rows = wall_rows.rows_of_page(connection, url)
                    wall_rows.delete_marks(connection, [row.mark for row in rows])

    def put_off(self, page: WallPage, *, until_s: int) -> None:
        """Nobody looks at a page before."""
        with writing(self._desk.engine) as connection:
            wall_rows.put_off(connection, page.url, until_s=until_s)

    def waits(self, page: WallPage) -> bool:
        """Whether nothing of a page was seen yet: somebody has named it, and that is all."""
        with reading(self._desk.engine) as connection:
            found = wall_rows.rows_of_page(connection, page.url)
        return all(row.state in BEFORE for row in found)

    def note(self, page: WallPage, looked: Looked, *, now_s: int) -> Sight | None:
        """Keep what a look at a page changed; what is deleted stands in no file any more then (SQLite).

        What the look gave, of several enrolments the best; None: the page left while it was looked at.
        """
        with writing(self._desk.engine) as connection:
            before = [enrolment_of(row) for row in wall_rows.rows_of_page(connection, page.url)]
            seen = [self._seen(connection, each, looked) for each in before]
            sights = [looked.sight_for(each.mark) for each in seen]
            after = settled(
                [
                    left
                    for each, sight in zip(seen, sights, strict=True)
                    if (left := after_look(each, sight, now_s=now_s, secret=self._secret))
                ]
            )
            known, kept = {each.mark for each in before}, {each.mark for each in after}
            wall_rows.delete_marks(connection, sorted(known - kept))
            for each in after:
                if each.mark in known:
                    wall_rows.set_row(connection, row_of(each))
                else:
                    wall_rows.add_row(connection, row_of(each))
        if known - kept:
            forget_deleted(self._desk.engine)
        return min(sights, key=list(Sight).index, default=None)

    def _seen(self, connection: Connection, known: Enrolment, looked: Looked) -> Enrolment:
        """One that waits under the mark of it that was seen; else as it is."""
        if known.state not in BEFORE:
            return known
        marks = [
            each
            for each in sorted(looked.says.marks)
            if looked.sight_for(each) is Sight.CARRIES and is_mark_of(self._secret, known.mark, each)
        ]
        keys = {each: withdrawn_key(self._secret, each[:STEM_CHARACTERS]) for each in marks}
        withdrawn = wall_rows.known_marks(connection, State.WITHDRAWN, list(keys.values()))
        good = [each for each in marks if keys[each] not in withdrawn]
        return msgspec.structs.replace(known, mark=good[0]) if good else known

    def take_point(self, now_s: int) -> bool:
        """The day's number, at the first look of the day (UTC); whether it was taken.

        Not while pages are hidden because nobody looked: the curve would fall, and no site had left.
        """
        today = day_of(now_s)
        with writing(self._desk.engine) as connection:
            last = wall_rows.last_point(connection)
            if not point_due(None if last is None else CurvePoint(*last), today):
                return False
            found = [enrolment_of(row) for row in wall_rows.rows_in(connection, State.SHOWN)]
            if any(is_overdue(each, now_s) for each in found):
                return False
            shown = [each for each in found if self.is_shown(each, now_s)]
            wall_rows.add_point(connection, CurveRow(today, told_sites(sites_of(shown))))
        return True


def enrolment_of(row: WallRow) -> Enrolment:
    """What a row says. Raises DatabaseError, `damaged`."""
    return Enrolment(
        mark=row.mark,
        page=row.page,
        site=row.site,
        state=known_word(State, row.state),
        since_s=row.since_at,
        seen_s=0 if State(row.state) in BEFORE else row.seen_at,
        due_s=row.due_at,
        given=row.seen_at if State(row.state) in BEFORE else 0,
    )


def row_of(known: Enrolment) -> WallRow:
    """As it is kept. A page that waits was never seen: in that column stands how many marks it has."""
    seen = known.given if known.state in BEFORE else known.seen_s
    return WallRow(known.mark, known.page, known.site, known.state.value, known.since_s, seen, known.due_s)
