import socket
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from voipwatch.cli.values import CONTROL_PORT
from voipwatch.reflector import server
from voipwatch.reflector.options import CONTROL_PORT as THEIRS
from voipwatch.reflector.options import ReflectorOptions


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ReflectorOptions]:
    """Options of the reflectors that would have been run."""
    seen: list[ReflectorOptions] = []

    def run(options: ReflectorOptions) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(server, "run", run)
    return seen


def test_options_are_understood(started: list[ReflectorOptions], tmp_path: Path) -> None:
    chain, key = tmp_path / "c.pem", tmp_path / "k.pem"
    chain.write_text("chain")
    key.write_text("key")
    ran = run_line(
        "reflector", "--bind", "0.0.0.0", "--bind", "[::]", "--bind", "0.0.0.0", "--control-port", "0",
        "--data", str(tmp_path / "new" / "data"), "--certificate", str(chain), "--certificate-key", str(key),
    )  # fmt: skip
    assert ran.status == 0
    (options,) = started
    assert options.bind == ("0.0.0.0", "::")
    assert options.control_port == 0
    assert options.data == tmp_path / "new" / "data"
    assert options.data.is_dir()
    assert (options.certificate, options.certificate_key) == (chain, key)


def test_defaults(started: list[ReflectorOptions]) -> None:
    assert run_line("reflector", "--bind", "127.0.0.1").status == 0
    (options,) = started
    assert (options.control_port, options.data, options.certificate) == (8443, None, None)


def test_the_default_port_is_the_reflectors_own() -> None:
    assert CONTROL_PORT == THEIRS


@pytest.mark.parametrize("error", [OSError(13, "Permission denied"), ValueError("no certificate")])
def test_what_keeps_it_from_starting_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def run(_: ReflectorOptions) -> int:
        raise error

    monkeypatch.setattr(server, "run", run)
    ran = run_line("reflector", "--bind", "127.0.0.1")
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (70, "", 1)
    assert (error.args[-1]) in ran.err


def test_a_control_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run_line("reflector", "--bind", "127.0.0.1", "--control-port", str(port))
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (64, "", 1)
    for words in (f"TCP port {port} on 127.0.0.1 is held", "end that one", "--control-port"):
        assert words in ran.err


def test_an_address_of_another_machine_is_misuse() -> None:
    ran = run_line("reflector", "--bind", "203.0.113.77", "--control-port", "0")  # RFC 5737: nobody's
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (64, "", 1)
    assert "this machine has no address 203.0.113.77" in ran.err


KEY = f"log_key={'cd' * 32}"


@pytest.mark.parametrize(("unbound", "said"), [("none", False), ("tcp/443,udp/3478", True)])
def test_the_ready_line_is_said_in_words_too(
    monkeypatch: pytest.MonkeyPatch, unbound: str, said: bool
) -> None:
    pin = "ab" * 32
    fields = f"control=127.0.0.1:8443,[::1]:8443 pin={pin} {KEY} udp=5060,3478,10000 tcp=5222,443"
    fields += f" unbound={unbound}"
    line = f"voipwatch reflector ready {fields}\n"

    def run(options: ReflectorOptions) -> int:
        options.ready.write(line)
        options.ready.flush()
        return 0

    monkeypatch.setattr(server, "run", run)
    ran = run_line("reflector", "--bind", "127.0.0.1", "--bind", "::1")
    assert ran.out == line  # programs read it, as it is
    assert "Control channel (HTTPS over TCP): 127.0.0.1:8443, [::1]:8443" in ran.err
    assert "UDP 3478, 5060, 10000; TCP 443, 5222" in ran.err
    assert f"voipwatch check --reflector 127.0.0.1:8443 --pin {pin}" in ran.err
    assert f"signed by the key {'cd' * 32}" in " ".join(ran.err.split())
    assert ("2 ports are NOT served" in ran.err) is said
    assert "TCP 8443 is this control channel's own: what Discord would send" in " ".join(ran.err.split())


def test_one_port_that_is_not_served_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(options: ReflectorOptions) -> int:
        fields = f"control=127.0.0.1:8444 pin={'ab' * 32} {KEY} udp=5060 tcp=443 unbound=udp/3478"
        options.ready.write(f"voipwatch reflector ready {fields}\n")
        return 0

    monkeypatch.setattr(server, "run", run)
    ran = run_line("reflector", "--bind", "127.0.0.1")
    assert "1 port, udp/3478, is NOT served" in ran.err
    assert "control channel's own" not in ran.err


def test_a_certificate_without_an_end_is_refused(started: list[ReflectorOptions], tmp_path: Path) -> None:
    good = tmp_path / "good.pem"
    good.write_text("pem")
    for chain, key in (
        ("/dev/zero", str(good)),
        (str(good), "/dev/zero"),
        (str(tmp_path / "none"), str(good)),
    ):
        ran = run_line("reflector", "--bind", "127.0.0.1", "--certificate", chain, "--certificate-key", key)
        assert ran.status == 64
        assert ran.err.count("\n") == 1
    assert started == []
