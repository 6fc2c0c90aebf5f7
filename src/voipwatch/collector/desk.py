"""The desk: groups of accepted reports go to disk, then to the index, and only then are they acknowledged.

Everything here blocks and belongs to one thread; `Committer` gathers what many requests bring while a
group is on its way to the disk, so that one fsync serves all of them.
"""

import asyncio
import hmac
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Final, TypeVar

import msgspec

from voipwatch.collector.index import Entry, Index, Known
from voipwatch.collector.intake import Accepted
from voipwatch.collector.keys import Signer
from voipwatch.collector.register import RegisterLink
from voipwatch.collector.spool import SpoolError, SpoolWriter, Written
from voipwatch.collector.streaming.relay import Relay, StreamBehindError
from voipwatch.model.instants import iso
from voipwatch.model.sessionclaims import RegisterAwayError, Word
from voipwatch.model.submission import Deletion, Receipt, ReportResult, ResultStatus

T = TypeVar("T")

GROUP_MAX: Final = 512
"""Reports of one fsync."""
HOUR_S: Final = 3600


class DeskFullError(Exception):
    """More waits for the disk than is held in memory: try again."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of a group: what was handed in before."""

    sessions: set[str]
    reports: dict[str, Known]
    """By id, deleted ones too."""


class Desk:
    """Spool and index together. Methods raise SpoolError: then nothing of the call is on disk."""

    def __init__(
        self, spool: SpoolWriter, index: Index, signer: Signer, register: RegisterLink | None = None
    ) -> None:
        self.register = register
        """What it shares with other collectors; None: it is alone."""
        self._spool = spool
        self._index = index
        self._signer = signer
        self._unindexed: list[Entry] = []
        """On disk, and not in the index for want of space there; tried again with every group."""

    def commit(self, requests: Sequence[Sequence[Accepted]], now_s: float) -> list[list[ReportResult]]:
        """One answer each, in order, by requests: the receipts of a request are signed together."""
        answers = iter(self._commit([item for items in requests for item in items], now_s))
        return [self._signed(list(islice(answers, len(items)))) for items in requests]

    def _signed(self, answers: list[ReportResult]) -> list[ReportResult]:
        receipts = iter(self._signer.receipts([one.receipt for one in answers if one.receipt is not None]))
        return [
            one if one.receipt is None else msgspec.structs.replace(one, receipt=next(receipts))
            for one in answers
        ]

    def _commit(self, group: Sequence[Accepted], now_s: float) -> list[ReportResult]:
        """Their receipts are still to be signed."""
        self._index_again()
        answers: list[ReportResult | None] = [None] * len(group)
        fresh: list[int] = []
        claimed: dict[str, int] = {}
        seen = self._seen(group)
        group, elsewhere = self._claimed(group, seen)
        for place, item in enumerate(group):
            first = next((claimed[session] for session in item.intake.sessions if session in claimed), None)
            if first is not None:
                continue  # of this group: answered when its first is
            answers[place] = elsewhere.get(place) or self._known(item, seen)
            if answers[place] is None:
                fresh.append(place)
                claimed.update(dict.fromkeys(item.intake.sessions, place))
        if fresh:
            self._store([group[place] for place in fresh], now_s)
            for place in fresh:
                answers[place] = self._again(group[place], group[place])
        for place, item in enumerate(group):
            if answers[place] is None:
                first = next(claimed[session] for session in item.intake.sessions if session in claimed)
                answers[place] = self._again(group[first], item)
        return [answer for answer in answers if answer is not None]

    def _claimed(
        self, group: Sequence[Accepted], seen: _Seen
    ) -> tuple[list[Accepted], dict[int, ReportResult]]:
        """Claim what is not known here. The group as it is to be written, and answers to what other
        collectors have, by place.
        """
        if self.register is None:
            return list(group), {}
        asked = [place for place, item in enumerate(group) if self._known(item, seen) is None]
        if not asked:
            return list(group), {}
        verdicts = self.register.claim([group[place] for place in asked])
        told: dict[int, ReportResult] = {}
        items = list(group)
        for place, verdict in zip(asked, verdicts, strict=True):
            intake = items[place].intake
            if verdict.word is Word.WRITE:
                # Claimed before, it keeps the instant of then: its receipt is the same everywhere.
                first = msgspec.structs.replace(intake, received_at_s=verdict.received_at_s)
                items[place] = msgspec.structs.replace(items[place], intake=first)
            elif verdict.word is Word.WRITTEN:
                told[place] = self._result(
                    intake.report_id, verdict.body_sha256, verdict.received_at_s, intake.body_sha256
                )
            else:
                answer = _deleted if verdict.word is Word.DELETED else _duplicate
                told[place] = answer(intake.report_id)
        return items, told

    def delete(self, report_id: str, key: bytes, now_s: float) -> bool | None:
        """Erase a report whose deletion key this is. None: no such report; False: another key.

        Raises RegisterAwayError: the deletion was asked of nobody.
        """
        self._index_again()
        told = None
        if self.register is not None:
            told = self.register.delete(report_id, sha256(key).digest())
        if told is None:
            return self._delete_own(report_id, key, now_s)
        if told:
            self._delete_known(report_id, now_s)
        return told

    def erase_elsewhere_deleted(self, now_s: float) -> None:
        """Erase what other collectors were asked to delete. Raises RegisterAwayError, SpoolError, OSError."""
        if self.register is not None:
            self._index_again()
            for report_id in self.register.to_erase():
                self._delete_known(report_id, now_s)
                self.register.erased(report_id)

    def stored(self, answers: Sequence[ReportResult]) -> None:
        """These are acknowledged: other collectors may say so too."""
        if self.register is not None:
            self.register.stored(answers)

    def _delete_known(self, report_id: str, now_s: float) -> None:
        """Whoever asks has the right. The deletion goes the way of a report, to whoever has loaded it."""
        known = self._index.find_report(report_id)
        if known is None and self._unindexed:  # its place is not known yet
            raise SpoolError("the index is behind", full=False)
        if known is None or known.deleted == 0:
            self._spool.append([Deletion(report_id, now_s)], now_s)
            self._index.mark_deleted(report_id, 1)
        known = self._index.find_report(report_id)
        if known is not None:
            self._erase(known)

    def _delete_own(self, report_id: str, key: bytes, now_s: float) -> bool | None:
        known = self._index.find_report(report_id)
        if known is None or not known.deletion_hash:
            return None
        if not hmac.compare_digest(sha256(key).digest(), known.deletion_hash):
            return False
        self._delete_known(report_id, now_s)
        return True

    @property
    def written(self) -> Written | None:
        """Up to where the spool is written; None before the first report of this process."""
        return self._spool.written

    def finish_deletions(self) -> None:
        """Erase what was asked for before a kill or a failing disk came in between. Raises OSError."""
        for known in self._index.unfinished():
            self._erase(known)

    def forget_months(self, months: Sequence[str]) -> None:
        """Their segments are removed: what is known of them goes too."""
        self._index.forget_months(months)

    def roll(self, now_s: float) -> None:
        """Seal a segment that is old enough."""
        self._spool.roll(now_s)

    def close(self) -> None:
        """Seal and close everything."""
        with suppress(sqlite3.Error):
            self._index_again()
        with suppress(OSError):
            self._spool.seal()
        self._index.close()
        if self.register is not None:
            self.register.close()

    def _erase(self, known: Known) -> None:
        if known.deleted < 2 and known.place.segment:
            self._spool.erase(known.place)
        self._index.mark_deleted(known.report_id, 2)

    def _seen(self, group: Sequence[Accepted]) -> _Seen:
        """What the index, and what waits for it, have of any of them."""
        sessions = self._index.find_sessions([each for item in group for each in item.intake.sessions])
        sessions.update(each for entry in self._unindexed for each in entry.intake.sessions)
        return _Seen(sessions, self._index.find_reports([item.intake.report_id for item in group]))

    def _known(self, item: Accepted, seen: _Seen) -> ReportResult | None:
        """What to say of a report whose sessions were handed in before; None where they were not."""
        known = seen.reports.get(item.intake.report_id)
        if seen.sessions.isdisjoint(item.intake.sessions):
            return None if known is None else _deleted(item.intake.report_id)
        if known is not None and known.deleted:
            return _deleted(item.intake.report_id)
        if known is None:
            return self._unindexed_or_duplicate(item)
        if known.deletion_hash != item.deletion_hash:
            return _duplicate(item.intake.report_id)
        return self._result(known.report_id, known.body_sha256, known.received_at_s, item.intake.body_sha256)

    def _unindexed_or_duplicate(self, item: Accepted) -> ReportResult:
        for entry in self._unindexed:
            if entry.intake.report_id == item.intake.report_id:
                return self._again(Accepted(entry.intake, entry.deletion_hash), item)
        return _duplicate(item.intake.report_id)

    def _again(self, first: Accepted, item: Accepted) -> ReportResult:
        """Of a report with a session that `first`, which is on disk, has too."""
        mine = first.intake.report_id, first.deletion_hash
        if mine != (item.intake.report_id, item.deletion_hash):
            return _duplicate(item.intake.report_id)
        stored = first.intake
        return self._result(
            stored.report_id, stored.body_sha256, stored.received_at_s, item.intake.body_sha256
        )

    def _result(self, report_id: str, stored: str, received_at_s: float, sent: str) -> ReportResult:
        """With a receipt for what is stored; a try that was sent with other bytes is told apart."""
        hour = iso(received_at_s // HOUR_S * HOUR_S)
        receipt = Receipt(report_id, stored, hour, self._signer.public)
        status = ResultStatus.ACCEPTED if stored == sent else ResultStatus.DUPLICATE
        return ReportResult(status, report_id, receipt=receipt)

    def _store(self, items: Sequence[Accepted], now_s: float) -> None:
        places = self._spool.append([item.intake for item in items], now_s)
        entries = [
            Entry(item.intake, item.deletion_hash, place) for item, place in zip(items, places, strict=True)
        ]
        try:
            self._index.add(entries)
        except sqlite3.Error:
            self._unindexed += entries

    def _index_again(self) -> None:
        if self._unindexed:
            with suppress(sqlite3.Error):
                self._index.add(self._unindexed)
                self._unindexed = []


def _duplicate(report_id: str) -> ReportResult:
    return ReportResult(
        ResultStatus.REFUSED,
        report_id,
        code="duplicate",
        field="report.measurement.reflectors",
        reason="a session in it was handed in before, in another report",
    )


def _deleted(report_id: str) -> ReportResult:
    return ReportResult(
        ResultStatus.REFUSED, report_id, code="deleted", field="", reason="this report was deleted on request"
    )


@dataclass(slots=True)
class _Waiting:
    items: list[Accepted]
    answered: "asyncio.Future[list[ReportResult]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Committer:
    """Lets requests wait for their group. `clock`: Unix seconds; `relay`: to the stream, if there is one."""

    def __init__(
        self, desk: Desk, clock: Callable[[], float], *, waiting_max: int, relay: Relay | None = None
    ) -> None:
        self._desk = desk
        self.relay = relay
        self._relaying: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._waiting_max = waiting_max
        self._waiting: list[_Waiting] = []
        self._held = 0
        self._busy: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="voipwatch-desk")

    @property
    def held(self) -> int:
        """Reports between their judgement and the disk."""
        return self._held

    async def submit(self, items: list[Accepted]) -> list[ReportResult]:
        """One answer each, once they are on disk, and on the stream where there is one.

        Raises SpoolError, DeskFullError, RegisterAwayError: then none of them is; StreamBehindError: none is
        acknowledged.
        """
        register = self._desk.register
        if register is not None and register.away:
            raise RegisterAwayError(register.away)
        if self.relay is not None and self.relay.stalled:
            raise StreamBehindError
        if self._held and self._held + len(items) > self._waiting_max:
            raise DeskFullError
        waiting = _Waiting(items)
        self._waiting.append(waiting)
        self._held += len(items)
        if self._busy is None:
            self._busy = asyncio.create_task(self._work())
        # A sender that goes away does not take the group with it.
        return await asyncio.shield(waiting.answered)

    async def run(self, function: Callable[[], T]) -> T:
        """Call something of the desk's in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def drain(self) -> None:
        """Wait until nothing waits, then give the thread back."""
        while self._busy is not None:
            await asyncio.wait([self._busy])
        if self._relaying:
            await asyncio.wait(self._relaying)
        self._thread.shutdown()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = self._next_group()
            requests = [waiting.items for waiting in group]
            try:
                answers = await loop.run_in_executor(self._thread, self._desk.commit, requests, self._clock())
            except RegisterAwayError as error:
                self._fail(group, error)
                self._held -= sum(map(len, requests))
                continue
            except (SpoolError, OSError, sqlite3.Error) as error:
                trouble = error if isinstance(error, SpoolError) else SpoolError(str(error), full=False)
                self._fail(group, trouble)
                self._held -= sum(map(len, requests))
                continue
            if self.relay is None:
                self._answer(group, answers)
                continue
            # The next group goes to the disk while this one is on its way to the stream.
            task = loop.create_task(self._pass_on(self.relay, group, answers, self._desk.written))
            self._relaying.add(task)
            task.add_done_callback(self._relaying.discard)
        self._busy = None

    async def _pass_on(
        self, relay: Relay, group: list[_Waiting], answers: list[list[ReportResult]], written: Written | None
    ) -> None:
        try:
            await relay.passed(written)
        except StreamBehindError as error:
            self._fail(group, error)
            self._held -= sum(len(waiting.items) for waiting in group)
        else:
            self._answer(group, answers)

    def _answer(self, group: list[_Waiting], answers: list[list[ReportResult]]) -> None:
        for waiting, found in zip(group, answers, strict=True):
            self._desk.stored(found)
            if not waiting.answered.done():
                waiting.answered.set_result(found)
            self._held -= len(waiting.items)

    def _next_group(self) -> list[_Waiting]:
        group = [self._waiting.pop(0)]
        size = len(group[0].items)
        while self._waiting and size + len(self._waiting[0].items) <= GROUP_MAX:
            group.append(self._waiting.pop(0))
            size += len(group[-1].items)
        return group

    @staticmethod
    def _fail(group: list[_Waiting], trouble: Exception) -> None:
        for waiting in group:
            if not waiting.answered.done():
                waiting.answered.set_exception(trouble)
                waiting.answered.exception()  # looked at, so that nobody warns where the sender has gone
