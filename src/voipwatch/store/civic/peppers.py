"""Secrets of petitions and of keepers' accounts, a file each, outside of the database and of its backups;
and one of the instance.

A petition's pepper is what makes its pseudonyms and links. Destroying it is overwriting and deleting the
file: on a disk that copies on write (SSD, snapshots) old blocks may stay for a while, which docs/dpia.md
says.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from voipwatch.store.civic.opening import DatabaseError

PEPPER_BYTES: Final = 32
INSTANCE: Final = "instance.key"


class Peppers:
    """A folder of secrets, which only its owner may read."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where there is none. Raises DatabaseError where others can read what is there."""
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = stat.S_IMODE(folder.stat().st_mode)
        except OSError as error:
            raise DatabaseError("secrets", error.strerror or str(error)) from error
        if mode & 0o077:
            raise DatabaseError("secrets", f"{folder.name}: others may read it (mode {mode:o}); chmod 700")

    def of(self, petition: str) -> bytes | None:
        """32 bytes; None: destroyed, or there is no such petition."""
        return self._read(f"{petition}.pepper")

    def create(self, petition: str, pepper: bytes) -> None:
        """Keep a new petition's. Raises FileExistsError where it has one, OSError."""
        self._write(f"{petition}.pepper", pepper)

    def instance(self, drawn: bytes) -> bytes:
        """The instance's own, by which mails of a day are counted; `drawn` where there is none yet."""
        known = self._read(INSTANCE)
        if known is None:
            with suppress(FileExistsError):  # another process was first
                self._write(INSTANCE, drawn)
            known = self._read(INSTANCE)
        if known is None:
            how = "put its copy back, or delete it: links that were sent then die"
            raise DatabaseError("secrets", f"{INSTANCE}: damaged; {how}")
        return known

    def account(self, name: str) -> bytes | None:
        """32 bytes, of which an account's second factor is made; None: there is none."""
        return self._read(f"{name}.account")

    def create_account(self, name: str, drawn: bytes) -> None:
        """Keep a new account's. Raises FileExistsError where it has one, OSError."""
        self._write(f"{name}.account", drawn)

    def destroy_account(self, name: str) -> bool:
        """As `destroy`."""
        return self._destroy(f"{name}.account")

    def destroy(self, petition: str) -> bool:
        """Overwrite and delete a petition's; whether there was one. Raises OSError."""
        return self._destroy(f"{petition}.pepper")

    def _destroy(self, name: str) -> bool:
        file = self._folder / name
        try:
            descriptor = os.open(file, os.O_WRONLY)
        except FileNotFoundError:
            return False
        try:
            os.write(descriptor, bytes(PEPPER_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        file.unlink()
        self._sync_folder()
        return True

    def _read(self, name: str) -> bytes | None:
        # A file that is gone is gone for every process at once: only what is there is looked up again.
        file = self._folder / name
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DatabaseError("secrets", f"{name}: {error.strerror}") from error
        if len(content) != PEPPER_BYTES or not any(content):
            return None
        return content

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all: written beside, then linked in place, which fails where something is."""
        beside = self._folder / f".{name}.{os.getpid()}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            (self._folder / name).hardlink_to(beside)
        finally:
            beside.unlink()
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
