"""Where people pledge, report and take back: rules from `civic`, rows from `store.civic`, one transaction
each. Every method takes the time.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Connection

from voipwatch.civic.boycotts import Boycott, is_erased, stage_of
from voipwatch.civic.pledges import Stage, pledge_digest
from voipwatch.civic.pledges import window as require_window
from voipwatch.civic.publiccounts import STEP, CountLine
from voipwatch.civic.turnout import Turnout, turnout_of_told
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.desk import Desk, day_of, line_of, readable, require_texts, undamaged
from voipwatch.store.civic import boycott_rows, pledging
from voipwatch.store.civic.boycott_rows import BoycottRow
from voipwatch.store.civic.commits import SharedCommits
from voipwatch.store.civic.opening import reading
from voipwatch.store.civic.pledging import PledgeRow, PledgeState

DONE_STAGES: Final = frozenset({Stage.REPORTING, Stage.CLOSED})
"""Only then anything may be said of turnout."""


class Outcome(StrEnum):
    """What a pledge, a report or a taking back came to."""

    DECLARED = "declared"
    """Whether by this form or by the same one, sent twice."""
    REPORTED = "reported"
    TAKEN_BACK = "taken-back"
    SPENT = "spent"
    """This form's pledge was taken back: the same form makes none again."""
    TOO_LATE = "too-late"
    """No pledge is taken any more."""
    NOT_NOW = "not-now"
    """Nobody reports at this time."""
    NO_PLEDGE = "no-pledge"
    """No such link, or what it spoke of is gone."""


class ToldBoycott(msgspec.Struct, frozen=True):
    """What is public of a campaign."""

    boycott: Boycott
    lines: Mapping[PledgeState, CountLine | None]
    """Of each series the newest told count; None: none was told yet."""
    opening: CountLine | None = None
    """Of the declared, the first count that was told since the window began: of what turnout is a share. By
    then nobody can pledge any more, and who takes a pledge back later changes nothing of it.
    """

    def count(self, series: PledgeState) -> int:
        """The told count; 0 for fewer than ten, and where nothing was told."""
        line = self.lines[series]
        return 0 if line is None else line.count

    def turnout(self, now_s: float) -> Turnout | None:
        """None before the window is over, of what was called off, until every count that it takes was told,
        where too few pledged, and where the first count was told after the window: who had not kept it could
        take his pledge back before.
        """
        if stage_of(self.boycott, now_s) not in DONE_STAGES or self.boycott.is_called_off:
            return None
        if self.opening is None or not self.is_told or self.opening.at >= iso(self.boycott.window.ends_s):
            return None
        kept, broken = self.count(PledgeState.KEPT), self.count(PledgeState.BROKEN)
        return turnout_of_told(self.opening.count, kept, broken, step=STEP)

    @property
    def is_told(self) -> bool:
        """Whether every count was told that turnout takes."""
        return self.opening is not None and all(line is not None for line in self.lines.values())


class KnownBoycotts(msgspec.Struct, frozen=True):
    """The campaigns of an instance. One row that cannot be read must not stop all others."""

    boycotts: tuple[Boycott, ...]
    """By id."""
    damaged: Mapping[str, str]
    """Id -> what is wrong with the row."""


class PledgeDesk:
    """One instance's. Methods may be called from several threads."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._commits = SharedCommits(desk.engine)

    # --- looking

    def known(self) -> KnownBoycotts:
        """All of them; those that cannot be read by their ids alone."""
        with reading(self.desk.engine) as connection:
            rows = boycott_rows.boycott_rows(connection)
        found, damaged = readable(rows, boycott_of)
        return KnownBoycotts(found, damaged)

    def boycotts(self) -> list[Boycott]:
        """All that can be read, by id."""
        return list(self.known().boycotts)

    def boycott(self, name: str) -> Boycott | None:
        """By its id. Raises DatabaseError, `damaged`, for a row that cannot be read."""
        with reading(self.desk.engine) as connection:
            row = boycott_rows.boycott_row(connection, name)
        return None if row is None else boycott_of(row)

    def told(self, name: str) -> ToldBoycott | None:
        """What its page says. Raises DatabaseError, `damaged`, for rows that cannot be read."""
        with reading(self.desk.engine) as connection:
            row = boycott_rows.boycott_row(connection, name)
            if row is None:
                return None
            newest = {
                series: boycott_rows.last_line(connection, name, series.value) for series in PledgeState
            }
            boycott = boycott_of(row)
            declared, begins = PledgeState.DECLARED.value, iso(boycott.window.begins_s)
            first = boycott_rows.first_line_from(connection, name, declared, begins)
        lines = {series: None if last is None else line_of(last) for series, last in newest.items()}
        return ToldBoycott(boycott, lines, None if first is None else line_of(first))

    def log(self, name: str, series: PledgeState) -> list[CountLine]:
        """Every told count of a series, oldest first."""
        with reading(self.desk.engine) as connection:
            return [line_of(row) for row in boycott_rows.lines(connection, name, series.value)]

    def pledge(self, boycott: Boycott, token: bytes) -> PledgeRow | None:
        """The pledge of a token."""
        digest = _digest(token)
        with reading(self.desk.engine) as connection:
            return pledging.pledge_of(connection, boycott.id, digest)

    # --- acting

    def declare(self, boycott: Boycott, token: bytes, *, now_s: float) -> Outcome:
        """Make a pledge of a token; the same form sent twice makes one, and none once that was taken back."""
        if stage_of(boycott, now_s) is not Stage.PLEDGING:
            return Outcome.TOO_LATE
        digest, day = _digest(token), day_of(now_s)
        spent = self._commits.run(lambda connection: _declare(connection, boycott.id, digest, day))
        return Outcome.SPENT if spent else Outcome.DECLARED

    def report(self, boycott: Boycott, token: bytes, *, kept: bool, now_s: float) -> Outcome:
        """Say whether it was kept. Until reporting closes the newest word counts: a wrong button is mended by
        the other one, and no pledge ever counts for both.
        """
        if stage_of(boycott, now_s) is not Stage.REPORTING:
            return Outcome.NOT_NOW
        digest, state = _digest(token), PledgeState.KEPT if kept else PledgeState.BROKEN
        done = self._commits.run(lambda connection: pledging.report(connection, boycott.id, digest, state))
        return Outcome.REPORTED if done else Outcome.NO_PLEDGE

    def take_back(self, boycott: Boycott, token: bytes, *, now_s: float) -> Outcome:
        """Delete a pledge and its report, at any stage."""
        if is_erased(boycott, now_s):
            return Outcome.NO_PLEDGE
        digest, spend = _digest(token), stage_of(boycott, now_s) is Stage.PLEDGING
        gone = self._commits.run(
            lambda connection: pledging.take_back(connection, boycott.id, digest, spend=spend)
        )
        return Outcome.TAKEN_BACK if gone else Outcome.NO_PLEDGE


def boycott_of(row: BoycottRow) -> Boycott:
    """What a row says. Raises DatabaseError, `damaged`."""
    with undamaged(f"boycott {row.id}"):
        found = msgspec.json.decode(row.document, type=Boycott)
        require_texts(found.texts)
        window = found.window
        # Of a zone that is known, between two times without an offset of their own.
        require_window(window.begins, window.ends, zone_name=window.zone)
        for at_s in (found.erased_at_s, *(each.at_s for each in found.observed)):
            iso(at_s)
    return found


def _declare(connection: Connection, boycott: str, digest: bytes, day: str) -> bool:
    """Whether nothing was made because the token is spent."""
    made = pledging.declare(connection, boycott, digest, day=day)
    return not made and pledging.is_spent(connection, boycott, digest)


def _digest(token: bytes) -> bytes:
    return bytes.fromhex(pledge_digest(token))
