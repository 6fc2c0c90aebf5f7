"""What the bytes of an unknown message do: constant, counter, length, echo of the request, or random.

Found by comparing messages of one group with each other, with their lengths and with what they answer. A
field is claimed only if every message of the group bears it out; with fewer than four messages no counter is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

HEAD_BYTES: Final = 64
"""Further in, nobody's protocol has fields that a recogniser looks at; the rest is content."""
COUNT_MIN: Final = 4
LENGTHS: Final = (2, 4, 1)
COUNTERS: Final = (4, 2, 1)
STEP_MAX: Final = 1 << 20
_MIN_ECHO: Final = 2


@dataclass(frozen=True, slots=True)
class Field:
    """Some bytes of a message and what they do."""

    kind: str
    """constant, counter, length, echo, random."""
    size: int
    data: bytes = b""
    """Of a constant: the bytes."""
    start: int = 0
    """Of an echo: where in the request."""
    step: int = 0
    """Of a counter, per message of its group."""
    little: bool = False
    of: str = ""
    """Of a length: rest or all."""
    plus: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message, and the request that it answers, if it does."""

    data: bytes
    request: bytes = b""


def infer(messages: Sequence[Exchange], *, head_bytes: int = HEAD_BYTES) -> list[Field]:
    """The fields of the first `head_bytes` of a group of messages; what follows is random.

    The fields cover min(head_bytes, the shortest message); the caller fills the rest.
    """
    size = min(head_bytes, *(len(message.data) for message in messages))
    found: list[Field] = []
    at = 0
    while at < size:
        field = _field(messages, at, size)
        found.append(field)
        at += field.size
    return merged(found)


def merged(fields: Sequence[Field]) -> list[Field]:
    """Neighbours of one kind as one field: constants, randoms, echoes that go on in the request."""
    out: list[Field] = []
    for field in fields:
        last = out[-1] if out else None
        if last is not None and last.kind == field.kind and field.kind in {"constant", "random"}:
            out[-1] = Field(field.kind, last.size + field.size, last.data + field.data)
        elif last is not None and field.kind == "echo" == last.kind and last.start + last.size == field.start:
            out[-1] = Field("echo", last.size + field.size, start=last.start)
        else:
            out.append(field)
    return out


def _field(messages: Sequence[Exchange], at: int, size: int) -> Field:
    values = {message.data[at] for message in messages}
    echo = _echo(messages, at, size)
    if echo is not None:
        return echo
    length = _length(messages, at, size)
    if length is not None:
        return length
    counter = _counter(messages, at, size)
    if counter is not None:
        return counter
    if len(values) == 1:
        return Field("constant", 1, bytes(values))
    return Field("random", 1)


def _echo(messages: Sequence[Exchange], at: int, size: int) -> Field | None:
    """The longest run that stands in every request, at one offset; the same one or another."""
    if not all(message.request for message in messages):
        return None
    first = messages[0]
    best: Field | None = None
    for start in _starts(first, at):
        longest = min(size - at, len(first.request) - start)
        if best is not None and longest <= best.size:
            break  # later starts leave less room still
        span = 0
        while (
            at + span < size
            and start + span < len(first.request)
            and all(_same(message, at + span, start + span) for message in messages)
        ):
            span += 1
        if span >= _MIN_ECHO and (best is None or span > best.size):
            best = Field("echo", span, start=start)
    if best is None or not _worth(messages, at, best.size):
        return None
    return best


def _starts(message: Exchange, at: int) -> Iterator[int]:
    """Where in the request the two bytes at `at` stand: an echo begins there or nowhere."""
    begin = message.data[at : at + _MIN_ECHO]
    start = message.request.find(begin)
    while start >= 0 and len(begin) == _MIN_ECHO:
        yield start
        start = message.request.find(begin, start + 1)


def _same(message: Exchange, at: int, start: int) -> bool:
    return start < len(message.request) and message.request[start] == message.data[at]


def _worth(messages: Sequence[Exchange], at: int, size: int) -> bool:
    """An echo is of bytes that vary or that nobody would write twice by chance: four bytes, not plain."""
    runs = {message.data[at : at + size] for message in messages}
    if len(runs) > 1:
        return True
    (run,) = runs
    return size >= 4 and len(set(run) - {0, 255}) >= 3


def _length(messages: Sequence[Exchange], at: int, size: int) -> Field | None:
    sizes = {len(message.data) for message in messages}
    if len(sizes) < 2:
        return None
    for width in LENGTHS:
        if at + width > size:
            continue
        for little in (False, True) if width > 1 else (False,):
            order: Literal["little", "big"] = "little" if little else "big"
            numbers = [int.from_bytes(m.data[at : at + width], order) for m in messages]
            plus = {n - (len(m.data) - at - width) for n, m in zip(numbers, messages, strict=True)}
            if len(plus) == 1 and abs(difference := plus.pop()) <= 1400:
                return Field("length", width, little=little, of="rest", plus=difference)
    return None


def _counter(messages: Sequence[Exchange], at: int, size: int) -> Field | None:
    """Ascending by one step, but where packets are missing: half of the steps or more are the least one.

    Of several readings the one with the smallest step holds: a little-endian counter read the other way round
    goes up by 256.
    """
    if len(messages) < COUNT_MIN:
        return None
    found: list[Field] = []
    for width in COUNTERS:
        if at + width > size:
            continue
        for little in (False, True) if width > 1 else (False,):
            order: Literal["little", "big"] = "little" if little else "big"
            numbers = [int.from_bytes(m.data[at : at + width], order) for m in messages]
            step = _step(numbers, 1 << (8 * width))
            if step and not (width > 2 and not little and _only_low_bytes(numbers)):
                found.append(Field("counter", width, step=step, little=little))
    return min(found, key=lambda field: (field.step, -field.size), default=None)


def _step(numbers: Sequence[int], limit: int) -> int:
    """By how much numbers of `limit` values count up from message to message; 0 if they do not."""
    steps = [step for a, b in pairwise(numbers) if (step := (b - a) % limit)]
    if len(steps) < max(2, (len(numbers) - 1) // 2):
        return 0
    least = min(steps)
    counts = (
        least <= min(STEP_MAX, limit // 16)
        and max(steps) <= 64 * least
        and all(step % least == 0 for step in steps)
        and 2 * steps.count(least) >= len(steps)
    )
    return least if counts else 0


def _only_low_bytes(numbers: Sequence[int]) -> bool:
    """Whether a four-byte counter moves in its last two bytes alone: a narrower one further on is right."""
    return len({number >> 16 for number in numbers}) == 1
