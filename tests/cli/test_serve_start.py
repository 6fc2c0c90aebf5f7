"""What `voipwatch serve` does before its processes start. Whole: tests/integration."""

import fcntl
import os
import socket
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificates

from tests.cli.doubles import run_line
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.serve_start import LOCK_FILE, Port, alone, prepare, require_ports


def test_a_second_serve_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (tmp_path / LOCK_FILE).open("w") as file:
        file.write("4711\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = run_line("serve", "--data", str(tmp_path))
    assert ran.status == 70
    assert "4711" in ran.err
    with alone(tmp_path):
        assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
        with pytest.raises(Trouble):
            alone(tmp_path).__enter__()
    with alone(tmp_path):
        pass


@pytest.mark.parametrize("option", ["--control-port", "--collector-port", "--metrics-port"])
def test_a_port_of_another_program_is_told_before_anything_starts(tmp_path: Path, option: str) -> None:
    free = {"--control-port": "0", "--collector-port": "0", "--metrics-port": "0"}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        options = [word for pair in (free | {option: port}).items() for word in pair]
        ran = run_line("serve", "--data", str(tmp_path), *options, width=300)
    assert ran.status == 64
    assert f"TCP port {port} on 127.0.0.1 is held by another program" in ran.err
    assert f"{option} 0" in ran.err
    assert not (tmp_path / "reflector").exists(), "nothing was begun"
    assert not (tmp_path / "store").exists()


def test_one_port_for_two_parts_is_told_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
    ran = run_line(
        "serve", "--data", str(tmp_path), "--control-port", port, "--collector-port", port,
        "--metrics-port", "0", width=300,
    )  # fmt: skip
    assert (ran.status, "--collector-port 0" in ran.err) == (64, True)


def test_an_address_that_is_not_ours_is_told(tmp_path: Path) -> None:
    ran = run_line("serve", "--data", str(tmp_path), "--bind", "192.0.2.1", width=300)
    assert (ran.status, "192.0.2.1" in ran.err) == (64, True)


def test_ports_are_let_go_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Misuse):
            require_ports([Port("--site-port", "127.0.0.1", port)])
    for _ in range(2):
        require_ports([Port("--site-port", "127.0.0.1", port)])


def test_keys_are_made_once_and_a_certificate_that_is_named_is_taken(tmp_path: Path) -> None:
    key, chain, private = prepare(tmp_path, None, None)
    assert len(bytes.fromhex(key)) == 32
    assert load_pem_x509_certificates(chain.read_bytes())
    assert private.stat().st_mode & 0o777 == 0o600
    assert prepare(tmp_path, None, None) == (key, chain, private)
    assert prepare(tmp_path, Path("c"), Path("k")) == (key, Path("c"), Path("k"))
