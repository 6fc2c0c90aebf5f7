"""Judging on the other cores: worker processes that are handed bodies as they came and hand back records.

A worker (`collector.worker`) inflates, splits and judges, so that in the collector's own process a body is
never larger than it came. What waits when a worker is free goes to it in one piece: many small bodies, or one
batch.

One that dies is replaced. What it had may be what killed it, so each request of it is tried once more alone,
in a worker and never in this process; that whose worker dies again is refused (503). Whatever happens, every
request gets an answer, and whoever attends to a worker goes on.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from voipwatch.collector.body import Limits
from voipwatch.collector.intake import INTERNAL, Accepted, Refused, Rules, take
from voipwatch.collector.opening import Opened, UnreadableError, open_body
from voipwatch.collector.worker import (
    LENGTH,
    PIPE_BYTES,
    Count,
    Done,
    Judged,
    Request,
    Start,
    Unpaid,
    Unreadable,
    submitted_of,
)

MODULE: Final = "voipwatch.collector.worker"
SHARE_MAX: Final = 16
"""Requests handed over at once: some milliseconds of work where each is one report."""
SHARE_BYTES_MAX: Final = 128 << 10
"""Of their bodies together, the first of them apart: a batch goes alone."""
RESTART_S: Final = 5.0
"""After no worker could be started: what was short then, processes or memory, may be had again."""
_ANSWER: Final = msgspec.msgpack.Decoder(Count | Done)
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

    def answer(self, outcome: Judged | Unreadable | Unpaid) -> None:
        """Tell whoever waits, if he still does."""
        if isinstance(outcome, Unreadable):
            self.fail(UnreadableError(outcome.status, outcome.code, outcome.reason))
        elif isinstance(outcome, Judged) and not self.answered.done():
            self.answered.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """The same, with an error."""
        if not self.answered.done():
            self.answered.set_exception(error)
            self.answered.exception()  # looked at, so that nobody warns where the sender has gone


class _Worker:
    """One process, or the one after it."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self._process: asyncio.subprocess.Process | None = None

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def renew(self) -> None:
        """Start a process in place of the one there was. Raises OSError."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self.end()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=PIPE_BYTES,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(LENGTH.pack(len(self._start)) + self._start)

    async def ask(self, group: list[_Waiting]) -> list[Judged | Unreadable | Unpaid]:
        """Raises OSError, EOFError, msgspec.DecodeError where the worker has died."""
        await self._write(_ENCODER.encode([waiting.request for waiting in group]))
        while not isinstance(answer := _ANSWER.decode(await self._read()), Done):
            await self._write(_ENCODER.encode(group[answer.place].settle(answer.items)))
        if len(answer.outcomes) != len(group):
            raise EOFError
        return answer.outcomes

    async def end(self) -> None:
        """Close its pipe and wait for it."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(OSError):
            await self._process.stdin.wait_closed()
        await self._process.wait()

    async def _write(self, frame: bytes) -> None:
        assert self._process is not None
        writer = self._process.stdin
        assert writer is not None
        writer.write(LENGTH.pack(len(frame)) + frame)
        await writer.drain()

    async def _read(self) -> bytes:
        assert self._process is not None
        reader = self._process.stdout
        assert reader is not None
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        return await reader.readexactly(length)


class Judges:
    """The workers, and this process where there is none."""

    def __init__(
        self,
        rules: Rules,
        enrolment_key: bytes,
        limits: Limits,
        *,
        count: int,
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`tell` is called with a line for every fault of ours; nothing of a report or sender is in it."""
        self._rules = rules
        self._limits = limits
        start = Start(sorted(rules.reflectors), enrolment_key, rules.instance, limits)
        self._start = _ENCODER.encode(start)
        self._count = count
        self._tell = tell
        self._waiting: deque[_Waiting] = deque()
        self._come = asyncio.Condition()
        self._workers: set[_Worker] = set()
        """That can be had now: less than `count` where the system has no room for another process."""
        self._attending: set[asyncio.Task[None]] = set()
        self._one_batch = asyncio.Lock()

    async def start(self) -> None:
        """Start the workers. Raises OSError."""
        for _ in range(self._count):
            worker = _Worker(self._start)
            await worker.renew()
            self._workers.add(worker)
        self._attending = {asyncio.create_task(self._attend(worker)) for worker in self._workers}

    async def stop(self) -> None:
        """End them, and what they do; what still waits is answered 503."""
        attending, self._attending = self._attending, set()
        for task in attending:
            task.cancel()
        await asyncio.gather(*attending, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().fail(_broken())

    async def judge(self, request: Request, pay: Callable[[int], None]) -> Judged:
        """What becomes of each submission. Raises UnreadableError, and whatever `pay` does.

        `pay`: called at most once, before any of a batch is judged, with how many there are beyond the first.
        """
        waiting = _Waiting(request, pay)
        if not self._workers:
            await self._judge_here(waiting)
        else:
            self._waiting.append(waiting)
            async with self._come:
                self._come.notify()
        judged = await waiting.answered
        for one in judged.results:
            if isinstance(one, Refused) and one.code == INTERNAL:
                self._tell(f"a report could not be judged: {one.reason}")
        return judged

    async def _attend(self, worker: _Worker) -> None:
        """One worker's turns, and its successors', until `stop`."""
        try:
            while True:
                try:
                    await self._turns(worker)
                except Exception as error:  # noqa: BLE001 -- nobody looks at this task before `stop`
                    self._tell(f"a worker has ended and no other can be started: {type(error).__name__}")
                self._workers.discard(worker)
                while not self._workers and self._waiting:
                    await self._judge_here(self._waiting.popleft())
                await asyncio.sleep(RESTART_S)
        finally:
            self._workers.discard(worker)
            with suppress(OSError):
                await worker.end()

    async def _turns(self, worker: _Worker) -> None:
        """Raises OSError where it has died and no other can be started."""
        while True:
            if not worker.lives:
                await worker.renew()
            self._workers.add(worker)
            async with self._come:
                await self._come.wait_for(lambda: self._waiting)
            if worker.lives:
                await self._turn(worker, self._next_group())

    async def _turn(self, worker: _Worker, group: list[_Waiting]) -> None:
        """Have a group judged: together, or one by one where that ended the worker.

        Raises OSError where no other can be started. All of the group is answered in any case.
        """
        try:
            failed = not await self._asked(worker, group)
            for waiting in group if failed else ():
                if waiting.answered.done():  # its sender has gone, or may not
                    continue
                if failed:
                    await worker.renew()
                failed = not await self._asked(worker, [waiting])
            if failed:
                await worker.renew()
        finally:
            for waiting in group:
                waiting.fail(_broken())

    async def _asked(self, worker: _Worker, group: list[_Waiting]) -> bool:
        """Whether the worker has judged them. Raises nothing: what else is wrong is wrong with the worker."""
        try:
            outcomes = await worker.ask(group)
        except Exception as error:  # noqa: BLE001 -- whatever it is, whoever waits must hear of it
            self._tell(f"a worker ended over {len(group)} requests: {type(error).__name__}")
            return False
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.answer(outcome)
        return True

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
        """Answers in any case, and raises nothing."""
        try:
            opened = self._open(waiting.request)
            if opened.single:
                await self._judge_opened(waiting, opened)
                return
            del opened  # it is opened again rather than held while others' batches are judged
            async with self._one_batch:
                await self._judge_opened(waiting, self._open(waiting.request))
        except UnreadableError as error:
            waiting.fail(error)
        except Exception as error:  # noqa: BLE001 -- whatever it is, whoever waits must hear of it
            self._tell(f"a request could not be judged: {type(error).__name__}")
        finally:
            waiting.fail(_broken())

    def _open(self, request: Request) -> Opened:
        return open_body(request.content, request.encoding, self._limits, lines=request.lines)

    async def _judge_opened(self, waiting: _Waiting, opened: Opened) -> None:
        if not waiting.settle(len(opened.items)):
            return
        results: list[Accepted | Refused] = []
        for place in range(len(opened.items)):
            one = submitted_of(opened, place, waiting.request, self._limits)
            results.append(one if isinstance(one, Refused) else take(one, self._rules))
            if not opened.single:
                await asyncio.sleep(0)  # others get their turn between the reports of a batch
        waiting.answer(Judged(results, opened.single))


def _broken() -> UnreadableError:
    return UnreadableError(503, INTERNAL, "the collector failed on this request: nothing was kept, try again")
