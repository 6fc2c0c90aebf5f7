"""A PostgreSQL server of the test's own: Debian's binaries, a fresh cluster, a free port."""

import os
import shutil
import signal
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


class Server:
    """One cluster on one port, and its process."""

    def __init__(self, place: Path, folder: Path, user: dict[str, Any]) -> None:
        self._place, self._folder, self._user = place, folder, user
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"postgresql+psycopg://tests@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Run it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._place / "postgres", "-D", self._folder / "data", "-p", str(self._port),
                 "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
                 "-c", "shared_buffers=16MB"],
                stdout=subprocess.DEVNULL, stderr=log, cwd=self._folder, **self._user,
            )  # fmt: skip
        _wait(self._port, self._process, self._folder / "log")

    def crash(self) -> None:
        """SIGQUIT: its processes end at once and write nothing; the next start recovers from the log."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def stop(self) -> None:
        """In order, or killed if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """A server that may be crashed and started again, until the end of the block."""
    place = binaries()
    assert place is not None
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="voipwatch-pg-"))
    server = Server(place, folder, user)
    try:
        if user:
            shutil.chown(folder, user["user"], user["group"])
        subprocess.run(
            [place / "initdb", "--pgdata", folder / "data", "--username", "tests", "--auth", "trust",
             "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **user,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[str]:
    """A server until the end of the block; its URL without a database, `postgresql+psycopg://...:PORT`."""
    with postgresql_server() as server:
        yield server.url


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
