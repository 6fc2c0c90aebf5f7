"""Collectors, a stream, a database server and loaders on some of this machine's cores, under load.

Real in it: `voipwatch collector`, `voipwatch serve --role loader`, nats-server with JetStream. The database
server is the one of the tests: chDB's engine behind a small HTTP front.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import zstandard

from scripts.benchmarks.ingest import KEY, Template, template
from tests.support.clickhouse_server import clickhouse_server
from tests.support.nats_cluster import nats_cluster
from voipwatch.lab.resign import public_key
from voipwatch.store.opening import open_store
from voipwatch.store.store import Store

PARTITIONS: Final = 2
SENDERS: Final = ("41.140.{}.7", "41.100.{}.7")
"""Morocco and Algeria: countries of different partitions of two, so that each loader has one."""
CELLED: Final = """
    SELECT DISTINCT report_id FROM votes WHERE segment IN (SELECT segment FROM segments FINAL WHERE step = 3)
"""
"""Reports whose votes are in the cells (`store.segments.CELLED`)."""
LOOK_S: Final = 0.25
"""Between two looks for what is in."""
GIVE_UP_S: Final = 600.0
CONNECTIONS: Final = 8


@contextmanager
def only_on(cores: Sequence[int]) -> Iterator[None]:
    """This process, and all that it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Bodies:
    """Reports without end, no two of one session, as requests of one report each."""

    def __init__(self) -> None:
        made = template(None, instance="")
        self._template: Template = made
        self._packer = zstandard.ZstdCompressor(level=1)
        self.report_bytes = len(made.body(0))

    def requests(self, first: int, count: int) -> list[bytes]:
        """Whole HTTP requests, from both countries in turn."""
        made = []
        for number in range(first, first + count):
            packed = self._packer.compress(self._template.body(number))
            sender = SENDERS[number % 2].format(number // 2 % 256)
            head = (
                "POST /api/v1/reports HTTP/1.1\r\nHost: collector\r\nContent-Type: application/json\r\n"
                f"Content-Encoding: zstd\r\nX-Forwarded-For: {sender}\r\n"
                f"Content-Length: {len(packed)}\r\n\r\n"
            )
            made.append(head.encode() + packed)
        return made


@dataclass
class Sent:
    """Reports that were acknowledged, and when: seconds of the monotonic clock."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    began_s: float = 0.0
    ended_s: float = 0.0

    @property
    def rate(self) -> float:
        """Acknowledged a second."""
        return len(self.acknowledged) / (self.ended_s - self.began_s)


def send(ports: Sequence[int], requests: Sequence[bytes], *, rate: float | None = None) -> Sent:
    """Each connection one request at a time; at `rate` a second in all, or as fast as it goes.

    Raises SystemExit where a report is not accepted.
    """
    sent = Sent(began_s=time.monotonic())
    lock, refused = threading.Lock(), list[str]()
    todo = iter(enumerate(requests))

    def work(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            while not refused:
                with lock:
                    number, request = next(todo, (0, b""))
                if not request:
                    return
                if rate is not None:
                    time.sleep(max(0.0, sent.began_s + number / rate - time.monotonic()))
                sock.sendall(request)
                head, content = _answer(sock)
                at_s = time.monotonic()
                if not head.startswith(b"HTTP/1.1 200") or b'"accepted"' not in content:
                    refused.append(f"{head[:60]!r} {content[:300]!r}")
                    return
                sent.acknowledged[json.loads(content)["results"][0]["report_id"]] = at_s

    each = max(1, CONNECTIONS // len(ports))
    threads = [threading.Thread(target=work, args=(port,)) for port in ports for _ in range(each)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise SystemExit(f"a collector said: {refused[0]}")
    sent.ended_s = time.monotonic()
    return sent


def _answer(sock: socket.socket) -> tuple[bytes, bytes]:
    """Head and content of one answer. Raises ConnectionError."""
    got = b""
    while True:
        head, found, content = got.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        if found and len(content) >= int(length):
            return head, content
        more = sock.recv(1 << 20)
        if not more:
            raise ConnectionError(f"the collector closed the connection after {got[:200]!r}")
        got += more


class Machine:
    """One stream server, one database server, some collectors and loaders, each a process of its own."""

    def __init__(self, collectors: int, loaders: int, *, servers: int = 1) -> None:
        self._counts, self._servers = (collectors, loaders), servers
        self._stack = ExitStack()
        self.ports: list[int] = []

    def __enter__(self) -> Self:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="voipwatch-stream-")))
        self._folder = folder
        cluster = self._stack.enter_context(
            nats_cluster(folder / "nats", self._servers, partitions=PARTITIONS)
        )
        database = self._stack.enter_context(clickhouse_server(folder / "engine"))
        self.store = database.url()
        self._stream = cluster.url
        for number in range(self._counts[0]):
            self._collector(number)
        with open_store(self.store, create=True):
            pass
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def _collector(self, number: int) -> None:
        fields = self._start(
            "collector", "--data", str(self._folder / f"collector-{number}"), "--bind", "127.0.0.1:0",
            "--metrics", "none", "--reflector-key", public_key(KEY), "--proxy", "127.0.0.0/8",
            "--stream", self._stream,
        )  # fmt: skip
        self.ports.append(int(fields["http"].rpartition(":")[2]))

    def start_loaders(self) -> None:
        """The partitions dealt out to them; each looks for new records every second."""
        count = self._counts[1]
        for number in range(count):
            mine = f"0-{PARTITIONS - 1}" if count == 1 else str(number)
            self._start(
                "serve", "--role", "loader", "--partitions", mine, "--store", self.store, "--stream",
                self._stream, "--data", str(self._folder / f"loader-{number}"), "--bind",
                f"127.71.0.{number + 1}", "--every", "1", "--without-canary",
            )  # fmt: skip

    def _start(self, *arguments: str) -> dict[str, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "voipwatch", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._stack.callback(_end, process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if " ready " not in line:
            raise SystemExit(f"voipwatch {arguments[0]} did not start: {line!r}")
        return dict(part.split("=", 1) for part in line.split() if "=" in part)

    def loaded(self, wanted: Iterable[str]) -> dict[str, float]:
        """Wait until all are in the cells; when each was first seen there, seconds of the monotonic clock.

        Raises SystemExit after ten minutes without a new one.
        """
        with self.watched() as seen:
            seen.wait(wanted)
        return seen.at_s

    @contextmanager
    def watched(self) -> Iterator["Seen"]:
        """Look into the votes four times a second meanwhile."""
        with open_store(self.store, read_only=True) as store:
            seen = Seen(store)
            thread = threading.Thread(target=seen.look)
            thread.start()
            try:
                yield seen
            finally:
                seen.over.set()
                thread.join()


class Seen:
    """Reports that count in the cells, and since when: seconds of the monotonic clock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.at_s: dict[str, float] = {}
        self.over = threading.Event()

    def look(self) -> None:
        """Until it is over."""
        while not self.over.wait(LOOK_S):
            there = self._store.select(CELLED).column(0).to_pylist()
            at_s = time.monotonic()
            self.at_s |= {name: at_s for name in there if name not in self.at_s}

    def wait(self, wanted: Iterable[str]) -> None:
        """Until all are in. Raises SystemExit after ten minutes without a new one."""
        left, last = set(wanted), (0, time.monotonic())
        while left := left.difference(self.at_s):
            time.sleep(LOOK_S)
            if len(self.at_s) > last[0]:
                last = (len(self.at_s), time.monotonic())
            elif time.monotonic() - last[1] > GIVE_UP_S:
                raise SystemExit(f"{len(left)} acknowledged reports are not in the cells")


def _end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()
