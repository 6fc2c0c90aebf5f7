"""Pledges: made, reported on, taken back, counted; each a part of one transaction.

Of a pledge that is taken back while pledges are still made the digest stays, without its day, as *spent*: the
form that made it may be sent again by a browser, and must not make it anew. Once the window begins no form
makes any, and nothing spent is kept.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from voipwatch.store.civic.opening import DatabaseError
from voipwatch.store.civic.pledge_tables import PLEDGES

SPENT: Final = "spent"
"""State of a row whose pledge was taken back: no pledge, in no count."""


class PledgeState(StrEnum):
    """What was said of a pledge; also the names of the three counts."""

    DECLARED = "declared"
    """Made, and nothing said of it since."""
    KEPT = "kept"
    BROKEN = "broken"


class PledgeRow(NamedTuple):
    """What is kept of a pledge, without its digest."""

    day: str
    state: PledgeState


def declare(connection: Connection, boycott: str, digest: bytes, *, day: str) -> bool:
    """Make a pledge; False: that token has made one already, which stays as it is, or is spent."""
    values = {"boycott": boycott, "digest": digest, "day": day, "state": PledgeState.DECLARED.value}
    new = _insert(connection).values(values).on_conflict_do_nothing().returning(PLEDGES.c.day)
    return connection.execute(new).first() is not None


def pledge_of(connection: Connection, boycott: str, digest: bytes) -> PledgeRow | None:
    """By its token's digest."""
    asked = select(PLEDGES.c.day, PLEDGES.c.state).where(*_one(boycott, digest))
    found = connection.execute(asked).first()
    if found is None or found.state == SPENT:
        return None
    try:
        return PledgeRow(found.day, PledgeState(found.state))
    except ValueError:
        raise DatabaseError("damaged", f"a pledge of {boycott}: its state is none that is known") from None


def is_spent(connection: Connection, boycott: str, digest: bytes) -> bool:
    """Whether that token's pledge was taken back, and the window had not begun yet."""
    asked = select(PLEDGES.c.day).where(*_one(boycott, digest), PLEDGES.c.state == SPENT)
    return connection.execute(asked).first() is not None


def report(connection: Connection, boycott: str, digest: bytes, state: PledgeState) -> bool:
    """Note what became of a pledge, in place of what was said before; whether there is that pledge."""
    changed = update(PLEDGES).where(*_one(boycott, digest), _PLEDGED).values(state=state.value)
    return connection.execute(changed).rowcount == 1


def take_back(connection: Connection, boycott: str, digest: bytes, *, spend: bool) -> bool:
    """Delete a pledge and what was reported of it; whether there was one.

    `spend`: its form could still be sent again, so that the digest alone stays until `forget_spent`.
    """
    one = *_one(boycott, digest), _PLEDGED
    act = update(PLEDGES).where(*one).values(state=SPENT, day="") if spend else delete(PLEDGES).where(*one)
    return connection.execute(act).rowcount == 1


def forget_spent(connection: Connection, boycott: str) -> int:
    """Delete what is left of pledges that were taken back; how many there were."""
    spent = delete(PLEDGES).where(PLEDGES.c.boycott == boycott, PLEDGES.c.state == SPENT)
    return connection.execute(spent).rowcount


def counts(connection: Connection, boycott: str) -> Mapping[PledgeState, int]:
    """Of all pledges as declared, of those reported as kept, and as broken.

    Raises DatabaseError where a row's state is none that is known: it can be counted as nothing.
    """
    asked = (
        select(PLEDGES.c.state, func.count().label("pledges"))
        .where(PLEDGES.c.boycott == boycott)
        .group_by(PLEDGES.c.state)
    )
    by_state = {row.state: int(row.pledges) for row in connection.execute(asked)}
    if by_state.keys() - {*PledgeState, SPENT}:
        raise DatabaseError("damaged", f"pledges of {boycott}: a state is none that is known")
    found = {state: by_state.get(state.value, 0) for state in PledgeState}
    # Who reported has declared too.
    return found | {PledgeState.DECLARED: sum(found.values())}


def erase(connection: Connection, boycott: str) -> int:
    """Destroy all pledges of a boycott, spent ones too; how many rows there were."""
    return connection.execute(delete(PLEDGES).where(PLEDGES.c.boycott == boycott)).rowcount


_PLEDGED: Final = PLEDGES.c.state != SPENT


def _one(boycott: str, digest: bytes) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PLEDGES.c.boycott == boycott, PLEDGES.c.digest == digest


def _insert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect's own words."""
    return sqlite.insert(PLEDGES) if connection.dialect.name == "sqlite" else postgresql.insert(PLEDGES)
