"""Small files that a probe keeps: written whole or not at all, for their owner's eyes, and wiped."""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

LOCK: Final = ".lock"
WIPED_BYTES_MAX: Final = 64 << 20
"""Of one file; nothing that a probe keeps is longer."""
HALF_WRITTEN: Final = ".new-"
"""What a file's name begins with until it is whole."""


def write_whole(path: Path, content: bytes, *, at_s: float | None = None) -> None:
    """Write a file of 0600 so that after a power cut it is either as before or as now. Raises OSError, and
    leaves nothing behind then.

    `at_s`: Unix seconds that it is dated with; None: the system's.
    """
    temporary = path.with_name(f"{HALF_WRITTEN}{path.name}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if at_s is not None:
            os.utime(temporary, (at_s, at_s))
        os.replace(temporary, path)  # noqa: PTH105 -- the tests kill the process at this very call
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can. Raises OSError."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """A folder of 0700, with those above it. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours alone until the block ends; False when another process has it.

    Raises OSError: there is no such folder, or it cannot be written to.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        got = True
        if sys.platform != "win32":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                got = False
        yield got
    finally:
        os.close(handle)


def wipe(folder: Path) -> list[Path]:
    """Overwrite and remove everything in a folder, names too, and the folder; what could not be removed.

    On flash memory and on file systems that write elsewhere (journals, snapshots) the old blocks may live on
    for a while: only encryption of the disk helps against that.
    """
    left: list[Path] = []
    if folder.is_symlink() or not folder.is_dir():
        return left
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            left += wipe(path)
            continue
        try:
            if not path.is_symlink():
                _overwrite(path)
            nameless = path.with_name(secrets.token_hex(8))
            path.rename(nameless)
            nameless.unlink()
        except OSError:
            left.append(path)
    try:
        nameless = folder.with_name(secrets.token_hex(8))
        folder.rename(nameless)
        nameless.rmdir()
    except OSError:
        left.append(folder)
    return left


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        size = min(os.fstat(file.fileno()).st_size, WIPED_BYTES_MAX)
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
