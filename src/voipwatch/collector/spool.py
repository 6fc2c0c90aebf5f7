"""The spool's files: segments that are written, sealed, read, and in which a deleted report is overwritten.

    DATA/spool/2026-11/20261122T004200-<id>.open   being written
    DATA/spool/2026-11/20261122T004200-<id>.seg    sealed: nothing is appended any more

A segment belongs to the month of its first record, so that retention is the removal of folders. Names sort in
the order of writing. Reading cannot fail on damage: it is told (`Damage`) and the rest is read.
"""

import errno
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from voipwatch.collector.records import Erased, Record, RecordError, decode_record, encode_record
from voipwatch.wire.errors import WireError
from voipwatch.wire.spool import (
    FRAME_BYTES,
    HEADER_BYTES,
    SEGMENT_ID_BYTES,
    Tail,
    decode_frames,
    decode_header,
    encode_frame,
    encode_header,
)

OPEN: Final = ".open"
SEALED: Final = ".seg"
SEGMENT_BYTES_MAX: Final = 64 << 20
SEGMENT_AGE_MAX_S: Final = 300.0
"""How long a report may wait for the loader, which reads sealed segments."""


class SpoolError(Exception):
    """Nothing of what was handed in is on disk. `full`: for want of space."""

    def __init__(self, reason: str, *, full: bool) -> None:
        super().__init__(reason)
        self.full = full


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the spool."""

    path: Path
    sealed: bool

    @property
    def name(self) -> str:
        """Without suffix: the same before and after it is sealed."""
        return self.path.stem

    @property
    def month(self) -> str:
        """YYYY-MM of its first record."""
        return self.path.parent.name


class Written(NamedTuple):
    """Up to where the spool was written at some moment."""

    segment: str
    """`Segment.name`."""
    month: str
    end: int
    """Offset of the first byte after it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies."""

    segment: str
    """`Segment.name`."""
    month: str
    offset: int
    length: int
    """Of the payload."""

    @property
    def end(self) -> int:
        """Offset of the first byte after it."""
        return self.offset + FRAME_BYTES + self.length


@dataclass(frozen=True, slots=True)
class Stored:
    """A record, read back."""

    offset: int
    length: int
    record: Record


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record: flipped bits, a torn end, a header of something else."""

    offset: int
    length: int
    reason: str
    torn: bool = False
    """True for the bytes after the last whole record: what a power cut leaves, never acknowledged."""


def list_segments(folder: Path) -> list[Segment]:
    """All segments under `folder` (DATA/spool) in the order of writing; none where there is no folder."""
    found = [
        Segment(path, path.suffix == SEALED)
        for path in folder.glob("[0-9]*-[0-9]*/*")
        if path.suffix in {OPEN, SEALED}
    ]
    return sorted(found, key=lambda segment: segment.name)


def segment_id(path: Path) -> bytes:
    """The 16 bytes of the segment's header. Raises WireError for another file, OSError."""
    with path.open("rb") as file:
        return decode_header(file.read(HEADER_BYTES))


def read_segment(path: Path, offset: int = HEADER_BYTES) -> Iterator[Stored | Damage]:
    """Every record from `offset` on, and every damage, in order. Raises OSError only.

    A file that is being written is read up to where it is whole now; `Damage.torn` is then no damage.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < HEADER_BYTES:
            yield Damage(0, size, "no header", torn=True)
            return
        # Not closed here: a reader who stops early still holds views of it, and the last of them frees it.
        view = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    try:
        decode_header(view[:HEADER_BYTES])
    except WireError as error:
        yield Damage(0, size, str(error))
        return
    yield from _records(memoryview(view), offset)


def _records(data: memoryview, offset: int) -> Iterator[Stored | Damage]:
    damaged: int | None = None
    for frame in decode_frames(data, offset):
        if damaged is not None:
            yield Damage(damaged, frame.offset - damaged, "wrong checksum")
            damaged = None
        if isinstance(frame, Tail):
            if frame.torn:
                yield Damage(frame.offset, frame.torn, "no whole record", torn=True)
        elif frame.payload is None:
            damaged = frame.offset
        else:
            try:
                yield Stored(frame.offset, len(frame.payload), decode_record(frame.payload))
            except RecordError as error:
                yield Damage(frame.offset, FRAME_BYTES + len(frame.payload), str(error))


class SpoolWriter:
    """The one writer. Not for two threads at once.

    `random`: gives so many fresh random bytes, for the segments' ids.
    """

    def __init__(
        self,
        folder: Path,
        random: Callable[[int], bytes],
        *,
        bytes_max: int = SEGMENT_BYTES_MAX,
        age_max_s: float = SEGMENT_AGE_MAX_S,
    ) -> None:
        self._folder = folder
        self._random = random
        self._bytes_max = bytes_max
        self._age_max_s = age_max_s
        self._file: int | None = None
        self._path = folder
        self._size = 0
        self._opened_s = 0.0
        self.written: Written | None = None
        """By the last `append` that succeeded; None before the first."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def recover(self) -> list[Damage]:
        """Seal what an earlier process left open, its torn end cut off; what was damaged in it."""
        damages: list[Damage] = []
        for segment in list_segments(self._folder):
            if segment.sealed:
                continue
            found = [item for item in read_segment(segment.path) if isinstance(item, Damage)]
            damages += found
            torn = next((item for item in found if item.torn), None)
            if torn is not None and torn.offset < HEADER_BYTES:
                segment.path.unlink()  # it died before the header was whole: nothing was in it
                continue
            if torn is not None:
                with segment.path.open("r+b") as file:
                    file.truncate(torn.offset)
                    os.fsync(file.fileno())
            _seal(segment.path)
        return damages

    def append(self, records: Sequence[Record], now_s: float) -> list[Place]:
        """Write all of them and wait until they are on disk. Raises SpoolError: then none of them is."""
        payloads = [encode_record(record) for record in records]
        try:
            self._ready(now_s)
            places, frames, at = [], [], self._size
            segment, month = self._path.stem, self._path.parent.name
            for payload in payloads:
                frames.append(encode_frame(payload))
                places.append(Place(segment, month, at, len(payload)))
                at += len(frames[-1])
            self._write(b"".join(frames))
        except OSError as error:
            self._abandon()
            full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            raise SpoolError(error.strerror or type(error).__name__, full=full) from error
        self._size = at
        self.written = Written(segment, month, at)
        return places

    def roll(self, now_s: float) -> None:
        """Seal the open segment if it is old enough: nothing should wait for traffic to be loaded."""
        if self._file is not None and now_s - self._opened_s >= self._age_max_s:
            self.seal()

    def seal(self) -> None:
        """Nothing is appended to the open segment any more."""
        if self._file is None:
            return
        file, self._file = self._file, None
        os.close(file)
        _seal(self._path)

    def path_of(self, segment: str, month: str) -> Path | None:
        """The file of a segment, sealed or not; None where it is gone."""
        for suffix in (SEALED, OPEN):
            path = self._folder / month / f"{segment}{suffix}"
            if path.exists():
                return path
        return None

    def erase(self, place: Place) -> bool:
        """Overwrite a record where it lies; False where it is gone already. Raises OSError."""
        path = self.path_of(place.segment, place.month)
        if path is None:
            return False
        with path.open("r+b") as file:
            file.seek(place.offset)
            file.write(encode_frame(encode_record(Erased(place.length))))
            file.flush()
            os.fsync(file.fileno())
        return True

    def _ready(self, now_s: float) -> None:
        month = datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y-%m")
        if self._file is not None and (
            self._size >= self._bytes_max
            or now_s - self._opened_s >= self._age_max_s
            or self._path.parent.name != month
        ):
            self.seal()
        if self._file is not None:
            return
        identity = self._random(SEGMENT_ID_BYTES)
        folder = self._folder / month
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            _sync_folder(self._folder)
        stamp = datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y%m%dT%H%M%S.%f")
        self._path = folder / f"{stamp.replace('.', '')}-{identity.hex()[:12]}{OPEN}"
        self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._size, self._opened_s = 0, now_s
        self._write(encode_header(identity))
        self._size = HEADER_BYTES
        _sync_folder(folder)

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)

    def _abandon(self) -> None:
        """After a failed write: cut off what was not acknowledged, and never write to this file again.

        After a failed fsync nobody knows which pages are on disk (PostgreSQL, 2018): a new file does.
        """
        if self._file is None:
            return
        file, self._file = self._file, None
        with suppress(OSError):
            os.ftruncate(file, self._size)
            os.fsync(file)
        with suppress(OSError):
            os.close(file)
        with suppress(OSError):
            if self._size <= HEADER_BYTES:
                self._path.unlink()
            else:
                _seal(self._path)


def _seal(path: Path) -> None:
    path.rename(path.with_suffix(SEALED))
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
