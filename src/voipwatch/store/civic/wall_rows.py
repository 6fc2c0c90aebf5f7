"""Pages of the wall of supporters and its daily numbers: each function a part of one transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, delete, func, insert, select, update

from voipwatch.store.civic.wall_tables import WALL_CURVE, WALL_SITES


class WallRow(NamedTuple):
    """One enrolled page; columns of the table."""

    mark: str
    page: str
    site: str
    state: str
    since_at: int
    seen_at: int
    due_at: int


class CurveRow(NamedTuple):
    """One day's number."""

    day: str
    told: int


def add_row(connection: Connection, row: WallRow) -> None:
    """A new one."""
    connection.execute(insert(WALL_SITES).values(row._asdict()))


def set_row(connection: Connection, row: WallRow) -> bool:
    """Replace what is known of a mark; False: it left meanwhile, and stays gone."""
    values = {name: value for name, value in row._asdict().items() if name != "mark"}
    changed = connection.execute(update(WALL_SITES).where(WALL_SITES.c.mark == row.mark).values(values))
    return changed.rowcount > 0


def delete_marks(connection: Connection, marks: Sequence[str]) -> int:
    """Forget pages by their marks; how many there were."""
    return connection.execute(delete(WALL_SITES).where(WALL_SITES.c.mark.in_(marks))).rowcount


def delete_site(connection: Connection, site: str) -> int:
    """Forget every page of a site; how many there were. Marks that were taken back are of none."""
    c = WALL_SITES.c
    return connection.execute(delete(WALL_SITES).where(c.site == site, c.page != "")).rowcount


def delete_before(connection: Connection, last_s: int) -> int:
    """Forget pages that were enrolled and last seen by then, in whatever state; how many there were."""
    c = WALL_SITES.c
    old = delete(WALL_SITES).where(c.since_at <= last_s, c.seen_at <= last_s)
    return connection.execute(old).rowcount


def delete_all(connection: Connection) -> int:
    """Forget every page; how many there were."""
    return connection.execute(delete(WALL_SITES)).rowcount


def rows_in(connection: Connection, *states: str) -> list[WallRow]:
    """Pages in those states, by site and page: no order of arrival."""
    c = WALL_SITES.c
    return _all(connection, _rows().where(c.state.in_(states)).order_by(c.site, c.page, c.mark))


def count_in(connection: Connection, state: str) -> int:
    """How many are in that state."""
    asked = select(func.count()).select_from(WALL_SITES).where(WALL_SITES.c.state == state)
    return connection.execute(asked).scalar_one()


def all_rows(connection: Connection) -> list[WallRow]:
    """Every page, by site and page."""
    c = WALL_SITES.c
    return _all(connection, _rows().where(c.page != "").order_by(c.site, c.page, c.mark))


def rows_of_page(connection: Connection, page: str) -> list[WallRow]:
    """Enrolments of one page."""
    return _all(connection, _rows().where(WALL_SITES.c.page == page).order_by(WALL_SITES.c.mark))


def delete_stem(connection: Connection, stem: str, states: Sequence[str]) -> int:
    """Forget pages in those states whose mark begins so; how many there were."""
    c = WALL_SITES.c
    own = func.substr(c.mark, 1, max(len(stem), 1)) == stem
    return connection.execute(delete(WALL_SITES).where(own, c.state.in_(states))).rowcount


def known_marks(connection: Connection, state: str, marks: Sequence[str]) -> set[str]:
    """Those of them that a row in that state has."""
    c = WALL_SITES.c
    return set(connection.execute(select(c.mark).where(c.state == state, c.mark.in_(marks))).scalars())


def take_due(connection: Connection, *, now_s: int, lease_s: int, last: Sequence[str]) -> str | None:
    """The page whose look is longest due; nobody else gets it until the lease is over.

    Pages in the states `last` wait until no other is due.
    """
    c = WALL_SITES.c
    turn = case((c.state.in_(last), 1), else_=0)
    asked = select(c.page).where(c.due_at <= now_s, c.page != "").order_by(turn, c.due_at, c.mark).limit(1)
    page = connection.execute(asked).scalars().first()
    if page is not None:
        put_off(connection, page, until_s=now_s + lease_s)
    return page


def seen_no_later(connection: Connection, *, now_s: int, seen_s: int) -> None:
    """Pages seen at a time that is yet to come, by a clock that was wrong: seen at `seen_s`, and due now."""
    late = update(WALL_SITES).where(WALL_SITES.c.seen_at > now_s)
    connection.execute(late.values(seen_at=seen_s, due_at=now_s))


def put_off(connection: Connection, page: str, *, until_s: int) -> None:
    """Nobody looks at a page before."""
    connection.execute(update(WALL_SITES).where(WALL_SITES.c.page == page).values(due_at=until_s))


def add_point(connection: Connection, row: CurveRow) -> None:
    """A day's number."""
    connection.execute(insert(WALL_CURVE).values(row._asdict()))


def last_point(connection: Connection) -> CurveRow | None:
    """The newest day's."""
    asked = select(WALL_CURVE.c.day, WALL_CURVE.c.told).order_by(WALL_CURVE.c.day.desc()).limit(1)
    found = connection.execute(asked).first()
    return None if found is None else CurveRow(*found)


def points(connection: Connection) -> list[CurveRow]:
    """All days, oldest first."""
    asked = select(WALL_CURVE.c.day, WALL_CURVE.c.told).order_by(WALL_CURVE.c.day)
    return [CurveRow(*row) for row in connection.execute(asked)]


def _rows() -> "Select[Any]":
    c = WALL_SITES.c
    return select(c.mark, c.page, c.site, c.state, c.since_at, c.seen_at, c.due_at)


def _all(connection: Connection, asked: "Select[Any]") -> list[WallRow]:
    return [WallRow(*row) for row in connection.execute(asked)]
