"""`voipwatch serve --stream`: a report over a real stream into the store, and back-pressure to the probe."""

import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import run_line
from tests.integration.test_serve import HOUR, PROBES, SOURCES, wait_for_store
from tests.support.nats_cluster import nats_cluster
from tests.support.reports import REFLECTOR, submission_of
from tests.support.serving import Client, serving
from voipwatch.model.instants import iso
from voipwatch.model.submission import Submission
from voipwatch.store.opening import open_store

INSTANCE = "stream-test"
GIVE_UP_S = 60.0


def reports(first: int) -> list[Submission]:
    """One of each probe, of the last whole hour."""
    at_s = datetime.now(tz=UTC).timestamp() // HOUR * HOUR - HOUR
    month = datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m")
    return [
        submission_of(
            "port-drop", first + index, at_s + 60 * index, pseudonym=probe, month=month, instance=INSTANCE
        )
        for index, probe in enumerate(PROBES)
    ]


def dated(submission: Submission) -> Submission:
    """As a probe sends it now; not enrolled."""
    now = iso(datetime.now(tz=UTC).timestamp())
    return msgspec.structs.replace(
        submission, probe=msgspec.structs.replace(submission.probe, sent_at=now, queued_at=now, enrolment="")
    )


@pytest.mark.slow
def test_a_report_goes_over_the_stream_into_a_cell_and_waits_with_the_probe_while_it_is_away(
    tmp_path: Path,
) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    with ExitStack() as stack:
        cluster = stack.enter_context(nats_cluster(tmp_path / "nats", 1, partitions=4))
        options = ("--trust", REFLECTOR, "--instance", INSTANCE, "--stream", cluster.url)
        running = stack.enter_context(serving(data, *options, bind="127.69.0.1", log=log))
        clients = [Client(running.fields["collector"], source) for source in SOURCES]
        for client, report in zip(clients, reports(0), strict=True):
            (result,) = client.submit([report])
            assert result["status"] == "accepted"
        wait_for_store(data, 3, running)
        cluster.kill(0)
        (late, *_) = reports(10)
        body = msgspec.json.encode(dated(late))
        status, answer = clients[0].request("POST", "/api/v1/reports", body)
        assert (status, answer["error"]["code"]) == (503, "stream")
        cluster.start(0)
        deadline = time.monotonic() + GIVE_UP_S
        while status != 200 and time.monotonic() < deadline:
            status, answer = clients[0].request("POST", "/api/v1/reports", body)
        assert answer["results"][0]["status"] == "accepted"
        wait_for_store(data, 4, running)
        for client in clients:
            client.close()
        assert running.stop() == 0
    with open_store(f"chdb://{data}/store") as store:
        counts = store.select("SELECT count() AS n, uniqExact(report_id) AS ids FROM reports").to_pylist()
        assert counts == [{"n": 4, "ids": 4}]
        since = int(datetime.now(tz=UTC).timestamp()) // HOUR * HOUR - 2 * HOUR
        cells = store.cells(country="MA", since=since, until=since + 3 * HOUR, instance=INSTANCE).to_pylist()
        states = {(cell["app"], cell["stage"]): cell["state"] for cell in cells}
        assert states["whatsapp", "call"] == "blocked"
    said = log.read_text("utf-8")
    assert "it takes reports again" in said
    assert "Traceback" not in said


def test_a_collector_without_its_stream_says_so_in_a_line_and_ends(tmp_path: Path) -> None:
    options = ("--reflector-key", REFLECTOR, "--bind", "127.69.0.2:0", "--metrics", "none", "--without-geo")
    ended = subprocess.run(
        [sys.executable, "-m", "voipwatch", "collector", "--data", str(tmp_path / "data"), *options,
         "--stream", "nats://user:hunter2@127.0.0.1:1"],
        capture_output=True, text=True, timeout=GIVE_UP_S, check=False,
    )  # fmt: skip
    assert ended.returncode == 70
    assert "127.0.0.1:1" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_no_stream_is_misuse(tmp_path: Path) -> None:
    for command in ("serve", "collector"):
        options = ("--reflector-key", REFLECTOR) if command == "collector" else ()
        ended = run_line(command, "--data", str(tmp_path), *options, "--stream", "http://user:hunter2@a")
        assert ended.status == 64
        assert "nats://" in ended.err
        assert "hunter2" not in ended.err
