"""The rendered site, held in memory: every small file ready to be sent, every large one known by its place.

Only what was found when the folder was read is ever served, by exact path: there is nothing to traverse. A
folder without its marker is one that somebody is still writing, or no site at all.

A text is held packed alone: who takes no gzip, which browsers all do, has it unpacked for him.
"""

import gzip
import os
from collections.abc import Iterator, Mapping, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from voipwatch.site.headers import PACKED, TEXTS, Headers, headers_of, suffix_of
from voipwatch.site.links import INDEX

MARKER: Final = ".site.json"
"""Written last, by whoever renders: the folder is whole as of then."""
HELD_BYTES_MAX: Final = 262_144
"""Larger files are read from the disk when they are asked for, in ranges too."""
TEXT_BYTES_MAX: Final = 2_097_152
"""The same of text, which is sent packed, at a tenth of its size: a year of one series is half of it."""
MEMORY_BYTES_MAX: Final = 268_435_456
"""Of all files held; further ones stay on the disk."""
GZIP_BYTES_MIN: Final = 512
GZIP_LEVEL: Final = 6
"""A year's pages in about a second; 9 takes three times as long for one percent."""
_READ_BYTES: Final = 1_048_576
_TAG_DIGITS: Final = 32


class BadSiteError(Exception):
    """There is no whole site in that folder; `why` is missing or unfinished."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder}: {why}")
        self.folder = folder
        self.why = why


Message = MutableMapping[str, Any]
"""Of ASGI; made once, sent many times, changed by nobody."""


class Coded(NamedTuple):
    """One coding of a file, ready to be sent."""

    tag: bytes
    start: Message
    """Of status 200."""
    known: Message
    """Of status 304."""


class Held(NamedTuple):
    """A file in memory, once: packed where that is shorter, else as it is."""

    headers: Headers
    """Without length, tag and coding."""
    plain: Coded
    packed: Coded | None
    content: bytes
    """Of `packed`; of `plain` where there is no such."""

    @property
    def body(self) -> bytes:
        """As it is; unpacked anew each time."""
        return self.content if self.packed is None else gzip.decompress(self.content)


class OnDisk(NamedTuple):
    """A file that stays where it is."""

    headers: Headers
    file: Path
    size_bytes: int
    tag: bytes
    stamp: tuple[int, int, int]
    """Of the file that the tag is of: another one in its place is not served under it."""


Stamp = tuple[str, int, int, int]


class Memory(NamedTuple):
    """One state of a site."""

    folder: Path
    """Resolved: a link that is turned to another folder meanwhile changes nothing here."""
    files: Mapping[str, Held | OnDisk]
    """By path, beginning with a slash; a folder's page under the folder's own path too."""
    stamp: Stamp

    @property
    def held_bytes(self) -> int:
        """In memory, of all contents."""
        held = {id(each): each for each in self.files.values() if isinstance(each, Held)}
        return sum(len(each.content) for each in held.values())


def stamp_of(folder: Path) -> Stamp:
    """What changes when the site does. Raises BadSiteError where there is none."""
    real = os.path.realpath(folder)
    try:
        found = os.stat(os.path.join(real, MARKER))  # noqa: PTH116, PTH118 -- once a second, beside requests
    except OSError as error:
        why = "unfinished" if os.path.isdir(real) else "missing"  # noqa: PTH112 -- the same
        raise BadSiteError(folder, why) from error
    return (real, found.st_mtime_ns, found.st_ino, found.st_size)


def read_memory(folder: Path, before: Memory | None = None) -> Memory:
    """The site in `folder`. What is packed already in `before` is not packed again.

    Raises:
        BadSiteError: there is none, or not a whole one.
        OSError: it cannot be read.
    """
    stamp = stamp_of(folder)
    real = Path(stamp[0])
    known = {} if before is None else _packed_by_tag(before)
    files: dict[str, Held | OnDisk] = {}
    room_bytes = MEMORY_BYTES_MAX
    for path, file in _walked(real):
        found = _read(path, file, known, room_bytes)
        files[path] = found
        if isinstance(found, Held):
            room_bytes -= len(found.content)
        if path.endswith(f"/{INDEX}"):
            files[path.removesuffix(INDEX)] = found
    return Memory(real, files, stamp)


def _walked(folder: Path) -> Iterator[tuple[str, Path]]:
    """Regular files, in order; links that lead out of the folder are none of it."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(root, name)
            if name != MARKER and file.is_file() and not name.startswith("."):
                if file.is_symlink() and not file.resolve().is_relative_to(folder):
                    continue
                yield f"/{file.relative_to(folder).as_posix()}", file


def _packed_by_tag(before: Memory) -> dict[bytes, bytes | None]:
    held = (each for each in before.files.values() if isinstance(each, Held))
    return {each.plain.tag: None if each.packed is None else each.content for each in held}


def _read(path: str, file: Path, known: Mapping[bytes, bytes | None], room_bytes: int) -> Held | OnDisk:
    found = file.stat()
    most = TEXT_BYTES_MAX if suffix_of(path) in TEXTS else HELD_BYTES_MAX
    if found.st_size > min(most, room_bytes):
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        return OnDisk(headers_of(path), file, found.st_size, _tag(_digest(file)), stamp)
    body = file.read_bytes()
    tag = _tag(sha256(body).hexdigest())
    return _held(path, body, tag, known[tag] if tag in known else _packed(path, body))


def held_page(path: str, body: bytes) -> Held:
    """A page that is on no disk; `path` begins with a slash and may be that of its folder."""
    page = f"{path}{INDEX}" if path.endswith("/") else path
    return _held(page, body, _tag(sha256(body).hexdigest()), _packed(page, body))


def _held(path: str, body: bytes, tag: bytes, packed: bytes | None) -> Held:
    headers = headers_of(path)
    if packed is None:
        return Held(headers, _coded(headers, body, tag), None, body)
    varied = (*headers, (b"vary", b"accept-encoding"))
    packed_tag = tag[:-1] + b'-gz"'
    coding = ((b"content-encoding", b"gzip"),)
    return Held(headers, _coded(varied, body, tag), _coded(varied, packed, packed_tag, coding), packed)


def _coded(headers: Headers, body: bytes, tag: bytes, coding: Headers = ()) -> Coded:
    known = [*headers, (b"etag", tag)]
    lines = [*known, *coding, (b"content-length", b"%d" % len(body))]
    return Coded(
        tag,
        {"type": "http.response.start", "status": 200, "headers": lines},
        {"type": "http.response.start", "status": 304, "headers": known},
    )


def _tag(digest: str) -> bytes:
    return f'"{digest[:_TAG_DIGITS]}"'.encode()


def _digest(file: Path) -> str:
    found = sha256()
    with file.open("rb") as content:
        while piece := content.read(_READ_BYTES):
            found.update(piece)
    return found.hexdigest()


def _packed(path: str, body: bytes) -> bytes | None:
    """None where it gains nothing."""
    if len(body) < GZIP_BYTES_MIN or suffix_of(path) in PACKED:
        return None
    packed = gzip.compress(body, GZIP_LEVEL, mtime=0)
    return packed if len(packed) < len(body) else None
