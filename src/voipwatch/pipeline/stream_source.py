"""Partitions of the stream as a loader's source: spans are runs of JetStream's sequence numbers.

Nothing is consumed: the position is in the store's ledger, so that any loader may go on where another one
died, and a piece can be read again for its votes. An event loop in a thread of its own keeps the connection.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from voipwatch.collector.records import RecordError, decode_record
from voipwatch.collector.spool import Damage, Stored
from voipwatch.collector.streaming.address import StreamAddressError, parse_stream
from voipwatch.collector.streaming.connection import (
    REQUEST_S,
    START_S,
    StreamError,
    connect_stream,
    created_at,
    find_stream,
)
from voipwatch.collector.streaming.partitions import (
    made_at,
    partition_named,
    partition_of,
    segment_name,
    stream_name,
    subject_of,
)
from voipwatch.pipeline.pieces import Contents, Span
from voipwatch.pipeline.source import Origin, SourceError
from voipwatch.wire.spool import FRAME_BYTES, Frame, decode_frames

T = TypeVar("T")
PATIENCE_S: Final = 30.0
"""For one answer: three times what a partition without a leader needs to find one."""
CLOSE_S: Final = 5.0
"""For the farewell: whoever stops is not kept by a server that is away."""
MESSAGES_AT_ONCE: Final = 64
SILENT_S: Final = 15.0
"""Without anything new the next question goes to another server: one that was cut off as the leader of a
partition goes on telling what it knew, and for a while after it is back."""
UNUSED_S: Final = 30.0
"""After which JetStream removes a reader that died."""


class StreamSource:
    """Some partitions of a stream. Raises SourceError where it does not answer: the loader tries again."""

    def __init__(self, origin: Origin, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.origin = origin
        self._clock = clock
        self._news_s = clock()
        try:
            self._address = parse_stream(origin.stream)
        except StreamAddressError as error:
            raise SourceError(str(error)) from error
        count = self._address.partitions
        self.partitions = origin.partitions or tuple(range(count))
        if not set(self.partitions) <= set(range(count)):
            raise SourceError(f"partitions {min(self.partitions)} to {max(self.partitions)} of {count}")
        self.owns_country: Callable[[str], bool] | None = None
        if len(set(self.partitions)) < count:
            self.owns_country = lambda country: partition_of(country, count) in self.partitions
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="voipwatch-stream")
        self._thread.start()
        self._client: Client | None = None

    def owns(self, segment: str) -> bool:
        """As `Source.owns`."""
        return partition_named(segment) in self.partitions

    def spans(
        self, reached: Mapping[str, int], *, piece_bytes: int, growing: bool, grow_bytes: int
    ) -> Iterator[Span]:
        """As `Source.spans`; a partition always grows, and its messages are whole."""
        for partition in self.partitions if growing else ():
            least = max(1, grow_bytes)
            found = self._call(self._spans(partition, reached, max(least, piece_bytes)))
            if found:
                self._news_s = self._clock()
            yield from found
        if growing and self._clock() - self._news_s > SILENT_S:
            self._news_s = self._clock()
            asyncio.run_coroutine_threadsafe(self._change_server(), self._loop)

    def settle(self) -> None:
        """Nothing: where it was left is asked of the ledger alone."""

    def contents(self, span: Span) -> Contents | None:
        """As `Source.contents`."""
        partition = partition_named(span.segment)
        assert partition is not None
        return self._call(self._contents(partition, span))

    def close(self) -> None:
        """Close the connection, end the thread."""
        if self._loop.is_closed():
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        if self._client is not None:
            await self._client.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _call(self, asked: Coroutine[Any, Any, T]) -> T:
        """In the loop's thread, from any other."""
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(asked, PATIENCE_S), self._loop)
        try:
            return future.result()
        except (StreamError, NatsError, OSError) as error:
            asyncio.run_coroutine_threadsafe(self._change_server(), self._loop)
            raise SourceError(f"stream: {str(error) or type(error).__name__}") from error

    async def _js(self) -> JetStreamContext:
        if self._client is None:
            self._client = await connect_stream(
                self._address, name="voipwatch loader", say=lambda _: None, patience_s=START_S
            )
        return self._client.jetstream(timeout=REQUEST_S)

    async def _change_server(self) -> None:
        """For the next try: this one may be cut off from all the others."""
        if self._client is not None:
            await self._client.force_reconnect()

    async def _spans(self, partition: int, reached: Mapping[str, int], piece_bytes: int) -> list[Span]:
        js = await self._js()
        info = await find_stream(js, stream_name(partition, self.origin.instance))
        if info is None:
            return []  # no collector has been there yet
        state, name = info.state, segment_name(partition, made_at(created_at(info)))
        start = max(reached.get(name, 0), state.first_seq, 1)
        # Its messages are of one kind, so that their mean says how many make a piece.
        mean = state.bytes / state.messages if state.messages else piece_bytes
        step = max(1, int(piece_bytes / max(mean, 1)))
        end = state.last_seq + 1
        return [Span(name, at, min(at + step, end)) for at in range(start, end, step)]

    async def _contents(self, partition: int, span: Span) -> Contents | None:
        found = Contents([], [])
        js, stream = await self._js(), stream_name(partition, self.origin.instance)
        info = await find_stream(js, stream)
        if info is None:
            return None
        if span.segment != segment_name(partition, made_at(created_at(info))):
            return None  # of a stream that was lost; this one has its name
        if info.state.last_seq < span.end - 1:
            raise StreamError(f"{stream}: the server that answers is behind the one that told of the span")
        reader = await js.pull_subscribe(
            "",
            stream=stream,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=span.start,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=UNUSED_S,
                mem_storage=True,
                num_replicas=1,
            ),
        )
        about = await reader.consumer_info()
        pending, reached = about.num_pending, span.start
        try:
            while pending:
                for message in await reader.fetch(min(MESSAGES_AT_ONCE, pending), timeout=REQUEST_S):
                    pending = message.metadata.num_pending
                    seq = message.metadata.sequence.stream
                    reached = seq + 1
                    if seq < span.end:
                        _add(found, seq, message)
                    if seq >= span.end - 1:
                        return found
        finally:
            with suppress(NatsError, OSError, TimeoutError):
                await reader.unsubscribe()
                await js.delete_consumer(stream, about.name)
        await self._end_of_all(js, partition, reached, span)
        return found

    async def _end_of_all(self, js: JetStreamContext, partition: int, reached: int, span: Span) -> None:
        """A reader lives on one server, whose copy may be behind after it was cut off: what it did not tell
        is gone only where the leader has not got it either. Raises StreamError.
        """
        instance = self.origin.instance
        stream, subject = stream_name(partition, instance), subject_of(partition, instance)
        try:
            left = await js.get_msg(stream, seq=reached, subject=subject, next=True)
        except NotFoundError:
            return
        if left.seq is not None and left.seq < span.end:
            raise StreamError(f"{stream}: a copy of it ends before {reached}, and its leader has {left.seq}")


def _add(found: Contents, seq: int, message: Msg) -> None:
    """A message is one frame of the spool, checksum and all."""
    data = message.data
    frame = next(decode_frames(data, 0))
    if not isinstance(frame, Frame) or frame.payload is None or FRAME_BYTES + len(frame.payload) != len(data):
        found.damages.append(Damage(seq, len(data), "wrong checksum"))
        return
    try:
        found.records.append(Stored(seq, len(frame.payload), decode_record(frame.payload)))
    except RecordError as error:
        found.damages.append(Damage(seq, len(data), str(error)))
