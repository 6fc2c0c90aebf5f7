"""Machines of roles behind a real haproxy, restarted one after the other under load.

Two fronts (collector and site), two backs (loader and detector, of one partition each), a stream, a database
server. No acknowledged report is lost or doubled, and no page fails.
"""

import http.client
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pipeline.test_loader import counted
from tests.site.asked import write_site
from tests.support.clickhouse_server import clickhouse_server
from tests.support.haproxy import Machine, haproxy
from tests.support.nats_cluster import free_port, nats_cluster
from tests.support.reports import REFLECTOR, submission_of
from tests.support.serving import Client, Serving, serving
from voipwatch.collector.keys import KEYS_FILE, kept_keys
from voipwatch.store.opening import open_store

HOUR = 3600
GIVE_UP_S = 120.0
PROXY = "127.70.2.1"
PAUSE_S = 0.1
"""Between two pages: the load is for the machines, and not for this one."""
BETWEEN = 5
"""Reports and pages that pass between two restarts, at least."""


@dataclass
class Load:
    """What callers saw: one that hands in reports, one that reads pages, until they are told to stop."""

    acknowledged: list[str] = field(default_factory=list)
    tried_again: int = 0
    pages: int = 0
    failed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def report(self, collector: str) -> None:
        """As a probe does: the same again until it is acknowledged."""
        client = Client(collector, "127.70.9.9")
        at_s = datetime.now(tz=UTC).timestamp() // HOUR * HOUR - HOUR
        month = datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m")
        number = 0
        while not self.stop.wait(PAUSE_S):
            report = submission_of("port-drop", number, at_s, month=month, instance="")
            deadline = time.monotonic() + GIVE_UP_S
            while True:
                try:
                    (result,) = client.submit([report], enrolled=False)
                except (OSError, http.client.HTTPException, AssertionError) as error:
                    self.tried_again += 1
                    if time.monotonic() > deadline:
                        self.failed.append(f"report {number}: {error!r}")
                        return
                    self.stop.wait(PAUSE_S)
                    continue
                if result["status"] != "accepted":
                    self.failed.append(f"report {number}: {result}")
                self.acknowledged.append(result["report_id"])
                break
            number += 1
        client.close()

    def read(self, site: str) -> None:
        """Every answer must be the page."""
        while not self.stop.wait(PAUSE_S):
            try:
                with urllib.request.urlopen(f"{site}index.html", timeout=30) as answer:
                    content = answer.read()
            except OSError as error:
                self.failed.append(f"page {self.pages}: {error!r}")
                continue
            if content != b"the site":
                self.failed.append(f"page {self.pages}: {content[:80]!r}")
            self.pages += 1

    def passes(self) -> None:
        """Until some more of both has passed."""
        reports, pages = len(self.acknowledged) + BETWEEN, self.pages + BETWEEN
        until(lambda: (len(self.acknowledged) >= reports and self.pages >= pages) or bool(self.failed))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GIVE_UP_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def under(load: Load, collector: str, site: str) -> Iterator[None]:
    threads = [
        threading.Thread(target=load.report, args=(collector,)),
        threading.Thread(target=load.read, args=(site,)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


@dataclass
class Fleet:
    """Machines by name; each can be stopped and started again as it was."""

    folder: Path
    stack: ExitStack
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    binds: dict[str, str] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)
    """Of collectors."""
    running: dict[str, Serving] = field(default_factory=dict)

    def start(self, name: str) -> None:
        self.running[name] = self.stack.enter_context(
            serving(
                self.folder / name,
                *self.options[name],
                bind=self.binds[name],
                log=self.folder / f"{name}.log",
                port=self.ports.get(name, "0"),
            )
        )

    def restart(self, name: str) -> None:
        assert self.running[name].stop() == 0
        self.start(name)


@pytest.mark.slow
def test_every_role_is_restarted_under_load_and_nothing_is_lost(tmp_path: Path) -> None:
    write_site(tmp_path / "site", {"index.html": b"the site"})
    load = Load()
    with ExitStack() as stack:
        cluster = stack.enter_context(nats_cluster(tmp_path / "nats", 1, partitions=2))
        server = stack.enter_context(clickhouse_server(tmp_path / "engine"))
        fleet = Fleet(tmp_path, stack)
        machines = [Machine(f"127.70.0.{n}", free_port(), free_port(), free_port()) for n in (1, 2)]
        for number, machine in enumerate(machines):
            name = f"front-{number}"
            fleet.binds[name], fleet.ports[name] = machine.address, str(machine.collector)
            fleet.options[name] = (
                "--role", "collector", "--role", "site", "--trust", REFLECTOR, "--stream", cluster.url,
                "--site", str(tmp_path / "site"),
                "--site-port", str(machine.site), "--health-port", str(machine.health), "--drain", "2",
                "--proxy", PROXY,
            )  # fmt: skip
            back = f"back-{number}"
            fleet.binds[back] = f"127.70.1.{number + 1}"
            fleet.options[back] = (
                "--role", "loader", "--role", "detector", "--partitions", str(number),
                "--store", server.url(), "--stream", cluster.url, "--health-port", "0",
            )  # fmt: skip
        # One pair of keys for both collectors: a probe does not know which of them answers.
        for number in range(2):
            (tmp_path / f"front-{number}" / "collector").mkdir(parents=True, mode=0o700)
        kept_keys(tmp_path / "front-0" / "collector", lambda size: bytes(range(size)))
        shutil.copy2(tmp_path / "front-0" / "collector" / KEYS_FILE, tmp_path / "front-1" / "collector")
        with ThreadPoolExecutor() as starting:
            list(starting.map(fleet.start, fleet.options))
        tls = tmp_path / "front-0" / "tls"
        pem = (tls / "certificate.pem").read_bytes() + (tls / "key.pem").read_bytes()
        front = stack.enter_context(haproxy(tmp_path, PROXY, machines, pem))
        with under(load, front.collector, front.site):
            load.passes()
            for name in sorted(fleet.options):
                fleet.restart(name)
                load.passes()
        assert load.failed == []
        wanted = set(load.acknowledged)
        assert len(wanted) == len(load.acknowledged) >= 5 * BETWEEN

        def loaded() -> bool:
            with open_store(server.url(), read_only=True) as store:
                return set(counted(store, "reports")) >= wanted

        until(loaded)
        with open_store(server.url(), read_only=True) as store:
            assert set(counted(store, "reports").values()) == {1}
        with ThreadPoolExecutor() as stopping:
            assert set(stopping.map(Serving.stop, fleet.running.values())) == {0}
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text("utf-8"), log.name
