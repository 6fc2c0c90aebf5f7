"""The command line on the real probe, reflector and judge: programs on loopback, and what they say."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.reflector import loopback_of, needs_ipv6
from voipwatch.cli.machinery import judge, judge_in_english, measure_world
from voipwatch.cli.reportfile import decode_report
from voipwatch.lab.worlds import load_worlds

pytestmark = pytest.mark.xdist_group("cli-real-time")
"""One after the other: what keeps time should not wait for its sisters."""

IP = loopback_of(__name__)
PROGRAM = [sys.executable, "-m", "voipwatch"]
WAIT_S = 120.0
"""On a busy machine."""


@dataclass
class Far:
    """A reflector program that runs."""

    control: str
    pin: str
    process: "subprocess.Popen[str]"


@contextmanager
def reflector_on(address: str) -> Iterator[Far]:
    command = [*PROGRAM, "reflector", "--bind", address, "--control-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        found = re.search(r"ready control=(\S+) pin=([0-9a-f]{64})", line)
        assert found is not None, line + process.stderr.read()
        yield Far(found[1], found[2], process)
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0
        assert rest == ""  # one line on standard output, the rest elsewhere


@pytest.fixture(scope="module")
def far() -> Iterator[Far]:
    with reflector_on(IP) as running:
        yield running


def check_command(far: Far, *options: str, pin: str | None = None) -> list[str]:
    return [
        *PROGRAM,
        "check",
        "--reflector",
        far.control,
        "--pin",
        pin or far.pin,
        "--yes",
        "--json",
        *options,
    ]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "XDG_DATA_HOME": str(folder), "LC_ALL": "C.UTF-8"}


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.mark.slow
def test_a_check_on_loopback_and_its_verification(far: Far, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = check_command(far, "--app", "sip,whatsapp", "--budget", "300kB", "--out", str(report))
    done = subprocess.run(
        command, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode in {0, 2}, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert [row["app"] for row in document["results"]] == ["sip", "whatsapp"]
    row = document["results"][0]
    assert row["verdict"] in {"ok", "insufficient"}
    assert 0 < row["cost"]["bytes"] <= 330_000
    assert document["reflectors"][0]["log_signed"] is True
    assert "Traceback" not in done.stderr
    verified = subprocess.run(
        [*PROGRAM, "verify", str(report), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert verified.returncode == 0, verified.stdout
    kept = contents(tmp_path) + done.stdout.encode() + verified.stdout.encode()
    assert IP.encode() not in kept
    measurement = decode_report(report.read_bytes(), name="r")[0].measurement
    log = measurement.reflectors[0].log
    assert log is not None
    assert IP.encode() not in log.payload


@needs_ipv6
def test_a_whole_check_over_ipv6_alone(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with reflector_on("::1") as far:
        assert far.control.startswith("[::1]:")
        done = subprocess.run(
            check_command(far, "--app", "sip", "--budget", "300kB", "--out", str(report)),
            env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=WAIT_S,
        )  # fmt: skip
    assert done.returncode in {0, 2}, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    [row] = document["results"]
    assert row["verdict"] in {"ok", "insufficient"}
    assert row["stages"][0]["verdict"] == "ok"
    measurement = decode_report(report.read_bytes(), name="r")[0].measurement
    assert measurement.line.ip_version == 6
    assert document["reflectors"][0]["log_signed"] is True
    assert measurement.tcp
    assert all(trial.answered for trial in measurement.tcp)
    assert b"::1" not in contents(tmp_path) + done.stdout.encode()


@pytest.mark.slow
def test_ctrl_c_prints_and_keeps_the_partial_report(far: Far, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = check_command(far, "--app", "whatsapp", "--out", str(report))
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        # The spare tickets are on disk once the control channel has answered: the flows begin then.
        while not any((tmp_path / "voipwatch").glob("*")) and process.poll() is None:
            time.sleep(0.05)  # another process's file: there is nothing to wait on
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, out + err
    document = json.loads(out)
    assert document["interrupted"] == "user"
    assert [row["app"] for row in document["results"]] == ["whatsapp"]
    assert document["results"][0]["verdict"] != "blocked"
    assert "Traceback" not in err
    assert json.loads(report.read_text())["check"] == document


def test_a_wrong_pin_sends_nothing_and_gives_every_row(far: Far, tmp_path: Path) -> None:
    done = subprocess.run(
        check_command(far, "--app", "sip,webrtc", pin="00" * 32),
        env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=WAIT_S,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert done.returncode == 2
    assert [row["app"] for row in document["results"]] == ["sip", "webrtc"]
    assert {row["verdict"] for row in document["results"]} <= {"insufficient", "down"}
    assert document["reflectors"][0]["failure"] == "pin_mismatch"


def test_nobody_there_gives_every_row_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "check", "--reflector", f"{IP}:9", "--insecure", "--yes", "--json"],
        env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=WAIT_S,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert done.returncode == 2
    assert [row["app"] for row in document["results"]] == ["whatsapp", "sip", "webrtc"]
    assert {row["verdict"] for row in document["results"]} <= {"insufficient", "down"}
    assert "Traceback" not in done.stderr


def test_tickets_are_fetched_from_a_real_reflector(far: Far, tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "tickets", "fetch", "--reflector", far.control, "--pin", far.pin, "--count", "2"],
        env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=WAIT_S,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "tickets kept for 7 days" in done.stdout
    assert done.stdout.split()[-1] == "2"
    assert IP.encode() not in contents(tmp_path)


def test_judges_agree() -> None:
    world = load_worlds().get("clean")
    measurement = measure_world(world, ("sip",), seed=1, network="sim", budget_bytes=300_000)
    assert judge(measurement, lang="en") == judge_in_english(measurement)
    assert (
        judge(measurement, lang="fr").results[0].explanation
        != judge_in_english(measurement).results[0].explanation
    )
