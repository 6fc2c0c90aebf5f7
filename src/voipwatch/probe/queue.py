"""Reports on disk until a collector has them: bounded, whole or not there, in the order of measuring.

    queue/000000000017.2026-11.PSEUDONYM.json.gz    waits; the oldest has the lowest number
    receipts/REPORT_ID.json                         the collector has it: receipt, deletion key, 7 days
    refused/000000000017.2026-11.PSEUDONYM.json.gz  the collector will never have it, and why; as long

A report is in one of the three at any moment, whenever the process is killed: the receipt is on disk before
the report goes. Killed in between, it is sent again, and the collector says that it has it.
"""

import contextlib
import gzip
import re
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.submission import Receipt, Submission
from voipwatch.probe.files import HALF_WRITTEN, make_folder, write_whole

QUEUE_BYTES_MAX: Final = 64 << 20
"""Some hundred reports: weeks without a collector, on a card of any size."""
REPORT_BYTES_MAX: Final = 32 << 20
"""Of one report as JSON; a scheduled one has a hundredth of that."""
RECEIPT_DAYS: Final = 7
WAITING_DAYS: Final = 90
"""Longer than any shutdown of a country's network so far; a collector takes nothing older."""
SUFFIX: Final = ".json.gz"
NAME: Final = re.compile(r"[0-9]{12}\.[0-9]{4}-[0-9]{2}\.[0-9a-f]{32}\.json\.gz", re.ASCII)
RECEIPT_BYTES_MAX: Final = 1 << 16
DAMAGED: Final = "damaged"
TALLY: Final = "dropped"
_DAY_S: Final = 86_400.0


class Queued(msgspec.Struct):
    """A report that waits, or was refused."""

    submission: Submission
    """As measured; `sent_at` and `enrolment` are filled in at each try."""
    deletion_key: str
    """32 bytes, hex."""
    reason: str = ""
    """Why a collector refused it for good: its words, or ours."""
    schema: str = "voipwatch.queued/1"


class Kept(msgspec.Struct):
    """A receipt, with what its report can be deleted by."""

    receipt: Receipt
    deletion_key: str
    until_s: float
    """Unix seconds; then both are dropped, and nobody can tell from this device what was submitted."""
    schema: str = "voipwatch.kept-receipt/1"


class DamagedError(Exception):
    """A file of the queue cannot be read: cut off, changed, or of another version."""


class Queue:
    """The three folders below one. Methods raise OSError where the disk refuses."""

    def __init__(self, folder: Path, *, bytes_max: int = QUEUE_BYTES_MAX) -> None:
        self.waiting, self.receipts, self.refused = (folder / n for n in ("queue", "receipts", "refused"))
        self._bytes_max = bytes_max

    def prepare(self) -> None:
        """Make the folders, and clear away what a power cut left half written."""
        for folder in (self.waiting, self.receipts, self.refused):
            make_folder(folder)
            for half in folder.glob(f"{HALF_WRITTEN}*"):
                half.unlink()

    def put(self, queued: Queued, now_s: float) -> int:
        """Keep a report; how many had to go for it, the oldest first. One larger than all goes itself."""
        content = encode_queued(queued)
        if len(content) > self._bytes_max:
            self._count(1)
            return 1
        dropped = self._make_room(len(content))
        names = [*self.names(), *(path.name for path in self.refused.glob(f"*{SUFFIX}"))]
        last = max((int(name.partition(".")[0]) for name in names), default=0)
        word = queued.submission.probe
        name = f"{last + 1:012d}.{word.month}.{word.pseudonym}{SUFFIX}"
        write_whole(self.waiting / name, content, at_s=now_s)
        return dropped

    def _make_room(self, wanted_bytes: int) -> int:
        names = self.names()
        sizes = {name: (self.waiting / name).stat().st_size for name in names}
        dropped = 0
        for name in names:
            if sum(sizes.values()) + wanted_bytes <= self._bytes_max:
                break
            self.drop(name)
            del sizes[name]
            dropped += 1
        return dropped

    def drop(self, name: str) -> None:
        """Give a report up unsent, and count it: first counted, so that none goes uncounted."""
        self._count(1)
        (self.waiting / name).unlink()

    def _count(self, more: int) -> None:
        write_whole(self.waiting / TALLY, str(self.dropped() + more).encode())

    def dropped(self) -> int:
        """How many reports were given up unsent, ever."""
        try:
            text = (self.waiting / TALLY).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return 0
        return int(text) if text.isdecimal() and len(text) < 16 else 0

    def names(self) -> list[str]:
        """Of the reports that wait, the oldest first."""
        if not self.waiting.is_dir():
            return []
        found = (path.name for path in self.waiting.glob(f"*{SUFFIX}"))
        return sorted(name for name in found if NAME.fullmatch(name))

    def size_bytes(self) -> int:
        """What the reports that wait take on disk."""
        return sum((self.waiting / name).stat().st_size for name in self.names())

    def read(self, name: str) -> Queued:
        """One that waits. Raises DamagedError."""
        return decode_queued((self.waiting / name).read_bytes())

    def acknowledge(self, name: str, kept: Kept) -> None:
        """The collector has it: the receipt first, then the report goes."""
        write_whole(self.receipts / f"{kept.receipt.report_id}.json", msgspec.json.encode(kept))
        (self.waiting / name).unlink()

    def refuse(self, name: str, queued: Queued, *, reason: str, now_s: float) -> None:
        """Set a report aside for good, with its reason."""
        queued.reason = reason
        write_whole(self.refused / name, encode_queued(queued), at_s=now_s)
        (self.waiting / name).unlink()

    def set_damaged_aside(self, name: str) -> None:
        """One that cannot be read: kept as it is, under a name that says so."""
        (self.waiting / name).rename(self.refused / f"{name}.damaged")

    def kept(self) -> Iterator[Kept]:
        """The receipts that can be read, in no order that tells anything."""
        for path in sorted(self.receipts.glob("*.json")) if self.receipts.is_dir() else []:
            with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield msgspec.json.decode(path.read_bytes()[:RECEIPT_BYTES_MAX], type=Kept)

    def forget(self, report_id: str) -> None:
        """Drop a receipt: its report was deleted."""
        (self.receipts / f"{report_id}.json").unlink(missing_ok=True)

    def reasons(self) -> list[str]:
        """Why reports were set aside, one reason each."""
        if not self.refused.is_dir():
            return []
        found = []
        for path in sorted(self.refused.iterdir()):
            try:
                reason = decode_queued(path.read_bytes()).reason
            except (OSError, DamagedError):
                reason = ""
            found.append(reason or DAMAGED)
        return found

    def expire(self, now_s: float) -> int:
        """Drop what is over: receipts and refused reports after 7 days, waiting ones after 90; how many of
        those.

        What is dated as far in the future was written under a wrong clock, and goes too.
        """
        for kept in list(self.kept()):
            if now_s >= kept.until_s or kept.until_s - now_s > 2 * RECEIPT_DAYS * _DAY_S:
                self.forget(kept.receipt.report_id)
        for path in list(self.refused.iterdir()):
            if abs(now_s - path.stat().st_mtime) > RECEIPT_DAYS * _DAY_S:
                path.unlink()
        old = 0
        for name in self.names():
            if abs(now_s - (self.waiting / name).stat().st_mtime) > WAITING_DAYS * _DAY_S:
                self.drop(name)
                old += 1
        return old


def whose(name: str) -> tuple[str, str]:
    """The month and pseudonym of a report that waits, by its file's name."""
    _, month, pseudonym, *_ = name.split(".")
    return month, pseudonym


def encode_queued(queued: Queued) -> bytes:
    """A file's bytes: gzip without a name or a time in it."""
    return gzip.compress(msgspec.json.encode(queued), mtime=0)


def decode_queued(content: bytes) -> Queued:
    """What `encode_queued` wrote. Raises DamagedError; reads no more than `REPORT_BYTES_MAX`."""
    machine = zlib.decompressobj(wbits=31)
    try:
        text = machine.decompress(content, REPORT_BYTES_MAX)
        if not machine.eof:
            raise DamagedError("cut off, or too long")
        return msgspec.json.decode(text, type=Queued)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError(type(error).__name__) from error


def body_digest(body: bytes) -> str:
    """What a receipt names a submission by: SHA-256 of its JSON, hex."""
    return sha256(body).hexdigest()
