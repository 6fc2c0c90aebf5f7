"""What outlives a restart: the reflector's identity, its unused tickets, its certificate.

One folder, mode 0700, files 0600, each written whole or not at all. No address is in any of them.
A full disk costs the restart's memory, never the service.
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.reflector.core import Identity, Part, join_states

IDENTITY_SCHEMA: Final = "voipwatch.reflector-identity/1"
IDENTITY_FILE: Final = "identity.json"
TICKETS_FILE: Final = "tickets.json"
FILE_BYTES_MAX: Final = 4 << 20


def tickets_file(part: Part) -> str:
    """The name of a worker's file of tickets: `tickets.json`, or `tickets-0-of-2.json` of several."""
    return TICKETS_FILE if part.workers == 1 else f"tickets-{part.worker}-of-{part.workers}.json"


class IdentityFile(msgspec.Struct, frozen=True):
    """The identity as it is kept."""

    private_key: bytes
    master: bytes
    salt: bytes
    schema: str = IDENTITY_SCHEMA


def new_identity() -> Identity:
    """A fresh identity."""
    return Identity(secrets.token_bytes(32), secrets.token_bytes(32), secrets.token_bytes(16))


class DataFolder:
    """The folder, or nothing: without one, or when it fails, everything stays in memory."""

    def __init__(self, path: Path | None, warn: Callable[[str], None]) -> None:
        self._path = path
        self._warn = warn
        self._failed: set[str] = set()
        if path is None:
            return
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
        except OSError as error:
            self._warn(f"the data folder cannot be used ({error.strerror}): nothing is kept over a restart")
            self._path = None

    def identity(self) -> Identity:
        """The kept identity, or a new one, which is then kept."""
        kept = self.read(IDENTITY_FILE)
        if kept is not None:
            try:
                found = msgspec.json.decode(kept, type=IdentityFile)
                return Identity(found.private_key, found.master, found.salt)
            except (msgspec.DecodeError, ValueError, RecursionError):
                self._warn(f"{IDENTITY_FILE} is damaged: the reflector gets a new identity")
        identity = new_identity()
        content = IdentityFile(identity.private_key, identity.master, identity.salt)
        self.write(IDENTITY_FILE, msgspec.json.encode(content))
        return identity

    def read(self, name: str) -> bytes | None:
        """A kept file, None when there is none or it cannot be read."""
        if self._path is None:
            return None
        try:
            with (self._path / name).open("rb") as file:
                return file.read(FILE_BYTES_MAX)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn(f"{name} cannot be read ({error.strerror})")
            return None

    def write(self, name: str, content: bytes) -> bool:
        """Replace a kept file whole; False, with one warning a file, when that fails."""
        if self._path is None:
            return False
        try:
            self._replace(self._path, name, content)
        except OSError as error:
            if name not in self._failed:
                self._failed.add(name)
                self._warn(f"{name} cannot be written ({error.strerror}): it will not outlive a restart")
            return False
        self._failed.discard(name)
        return True

    def deal_tickets(self, workers: int) -> None:
        """Give the kept tickets to so many workers, however many kept them; before these are started."""
        if self._path is None:
            return
        wanted = {tickets_file(Part(index, workers)) for index in range(workers)}
        found = [path.name for path in self._path.glob("tickets*.json")]
        if set(found) <= wanted:
            return
        joined = join_states(kept for name in found if (kept := self.read(name)) is not None)
        # All to each: a worker leaves out what is not his.
        written = [self.write(name, joined) for name in sorted(wanted)]
        for name in set(found) - wanted if all(written) else ():
            with suppress(OSError):
                (self._path / name).unlink()

    @staticmethod
    def _replace(folder: Path, name: str, content: bytes) -> None:
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(folder / name)
        except OSError:
            with suppress(OSError):
                Path(temporary).unlink()
            raise
