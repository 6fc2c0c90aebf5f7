"""A request's body, opened: inflated within its bound and split into submissions. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final

import msgspec
import zstandard

from voipwatch.collector.body import Limits
from voipwatch.collector.inflate import InflateError, inflate, split_frames
from voipwatch.collector.schema import SchemaError

_WRITTEN: Final = re.compile(rb"[^ \t\r\n]")


class UnreadableError(Exception):
    """No submission of it is looked at. `status`: HTTP's."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in it."""

    items: Sequence[bytes | memoryview]
    """JSON of each submission, as it was written."""
    packed: Sequence[bytes | None]
    """Of each, the zstd frame that it came in alone, good to be kept as it is."""
    inflated_bytes: int
    """Of the whole body; what is held of it is at most twice that, while it is opened and after."""
    single: bool = False
    """It was one submission, and neither an array nor lines."""


def open_body(content: bytes, encoding: str, limits: Limits, *, lines: bool = False) -> Opened:
    """`lines`: one submission a line, else one alone or an array.

    Raises UnreadableError; LookupError for an encoding that `inflate` does not know.
    """
    try:
        return _open_lines(content, encoding, limits) if lines else _open_json(content, encoding, limits)
    except InflateError as error:
        if error.too_large:
            most = limits.inflated_bytes
            raise UnreadableError(413, "large", f"more than {most} bytes when inflated") from error
        raise UnreadableError(400, "encoding", str(error)) from error
    except SchemaError as error:
        raise UnreadableError(400, error.code, error.reason) from error


def _open_json(content: bytes, encoding: str, limits: Limits) -> Opened:
    plain = inflate(content, encoding, limits.inflated_bytes)
    items = split_batch(plain, limits.items)
    if items is not None:
        return Opened(items, [None] * len(items), len(plain))
    return Opened([plain], [_kept(content, encoding, plain)], len(plain), single=True)


def _open_lines(content: bytes, encoding: str, limits: Limits) -> Opened:
    """A line's end belongs to it, so that what lies in a frame of its own need not be packed again."""
    items: list[bytes] = []
    packed: list[bytes | None] = []
    left = limits.inflated_bytes
    for frame in split_frames(content, limits.items) if encoding == "zstd" else [content]:
        plain = inflate(frame, encoding, left)
        left -= len(plain)
        found = list(islice(_lines(plain), limits.items + 1 - len(items)))
        items += found
        packed += [None] * len(found)
        if found and plain == items[-1]:
            packed[-1] = _kept(frame, encoding, plain)
        if len(items) > limits.items:
            break
    _check_count(len(items), limits.items)
    return Opened(items, packed, limits.inflated_bytes - left)


def _lines(plain: bytes) -> Iterator[bytes]:
    """Each line on which something is written, with an end: one after the other, as there may be millions."""
    end = 0
    while (first := _WRITTEN.search(plain, end)) is not None:
        start = plain.rfind(b"\n", end, first.start()) + 1 or end
        end = plain.find(b"\n", first.start()) + 1 or len(plain)
        line = plain[start:end]
        yield line if line.endswith(b"\n") else line + b"\n"


def _kept(frame: bytes, encoding: str, plain: bytes) -> bytes | None:
    """A frame that does what ours would: it tells its size, and was not made to be large."""
    if encoding != "zstd" or len(frame) >= len(plain):
        return None
    return frame if zstandard.frame_content_size(frame) == len(plain) else None


def _check_count(items: int, most: int) -> None:
    if not 0 < items <= most:
        raise SchemaError(
            "items", "", f"1 to {most} reports at once, not {items if items <= most else 'more'}"
        )


@lru_cache(4)
def _array_decoder(most: int) -> "msgspec.json.Decoder[msgspec.Struct]":
    """Of an array of up to `most` items, left as they are written.

    The decoder of a list would make an object of each of sixteen million items before it could be asked how
    many they are; that of a struct written as an array stops at the first for which there is no field.
    """
    fields = [(f"item_{place}", msgspec.Raw, None) for place in range(most)]
    return msgspec.json.Decoder(
        msgspec.defstruct("_Array", fields, array_like=True, forbid_unknown_fields=True)
    )


def split_batch(body: bytes, most: int) -> list[memoryview] | None:
    """The items of a JSON array as they were written; None where the body is no array.

    Raises SchemaError: no JSON, nested too deeply, more than `most` items, none at all.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        return None
    try:
        fields = msgspec.structs.astuple(_array_decoder(most).decode(body))
    except RecursionError:
        raise SchemaError("json", "", "nested too deeply") from None
    except msgspec.ValidationError:  # any item is right for `Raw`: what is wrong is their number
        _check_count(most + 1, most)
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError("json", "", str(error)) from None
    items = list(takewhile(lambda field: field is not None, fields))
    _check_count(len(items), most)
    return [memoryview(item) for item in items]
