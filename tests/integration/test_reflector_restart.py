"""Reflectors of a fleet, restarted one after the other while a line is checked: nobody is accused for it."""

import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path

import pytest

from tests.support.nats_cluster import free_port
from tests.support.serving import Serving, serving
from voipwatch.wire.fleet import sign_fleet

KEY = bytes(range(32))
ADDRESSES = ("127.71.0.1", "127.71.0.2")
CHECK_S = 180.0


@dataclass
class Checks:
    """A line that is checked again and again, by the first reflector of its part that answers."""

    command: list[str]
    env: dict[str, str]
    found: list[tuple[int, str, str]] = field(default_factory=list)
    """Of each check: status, verdict, rule."""
    trouble: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def run(self) -> None:
        while not self.stop.is_set():
            self.begun.release()
            done = subprocess.run(
                self.command, capture_output=True, text=True, env=self.env, timeout=CHECK_S, check=False
            )
            try:
                (row,) = json.loads(done.stdout)["results"]
                self.found.append((done.returncode, row["verdict"], row["rule"]))
            except (ValueError, KeyError):
                self.trouble.append(f"{done.returncode}: {done.stdout[-300:]} {done.stderr[-300:]}")
            if "Traceback" in done.stderr:
                self.trouble.append(done.stderr)
            self.ended.release()

    def next_begins(self) -> None:
        assert self.begun.acquire(timeout=CHECK_S)

    def next_ends(self) -> None:
        assert self.ended.acquire(timeout=CHECK_S)


@dataclass
class Reflector:
    """One machine, started and started again with the same folder and port."""

    folder: Path
    address: str
    stack: ExitStack
    control: int = field(default_factory=free_port)

    def start(self) -> Serving:
        self.running = self.stack.enter_context(
            serving(
                self.folder / self.address,
                "--role",
                "reflector",
                bind=self.address,
                log=self.folder / f"{self.address}.log",
                control=str(self.control),
            )
        )
        return self.running

    def kept(self) -> int:
        """When it last wrote down its tickets: a second after it issued some, or a call began."""
        file = self.folder / self.address / "reflector" / "tickets.json"
        return file.stat().st_mtime_ns if file.exists() else 0

    @property
    def entry(self) -> dict[str, object]:
        fields = self.running.fields
        return {
            "name": f"r-{self.address[-1]}", "host": self.address, "port": self.control,
            "pin": fields["pin"], "key": fields["log_key"], "country": "MA", "network": self.address,
            "calls": 100, "state": "serving",
        }  # fmt: skip


def in_use(reflectors: list[Reflector], before: list[int]) -> Reflector:
    """The one that a check is under way with; `before`: of all, when it had not begun."""
    deadline = time.monotonic() + CHECK_S
    while True:
        for each, kept in zip(reflectors, before, strict=True):
            if each.kept() != kept:
                return each
        assert time.monotonic() < deadline
        time.sleep(0.05)


def listed(reflectors: list[Reflector]) -> bytes:
    now = datetime.now(tz=UTC).replace(microsecond=0)
    draft = {
        "serial": 1,
        "issued": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "expires": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "next_keys": [],
        "reflectors": [each.entry for each in reflectors],
    }
    return sign_fleet(json.dumps(draft).encode(), KEY)


@pytest.mark.slow
def test_reflectors_are_restarted_under_checks_and_nobody_is_accused(tmp_path: Path) -> None:
    with ExitStack() as stack:
        reflectors = [Reflector(tmp_path, address, stack) for address in ADDRESSES]
        for each in reflectors:
            each.start()
        fleet = tmp_path / "fleet.json"
        fleet.write_bytes(listed(reflectors))
        key = json.loads(fleet.read_bytes())["key"]
        checks = Checks(
            [
                sys.executable, "-m", "voipwatch", "check", "--fleet", str(fleet), "--fleet-key", key,
                "--app", "sip", "--budget", "500kB", "--yes", "--json",
            ],
            {**environ, "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)},
        )  # fmt: skip
        thread = threading.Thread(target=checks.run)
        thread.start()
        try:
            checks.next_ends()
            checks.next_begins()  # the first one, which has ended
            before = [each.kept() for each in reflectors]
            checks.next_begins()
            first = in_use(reflectors, before)
            assert first.running.stop() == 0, "in the middle of a check"
            first.start()
            checks.next_ends()
            checks.next_begins()
            (other,) = (each for each in reflectors if each is not first)
            assert other.running.stop() == 0
            other.start()
            checks.next_ends()
            checks.next_ends()  # of a check that began when at least one was up again
        finally:
            checks.stop.set()
            thread.join()
    assert checks.trouble == []
    assert len(checks.found) >= 4
    assert {verdict for _, verdict, _ in checks.found} <= {"ok", "insufficient"}, checks.found
    assert (0, "ok") in {each[:2] for each in checks.found[2:]}, checks.found
    assert checks.found[1][1] == "insufficient", "its calls were cut, and it says so"
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text("utf-8"), log.name
