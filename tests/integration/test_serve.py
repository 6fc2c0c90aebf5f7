"""`voipwatch serve` whole: reports in, true cells, a planted block found, and no address kept."""

import select
import socket
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.support.reports import REFLECTOR, submission_of
from tests.support.serving import Client, Serving, serving
from voipwatch.collector.spool import Stored, list_segments, read_segment
from voipwatch.model.cells import CALL_STAGE
from voipwatch.model.submission import Intake, Submission
from voipwatch.pipeline.duties import STATUS_FILE
from voipwatch.pipeline.slim import inflate
from voipwatch.store.columns import TABLES
from voipwatch.store.opening import open_store

HOUR = 3600
PROBES = [f"{number:032x}" for number in (1, 2, 3)]
SOURCES = ["127.66.1.9", "127.66.2.9", "127.66.3.9"]
"""One prefix a probe: voices that nobody can take for one."""
QUIET_ROUNDS, BLOCKED_ROUNDS, STEP_H = 24, 10, 4
"""Four days of a check every four hours, then a block: found at the seventh round or so."""


def story(now_s: float) -> list[list[Submission]]:
    """Rounds of one report a probe, oldest first: the port is dropped from a certain hour on."""
    rounds = QUIET_ROUNDS + BLOCKED_ROUNDS
    first = now_s // HOUR * HOUR - rounds * STEP_H * HOUR
    told = []
    for number in range(rounds):
        at_s = first + number * STEP_H * HOUR
        world = "clean" if number < QUIET_ROUNDS else "port-drop"
        month = datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m")
        told.append(
            [
                submission_of(
                    world, 10 * number + index, at_s + 60 * index,
                    pseudonym=probe, month=month, instance="serve-test",
                )
                for index, probe in enumerate(PROBES)
            ]
        )  # fmt: skip
    return told


def wait_for_store(data: Path, reports: int, running: Serving) -> None:
    """Until the status says that all is judged, at most three minutes."""
    deadline = datetime.now(tz=UTC).timestamp() + 180
    while datetime.now(tz=UTC).timestamp() < deadline:
        assert running.process.poll() is None
        status = msgspec.json.decode((data / STATUS_FILE).read_bytes())
        if status["reports"] >= reports and not status["pieces_waiting"]:
            return
        select.select([], [], [], 0.2)
    raise AssertionError((data / STATUS_FILE).read_text("utf-8"))


@pytest.mark.slow
def test_from_a_line_to_a_cell_and_a_changepoint_and_no_address_anywhere(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    rounds = story(datetime.now(tz=UTC).timestamp())
    with serving(
        data, "--trust", REFLECTOR, "--instance", "serve-test", bind="127.66.0.1", log=log
    ) as running:
        clients = [Client(running.fields["collector"], source) for source in SOURCES]
        for told in rounds:
            for client, submission in zip(clients, told, strict=True):
                (result,) = client.submit([submission])
                assert result["status"] == "accepted", result
        for client in clients:
            client.close()
        wait_for_store(data, len(rounds) * len(PROBES), running)
        pids = running.pids
        assert sorted(pids) == ["collector", "keeper", "reflector"]
        assert running.stop() == 0
    assert [role for role, pid in pids.items() if Path(f"/proc/{pid}").exists()] == [], "nothing is left"
    assert all(segment.sealed for segment in list_segments(data / "collector" / "spool"))
    with open_store(f"chdb://{data}/store") as store:
        first, last = rounds[0][0].report.measurement, rounds[-1][0].report.measurement
        since = int(datetime.fromisoformat(first.started_at).timestamp()) // HOUR * HOUR
        until = int(datetime.fromisoformat(last.started_at).timestamp()) + HOUR
        cells = store.cells(country="MA", since=since, until=until, instance="serve-test").to_pylist()
        calls = [cell for cell in cells if cell["stage"] == CALL_STAGE and cell["app"] == "whatsapp"]
        states = [cell["state"] for cell in calls]
        assert states == ["ok"] * QUIET_ROUNDS + ["blocked"] * BLOCKED_ROUNDS
        named = {(cell["probes"], cell["operator"], cell["access"]) for cell in calls}
        assert named == {(3, "Testcom", "4g")}
        changes = store.changepoints(country="MA", instance="serve-test").to_pylist()
        assert [(row["kind"], row["app"], row["operator"]) for row in changes] == [
            ("onset", "whatsapp", "Testcom")
        ]
        onset = since + QUIET_ROUNDS * STEP_H * HOUR
        assert changes[0]["earliest"] <= onset <= changes[0]["latest"] + HOUR
        rows = [str(store.select(f"SELECT * FROM {table.name}").to_pylist()) for table in TABLES]
    bodies = [
        inflate(item.record)
        for segment in list_segments(data / "collector" / "spool")
        for item in read_segment(segment.path)
        if isinstance(item, Stored) and isinstance(item.record, Intake)
    ]
    assert len(bodies) == len(rounds) * len(PROBES)
    for source in SOURCES:
        assert addresses_in(data, source) == []
        # ... and inside what is compressed: the spool's bodies, every row of every table
        assert not any(source.encode() in body for body in bodies)
        assert not any(source in text for text in rows)
        assert source not in log.read_text("utf-8")


def addresses_in(folder: Path, address: str) -> list[Path]:
    """Files that hold the address as text; and as four bytes, in either order, where chance would not."""
    packed = socket.inet_aton(address)
    texts = [address.encode(), address.encode("utf-16-le"), b"\xff\xff" + packed]
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            needles = [*texts, packed, packed[::-1]] if len(content) < 1 << 16 else texts
            if any(needle in content for needle in needles):
                found.append(path)
    return found


def test_the_search_for_addresses_finds_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 70_000 + b"127.66.1.9")
    (tmp_path / "b").write_bytes(bytes([127, 66, 1, 9]))
    (tmp_path / "c").write_bytes(b"127.66.1.8")
    assert {path.name for path in addresses_in(tmp_path, "127.66.1.9")} == {"a", "b"}
