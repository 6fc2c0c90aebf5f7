"""Judging on the other cores: worker processes that are handed bodies as they came and hand back records.

A worker inflates, splits and judges, so that in the collector's own process a body is never larger than it
came. What waits when a worker is free goes to it in one piece: many small bodies, or one batch. A worker is
`python -m voipwatch.collector.judges`, one pipe each way, length-prefixed MessagePack. It ends when its pipe
does, so that none outlives a collector that was killed; one that dies is not missed: what it had is judged in
the collector's own process, and a new one is started.
"""

import asyncio
import fcntl
import gc
import struct
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Final

import msgspec

from voipwatch.collector.body import Limits
from voipwatch.collector.intake import Accepted, Circumstances, Refused, Rules, Submitted, take, take_all
from voipwatch.collector.keys import Enrolments
from voipwatch.collector.opening import Opened, UnreadableError, open_body

MODULE: Final = "voipwatch.collector.judges"
SHARE_MAX: Final = 16
"""Requests handed over at once: some milliseconds of work where each is one report."""
SHARE_BYTES_MAX: Final = 128 << 10
"""Of their bodies together, the first of them apart: a batch goes alone."""
SIDE_BY_SIDE: Final = 16
"""Reports judged step by step together: what they take stays within a processor's own cache (1 MB)."""
PIPE_BYTES: Final = 1 << 20
"""What Linux allows anybody (pipe(7)); a group of answers fits, and nobody waits for a reader."""
_LENGTH: Final = struct.Struct(">I")
_PIPE: Final = getattr(fcntl, "F_SETPIPE_SZ", None)


class Request(msgspec.Struct, frozen=True):
    """A body as it came, and what is known of it."""

    content: bytes
    encoding: str
    """One of `inflate.ENCODINGS`."""
    about: Circumstances
    now_s: float
    lines: bool = False
    """One submission a line, and not JSON as a whole."""


class Judged(msgspec.Struct, frozen=True, tag=True):
    """What became of its submissions, in order."""

    results: list[Accepted | Refused]
    single: bool
    """It was one submission, and no array."""


class _Unreadable(msgspec.Struct, frozen=True, tag=True):
    status: int
    code: str
    reason: str


class _Unpaid(msgspec.Struct, frozen=True, tag=True):
    """Its sender may not bring so many now; nothing of it was judged."""


class _Start(msgspec.Struct):
    reflectors: list[str]
    enrolment_key: bytes
    instance: str
    limits: Limits


class _Count(msgspec.Struct, tag=True):
    """Asked before a batch is judged: may its sender bring so many?"""

    place: int
    """Of the request in its group."""
    items: int


class _Done(msgspec.Struct, tag=True):
    outcomes: list[Judged | _Unreadable | _Unpaid]


_GROUP: Final = msgspec.msgpack.Decoder(list[Request])
_WORD: Final = msgspec.msgpack.Decoder(bool)
_ANSWER: Final = msgspec.msgpack.Decoder(_Count | _Done)
_ENCODER: Final = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class _Waiting:
    """A request between its arrival and its judgement."""

    request: Request
    pay: Callable[[int], None]
    answered: "asyncio.Future[Judged]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    paid: bool = False

    def settle(self, items: int) -> bool:
        """Whether its sender may bring so many; where not, that is its answer. Asked again: the same."""
        if self.paid or items < 2:
            return True
        try:
            self.pay(items - 1)
        except Exception as error:  # noqa: BLE001 -- whatever the application says of it is its answer
            self.fail(error)
            return False
        self.paid = True
        return True

    def answer(self, outcome: Judged | _Unreadable | _Unpaid) -> None:
        """Tell whoever waits, if he still does."""
        if isinstance(outcome, _Unreadable):
            self.fail(UnreadableError(outcome.status, outcome.code, outcome.reason))
        elif isinstance(outcome, Judged) and not self.answered.done():
            self.answered.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """The same, with an error."""
        if not self.answered.done():
            self.answered.set_exception(error)
            self.answered.exception()  # looked at, so that nobody warns where the sender has gone


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, group: list[_Waiting]) -> list[Judged | _Unreadable | _Unpaid]:
        """Raises OSError, EOFError, msgspec.DecodeError where the worker has died."""
        await self._write(_ENCODER.encode([waiting.request for waiting in group]))
        while not isinstance(answer := _ANSWER.decode(await self._read()), _Done):
            await self._write(_ENCODER.encode(group[answer.place].settle(answer.items)))
        if len(answer.outcomes) != len(group):
            raise EOFError
        return answer.outcomes

    async def end(self) -> None:
        """Close its pipe and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(OSError):
            await self._process.stdin.wait_closed()
        await self._process.wait()

    async def _write(self, frame: bytes) -> None:
        writer = self._process.stdin
        assert writer is not None
        writer.write(_LENGTH.pack(len(frame)) + frame)
        await writer.drain()

    async def _read(self) -> bytes:
        reader = self._process.stdout
        assert reader is not None
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return await reader.readexactly(length)


class Judges:
    """The workers, and this process where there is none."""

    def __init__(self, rules: Rules, enrolment_key: bytes, limits: Limits, *, count: int) -> None:
        self._rules = rules
        self._limits = limits
        start = _Start(sorted(rules.reflectors), enrolment_key, rules.instance, limits)
        self._start = _ENCODER.encode(start)
        self._count = count
        self._waiting: deque[_Waiting] = deque()
        self._come = asyncio.Condition()
        self._attending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the workers. Raises OSError."""
        workers = [await self._started() for _ in range(self._count)]
        self._attending = {asyncio.create_task(self._attend(worker)) for worker in workers}

    async def stop(self) -> None:
        """End them, and what they do."""
        for task in self._attending:
            task.cancel()
        await asyncio.gather(*self._attending, return_exceptions=True)
        self._attending = set()

    async def judge(self, request: Request, pay: Callable[[int], None]) -> Judged:
        """What becomes of each submission. Raises UnreadableError, and whatever `pay` does.

        `pay`: called at most once, before any of a batch is judged, with how many there are beyond the first.
        """
        waiting = _Waiting(request, pay)
        if not self._attending:
            await self._judge_here(waiting)
        else:
            self._waiting.append(waiting)
            async with self._come:
                self._come.notify()
        return await waiting.answered

    async def _attend(self, worker: _Worker) -> None:
        """One worker's turns, and its successors'."""
        try:
            while True:
                async with self._come:
                    await self._come.wait_for(lambda: self._waiting)
                group = self._next_group()
                try:
                    outcomes = await worker.ask(group)
                except (OSError, EOFError, msgspec.DecodeError):
                    for waiting in group:
                        await self._judge_here(waiting)
                    await worker.end()
                    worker = await self._started()
                else:
                    for waiting, outcome in zip(group, outcomes, strict=True):
                        waiting.answer(outcome)
        except OSError:  # no other can be started: the rest do without, and without any this process judges
            await self._leave()
        finally:
            with suppress(OSError):
                await worker.end()

    async def _leave(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._attending.discard(task)
        while not self._attending and self._waiting:
            await self._judge_here(self._waiting.popleft())

    def _next_group(self) -> list[_Waiting]:
        """Some of what waits, so that all workers have some."""
        most = min(SHARE_MAX, -(-len(self._waiting) // self._count))
        group = [self._waiting.popleft()]
        size = 0
        while len(group) < most:
            size += len(self._waiting[0].request.content)
            if size > SHARE_BYTES_MAX:
                break
            group.append(self._waiting.popleft())
        return group

    async def _judge_here(self, waiting: _Waiting) -> None:
        request = waiting.request
        try:
            opened = open_body(request.content, request.encoding, self._limits, lines=request.lines)
        except UnreadableError as error:
            waiting.fail(error)
            return
        if not waiting.settle(len(opened.items)):
            return
        results: list[Accepted | Refused] = []
        for place in range(len(opened.items)):
            one = _submitted(opened, place, request, self._limits)
            results.append(one if isinstance(one, Refused) else take(one, self._rules))
            if not opened.single:
                await asyncio.sleep(0)  # others get their turn between the reports of a batch
        waiting.answer(Judged(results, opened.single))

    async def _started(self) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=PIPE_BYTES,
        )
        assert process.stdin is not None
        process.stdin.write(_LENGTH.pack(len(self._start)) + self._start)
        return _Worker(process)


def _submitted(opened: Opened, place: int, request: Request, limits: Limits) -> Submitted | Refused:
    item = opened.items[place]
    if len(item) > limits.item_bytes:
        return Refused("large", "", f"one report has at most {limits.item_bytes} bytes of JSON")
    return Submitted(bytes(item), request.about, request.now_s, opened.packed[place])


class _Judge:
    """A worker's end of the pipes."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, start: _Start) -> None:
        self._source = source
        self._sink = sink
        self._rules = Rules(frozenset(start.reflectors), Enrolments(start.enrolment_key), start.instance)
        self._limits = start.limits

    def answer(self, group: list[Request]) -> None:
        """Judge all of them. Raises EOFError where the collector has gone."""
        opened = [self._opened(place, request) for place, request in enumerate(group)]
        judged = self._judged(
            [(request, each) for request, each in zip(group, opened, strict=True) if isinstance(each, Opened)]
        )
        outcomes = [
            Judged(list(islice(judged, len(each.items))), each.single) if isinstance(each, Opened) else each
            for each in opened
        ]
        self._write(_Done(outcomes))

    def _opened(self, place: int, request: Request) -> Opened | _Unreadable | _Unpaid:
        try:
            opened = open_body(request.content, request.encoding, self._limits, lines=request.lines)
        except UnreadableError as error:
            return _Unreadable(error.status, error.code, error.reason)
        count = len(opened.items)
        return opened if count == 1 or self._may(place, count) else _Unpaid()

    def _judged(self, pairs: list[tuple[Request, Opened]]) -> Iterator[Accepted | Refused]:
        """Of all items of all requests, in order."""
        items = ((request, opened, place) for request, opened in pairs for place in range(len(opened.items)))
        while some := list(islice(items, SIDE_BY_SIDE)):
            submitted = [_submitted(opened, place, request, self._limits) for request, opened, place in some]
            found = iter(take_all([one for one in submitted if isinstance(one, Submitted)], self._rules))
            yield from (one if isinstance(one, Refused) else next(found) for one in submitted)

    def _may(self, place: int, items: int) -> bool:
        self._write(_Count(place, items))
        frame = _read(self._source)
        if frame is None:
            raise EOFError
        return _WORD.decode(frame)

    def _write(self, answer: _Count | _Done) -> None:
        frame = _ENCODER.encode(answer)
        self._sink.write(_LENGTH.pack(len(frame)) + frame)
        self._sink.flush()


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """A worker's life: rules first, then groups until the pipe ends."""
    first = _read(source)
    if first is None:
        return
    judge = _Judge(source, sink, msgspec.msgpack.decode(first, type=_Start))
    with suppress(EOFError):
        while (frame := _read(source)) is not None:
            judge.answer(_GROUP.decode(frame))


def _read(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end, or where it is cut off."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    frame = source.read(length)
    return frame if len(frame) == length else None


if __name__ == "__main__":
    if _PIPE is not None:
        with suppress(OSError):
            fcntl.fcntl(sys.stdout.fileno(), _PIPE, PIPE_BYTES)
    gc.freeze()
    work(sys.stdin.buffer, sys.stdout.buffer)
