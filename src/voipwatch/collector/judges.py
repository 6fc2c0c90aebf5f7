"""Judging on the other cores: worker processes that are handed submissions and hand back records.

A batch is split among the workers; one report alone goes to a worker that has nothing to do, and where there
is none it is judged where it arrived. A worker is `python -m voipwatch.collector.judges`, one pipe each way,
length-prefixed MessagePack. It ends when its pipe does, so that none outlives a collector that was killed;
one that dies is not missed: its share is judged in the collector's own process, and a new one is started.
"""

import asyncio
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec

from voipwatch.collector.intake import Accepted, Circumstances, Refused, Rules, take
from voipwatch.collector.keys import Enrolments

MODULE: Final = "voipwatch.collector.judges"
SHARE_MAX: Final = 16
"""Reports handed over at once: a few milliseconds of work, so that all workers have some."""
_LENGTH: Final = struct.Struct(">I")


class _Start(msgspec.Struct):
    reflectors: list[str]
    enrolment_key: bytes
    instance: str


class _Task(msgspec.Struct):
    items: list[bytes]
    about: Circumstances
    now_s: float


@dataclass(frozen=True, slots=True)
class _Judged:
    """Exactly one of the two."""

    accepted: Accepted | None
    refused: Refused | None


_TASK: Final = msgspec.msgpack.Decoder(_Task)
_JUDGED: Final = msgspec.msgpack.Decoder(list[_Judged])
_ENCODER: Final = msgspec.msgpack.Encoder()


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, task: bytes) -> list[Accepted | Refused]:
        """Raises OSError, EOFError where the worker has died."""
        writer, reader = self._process.stdin, self._process.stdout
        assert writer is not None
        assert reader is not None
        writer.write(_LENGTH.pack(len(task)) + task)
        await writer.drain()
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        found: list[Accepted | Refused] = []
        for judged in _JUDGED.decode(await reader.readexactly(length)):
            one = judged.accepted or judged.refused
            assert one is not None
            found.append(one)
        return found

    async def end(self) -> None:
        """Close its pipe and wait for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(OSError):
            await self._process.stdin.wait_closed()
        await self._process.wait()


class Judges:
    """The workers, and this process where there is none."""

    def __init__(self, rules: Rules, enrolment_key: bytes, count: int) -> None:
        self._rules = rules
        self._start = _ENCODER.encode(_Start(sorted(rules.reflectors), enrolment_key, rules.instance))
        self._count = count
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._workers: list[_Worker] = []

    async def start(self) -> None:
        """Start the workers. Raises OSError."""
        for _ in range(self._count):
            await self._add()

    async def stop(self) -> None:
        """End them."""
        for worker in self._workers:
            await worker.end()
        self._workers = []

    async def judge(
        self, items: Sequence[bytes], about: Circumstances, now_s: float
    ) -> list[Accepted | Refused]:
        """One answer each, in order."""
        if not self._workers or (len(items) == 1 and self._idle.empty()):
            return await self._judge_here(items, about, now_s)
        size = min(SHARE_MAX, -(-len(items) // len(self._workers)))
        shares = [items[at : at + size] for at in range(0, len(items), size)]
        judged = await asyncio.gather(*(self._hand_over(share, about, now_s) for share in shares))
        return [one for share in judged for one in share]

    async def _hand_over(
        self, items: Sequence[bytes], about: Circumstances, now_s: float
    ) -> list[Accepted | Refused]:
        worker = await self._idle.get()
        try:
            found = await worker.ask(_ENCODER.encode(_Task(list(items), about, now_s)))
        except (OSError, EOFError, msgspec.DecodeError):
            self._workers.remove(worker)
            with suppress(OSError):
                await worker.end()
                await self._add()
            return await self._judge_here(items, about, now_s)
        except asyncio.CancelledError:
            # Its answer is still to come, and would be taken for another's.
            self._workers.remove(worker)
            with suppress(OSError):
                await worker.end()
                await self._add()
            raise
        self._idle.put_nowait(worker)
        return found

    async def _judge_here(
        self, items: Sequence[bytes], about: Circumstances, now_s: float
    ) -> list[Accepted | Refused]:
        found = []
        for item in items:
            found.append(take(item, about, self._rules, now_s))
            if len(items) > 1:
                await asyncio.sleep(0)  # others get their turn between the reports of a batch
        return found

    async def _add(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdin is not None
        process.stdin.write(_LENGTH.pack(len(self._start)) + self._start)
        worker = _Worker(process)
        self._workers.append(worker)
        self._idle.put_nowait(worker)


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """A worker's life: rules first, then tasks until the pipe ends."""
    first = _read(source)
    if first is None:
        return
    start = msgspec.msgpack.decode(first, type=_Start)
    rules = Rules(frozenset(start.reflectors), Enrolments(start.enrolment_key), start.instance)
    while (frame := _read(source)) is not None:
        task = _TASK.decode(frame)
        judged = [take(item, task.about, rules, task.now_s) for item in task.items]
        answer = _ENCODER.encode(
            [_Judged(one, None) if isinstance(one, Accepted) else _Judged(None, one) for one in judged]
        )
        sink.write(_LENGTH.pack(len(answer)) + answer)
        sink.flush()


def _read(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end, or where it is cut off."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    frame = source.read(length)
    return frame if len(frame) == length else None


if __name__ == "__main__":
    work(sys.stdin.buffer, sys.stdout.buffer)
