"""The chronicle on disk: the log, its keys, and one writer at a time.

`log.jsonl` is only ever appended to, in one write that is on disk before anybody hears of it; a line that a
power cut tore is no line, and is cut off by the next writer. Keys lie beside it, for their owner's eyes.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.chronicle.log import (
    Entry,
    LogError,
    append,
    complete_lines,
    public_key_of,
    read_line,
    read_log,
)
from voipwatch.chronicle.state import ChronicleState, replay
from voipwatch.collector.keys import write_private
from voipwatch.model.acts import EntryKind, KeyEntry, KeyReason, KeyRole

LOG_FILE: Final = "log.jsonl"
KEYS_FILE: Final = "keys.json"
KEYS_SCHEMA: Final = "voipwatch.chronicle-keys/1"
LOCK_FILE: Final = "lock"
EMULATED: Final = "emulated"
"""Folder of the chronicles of emulations, which never share one with what is real."""

Item = tuple[EntryKind, msgspec.Struct]


class ChronicleKeysError(Exception):
    """The keys cannot be used; `reason` is missing or damaged, `path` their file."""

    def __init__(self, reason: str, path: Path, detail: str = "") -> None:
        super().__init__(f"{path.name} is {reason}{f': {detail}' if detail else ''}")
        self.reason = reason
        self.path = path


class KeyFile(msgspec.Struct, frozen=True):
    """The private keys as they are kept."""

    instance: bytes
    editor: bytes
    next_role: str = ""
    next_seed: bytes = b""
    """A successor that may have been announced: a cut between the log and this file leaves it here."""
    schema: str = KEYS_SCHEMA

    def signer(self, role: KeyRole) -> Ed25519PrivateKey:
        """The key of a role."""
        seed = self.instance if role is KeyRole.INSTANCE else self.editor
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def successor(self) -> Ed25519PrivateKey:
        """The key that waits."""
        return Ed25519PrivateKey.from_private_bytes(self.next_seed)

    def succeeded(self) -> "KeyFile":
        """With the successor in its place."""
        if self.next_role == KeyRole.INSTANCE.value:
            return KeyFile(self.next_seed, self.editor)
        return KeyFile(self.instance, self.next_seed)


def chronicle_folder(data: Path, instance: str = "") -> Path:
    """Where the chronicle of a data folder lies; an emulation names itself, and is not trusted to."""
    if not instance:
        return data / "chronicle"
    plain = re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", instance)
    return data / "chronicle" / EMULATED / (instance if plain else sha256(instance.encode()).hexdigest()[:16])


class ChronicleFolder:
    """One chronicle. Methods raise LogError, ChronicleKeysError, OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = ChronicleState()
        self._read_bytes = 0

    @property
    def log(self) -> Path:
        """The file that everything shown is a replay of."""
        return self.path / LOG_FILE

    def state(self) -> ChronicleState:
        """The log replayed; what was read before is not read again unless the file became shorter."""
        try:
            size_bytes = self.log.stat().st_size
        except FileNotFoundError:
            size_bytes = 0
        if size_bytes < self._read_bytes:
            self._state, self._read_bytes = ChronicleState(), 0
        try:
            for entry in self._fresh():
                self._state.apply(entry)
        except LogError:
            self._state, self._read_bytes = ChronicleState(), 0  # what does not hold is said each time
            raise
        return self._state

    def entries(self) -> list[Entry]:
        """All lines, each checked anew."""
        try:
            lines, _ = complete_lines(self.log.read_bytes())
        except FileNotFoundError:
            return []
        return read_log(lines)

    def add(self, items: Sequence[Item], *, at: str, role: KeyRole) -> list[Entry]:
        """Append entries in one write; those of them that may not be said stop all.

        Args:
            items: what is said, in order.
            at: ISO 8601 with Z.
            role: whose key signs; announced first where it was not.
        """
        with self._writing():
            keys = self.keys()
            state = self.state()
            signer = keys.signer(role)
            planned = [*_announcements(state, keys, role), *((kind, body, signer) for kind, body in items)]
            written, lines = [], []
            last = state.last
            for kind, body, by in planned:
                line = append(last, kind, body, at=at, signer=by)
                last = read_line(line, 1 if last is None else last.n + 1)
                lines.append(line)
                written.append(last)
            replay([*self.entries(), *written])  # refuses before anything is on disk
            self._append(b"".join(line + b"\n" for line in lines))
        self.state()
        return written

    def rotate(self, role: KeyRole, *, at: str, lost: bool = False) -> Entry:
        """Replace a key: signed by the old one, or announced as lost; on disk before it is announced."""
        with self._writing():
            state = self.state()
            keys, damaged = self._keys_or_others() if lost else (self.keys(), None)
            (replaced, *_) = reversed(state.keyring.standing(role))
            fresh_seed = secrets.token_bytes(32)
            fresh = Ed25519PrivateKey.from_private_bytes(fresh_seed)
            reason = KeyReason.LOSS if lost else KeyReason.ROTATION
            body = KeyEntry(public_key_of(fresh), role, reason, replaced)
            by_instance = lost and role is KeyRole.EDITOR
            signer = keys.signer(KeyRole.INSTANCE) if by_instance else fresh if lost else keys.signer(role)
            line = append(state.last, EntryKind.KEY, body, at=at, signer=signer)
            entry = read_line(line, 1 if state.last is None else state.last.n + 1)
            replay([*self.entries(), entry])
            if damaged is not None:  # now that the line may be said
                damaged.rename(damaged.with_name(f"{KEYS_FILE}.damaged"))
            waiting = msgspec.structs.replace(keys, next_role=role.value, next_seed=fresh_seed)
            self._keep(waiting)
            self._append(line + b"\n")
            self._keep(waiting.succeeded())
        self.state()
        return entry

    def keys(self) -> KeyFile:
        """The private keys, made where there never were any: a log that has keys is signed with no others."""
        path = self.path / KEYS_FILE
        try:
            keys = msgspec.json.decode(path.read_bytes(), type=KeyFile)
        except FileNotFoundError:
            if self.state().keyring.keys:
                raise ChronicleKeysError("missing", path) from None
            keys = _fresh_keys()
            self._keep(keys)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ChronicleKeysError("damaged", path, str(error)) from error
        if keys.schema != KEYS_SCHEMA or len(keys.instance) != 32 or len(keys.editor) != 32:
            raise ChronicleKeysError("damaged", path, "or of another version")
        if keys.next_role and public_key_of(keys.successor) in self.state().keyring.keys:
            return keys.succeeded()
        return keys

    def _keys_or_others(self) -> tuple[KeyFile, Path | None]:
        """The keys; where they are lost new ones, and the damaged file that is to be put aside, if any."""
        try:
            return self.keys(), None
        except ChronicleKeysError as error:
            return _fresh_keys(), error.path if error.reason == "damaged" else None

    def _keep(self, keys: KeyFile) -> None:
        write_private(self.path / KEYS_FILE, msgspec.json.encode(keys))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / LOCK_FILE).open("a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _fresh(self) -> list[Entry]:
        try:
            with self.log.open("rb") as file:
                file.seek(self._read_bytes)
                content = file.read()
        except FileNotFoundError:
            return []
        lines, rest = complete_lines(content)
        entries = read_log(lines, last=self._state.last)
        self._read_bytes += len(content) - len(rest)
        return entries

    def _append(self, content: bytes) -> None:
        handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.truncate(self._read_bytes)  # what a power cut tore
            file.seek(self._read_bytes)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fresh_keys() -> KeyFile:
    return KeyFile(secrets.token_bytes(32), secrets.token_bytes(32))


def _announcements(
    state: ChronicleState, keys: KeyFile, role: KeyRole
) -> list[tuple[EntryKind, msgspec.Struct, Ed25519PrivateKey]]:
    """Key entries that the log lacks before this role may sign."""
    machine = keys.signer(KeyRole.INSTANCE)
    found: list[tuple[EntryKind, msgspec.Struct, Ed25519PrivateKey]] = []
    if not state.keyring.keys:
        found.append((EntryKind.KEY, KeyEntry(public_key_of(machine), KeyRole.INSTANCE), machine))
    if role is KeyRole.EDITOR and not state.keyring.standing(role):
        key = public_key_of(keys.signer(role))
        found.append((EntryKind.KEY, KeyEntry(key, role), machine))
    return found
