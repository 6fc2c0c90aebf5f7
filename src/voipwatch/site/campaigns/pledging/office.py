"""What the keepers of boycotts do, and what falls due by itself: counts, erasing.

Everything done by hand stands in the audit log, with who did it; nothing about who pledged does.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from voipwatch.civic.boycotts import (
    Boycott,
    is_erased,
    require_ahead,
    stage_of,
    with_closing,
    with_observable,
)
from voipwatch.civic.campaignfile import CampaignError
from voipwatch.civic.pledges import Stage
from voipwatch.civic.publiccounts import first_break, next_line
from voipwatch.civic.turnout import Observable
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.desk import line_of
from voipwatch.site.campaigns.office import unless_damaged
from voipwatch.site.campaigns.pledging.desk import DONE_STAGES, PledgeDesk, boycott_of
from voipwatch.site.campaigns.pledging.figures import figures, logs_of
from voipwatch.store.civic import boycott_rows, pledging
from voipwatch.store.civic.audit_log import AuditRow, add_audit, keep_keepers_apart
from voipwatch.store.civic.opening import forget_deleted, reading, writing
from voipwatch.store.civic.petition_rows import LogRow
from voipwatch.store.civic.pledging import PledgeState

EXPORT_SCHEMA: Final = "voipwatch.pledge-export/1"


class PledgeTurn(msgspec.Struct, frozen=True):
    """What fell due."""

    told: int = 0
    """Lines of count logs."""
    erased: tuple[str, ...] = ()
    """Boycotts of which no digest is left."""
    damaged: tuple[str, ...] = ()
    """What is wrong with rows that cannot be read; of their boycotts nothing was done."""


class PledgeOffice:
    """Acts of keepers; `who` is the account or role that acts."""

    def __init__(self, desk: PledgeDesk, who: str) -> None:
        self._desk = desk
        self._engine = desk.desk.engine
        self._who = who

    def create(self, boycott: Boycott, *, now_s: int) -> None:
        """A new campaign. Raises CampaignError where the id is taken, or its window is not ahead."""
        require_ahead(boycott, now_s)
        with writing(self._engine) as connection:
            if boycott_rows.boycott_row(connection, boycott.id) is not None:
                raise CampaignError("id", "there is a boycott of that id")
            document = msgspec.json.encode(boycott).decode()
            boycott_rows.add_boycott(connection, boycott.id, document, now_s=now_s)
            add_audit(connection, self._entry("create-boycott", boycott.id, "", now_s))

    def close(self, name: str, *, now_s: int) -> Boycott:
        """Call it off, or end its reporting. Raises CampaignError."""
        return self._change(
            name,
            lambda known: with_closing(known, now_s),
            "close-boycott",
            lambda changed: "called off" if changed.is_called_off else "",
            now_s,
        )

    def observe(self, name: str, observable: Observable, *, now_s: int) -> Boycott:
        """Note something observable. Raises CampaignError."""
        return self._change(
            name,
            lambda known: with_observable(known, observable, now_s),
            "observe",
            lambda _: f"{observable.found}: {observable.what}",
            now_s,
        )

    def export(self, name: str, *, now_s: int) -> dict[str, Any]:
        """Everything that is public: texts, window, told counts with their logs, observations, turnout.

        Raises CampaignError where there is no such boycott, or a log was changed.
        """
        told = self._desk.told(name)
        if told is None:
            raise CampaignError("id", "there is no such boycott")
        logs = {series: self._desk.log(name, series) for series in PledgeState}
        for series, log in logs.items():
            broken = first_break(log)
            if broken is not None:
                raise CampaignError(
                    "log", f"{series}: line {broken + 1} does not follow from those before it"
                )
        document: dict[str, Any] = msgspec.to_builtins(figures(told, logs_of(logs), now_s))
        boycott = told.boycott
        more = {"at": iso(now_s), "controller": boycott.controller, "texts": boycott.texts}
        return document | {"schema": EXPORT_SCHEMA} | more

    def turn(self, now_s: int) -> PledgeTurn:
        """Everything that is due; as often as one likes, by one process at a time."""
        told, erased = 0, []
        known = self._desk.known()
        damaged = list(known.damaged.values())
        for boycott in known.boycotts:
            if is_erased(boycott, now_s):
                if not self._was_erased(boycott.id):
                    self._erase(boycott.id, now_s)
                    erased.append(boycott.id)
                continue
            stage = stage_of(boycott, now_s)
            if stage is not Stage.PLEDGING:
                self._forget_spent(boycott.id)
            over = stage in DONE_STAGES and not boycott.is_called_off
            for series in PledgeState if over else (PledgeState.DECLARED,):
                with unless_damaged(damaged):
                    told += self._tell(boycott, series, now_s)
        return PledgeTurn(told, tuple(erased), tuple(damaged))

    def _tell(self, boycott: Boycott, series: PledgeState, now_s: int) -> int:
        """A line of a log, where one is due: of what was declared, one as the window begins, whatever the day
        has.
        """
        name = boycott.id
        opening_s = boycott.window.begins_s if series is PledgeState.DECLARED else None
        with reading(self._engine) as connection:
            last = boycott_rows.last_line(connection, name, series.value)
            before = None if last is None else line_of(last)
            if next_line(before, 0, now_s, opening_s=opening_s) is None:
                return 0
            count = pledging.counts(connection, name)[series]
            line = next_line(before, count, now_s, opening_s=opening_s)
        assert line is not None
        row = LogRow(line.n, line.prev, line.at, line.count, line.digest)
        with writing(self._engine) as connection:
            boycott_rows.add_line(connection, name, series.value, row)
        return 1

    def _forget_spent(self, name: str) -> None:
        """No form makes a pledge any more: what was taken back need not be known."""
        with writing(self._engine) as connection:
            gone = pledging.forget_spent(connection, name)
        if gone:
            forget_deleted(self._engine)

    def _was_erased(self, name: str) -> bool:
        with reading(self._engine) as connection:
            row = boycott_rows.boycott_row(connection, name)
        return row is None or row.erased_at is not None

    def _erase(self, name: str, now_s: int) -> None:
        with writing(self._engine) as connection:
            pledging.erase(connection, name)
            boycott_rows.set_erased(connection, name, now_s=now_s)
            add_audit(connection, self._entry("erase-pledges", name, "", now_s))
        forget_deleted(self._engine)

    def _change(
        self,
        name: str,
        change: Callable[[Boycott], Boycott],
        act: str,
        detail: Callable[[Boycott], str],
        now_s: int,
    ) -> Boycott:
        """Read, changed and kept in one transaction: else one keeper's act would undo another's."""
        with writing(self._engine) as connection:
            keep_keepers_apart(connection)
            row = boycott_rows.boycott_row(connection, name)
            if row is None:
                raise CampaignError("id", "there is no such boycott")
            changed = change(boycott_of(row))
            boycott_rows.set_document(connection, name, msgspec.json.encode(changed).decode())
            add_audit(connection, self._entry(act, name, detail(changed), now_s))
        return changed

    def _entry(self, act: str, subject: str, detail: str, now_s: int) -> AuditRow:
        return AuditRow(int(now_s), self._who, act, subject, detail)
