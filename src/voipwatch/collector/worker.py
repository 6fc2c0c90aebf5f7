"""A worker process of the collector's: bodies as they came in, records out.

`python -m voipwatch.collector.worker`, one pipe each way, length-prefixed MessagePack. It ends when its pipe
does, so that none outlives a collector that was killed. What it may take of memory is bounded twice: by what
is open and decoded at one time, and by the kernel (`MEMORY_BYTES_MAX`).
"""

import fcntl
import gc
import resource
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO, Final

import msgspec

from voipwatch.collector.body import Limits
from voipwatch.collector.intake import Accepted, Circumstances, Refused, Rules, Submitted, take_all
from voipwatch.collector.keys import Enrolments
from voipwatch.collector.opening import Opened, UnreadableError, open_body

SIDE_BY_SIDE: Final = 16
"""Reports judged step by step together: what they take stays within a processor's own cache (1 MB)."""
SIDE_BY_SIDE_BYTES: Final = 1 << 20
"""Of their JSON together, the last of them apart: decoded, JSON can take thirty times its length."""
OPEN_BYTES: Final = 4 << 20
"""Of inflated bodies held open together, the last of them apart; sixteen of one report have a tenth of it."""
MEMORY_BYTES_MAX: Final = 1 << 30
"""Address space of a worker (RLIMIT_AS, setrlimit(2)): what gets past every bound above is refused, or ends
this worker and nothing else. `test_worker.py` holds what is really used to half of it.
"""
PIPE_BYTES: Final = 1 << 20
"""What Linux allows anybody (pipe(7)); a group of answers fits, and nobody waits for a reader."""
LENGTH: Final = struct.Struct(">I")
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


class Unreadable(msgspec.Struct, frozen=True, tag=True):
    """Nothing of it could be looked at; as `opening.UnreadableError`."""

    status: int
    code: str
    reason: str


class Unpaid(msgspec.Struct, frozen=True, tag=True):
    """Its sender may not bring so many now; nothing of it was judged."""


class Start(msgspec.Struct):
    """What a worker is told first: the rules."""

    reflectors: list[str]
    enrolment_key: bytes
    instance: str
    limits: Limits


class Count(msgspec.Struct, tag=True):
    """Asked before a batch is judged: may its sender bring so many?"""

    place: int
    """Of the request in its group."""
    items: int


class Done(msgspec.Struct, tag=True):
    """Of every request of the group, in order."""

    outcomes: list[Judged | Unreadable | Unpaid]


_GROUP: Final = msgspec.msgpack.Decoder(list[Request])
_WORD: Final = msgspec.msgpack.Decoder(bool)
_ENCODER: Final = msgspec.msgpack.Encoder()


def submitted_of(opened: Opened, place: int, request: Request, limits: Limits) -> Submitted | Refused:
    """One item of a body, ready to be judged."""
    item = opened.items[place]
    if len(item) > limits.item_bytes:
        return Refused("large", "", f"one report has at most {limits.item_bytes} bytes of JSON")
    return Submitted(bytes(item), request.about, request.now_s, opened.packed[place])


class _Judge:
    """A worker's end of the pipes."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, start: Start) -> None:
        self._source = source
        self._sink = sink
        self._rules = Rules(frozenset(start.reflectors), Enrolments(start.enrolment_key), start.instance)
        self._limits = start.limits

    def answer(self, group: list[Request]) -> None:
        """Judge all of them. Raises EOFError where the collector has gone."""
        outcomes: list[Judged | Unreadable | Unpaid] = []
        held: list[tuple[Request, Opened | Unreadable | Unpaid]] = []
        held_bytes = 0
        for place, request in enumerate(group):
            held.append((request, self._opened(place, request)))
            held_bytes += _size(held[-1][1])
            if held_bytes >= OPEN_BYTES:
                outcomes += self._outcomes(held)
                held.clear()
                held_bytes = 0
        self._write(Done(outcomes + self._outcomes(held)))

    def _opened(self, place: int, request: Request) -> Opened | Unreadable | Unpaid:
        try:
            opened = open_body(request.content, request.encoding, self._limits, lines=request.lines)
        except UnreadableError as error:
            return Unreadable(error.status, error.code, error.reason)
        except MemoryError:
            return Unreadable(413, "large", "it takes more memory than there is for one body")
        count = len(opened.items)
        return opened if count == 1 or self._may(place, count) else Unpaid()

    def _outcomes(
        self, held: list[tuple[Request, Opened | Unreadable | Unpaid]]
    ) -> list[Judged | Unreadable | Unpaid]:
        judged = self._judged([(request, each) for request, each in held if isinstance(each, Opened)])
        return [
            Judged(list(islice(judged, len(each.items))), each.single) if isinstance(each, Opened) else each
            for _, each in held
        ]

    def _judged(self, pairs: list[tuple[Request, Opened]]) -> Iterator[Accepted | Refused]:
        """Of all items of all requests, in order."""
        items = (
            submitted_of(opened, place, request, self._limits)
            for request, opened in pairs
            for place in range(len(opened.items))
        )
        while some := _side_by_side(items):
            found = iter(take_all([one for one in some if isinstance(one, Submitted)], self._rules))
            yield from (one if isinstance(one, Refused) else next(found) for one in some)

    def _may(self, place: int, items: int) -> bool:
        self._write(Count(place, items))
        frame = _read(self._source)
        if frame is None:
            raise EOFError
        return _WORD.decode(frame)

    def _write(self, answer: Count | Done) -> None:
        frame = _ENCODER.encode(answer)
        self._sink.write(LENGTH.pack(len(frame)) + frame)
        self._sink.flush()


def _size(opened: Opened | Unreadable | Unpaid) -> int:
    return opened.inflated_bytes if isinstance(opened, Opened) else 0


def _side_by_side(items: Iterator[Submitted | Refused]) -> list[Submitted | Refused]:
    """The next few; none at the end."""
    some: list[Submitted | Refused] = []
    size = 0
    for one in items:
        some.append(one)
        size += len(one.body) if isinstance(one, Submitted) else 0
        if len(some) == SIDE_BY_SIDE or size >= SIDE_BY_SIDE_BYTES:
            break
    return some


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """A worker's life: rules first, then groups until the pipe ends."""
    first = _read(source)
    if first is None:
        return
    judge = _Judge(source, sink, msgspec.msgpack.decode(first, type=Start))
    with suppress(EOFError):
        while (frame := _read(source)) is not None:
            judge.answer(_GROUP.decode(frame))


def _read(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end, or where it is cut off."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    frame = source.read(length)
    return frame if len(frame) == length else None


if __name__ == "__main__":
    if _PIPE is not None:
        with suppress(OSError):
            fcntl.fcntl(sys.stdout.fileno(), _PIPE, PIPE_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    gc.freeze()
    work(sys.stdin.buffer, sys.stdout.buffer)
