"""Spans of a source -> tables, in this process or in others.

Making tables is three quarters of loading, and inserting them waits for the disk: with a backlog, worker
processes read ahead of what is inserted. A worker is `python -m voipwatch.pipeline.reading`, one pipe each
way, length-prefixed; the first it is told is where its source is, and it ends when its pipe does. One that
dies is not missed: its span is read here.
"""

import gc
import os
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain, islice
from queue import SimpleQueue
from typing import IO, Final, NamedTuple

import msgspec
import pyarrow as pa

from voipwatch.collector.spool import Damage
from voipwatch.model.submission import Deletion, Intake
from voipwatch.pipeline.columnar import Columnar
from voipwatch.pipeline.pieces import Contents, Span
from voipwatch.pipeline.source import Origin, Source, open_source
from voipwatch.store.rows import SegmentRows, SegmentTables

MODULE: Final = "voipwatch.pipeline.reading"
NICENESS: Final = 10
"""Of a worker: a reflector on the same machine times packets."""
_LENGTH: Final = struct.Struct(">Q")


class Tabled(NamedTuple):
    """A span as tables."""

    tables: SegmentTables
    damages: list[Damage]
    repeated: int
    """Reports that are in it twice; the first is taken."""


class _Answer(msgspec.Struct):
    tables: list[bytes] | None
    """None: the segment is gone."""
    damages: list[Damage]
    repeated: int


_ORIGIN: Final = msgspec.msgpack.Decoder(Origin)
_SPAN: Final = msgspec.msgpack.Decoder(Span)
_ANSWER: Final = msgspec.msgpack.Decoder(_Answer)
_ENCODER: Final = msgspec.msgpack.Encoder()


class Reader:
    """Reads spans in this process."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._columnar = Columnar()

    def read(self, span: Span) -> Tabled | None:
        """The tables of a span; None where its records are gone. Raises OSError."""
        contents = self._source.contents(span)
        if contents is None:
            return None
        with no_collections():
            return self._tabled(contents)

    def _tabled(self, contents: Contents) -> Tabled:
        rows = SegmentRows()
        fresh: dict[str, tuple[Intake, Damage]] = {}
        repeated = 0
        for item in contents.records:
            record = item.record
            if isinstance(record, Deletion):
                rows.deletion(record)
            elif isinstance(record, Intake):
                repeated += record.report_id in fresh
                fresh.setdefault(record.report_id, (record, Damage(item.offset, item.length, "")))
        reasons = self._columnar.add(rows, [intake for intake, _ in fresh.values()])
        damages = [
            Damage(place.offset, place.length, reason)
            for (_, place), reason in zip(fresh.values(), reasons, strict=True)
            if reason is not None
        ]
        return Tabled(rows.tables(), contents.damages + damages, repeated)


class Readers:
    """Reads spans in order, ahead of who asks, once there is more than one of them.

    `workers`: processes, started when they are first needed; with 0, or for one span, it is read here.
    """

    def __init__(self, source: Source, workers: int) -> None:
        self._source = source
        self._here = Reader(source)
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._running: list[subprocess.Popen[bytes]] = []
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()

    def read(self, spans: Iterable[Span]) -> Generator[tuple[Span, Tabled | None]]:
        """The tables of each, in order. Raises OSError."""
        rest = iter(spans)
        first = list(islice(rest, 2))
        if self._workers == 0 or len(first) < 2:
            for span in chain(first, rest):
                yield span, self._here.read(span)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="voipwatch-reader")
            for _ in range(self._workers):
                self._add()
        waiting: deque[tuple[Span, Future[Tabled | None]]] = deque()
        for span in chain(first, rest):
            waiting.append((span, self._threads.submit(self._ask, span)))
            if len(waiting) > self._workers:
                done, tabled = waiting.popleft()
                yield done, tabled.result()
        while waiting:
            done, tabled = waiting.popleft()
            yield done, tabled.result()

    @property
    def worker_pids(self) -> list[int]:
        """Processes that were started; none before there is a backlog."""
        return [worker.pid for worker in self._running]

    def close(self) -> None:
        """End the workers, and wait for them."""
        if self._threads is None:
            return
        self._threads.shutdown(cancel_futures=True)
        self._threads = None
        while not self._idle.empty():
            self._end(self._idle.get())

    def _ask(self, span: Span) -> Tabled | None:
        """In one of the threads."""
        worker = self._idle.get()
        try:
            assert worker.stdin is not None
            assert worker.stdout is not None
            _write(worker.stdin, _ENCODER.encode(span))
            answer = _ANSWER.decode(_read(worker.stdout))
        except (OSError, EOFError, msgspec.DecodeError):
            self._end(worker)
            self._add()
            # Not the one that is shared: this is a thread of its own.
            return Reader(self._source).read(span)
        except BaseException:
            self._end(worker)
            self._add()
            raise
        self._idle.put(worker)
        if answer.tables is None:
            return None
        tables = SegmentTables._make(pa.ipc.open_stream(table).read_all() for table in answer.tables)
        return Tabled(tables, answer.damages, answer.repeated)

    def _add(self) -> None:
        worker = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert worker.stdin is not None
        with suppress(OSError):  # it died already, which is found when it is asked
            _write(worker.stdin, _ENCODER.encode(self._source.origin))
        self._running.append(worker)
        self._idle.put(worker)

    def _end(self, worker: "subprocess.Popen[bytes]") -> None:
        self._running.remove(worker)
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@contextmanager
def no_collections() -> Iterator[None]:
    """Rows are many small objects without cycles: looking for cycles among them is a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def work(orders: IO[bytes], sink: IO[bytes]) -> None:
    """A worker's life: spans until the pipe ends. What cannot be read ends it, and is read by who asked."""
    reader: Reader | None = None
    while True:
        try:
            if reader is None:
                reader = Reader(open_source(_ORIGIN.decode(_read(orders))))
            span = _SPAN.decode(_read(orders))
        except EOFError:
            return
        tabled = reader.read(span)
        if tabled is None:
            answer = _Answer(None, [], 0)
        else:
            answer = _Answer([_ipc(table) for table in tabled.tables], tabled.damages, tabled.repeated)
        _write(sink, _ENCODER.encode(answer))


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _write(sink: IO[bytes], frame: bytes) -> None:
    sink.write(_LENGTH.pack(len(frame)))
    sink.write(frame)
    sink.flush()


def _read(source: IO[bytes]) -> bytes:
    """The next frame. Raises EOFError at the end, and where it is cut off."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    frame = source.read(length)
    if len(frame) < length:
        raise EOFError
    return frame


if __name__ == "__main__":
    os.nice(NICENESS)
    work(sys.stdin.buffer, sys.stdout.buffer)
