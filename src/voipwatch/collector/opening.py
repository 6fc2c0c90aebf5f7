"""A request's body, opened: inflated within its bound and split into submissions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from voipwatch.collector.body import Limits
from voipwatch.collector.inflate import InflateError, inflate
from voipwatch.collector.schema import SchemaError


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
    single: bool
    """It was one submission, and no array."""
    packed: bytes | None = None
    """Of a single one: the zstd frame that it came in, good to be kept as it is."""


def open_body(content: bytes, encoding: str, limits: Limits) -> Opened:
    """Raises UnreadableError; LookupError for an encoding that `inflate` does not know."""
    try:
        plain = inflate(content, encoding, limits.inflated_bytes)
        items = split_batch(plain, limits.items)
    except InflateError as error:
        status = 413 if error.too_large else 400
        raise UnreadableError(status, "large" if error.too_large else "encoding", str(error)) from error
    except SchemaError as error:
        raise UnreadableError(400, error.code, error.reason) from error
    if items is not None:
        return Opened(items, single=False)
    return Opened([plain], single=True, packed=content if _may_be_kept(content, encoding, plain) else None)


def _may_be_kept(content: bytes, encoding: str, plain: bytes) -> bool:
    """Whether the frame does what ours would: one that was made to be large is made again."""
    return encoding == "zstd" and len(content) < len(plain)


def split_batch(body: bytes, most: int) -> list[memoryview] | None:
    """The items of a JSON array as they were written; None where the body is no array.

    Raises SchemaError: no JSON, nested too deeply, more than `most` items, none at all.
    """
    if not body.lstrip(b" \t\r\n").startswith(b"["):
        return None
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except RecursionError:
        raise SchemaError("json", "", "nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError("json", "", str(error)) from None
    if not 0 < len(items) <= most:
        raise SchemaError("items", "", f"1 to {most} reports at once, not {len(items)}")
    return [memoryview(item) for item in items]
