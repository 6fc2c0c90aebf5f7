"""Files of OONI measurements, read as a stream: one JSON object, an array, or one a line; plain or gzip."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from voipwatch.wire.errors import WireError
from voipwatch.wire.ooni import SIZE_MAX, NotOursError, OoniMeasurement, decode_ooni

GZIP_MAGIC: Final = b"\x1f\x8b"
DOCUMENT_MAX: Final = 4 * SIZE_MAX
"""Bytes of a file that is one JSON value over several lines: it is read whole."""

TOLD_EVERY: Final = 64
"""Measurements between two words on how far it is: 2 MB of typical ones."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One measurement that could not be read, or a file that ends in the middle."""

    line: int
    """From 1; of a measurement in an array, its place in it."""
    reason: str


@dataclass(frozen=True, slots=True)
class Other:
    """A measurement of a test that says nothing about calls."""

    line: int
    test: str


Item = OoniMeasurement | Other | Refused


def read_ooni(path: Path, *, told: Callable[[int], None] = lambda _: None) -> Iterator[Item]:
    """Every measurement of a file, in its order. Raises OSError when the file cannot be opened.

    Damage is an item, not an error; after a compressed file's damage nothing more can come.

    Args:
        path: of the file.
        told: called now and then with the bytes of the file that were read.
    """
    with ExitStack() as stack:
        raw: BinaryIO = stack.enter_context(path.open("rb"))
        packed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        file = stack.enter_context(gzip.open(raw)) if packed else raw
        stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", file), 1 << 20))
        line = 0
        try:
            for line, content in _pieces(stream):
                if line % TOLD_EVERY == 0:
                    told(raw.tell())
                if content and not content.isspace():
                    yield _item(line, content)
        except (EOFError, OSError, zlib.error) as error:
            yield Refused(line + 1, f"the compressed file is damaged: {error}")


def _pieces(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(number, JSON) of each measurement."""
    first = stream.readline(SIZE_MAX + 1)
    if _is_whole(first):
        yield 1, first
        number = 1
        while content := stream.readline(SIZE_MAX + 1):
            number += 1
            yield number, content
            if len(content) > SIZE_MAX and not content.endswith(b"\n"):
                _skip_line(stream)
        return
    document = first + stream.read(DOCUMENT_MAX - len(first) + 1)
    try:
        each = msgspec.json.decode(document, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        yield 1, document
        return
    yield from ((number, bytes(content)) for number, content in enumerate(each, 1))


def _is_whole(first: bytes) -> bool:
    """Whether the first line is a measurement by itself; one over several lines, or an array, is not."""
    stripped = first.strip()
    return stripped.startswith(b"{") and stripped.endswith(b"}") and len(stripped) > 2


def _skip_line(stream: BinaryIO) -> None:
    while content := stream.readline(1 << 20):
        if content.endswith(b"\n"):
            return


def _item(line: int, content: bytes) -> Item:
    try:
        return decode_ooni(content)
    except NotOursError as other:
        return Other(line, str(other))
    except WireError as error:
        return Refused(line, str(error))
