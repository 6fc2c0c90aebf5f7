"""Opening a store by its URL: the engine in this process, a server, or the door of its owner."""

import os
import re
import secrets
import shutil
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from voipwatch.store.cache import Cached
from voipwatch.store.clustered import Clustered
from voipwatch.store.door import Door, Visitor
from voipwatch.store.engine import SCRATCH, ClickHouse
from voipwatch.store.errors import StoreError
from voipwatch.store.lease import Lease, Leased, Renewal
from voipwatch.store.migrate import migrate, require_current, scripts, version_of
from voipwatch.store.owner import Ownership, holder
from voipwatch.store.store import Store

ENGINE: Final = "engine"
"""Folder of the embedded engine, in the store's."""
DATABASE: Final = "voipwatch"
"""Of the embedded engine, and of a server whose URL names none."""


def open_store(
    url: str,
    *,
    create: bool = False,
    read_only: bool = False,
    who: str = "voipwatch",
    serve_door: bool = False,
    threads: int | None = None,
    names: Sequence[str] = (),
) -> Store:
    """Open the store at `url`.

    Args:
        url: `chdb:///FOLDER`, or `http(s)://USER:PASSWORD@HOST:PORT/DATABASE`, for a cluster by
            one of its servers with `?cluster=NAME`.
        create: make it, or bring its tables to this version; else it must be there and of this version.
        read_only: read only; where another process owns the store, through its door. Else this process is
            the store's only writer until it closes it: by a lock (embedded) or by a lease (server).
        who: this process's name for others, `voipwatch serve`.
        serve_door: let other processes of this user read meanwhile (embedded only).
        threads: of one query; None leaves it to the engine, which takes the cores.
        names: on a server, what of the work is this process's (`lease`); empty: all of it. Others work beside
            it meanwhile, and see to it by themselves that they write what is theirs alone.

    Raises:
        StoreError: see its reasons.
    """
    folder = folder_of(url)
    if folder is None:
        return _server(url, create=create, read_only=read_only, who=who, threads=threads, names=names)
    if names:
        raise StoreError("bad-url", "a store in a folder has one writer: parts of the work want a server")
    if not (folder / ENGINE).is_dir() and not create:
        raise StoreError("no-store", str(folder))
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = Ownership(folder, who=who)
    except OSError as error:
        raise StoreError("damaged", f"{error.filename}: {error.strerror}") from error
    except StoreError:
        if read_only:
            return _through_door(folder)
        raise
    return _embedded(folder, own, create=create, serve_door=serve_door, threads=threads)


def folder_of(url: str) -> Path | None:
    """The folder of an embedded store, None for a server's URL. Raises StoreError `bad-url`."""
    parts = urlsplit(url)
    if parts.scheme == "chdb" and not parts.netloc and len(parts.path) > 1 and not parts.query:
        return Path(unquote(parts.path))
    if parts.scheme in {"http", "https"} and parts.hostname:
        return None
    raise StoreError("bad-url", re.sub(r":[^:@/]*@", ":***@", url))


def _embedded(folder: Path, own: Ownership, *, create: bool, serve_door: bool, threads: int | None) -> Store:
    engine = None
    door = None
    try:
        shutil.rmtree(folder / SCRATCH, ignore_errors=True)
        # The lock is ours: whatever is written is written through this object.
        engine = Cached(ClickHouse(folder / ENGINE, database=DATABASE, threads=threads))
        if create:
            migrate(engine)
        else:
            require_current(engine)
        if serve_door:
            door = Door(engine, folder)
    except BaseException:
        if engine is not None:
            engine.close()
        own.release()
        raise

    return Store(engine, before_close=door.close if door else None, on_close=own.release)


def _server(
    url: str, *, create: bool, read_only: bool, who: str, threads: int | None, names: Sequence[str]
) -> Store:
    connect = _connector(url)
    engine = connect(threads)
    with ExitStack() as undo:
        undo.callback(engine.close)
        _require_its_kind(engine)
        if read_only:
            require_current(engine)
            engine.writable = False
            undo.pop_all()
            return Store(engine)
        if not create:
            require_current(engine)  # a store that is not there is not made by looking for its lease
        # a client of its own: renewing does not wait for a long insert
        beside = connect(None)
        undo.callback(beside.close)
        name = f"{who} on {socket.gethostname()}, pid {os.getpid()}"
        if create and names and version_of(engine) != len(scripts()):
            _migrate_alone(engine, Lease(beside, holder=secrets.token_hex(16), who=name))
        lease = Lease(beside, holder=secrets.token_hex(16), who=name, names=names)
        lease.take()
        undo.callback(lease.release)
        renewal = Renewal(lease)
        undo.callback(renewal.end)
        leased = Leased(engine, lease)
        if create and not names:
            migrate(leased)
        ending = undo.pop_all()
    return Store(leased, on_close=ending.close)


def _connector(url: str) -> Callable[[int | None], ClickHouse]:
    """What connects to a server, or to a cluster by one of its servers. Raises StoreError `bad-url`."""
    parts = urlsplit(url)
    database = parts.path.strip("/") or DATABASE
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", database):
        raise StoreError("bad-url", f"{database!r} is no name of a database")
    asked = parse_qsl(parts.query, keep_blank_values=True)
    clusters = [value for name, value in asked if name == "cluster"]
    if len(clusters) > 1:
        raise StoreError("bad-url", "it names more than one cluster")
    rest = urlencode([(name, value) for name, value in asked if name != "cluster"])
    base = urlunsplit((parts.scheme, parts.netloc, "", rest, ""))
    if clusters:
        return lambda threads: Clustered(base, database=database, cluster=clusters[0], threads=threads)
    return lambda threads: ClickHouse(base, database=database, threads=threads)


def _require_its_kind(engine: ClickHouse) -> None:
    """Tables of one server and of a cluster have the same names, and are not written to alike."""
    found = engine.select(
        "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'migrations'"
    )
    distributed = found["engine"].to_pylist() == ["Distributed"]
    if found.num_rows and distributed != bool(engine.cluster):
        raise StoreError("of-cluster" if distributed else "of-server", "this address")


def _migrate_alone(engine: ClickHouse, whole: Lease) -> None:
    """With nobody else at work, whatever part of it."""
    whole.take()
    try:
        migrate(Leased(engine, whole))
    finally:
        whole.release()


def _through_door(folder: Path) -> Store:
    try:
        visitor = Visitor(folder)
    except OSError:
        raise StoreError("locked", f"{holder(folder)}; it serves no door") from None
    try:
        require_current(visitor)
    except BaseException:
        visitor.close()
        raise
    return Store(visitor)
