"""Pledges: made, reported on, taken back, counted; each a part of one transaction."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from voipwatch.store.civic.opening import known_word
from voipwatch.store.civic.pledge_tables import PLEDGES


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
    """Make a pledge; False: that token has made one already, which stays as it is."""
    values = {"boycott": boycott, "digest": digest, "day": day, "state": PledgeState.DECLARED.value}
    new = _insert(connection).values(values).on_conflict_do_nothing().returning(PLEDGES.c.day)
    return connection.execute(new).first() is not None


def pledge_of(connection: Connection, boycott: str, digest: bytes) -> PledgeRow | None:
    """By its token's digest."""
    asked = select(PLEDGES.c.day, PLEDGES.c.state).where(*_one(boycott, digest))
    found = connection.execute(asked).first()
    return None if found is None else PledgeRow(found.day, known_word(PledgeState, found.state))


def report(connection: Connection, boycott: str, digest: bytes, state: PledgeState) -> bool:
    """Note what became of a pledge, in place of what was said before; whether there is that pledge."""
    changed = update(PLEDGES).where(*_one(boycott, digest)).values(state=state.value)
    return connection.execute(changed).rowcount == 1


def take_back(connection: Connection, boycott: str, digest: bytes) -> bool:
    """Delete a pledge and what was reported of it; whether there was one."""
    return connection.execute(delete(PLEDGES).where(*_one(boycott, digest))).rowcount == 1


def counts(connection: Connection, boycott: str) -> Mapping[PledgeState, int]:
    """Of all pledges as declared, of those reported as kept, and as broken."""
    asked = (
        select(PLEDGES.c.state, func.count().label("pledges"))
        .where(PLEDGES.c.boycott == boycott)
        .group_by(PLEDGES.c.state)
    )
    by_state = {row.state: int(row.pledges) for row in connection.execute(asked)}
    found = {state: by_state.get(state.value, 0) for state in PledgeState}
    # Who reported has declared too.
    return found | {PledgeState.DECLARED: sum(found.values())}


def erase(connection: Connection, boycott: str) -> int:
    """Destroy all pledges of a boycott; how many there were."""
    return connection.execute(delete(PLEDGES).where(PLEDGES.c.boycott == boycott)).rowcount


def _one(boycott: str, digest: bytes) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PLEDGES.c.boycott == boycott, PLEDGES.c.digest == digest


def _insert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect's own words."""
    return sqlite.insert(PLEDGES) if connection.dialect.name == "sqlite" else postgresql.insert(PLEDGES)
