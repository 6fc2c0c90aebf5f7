import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.support.environment import REPOSITORY
from voipwatch.cli import collector as command
from voipwatch.collector import server
from voipwatch.collector.geo import NoGeo
from voipwatch.collector.keys import KEYS_FILE
from voipwatch.collector.options import KEEP_MONTHS, METRICS_PORT, PORT, CollectorOptions
from voipwatch.model.submission import PrefixKind

KEY = "ab" * 32


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[CollectorOptions]:
    """Options of the collectors that would have been run."""
    seen: list[CollectorOptions] = []

    def run(options: CollectorOptions, ready: object) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(server, "run", run)
    return seen


def test_options_are_understood(started: list[CollectorOptions], tmp_path: Path) -> None:
    declared = tmp_path / "prefixes.txt"
    declared.write_text("192.0.2.0/24 carrier\n")
    ran = run_line(
        "collector", "--data", str(tmp_path / "new" / "data"), "--reflector-key", KEY.upper(),
        "--reflector-key", "cd" * 32, "--bind", "[::1]:0", "--metrics", "none", "--proxy", "127.0.0.1",
        "--proxy", "10.0.0.0/8", "--prefixes", str(declared), "--keep-months", "3", "--without-geo",
        "--instance", "morocco-2016",
    )  # fmt: skip
    assert (ran.status, ran.err) == (0, "")
    (options,) = started
    assert options.data == tmp_path / "new" / "data"
    assert options.reflectors == {KEY, "cd" * 32}
    assert (options.bind, options.port, options.metrics_port) == ("::1", 0, None)
    assert [str(proxy) for proxy in options.proxies] == ["127.0.0.1/32", "10.0.0.0/8"]
    assert list(options.declared.values()) == [PrefixKind.CARRIER]
    assert options.keep_months == 3
    assert options.instance == "morocco-2016"
    assert isinstance(options.geo, NoGeo)


def test_defaults_are_the_collectors_own(started: list[CollectorOptions], tmp_path: Path) -> None:
    assert run_line("collector", "--data", str(tmp_path), "--reflector-key", KEY).status == 0
    (options,) = started
    assert (options.bind, options.port) == ("127.0.0.1", PORT)
    assert (options.metrics_bind, options.metrics_port) == ("127.0.0.1", METRICS_PORT)
    assert (options.keep_months, options.geo, options.certificate) == (KEEP_MONTHS, None, None)
    assert options.instance == "", "real reports, and no others"
    assert command.KEEP_MONTHS == KEEP_MONTHS


@pytest.mark.parametrize(
    "line",
    [
        ["--reflector-key", KEY],
        ["--data", "."],
        ["--data", ".", "--reflector-key", "abc"],
        ["--data", ".", "--reflector-key", KEY, "--bind", "8480"],
        ["--data", ".", "--reflector-key", KEY, "--bind", "example.org:80"],
        ["--data", ".", "--reflector-key", KEY, "--bind", "1.2.3.4:99999"],
        ["--data", ".", "--reflector-key", KEY, "--metrics", "x"],
        ["--data", ".", "--reflector-key", KEY, "--proxy", "here"],
        ["--data", ".", "--reflector-key", KEY, "--prefixes", "no-such-file"],
        ["--data", ".", "--reflector-key", KEY, "--certificate", "x.pem"],
        ["--data", ".", "--reflector-key", KEY, "--keep-months", "0"],
        ["--data", "\0", "--reflector-key", KEY],
    ],
    ids=lambda line: " ".join(line)[-30:],
)
def test_misuse_is_one_line(started: list[CollectorOptions], line: list[str]) -> None:
    ran = run_line("collector", *line)
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (64, "", 1)
    assert started == []


def test_a_wrong_prefix_file_names_the_line(started: list[CollectorOptions], tmp_path: Path) -> None:
    (tmp_path / "p").write_text("192.0.2.0/24 fixed\nnonsense\n")
    ran = run_line(
        "collector", "--data", str(tmp_path), "--reflector-key", KEY, "--prefixes", str(tmp_path / "p")
    )
    assert ran.status == 64
    assert "line 2" in ran.err


def test_what_keeps_it_from_starting_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        line = [
            "collector",
            "--data",
            str(tmp_path),
            "--reflector-key",
            KEY,
            "--without-geo",
            "--metrics",
            "none",
        ]
        ran = run_line(*line, "--bind", place)
        assert (ran.status, ran.out, len(ran.err.splitlines())) == (70, "", 1)
        assert "is held by another program" in ran.err
    (tmp_path / KEYS_FILE).write_bytes(b"x")
    ran = run_line(*line, "--bind", "127.0.0.1:0")
    assert (ran.status, len(ran.err.splitlines())) == (70, 1)
    assert "damaged" in ran.err


def test_it_runs_says_where_and_ends_on_a_signal(tmp_path: Path) -> None:
    arguments = [
        "collector", "--data", str(tmp_path), "--reflector-key", KEY, "--bind", "127.0.0.1:0",
        "--without-geo", "--metrics", "127.0.0.1:0", "--lang", "en",
    ]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "voipwatch", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src")},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        fields = dict(part.split("=", 1) for part in line.split()[3:])
        assert line.startswith("voipwatch collector ready http=127.0.0.1:")
        with socket.create_connection(("127.0.0.1", int(fields["http"].rpartition(":")[2])), timeout=30):
            pass
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert f"Its key, for the probes: {fields['key']}" in err
    assert "Traceback" not in err
