"""kill -9 of any process of `voipwatch serve`, at any moment, under load: nothing is lost or doubled.

`VOIPWATCH_KILLS` says how many (6 by default; `make kills` does 50), `VOIPWATCH_SEED` how they fall.
"""

import http.client
import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from tests.support.reports import REFLECTOR, report_of
from tests.support.serving import Client, Serving, start_serve
from voipwatch.lab.resign import emulated_submission
from voipwatch.model.instants import iso
from voipwatch.model.results import Report
from voipwatch.model.submission import Submission
from voipwatch.store.opening import open_store

KILLS = int(os.environ.get("VOIPWATCH_KILLS", "6"))
SEED = int(os.environ.get("VOIPWATCH_SEED", "2016"))
BIND = "127.67.0.1"
BATCH = 4


class Load(threading.Thread):
    """Hands in batches without a pause; what was not acknowledged is sent again until it is."""

    def __init__(self, report: Report, start_s: float) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[str, int] = {}
        self.url = ""
        self.enough = threading.Event()
        self.errors: list[str] = []
        self.tries = 0
        self._report, self._start_s = report, start_s

    def run(self) -> None:
        """Until `enough`, and then to the end of the batch."""
        number = 0
        client, url = Client(self.url, "127.67.9.9"), self.url
        while not self.enough.is_set():
            batch = [self._submission(number + offset) for offset in range(BATCH)]
            waiting = dict(enumerate(batch))
            while waiting:
                if url != self.url:
                    client.close()
                    client, url = Client(self.url, "127.67.9.9"), self.url
                self.tries += 1
                try:
                    results = client.submit(list(waiting.values()), enrolled=False)
                except (OSError, http.client.HTTPException, AssertionError, msgspec.DecodeError):
                    self.enough.wait(0.1)
                    if self.enough.is_set() and self.tries > 1_000_000:
                        return
                    continue
                for offset, result in zip(list(waiting), results, strict=True):
                    if result["status"] in {"accepted", "duplicate"}:
                        self.acknowledged[result["report_id"]] = number + offset
                    else:
                        self.errors.append(str(result))
                    del waiting[offset]
            number += BATCH
        client.close()

    def _submission(self, number: int) -> Submission:
        made = emulated_submission(self._report, bytes(range(32)), number, iso(self._start_s + number))
        return Submission(msgspec.structs.replace(made.probe, instance="kills"), made.report)


def children_of(pid: int) -> dict[str, int]:
    """Role -> pid of the processes that `serve` runs now."""
    found: dict[str, int] = {}
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
            with suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if b"voipwatch.cli.serve_roles" in words:
                    found[words[words.index(b"voipwatch.cli.serve_roles") + 1].decode()] = int(child)
    return found


def kill_somebody(running: Serving, chance: random.Random) -> str:
    """One process, by its pid; `serve` itself now and then."""
    children = children_of(running.process.pid)
    role = chance.choice(["keeper", "keeper", "keeper", "collector", "collector", "reflector", "serve"])
    if role == "serve":
        running.process.kill()
        running.process.wait()
        return role
    pid = children.get(role)
    if pid is None:
        return ""  # being started again: the next draw finds it
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return role


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    print(f"seed {SEED}, {KILLS} kills")  # noqa: T201 -- a random test says its seed
    chance = random.Random(SEED)
    whole = report_of("port-drop")
    part = msgspec.structs.replace(whole.measurement, flows=whole.measurement.flows[::8])
    load = Load(Report(whole.check, part, "test"), 1_795_000_000.0)
    data, log = tmp_path / "data", tmp_path / "log"
    options = ("--trust", REFLECTOR, "--instance", "kills", "--prefixes", declared(tmp_path))
    running = start_serve(data, *options, bind=BIND, log=log)
    port = running.fields["collector"].rpartition(":")[2]
    load.url = running.fields["collector"]
    load.start()
    killed: Counter[str] = Counter()
    pause = threading.Event()
    while killed.total() < KILLS:
        pause.wait(chance.uniform(0.05, 4.0))
        role = kill_somebody(running, chance)
        if role:
            killed[role] += 1
        if role == "serve":
            assert running.process.stdout is not None
            running.process.stdout.close()
            running = start_serve(data, *options, bind=BIND, log=log, port=port)
            load.url = running.fields["collector"]
    deadline = monotonic() + 60  # it ends well: everything is up again
    before = len(load.acknowledged)
    while len(load.acknowledged) == before and monotonic() < deadline:
        pause.wait(0.2)
    load.enough.set()
    load.join(60)
    assert not load.is_alive()
    assert running.stop() == 0
    assert running.process.stdout is not None
    running.process.stdout.close()
    # a second start: what the stop had no time for
    running = start_serve(data, "--trust", REFLECTOR, bind=BIND, log=log)
    wait_until_judged(data, running)
    assert running.stop() == 0
    running.process.stdout.close()  # type: ignore[union-attr]  # it is a pipe
    print(f"{len(load.acknowledged)} acknowledged in {load.tries} requests; killed {dict(killed)}")  # noqa: T201
    assert load.errors == []
    check_store(data, load.acknowledged)


def declared(folder: Path) -> str:
    """All the load comes from one address: a carrier, or its bucket would be empty at once."""
    path = folder / "prefixes"
    path.write_text("127.67.9.0/24 carrier\n", "utf-8")
    return str(path)


def wait_until_judged(data: Path, running: Serving) -> None:
    """Until nothing waits for the judge."""
    pause, deadline = threading.Event(), monotonic() + 300
    while monotonic() < deadline:
        assert running.process.poll() is None
        with suppress(OSError, msgspec.DecodeError):
            status = msgspec.json.decode((data / "status.json").read_bytes())
            if status["store"] == "ok" and not status["pieces_waiting"]:
                return
        pause.wait(0.3)
    raise AssertionError("not judged in time")


def check_store(data: Path, acknowledged: dict[str, int]) -> None:
    """Every acknowledged report once, with all its observations and votes, each once."""
    with open_store(f"chdb://{data}/store") as store:

        def counted(table: str) -> dict[str, int]:
            rows = store.select(f"SELECT report_id, count() AS n FROM {table} GROUP BY report_id").to_pylist()
            return {row["report_id"]: row["n"] for row in rows}

        reports, observations, votes = counted("reports"), counted("observations"), counted("votes")
        assert acknowledged.keys() <= reports.keys(), "lost"
        assert len(acknowledged) > 20
        assert set(reports.values()) == {1}, "doubled"
        assert observations.keys() == reports.keys()
        assert votes.keys() == reports.keys()
        assert len(set(observations.values())) == 1, Counter(observations.values())
        assert len(set(votes.values())) == 1, Counter(votes.values())
        in_cells = store.select("SELECT sum(reports) AS n FROM cells FINAL WHERE app = 'line'")["n"][
            0
        ].as_py()
        assert in_cells == len(reports)
        assert store.status()["damaged_parts"] == 0
