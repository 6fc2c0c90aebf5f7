"""Where people pledge, report and take back: rules from `civic`, rows from `store.civic`, one transaction
each. Every method takes the time.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.civic.boycotts import Boycott, is_erased, stage_of
from voipwatch.civic.pledges import Stage, pledge_digest
from voipwatch.civic.publiccounts import STEP, CountLine
from voipwatch.civic.turnout import Turnout, turnout_of_told
from voipwatch.site.campaigns.desk import Desk, day_of, line_of, read_document
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

    def count(self, series: PledgeState) -> int:
        """The told count; 0 for fewer than ten, and where nothing was told."""
        line = self.lines[series]
        return 0 if line is None else line.count

    def turnout(self, now_s: float) -> Turnout | None:
        """None before the window is over, of what was called off, and where too few pledged."""
        if stage_of(self.boycott, now_s) not in DONE_STAGES or self.boycott.is_called_off:
            return None
        if any(line is None for line in self.lines.values()):
            return None
        declared, kept, broken = (self.count(series) for series in PledgeState)
        return turnout_of_told(declared, kept, broken, step=STEP)


class PledgeDesk:
    """One instance's. Methods may be called from several threads."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._commits = SharedCommits(desk.engine)

    # --- looking

    def boycotts(self) -> list[Boycott]:
        """All, by id."""
        with reading(self.desk.engine) as connection:
            return [boycott_of(row) for row in boycott_rows.boycott_rows(connection)]

    def boycott(self, name: str) -> Boycott | None:
        """By its id."""
        with reading(self.desk.engine) as connection:
            row = boycott_rows.boycott_row(connection, name)
        return None if row is None else boycott_of(row)

    def told(self, name: str) -> ToldBoycott | None:
        """What its page says."""
        with reading(self.desk.engine) as connection:
            row = boycott_rows.boycott_row(connection, name)
            if row is None:
                return None
            newest = {
                series: boycott_rows.last_line(connection, name, series.value) for series in PledgeState
            }
        lines = {series: None if last is None else line_of(last) for series, last in newest.items()}
        return ToldBoycott(boycott_of(row), lines)

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
        """Make a pledge of a token; the same form sent twice makes one."""
        if stage_of(boycott, now_s) is not Stage.PLEDGING:
            return Outcome.TOO_LATE
        digest, day = _digest(token), day_of(now_s)
        self._commits.run(lambda connection: pledging.declare(connection, boycott.id, digest, day=day))
        return Outcome.DECLARED

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
        digest = _digest(token)
        gone = self._commits.run(lambda connection: pledging.take_back(connection, boycott.id, digest))
        return Outcome.TAKEN_BACK if gone else Outcome.NO_PLEDGE


def boycott_of(row: BoycottRow) -> Boycott:
    """What a row says. Raises DatabaseError, `damaged`."""
    return read_document(row.document, Boycott, row.id)


def _digest(token: bytes) -> bytes:
    return bytes.fromhex(pledge_digest(token))
