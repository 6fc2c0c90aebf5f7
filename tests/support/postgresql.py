"""A PostgreSQL server of the test's own: Debian's binaries, a fresh cluster, a free port."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

START_S = 60.0
FOLDERS = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are: the newest of Debian's versions, or the folder on the PATH."""
    found = sorted(FOLDERS.glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: it then runs as nobody."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def postgresql() -> Iterator[str]:
    """A server until the end of the block; its URL without a database, `postgresql+psycopg://...:PORT`."""
    place = binaries()
    assert place is not None
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="voipwatch-pg-"))
    server: subprocess.Popen[bytes] | None = None
    try:
        if user:
            shutil.chown(folder, user["user"], user["group"])
        data = folder / "data"
        subprocess.run(
            [place / "initdb", "--pgdata", data, "--username", "tests", "--auth", "trust", "--no-sync",
             "--encoding", "UTF8", "--locale", "C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **user,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [place / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                 "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "shared_buffers=16MB"],
                stdout=subprocess.DEVNULL, stderr=log, cwd=folder, **user,
            )  # fmt: skip
        _wait(port, server, folder / "log")
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}"
    finally:
        if server is not None:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str, name: str) -> str:
    """Make a database; its URL."""
    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def _wait(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            psycopg.connect(f"postgresql://tests@127.0.0.1:{port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"PostgreSQL did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
