"""`voipwatch.report/1` on disk: written whole or not at all, read strictly.

The file carries a digest of its own content. It proves nothing against somebody who edits the file and
its digest, and is there to tell a damaged or carelessly edited file from a whole one at once; what can
be proved rests on the reflector's signature and on recomputing (`verify`).
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.measurement import REPORT_SCHEMA
from voipwatch.model.results import Report

SIZE_MAX: Final = 256 << 20
"""Bytes; all apps with video for a minute make about 40 MB."""


class ReportFile(Report):
    """A report as it lies on disk."""

    content_digest: str = ""
    """SHA-256, hex, of everything else in the file: JSON without white space, keys sorted."""


def content_digest(document: dict[str, Any]) -> str:
    """The digest of a report's JSON object; unknown fields count, the digest itself does not."""
    content = {key: value for key, value in document.items() if key != "content_digest"}
    return sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def encode_report(report: Report) -> bytes:
    """The file's bytes."""
    document = msgspec.to_builtins(report)
    document["content_digest"] = content_digest(document)
    return msgspec.json.encode({"schema": document.pop("schema"), **document}) + b"\n"


def require_writable(path: Path, *, option: str = "--out") -> None:
    """Raise Misuse before any data is spent, when `path` (given by `option`) is no place for a report."""
    if "\0" in str(path):  # pathlib says of such a path that it does not exist
        raise Misuse("error.out_name", path=shown_path(path))
    try:
        if path.is_dir():
            raise Misuse("error.out_is_folder", path=shown_path(path), option=option)
        special = _is_special(path)
        folder = Path(os.path.realpath(path)).parent
        if not special and not folder.is_dir():
            raise Misuse("error.out_no_folder", path=shown_path(folder), option=option)
    except (OSError, ValueError):
        raise Misuse("error.out_name", path=shown_path(path)) from None
    if special and not os.access(path, os.W_OK):
        raise Misuse("error.out_failed_before", path=shown_path(path), option=option)
    if not special and not os.access(folder, os.W_OK):
        raise Misuse("error.out_not_writable", path=shown_path(folder), option=option)


def _is_special(path: Path) -> bool:
    """Whether a pipe, device or socket stands there, links followed. Raises OSError: a loop of links, ..."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def write_file(path: Path, content: bytes) -> None:
    """Write `content` atomically, readable by its owner only: a reader never sees half a report.

    A link stays a link, and its target is replaced. A pipe or a device is written to in place: a rename over
    it would remove the device from the machine.
    Raises Trouble when the disk is full or the folder is gone; nothing is left behind.
    """
    with replaced(path) as file:
        file.write(content)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `path` when the block ends well; as `write_file`."""
    temporary: str | None = None
    try:
        if _is_special(path):
            with _opened_in_place(path) as file:
                yield file
            return
        target = Path(os.path.realpath(path))
        folder = target.parent
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name[:40]}.", delete=False) as file:
            temporary = file.name
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
        temporary = None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Trouble("error.out_failed", path=shown_path(path), reason=reason) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


def _opened_in_place(path: Path) -> IO[bytes]:
    # Not blocking while it opens: a pipe that nobody reads is an error at once, not a wait for ever.
    handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    os.set_blocking(handle, True)
    return os.fdopen(handle, "wb")


def read_file(path: Path, *, most_bytes: int | None = None) -> bytes:
    """The bytes of a regular file that the user named. Raises Misuse when it cannot be read.

    `most_bytes`: more than this no file of the kind has; SIZE_MAX unless given.
    """
    most = SIZE_MAX if most_bytes is None else most_bytes
    try:
        if path.is_dir():
            raise Misuse("error.file_is_folder", path=shown_path(path))
        if not stat.S_ISREG(path.stat().st_mode):  # a device may have no end, a pipe no writer
            raise Misuse("error.file_special", path=shown_path(path))
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        raise Misuse("error.file_missing", path=shown_path(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise Misuse("error.file_unreadable", path=shown_path(path), reason=shown(reason)) from None
    if len(content) > most:
        raise Misuse("error.file_too_large", path=shown_path(path), most=most >> 20)
    return content


def decode_report(content: bytes, *, name: str) -> tuple[ReportFile, bool]:
    """The report, and whether its content has the digest that it claims.

    Raises Misuse when the bytes are no report of this schema.
    """
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Misuse("error.report_not_json", path=shown_path(name)) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != REPORT_SCHEMA:
        raise Misuse(
            "error.report_schema", path=shown_path(name), schema=REPORT_SCHEMA, found=shown(str(schema))
        )
    try:
        report = msgspec.convert(document, ReportFile)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Misuse(
            "error.report_field", path=shown_path(name), reason=shown(str(error), longest=160)
        ) from None
    return report, content_digest(document) == report.content_digest
