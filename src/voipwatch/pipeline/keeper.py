"""The keeper: the one process that owns the store. It loads, judges, makes cells, detects, forgets; in turns.

Where several machines share the work, a keeper has one duty (`Duty`) and some partitions of the stream: its
lease is of those alone, and what it writes is of their countries.

A turn does a bounded amount of each, so that a stop is never far away and a backlog of one step does not
starve the others. A store that fails is closed and opened again, with a pause that grows: what came meanwhile
lies in the spool.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.chronicle.log import LogError
from voipwatch.pipeline.chronicle_folder import ChronicleKeysError
from voipwatch.pipeline.chronicling import Chronicling
from voipwatch.pipeline.duties import Duty, status_file
from voipwatch.pipeline.loader import Loader, Tally
from voipwatch.pipeline.pieces import Ledger
from voipwatch.pipeline.source import Source, SourceError, SpoolSource
from voipwatch.pipeline.watching import Watching
from voipwatch.store.errors import StoreError
from voipwatch.store.store import Store

STATUS_SCHEMA: Final = "voipwatch.serve-status/1"
PIECES_A_TURN: Final = 16
VOTING_A_TURN: Final = 2
PAUSE_FIRST_S: Final = 1.0
PAUSE_MOST_S: Final = 60.0
"""Between two tries to reach a store that is down."""
FOR_GOOD: Final = frozenset(
    {"missing-engine", "bad-url", "no-cluster", "of-cluster", "of-server", "newer", "locked"}
)
"""Reasons that no second try will cure: whoever runs it has to do something."""
KEEP_MONTHS: Final = 13
CHRONICLE_EVERY_S: Final = 3600.0


class Status(msgspec.Struct, frozen=True):
    """What the keeper says of itself; `status.json`."""

    at_s: float
    """Unix seconds."""
    store: str
    """ok, or the reason of a StoreError."""
    detail: str
    pieces_waiting: int
    """In the store, and not judged yet."""
    reports: int
    observations: int
    votes: int
    deletions: int
    cells: int
    changepoints: int
    repeated: int
    damaged: int
    damaged_bytes: int
    unjudged: int
    surplus_votes: int
    lag_s: float
    """`Detecting.lag_s`."""
    schema: str = STATUS_SCHEMA
    revisions: int = 0
    """Of incidents, written to the chronicle since the keeper began."""
    canaries_lost: int = 0
    """Reflectors that had a canary and have heard of none for a day: nobody is blamed by them meanwhile."""


@dataclass(slots=True)
class Work:
    """What is open while the store is."""

    store: Store
    loader: Loader | None
    """Of a detector none."""
    watching: Watching | None
    """Of a loader none."""
    chronicling: Chronicling


class Keeper:
    """Turns over one data folder. `open_store` is called again after each failure of the store."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        *,
        source: Path | Source,
        data: Path,
        say: Callable[[str], None] | None = None,
        keep_months: int = KEEP_MONTHS,
        workers: int = 0,
        stopping: Callable[[], bool] = lambda: False,
        duty: Duty = Duty.ALL,
    ) -> None:
        """`source`: DATA/spool, or what else a loader reads, which stays its giver's; `workers`: processes
        that read it ahead (`pipeline.reading`); `stopping`: asked between two reports, so that a stop never
        waits for a backlog; `duty`: what of the work is its own.
        """
        self._open_store = open_store
        self._source = SpoolSource(source) if isinstance(source, Path) else source
        self._duty = duty
        self._data = data
        self._say = say if say is not None else lambda _: None
        self._keep_months = keep_months
        self._workers = workers
        self._stopping = stopping
        self._work: Work | None = None
        self._told = Tally()
        self._changepoints = 0
        self._revisions = 0
        self._chronicled_s = float("-inf")
        self._failed = StoreError("unreachable", "not opened yet")
        self._pause_s = 0.0
        self._forgot_day = -1

    @property
    def pause_s(self) -> float:
        """Seconds to wait before the next turn, for a store that failed; else 0."""
        return self._pause_s

    def open(self) -> None:
        """Open the store, bring its tables to this version. Raises StoreError."""
        store = self._open_store()
        try:
            source = self._source
            loader = watching = None
            if self._duty is not Duty.DETECT:
                loader = Loader(store, source, say=self._say, workers=self._workers, stopping=self._stopping)
            if self._duty is not Duty.LOAD:
                watching = Watching(store, source.partitions)
            chronicling = Chronicling(store, self._data, owns_country=source.owns_country)
            self._work = Work(store, loader, watching, chronicling)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Let go of the store; what was done is in it."""
        work, self._work = self._work, None
        if work is not None:
            if work.loader is not None:
                self._told = work.loader.tally
                work.loader.close()
            with suppress(StoreError):
                work.store.close()

    def turn(self, now_s: float) -> bool:
        """One turn; whether more waits for the next one. Raises StoreError only for reasons in `FOR_GOOD`."""
        try:
            if self._work is None:
                self.open()
            more = self._turn(now_s)
        except SourceError as error:
            self._pause(f"{error}; reports stay where they are")
            self._write_status(now_s, None, str(error))
            return False
        except (StoreError, OSError) as error:
            self._fail(error, now_s)
            return False
        self._pause_s = 0.0
        self._write_status(now_s, None)
        return more

    def _turn(self, now_s: float) -> bool:
        work = self._work
        assert work is not None
        more = self._load(work.loader) if work.loader is not None else False
        if work.watching is not None:
            self._detect(work, work.watching, now_s)
        self._forget(work, now_s)
        return more

    def _load(self, loader: Loader) -> bool:
        """Whether more waits."""
        loaded = loader.load(at_most=PIECES_A_TURN)
        voted = loader.vote(at_most=VOTING_A_TURN)
        if loaded or voted:
            loader.refresh()
        return loaded >= PIECES_A_TURN or bool(loader.ledger.unvoted)

    def _detect(self, work: Work, watching: Watching, now_s: float) -> None:
        ledger = work.loader.ledger if work.loader is not None else None
        if ledger is None:
            ledger = Ledger(work.store.segments(), self._source.owns)
        found = watching.consume(ledger.voted)
        self._changepoints += len(found)
        for each in found:
            operator, access, app = each.series.split("\0")
            self._say(f"{each.change.kind.value}: {each.country} {operator} {access} {app}")
        self._chronicle(work, now_s, found=bool(found))

    def _chronicle(self, work: Work, now_s: float, *, found: bool) -> None:
        """After each finding, and once an hour: canaries fall silent without one."""
        if not found and now_s - self._chronicled_s < CHRONICLE_EVERY_S:
            return
        lost = {loss.reflector for loss in work.chronicling.losses}
        try:
            self._revisions += work.chronicling.turn()
            for loss in work.chronicling.losses:
                if loss.reflector not in lost:
                    self._say(f"the canary of reflector {loss.reflector or '?'} has fallen silent")
        except (LogError, ChronicleKeysError) as error:
            # Nothing is written to a log that does not hold; what is found stays in the store meanwhile.
            self._say(f"chronicle: {error}; see voipwatch chronicle verify")
        self._chronicled_s = now_s

    def _forget(self, work: Work, now_s: float) -> None:
        """Once a day: raw rows of months that are kept no longer; their cells stay.

        Of several loaders the one of the first partition does it, for all.
        """
        day = int(now_s // 86_400)
        partitions = self._source.partitions
        if day == self._forgot_day or self._duty is Duty.DETECT or (partitions and 0 not in partitions):
            return
        month = oldest_kept(now_s, self._keep_months)
        work.store.drop_raw_before(month)
        self._forgot_day = day

    def _fail(self, error: StoreError | OSError, now_s: float) -> None:
        failed = error if isinstance(error, StoreError) else StoreError("full", str(error))
        self.close()
        if failed.reason in FOR_GOOD:
            raise failed
        self._pause(f"{failed}; reports are kept in the spool")
        with suppress(OSError):
            self._write_status(now_s, failed)

    def _pause(self, why: str) -> None:
        self._pause_s = min(PAUSE_MOST_S, max(PAUSE_FIRST_S, 2 * self._pause_s))
        self._say(f"{why}, tried again in {self._pause_s:.0f} s")

    def _write_status(self, now_s: float, failed: StoreError | None, detail: str = "") -> None:
        status = self.status(now_s, failed)
        if detail:
            status = msgspec.structs.replace(status, detail=detail)
        name = status_file(self._duty)
        temporary = self._data / f".{name}"
        with suppress(OSError):  # a full disk: the store says so itself
            temporary.write_bytes(msgspec.json.encode(status))
            temporary.replace(self._data / name)

    def status(self, now_s: float, failed: StoreError | None = None) -> Status:
        """As it is now."""
        work = self._work
        loader = work.loader if work is not None else None
        watching = work.watching if work is not None else None
        tally = loader.tally if loader is not None else self._told
        return Status(
            at_s=now_s,
            store="ok" if failed is None else failed.reason,
            detail="" if failed is None else str(failed),
            pieces_waiting=len(loader.ledger.unvoted) if loader is not None else 0,
            reports=tally.reports,
            observations=tally.observations,
            votes=tally.votes,
            deletions=tally.deletions,
            cells=tally.cells,
            changepoints=self._changepoints,
            repeated=tally.repeated,
            damaged=tally.damaged,
            damaged_bytes=tally.damaged_bytes,
            unjudged=tally.unjudged,
            surplus_votes=watching.surplus if watching is not None else 0,
            lag_s=watching.lag_s if watching is not None else 0.0,
            revisions=self._revisions,
            canaries_lost=len(work.chronicling.losses) if work is not None else 0,
        )


def oldest_kept(now_s: float, months: int) -> str:
    """YYYY-MM of the first month whose raw rows are kept: `months` before the current one."""
    now = datetime.fromtimestamp(now_s, tz=UTC)
    count = now.year * 12 + now.month - 1 - months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"
