"""Tickets on disk, for when the control channel is blocked: at most seven days, readable by us alone.

Reflectors are named by a keyed hash, so that the file tells nobody which one its owner uses.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.tickets import ReflectorOffer, Ticket, TicketBatch
from voipwatch.probe.soundness import is_sound

if sys.platform != "win32":
    import fcntl

FILE: Final = "tickets.json"
STORE_SCHEMA: Final = "voipwatch.ticket-store/1"
KEPT_MAX: Final = 16
"""Tickets of one reflector."""
REFLECTORS_MAX: Final = 64
FILE_BYTES_MAX: Final = 1 << 20


class KeptTickets(msgspec.Struct):
    """Of one reflector."""

    offer: ReflectorOffer
    tickets: list[Ticket]
    trust: str = ""
    """Keyed hash of what its certificate had to be when they were fetched."""


class Store(msgspec.Struct):
    """The file."""

    salt: bytes
    reflectors: dict[str, KeptTickets] = {}
    schema: str = STORE_SCHEMA


class TicketStore:
    """The tickets in one folder. No method fails: a disk that does not work keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def count(self, host: str, port: int, *, wall_s: float, trust: str) -> int:
        """How many tickets of a reflector, fetched under this trust, are good at Unix time `wall_s`."""
        store = self._read()
        kept = store.reflectors.get(_name(store, host, port))
        if kept is None or kept.trust != _trust(store, trust):
            return 0
        return len(_good(kept.tickets, wall_s))

    def add(self, host: str, port: int, batch: TicketBatch, *, wall_s: float, trust: str) -> int:
        """Keep a batch's tickets; returns how many of the reflector are kept now, 0 if the disk refused.

        `trust`: what its certificate had to be, a pin or who vouches for it. Tickets that were fetched under
        another are dropped: whoever stood in between then must not be believed now.
        """
        with self._locked() as locked:
            if not locked:
                return 0
            store = self._read()
            name = _name(store, host, port)
            kept = store.reflectors.pop(name, None)
            earlier: list[Ticket] = []
            if kept is not None and kept.trust == _trust(store, trust) and _same(kept.offer, batch.offer):
                earlier = _good(kept.tickets, wall_s)
            tickets = [*earlier, *batch.tickets][-KEPT_MAX:]
            store.reflectors[name] = KeptTickets(batch.offer, tickets, _trust(store, trust))
            while len(store.reflectors) > REFLECTORS_MAX:
                del store.reflectors[next(iter(store.reflectors))]
            return len(tickets) if self._write(store) else 0

    def take(self, host: str, port: int, *, wall_s: float, trust: str) -> TicketBatch | None:
        """One good ticket with its offer, removed from the store: a ticket serves one check. None if there is
        none that was fetched under this trust, or if it could not be removed.
        """
        with self._locked() as locked:
            if not locked:
                return None
            store = self._read()
            kept = store.reflectors.get(_name(store, host, port))
            good = [] if kept is None else _good(kept.tickets, wall_s)
            if kept is None or not good:
                return None
            batch = TicketBatch(kept.offer, good[:1])
            if kept.trust != _trust(store, trust) or not is_sound(batch):
                return None
            kept.tickets = good[1:]
            return batch if self._write(store) else None

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        """Two checks at once must not use one ticket twice."""
        if self._folder is None:
            yield False
            return
        handle = -1
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._folder / f".{FILE}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            if sys.platform != "win32":  # there, two checks at once may use one ticket twice
                fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            if handle >= 0:
                os.close(handle)
            yield False
            return
        try:
            yield True
        finally:
            os.close(handle)

    def _read(self) -> Store:
        if self._folder is not None:
            with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                with (self._folder / FILE).open("rb") as file:
                    store = msgspec.json.decode(file.read(FILE_BYTES_MAX), type=Store)
                if store.schema == STORE_SCHEMA and 16 <= len(store.salt) <= 64:
                    return store
        return Store(secrets.token_bytes(32))

    def _write(self, store: Store) -> bool:
        if self._folder is None:
            return False
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(prefix=f".{FILE}.", dir=self._folder)  # 0600
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(store))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._folder / FILE)
        except OSError:
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink()
            return False
        return True


def _name(store: Store, host: str, port: int) -> str:
    return blake2b(f"{host.lower()} {port}".encode(), key=store.salt, digest_size=16).hexdigest()


def _trust(store: Store, trust: str) -> str:
    return blake2b(trust.lower().encode(), key=store.salt, digest_size=16, person=b"trust").hexdigest()


def _same(one: ReflectorOffer, other: ReflectorOffer) -> bool:
    return (one.key, one.salt) == (other.key, other.salt)


def _good(tickets: list[Ticket], wall_s: float) -> list[Ticket]:
    return [ticket for ticket in tickets if ticket.expires_at > wall_s and len(ticket.key) == 32]
