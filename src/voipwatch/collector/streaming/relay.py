"""The relay: what is in the spool goes on to the stream, in order, until the stream says that it has it.

A request is answered once the relay is past what it wrote: acknowledged is on the collector's disk and on the
stream. While the stream takes nothing, requests are refused (503), and probes keep what they have: their
queues are the buffer, not this disk. asyncio; marks and the spool's files are read and written in threads.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, Protocol, TypeVar

from voipwatch.collector.records import Record, encode_record
from voipwatch.collector.spool import Damage, Stored, Written, list_segments, read_segment
from voipwatch.collector.streaming.marks import Marks, Sent
from voipwatch.collector.streaming.partitions import partition_of
from voipwatch.model.submission import Deletion, Intake
from voipwatch.wire.spool import FRAME_BYTES, HEADER_BYTES, encode_frame

T = TypeVar("T")
RECORDS_AT_ONCE: Final = 64
"""Published before the marks are written; as many answers are waited for at a time."""
PATIENCE_S: Final = 10.0
"""How long a request waits for the stream: a leader that died is replaced within some five seconds."""
STALLED_S: Final = 4.0
"""Without any progress for so long, new requests are refused before anything of them is written."""
CHANGE_S: Final = 2.0
"""On a server that says it cannot: a new leader is there after some two to five seconds."""
PAUSE_FIRST_S: Final = 0.1
PAUSE_MOST_S: Final = 2.0


class StreamBehindError(Exception):
    """What was written is on this disk and not on the stream yet: it is not acknowledged."""


class Publisher(Protocol):
    """The stream, as the relay uses it. Both raise where it does not answer."""

    partitions: int

    async def publish(self, partition: int, record_id: str, frame: bytes) -> int:
        """Store a frame; its sequence number. One that is there already is not stored again."""

    async def erase(self, partition: int, seq: int) -> None:
        """Overwrite a message; nothing where it is gone."""

    async def change_server(self) -> None:
        """Talk to another server: this one may be cut off from all the others, and not say so."""


@dataclass(slots=True)
class _Waiter:
    written: Written
    done: "asyncio.Future[None]"


class Relay:
    """From one spool to one stream. `start`, then `stop`, each once.

    Whatever fails is tried again. `say`: told of trouble, and of its end.
    """

    def __init__(
        self,
        spool: Path,
        marks: Marks,
        publisher: Publisher,
        *,
        say: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._spool = spool
        self._marks = marks
        self._publisher = publisher
        self._say = say
        self._sleep = sleep
        self._reached = marks.reached()
        self._queue: deque[Written] = deque()
        self._waiters: list[_Waiter] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stuck_since: float | None = None
        self._changed_at: float | None = None
        """Server, since it is stuck."""
        self._backlog = asyncio.Event()
        """Set once what an earlier process left is on the stream."""
        self.published = 0
        """Records, since it was made."""

    # --- what a collector asks ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with what an earlier process left unpublished. Raises OSError."""
        for segment in list_segments(self._spool):
            size = segment.path.stat().st_size
            if size > max(HEADER_BYTES, self._reached.get(segment.name, 0)):
                self._queue.append(Written(segment.name, segment.month, size))
        self._wake.set()
        self._task = asyncio.create_task(self._run())

    @property
    def stalled(self) -> bool:
        """Nothing goes on at the moment, and has not for some seconds."""
        since = self._stuck_since
        return since is not None and asyncio.get_running_loop().time() - since > STALLED_S

    def offer(self, written: Written | None) -> None:
        """The spool has been written up to there."""
        if written is not None and not self._is_past(written):
            self._queue.append(written)
            self._wake.set()

    async def passed(self, written: Written | None, patience_s: float = PATIENCE_S) -> None:
        """Wait until the stream has it, and all before it. Raises StreamBehindError."""
        try:
            async with asyncio.timeout(patience_s):
                await self._backlog.wait()  # a report that was sent again may be in it
                if written is not None and not self._is_past(written):
                    await self._wait(written)
        except TimeoutError:
            raise StreamBehindError from None

    async def _wait(self, written: Written) -> None:
        waiter = _Waiter(written, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self.offer(written)
        try:
            await waiter.done
        finally:
            self._waiters.remove(waiter)

    async def stop(self) -> None:
        """What is not on the stream is published at the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for waiter in self._waiters:
            if not waiter.done.done():
                waiter.done.set_exception(StreamBehindError())
        self._marks.close()

    def forget_months(self, months: Sequence[str]) -> None:
        """Their segments are removed from the spool."""
        self._marks.forget_months(months)

    # --- the work -------------------------------------------------------------------------------------------

    def _is_past(self, written: Written) -> bool:
        return self._reached.get(written.segment, HEADER_BYTES) >= written.end

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._persist(self._queue.popleft())
                self._answer()
            self._backlog.set()

    async def _persist(self, written: Written) -> None:
        """Publish up to there, however long that takes."""
        pause_s = PAUSE_FIRST_S
        while not self._is_past(written):
            try:
                going = await self._some(written)
            except Exception as error:  # noqa: BLE001 -- a relay that ended would leave every probe unanswered
                self._stick(error)
                await self._change_server(error)
                await self._sleep(pause_s)
                pause_s = min(PAUSE_MOST_S, 2 * pause_s)
                continue
            self._unstick()
            pause_s = PAUSE_FIRST_S
            if not going:
                return

    async def _some(self, written: Written) -> bool:
        """Publish the next records of a segment; False where it holds no more, or is gone."""
        start = self._reached.get(written.segment, HEADER_BYTES)
        found = await asyncio.to_thread(self._read, written, start)
        if found is None:
            self._reached[written.segment] = written.end  # removed with its month
            return False
        records, end = found
        # One after the other in each of them would be slow, and their order says nothing: `received_at` does.
        placed = await _all(self._publish(record) for record in records if isinstance(record, Intake))
        # After them: a report and its deletion may be among the same records.
        here = {sent.report_id: sent for sent in placed}
        await _all(self._delete(record, here) for record in records if isinstance(record, Deletion))
        await asyncio.to_thread(self._marks.advance, written.segment, written.month, end, placed)
        self._reached[written.segment] = end
        self._answer()
        self.published += len(records)
        return end < written.end

    def _read(self, written: Written, start: int) -> tuple[list[Record], int] | None:
        """Some records from `start` on, and where the next begins; what is damaged is passed over."""
        for suffix in (".seg", ".open"):
            path = self._spool / written.month / f"{written.segment}{suffix}"
            if path.exists():
                break
        else:
            return None
        # What is behind `written` may still be on its way to the disk.
        whole = takewhile(lambda item: item.offset < written.end, read_segment(path, start))
        items = list(islice(whole, RECORDS_AT_ONCE))
        records = [item.record for item in items if isinstance(item, Stored)]
        if len(items) < RECORDS_AT_ONCE:
            return records, written.end
        return records, _end_of(items[-1])

    async def _publish(self, record: Intake) -> Sent:
        partition = partition_of(record.country, self._publisher.partitions)
        frame = encode_frame(encode_record(record))
        seq = await self._publisher.publish(partition, record.report_id, frame)
        return Sent(record.report_id, partition, seq)

    async def _delete(self, record: Deletion, here: Mapping[str, Sent]) -> None:
        """`here`: reports that were published a moment ago, whose marks are not written yet."""
        publisher = self._publisher
        frame = encode_frame(encode_record(record))
        # To all of them, since the deletion does not say where its report is from.
        for partition in range(publisher.partitions):
            await publisher.publish(partition, f"deletion-{record.report_id}", frame)
        place = here.get(record.report_id) or await asyncio.to_thread(self._marks.find, record.report_id)
        if place is not None:
            await publisher.erase(place.partition, place.seq)

    def _answer(self) -> None:
        for waiter in self._waiters:
            if not waiter.done.done() and self._is_past(waiter.written):
                waiter.done.set_result(None)

    def _stick(self, error: Exception) -> None:
        if self._stuck_since is None:
            self._stuck_since = asyncio.get_running_loop().time()
            reason = str(error) or type(error).__name__
            self._say(f"stream: {reason}; reports are refused until it takes them again")

    async def _change_server(self, error: Exception) -> None:
        """At once after an answer that did not come, else every few seconds: a leader is being chosen."""
        now = asyncio.get_running_loop().time()
        since = self._changed_at if self._changed_at is not None else self._stuck_since
        if isinstance(error, TimeoutError) or (since is not None and now - since >= CHANGE_S):
            self._changed_at = now
            with suppress(Exception):
                await self._publisher.change_server()

    def _unstick(self) -> None:
        self._changed_at = None
        if self._stuck_since is not None:
            self._stuck_since = None
            self._say("stream: it takes reports again")


async def _all(asked: Iterable[Awaitable[T]]) -> list[T]:
    """What all of them answer, once none is on its way any more. Raises the first one's exception."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for each in answers:
        if isinstance(each, BaseException):
            raise each
    return [each for each in answers if not isinstance(each, BaseException)]


def _end_of(item: Stored | Damage) -> int:
    if isinstance(item, Damage):
        return item.offset + item.length
    return item.offset + FRAME_BYTES + item.length
