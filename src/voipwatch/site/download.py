"""A large file from the disk: whole, or the one range that was asked for (RFC 9110, section 14)."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from voipwatch.site.memory import OnDisk

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PIECE_BYTES: Final = 262_144
_RANGE: Final = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Part(NamedTuple):
    """Bytes of a file, the last one included."""

    first: int
    last: int


class UnsatisfiableError(Exception):
    """No byte of the file is in the range."""


def part_of(header: bytes | None, size_bytes: int) -> Part | None:
    """The one range asked for; None: the whole file, as for several ranges and for what is none.

    Raises:
        UnsatisfiableError: it lies beyond the end.
    """
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None or match.group() == b"bytes=-":
        return None
    first, last = match.groups()
    if not first:
        if not int(last) or not size_bytes:
            raise UnsatisfiableError
        return Part(max(0, size_bytes - int(last)), size_bytes - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size_bytes:
        raise UnsatisfiableError
    return Part(int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1)


async def send_file(found: OnDisk, asked: Mapping[bytes, bytes], send: Send, *, bodiless: bool) -> bool:
    """Send it; False, and nothing sent, where another file is in its place or none."""
    try:
        descriptor = await asyncio.to_thread(os.open, found.file, os.O_RDONLY)
    except OSError:
        return False
    try:
        now = os.fstat(descriptor)
        if (now.st_ino, now.st_mtime_ns, now.st_size) != found.stamp:
            return False
        await _send(descriptor, found, asked, send, bodiless=bodiless)
    finally:
        os.close(descriptor)
    return True


async def _send(
    descriptor: int, found: OnDisk, asked: Mapping[bytes, bytes], send: Send, *, bodiless: bool
) -> None:
    headers = [*found.headers, (b"etag", found.tag), (b"accept-ranges", b"bytes")]
    wanted = asked.get(b"range")
    if asked.get(b"if-range", found.tag) != found.tag:
        wanted = None  # 13.1.5: of another file than he has the beginning of
    try:
        part = part_of(wanted, found.size_bytes)
    except UnsatisfiableError:
        headers += [(b"content-range", b"bytes */%d" % found.size_bytes), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 416, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    status = 200 if part is None else 206
    first, last = (0, found.size_bytes - 1) if part is None else part
    headers.append((b"content-length", b"%d" % (last - first + 1)))
    if part is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (first, last, found.size_bytes)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while not bodiless and first <= last:
        piece = await asyncio.to_thread(os.pread, descriptor, min(PIECE_BYTES, last - first + 1), first)
        if not piece:
            break  # cut short under our hands: the length says so to the reader
        first += len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
