"""The reflector over real loopback sockets: ready line, datagrams, TCP trials, restart, floods."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reflector.compiled import hot
from tests.reflector.core.support import make_core
from tests.support.reflector import RunningReflector, loopback_of, needs_ipv6, running_reflector
from tests.support.waiting import ready_of
from voipwatch.apps import load_profiles, neutral_ports, tcp_ports
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.tickets import TicketBatch
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.control import Channel, Trust, request_log, request_tickets
from voipwatch.probe.path import Path as Way
from voipwatch.reflector import compiled
from voipwatch.reflector.options import CONTROL_PORT
from voipwatch.reflector.server import hasten
from voipwatch.wire.farlog import decode_farlog, verify_farlog
from voipwatch.wire.tls import TLS_ANSWER_BYTES, build_tls_client_hello, tls_server_random
from voipwatch.wire.token import (
    CONTROL_FLOW,
    TCP_FLOW,
    TokenKeys,
    encode_up,
    open_down_untrusted,
)

WAIT_S = 10.0
TRIAL_PORT = 5222


@pytest.fixture(scope="module")
def reflector() -> Iterator[RunningReflector]:
    with running_reflector(loopback_of(__name__)) as running:
        yield running


def channel(running: RunningReflector) -> Channel:
    return Channel(Way(running.host), running.host, running.port, Trust(pin=running.pin))


def get_batch(running: RunningReflector, count: int = 1) -> TicketBatch:
    answer = request_tickets(channel(running), count)
    assert answer.batch is not None, answer.failure
    return answer.batch


def get_keys(running: RunningReflector) -> TokenKeys:
    batch = get_batch(running)
    return TokenKeys(batch.tickets[0].number, batch.tickets[0].key, batch.offer.salt)


def udp_client(host: str) -> socket.socket:
    client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(WAIT_S)
    return client


def warmup(keys: TokenKeys, n: int, *, replicate: int = 0) -> bytes:
    return b"\x05" + bytes(143) + encode_up(keys, replicate, MEDIA_SEQ + n)


def test_the_ready_line_says_where_it_is_and_how_to_know_it(reflector: RunningReflector) -> None:
    fields = reflector.fields
    assert reflector.line.startswith("voipwatch reflector ready control=127.")
    assert list(fields) == ["control", "pin", "log_key", "udp", "tcp", "unbound"]
    assert re.fullmatch(r"[0-9a-f]{64}", fields["pin"])
    assert fields["log_key"] == get_batch(reflector).offer.key.hex()
    assert {str(port) for port in neutral_ports} <= set(fields["udp"].split(","))


def test_a_ticket_a_flow_and_its_signed_log(reflector: RunningReflector) -> None:
    keys = get_keys(reflector)
    with udp_client(reflector.host) as client:
        client.sendto(warmup(keys, 0), (reflector.host, neutral_ports[0]))
        for n in range(3):
            data, source = client.recvfrom(2048)
            assert source == (reflector.host, neutral_ports[0])
            token = open_down_untrusted(keys, 0, data[-52:])
            assert token is not None
            assert token.seq == MEDIA_SEQ + n
    answer = request_log(channel(reflector), keys.number, f"VW {encode_up(keys, CONTROL_FLOW, 1).hex()}")
    assert answer.log is not None
    offer = get_batch(reflector).offer
    assert verify_farlog(answer.log.payload, answer.log.signature, offer.key.hex())
    log = decode_farlog(answer.log.payload)
    assert log.flows[0].up.seq == [MEDIA_SEQ]
    assert len(log.flows[0].down.seq) >= 3
    assert offer.profiles_digest == load_profiles().digest


def test_without_a_ticket_nothing_comes_back(reflector: RunningReflector) -> None:
    """A flood of random datagrams, then a valid flow: the first answer is to the flow."""
    keys = get_keys(reflector)
    dice = random.Random(20160107)
    ports = [int(port) for port in reflector.fields["udp"].split(",")]
    with udp_client(reflector.host) as stranger, udp_client(reflector.host) as client:
        for n in range(3000):
            stranger.sendto(dice.randbytes(dice.randrange(1, 600)), (reflector.host, ports[n % len(ports)]))
        client.sendto(warmup(keys, 0), (reflector.host, neutral_ports[1]))
        assert client.recvfrom(2048)[1] == (reflector.host, neutral_ports[1])
        assert ready_of([stranger], 0) == []


def trial(reflector: RunningReflector, hello: bytes, *, pieces: int = 1) -> bytes:
    with socket.create_connection((reflector.host, TRIAL_PORT), timeout=WAIT_S) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = max(1, -(-len(hello) // pieces))
        for start in range(0, len(hello), step):
            client.sendall(hello[start : start + step])
        answer = b""
        while more := client.recv(4096):  # an RST would raise
            answer += more
        return answer


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_keyed_hello_over_tcp_gets_its_answer(reflector: RunningReflector, pieces: int) -> None:
    keys = get_keys(reflector)
    raw = trial(reflector, encode_up(keys, TCP_FLOW, 1) + bytes(16), pieces=pieces)
    assert len(raw) == 32
    assert open_down_untrusted(keys, TCP_FLOW, raw[16:], reply_seq=1) is not None
    hello = build_tls_client_hello(bytes(16) + encode_up(keys, TCP_FLOW, 2), filler=bytes(64))
    flight = trial(reflector, hello, pieces=pieces)
    assert len(flight) == TLS_ANSWER_BYTES
    server_random = tls_server_random(flight)
    assert server_random is not None
    assert open_down_untrusted(keys, TCP_FLOW, server_random[16:], reply_seq=2) is not None


@pytest.mark.parametrize(
    "hello",
    [b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", bytes(64), b"\x16\3\1\7\xff" + bytes(100), bytes(5000)],
)
def test_anything_else_over_tcp_is_closed_without_a_byte_and_without_a_reset(
    reflector: RunningReflector, hello: bytes
) -> None:
    assert trial(reflector, hello) == b""


def test_a_client_that_leaves_at_once_does_no_harm(reflector: RunningReflector) -> None:
    for _ in range(50):
        socket.create_connection((reflector.host, TRIAL_PORT), timeout=WAIT_S).close()
    keys = get_keys(reflector)
    assert len(trial(reflector, encode_up(keys, TCP_FLOW, 1) + bytes(16))) == 32


def test_connections_of_one_address_are_bounded(reflector: RunningReflector) -> None:
    clients = [socket.create_connection((reflector.host, TRIAL_PORT), timeout=WAIT_S) for _ in range(40)]
    try:
        # those over the limit are closed at once, the others are left to dawdle
        turned_away = 0
        while turned_away < 8:
            ready = ready_of(clients, WAIT_S)
            assert ready, "nobody was turned away"
            for client in ready:
                turned_away += 1
                clients.remove(client)
                client.close()
    finally:
        for client in clients:
            client.close()


@needs_ipv6
def test_ipv6_is_served_too() -> None:
    with running_reflector("::1") as running:
        keys = get_keys(running)
        with udp_client("::1") as client:
            client.sendto(warmup(keys, 0), ("::1", neutral_ports[2]))
            assert client.recvfrom(2048)[1][:2] == ("::1", neutral_ports[2])


def test_ports_that_are_taken_are_listed_and_not_offered() -> None:
    ip = loopback_of("taken ports")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((ip, 3478))
        with running_reflector(ip) as running:
            assert running.fields["unbound"] == "udp/3478"
            assert "3478" not in running.fields["udp"].split(",")
            assert 3478 not in get_batch(running).offer.udp_ports
            assert "udp/3478 is not served" in running.log.getvalue()


def test_the_control_channel_on_a_call_port_is_no_port_that_somebody_holds() -> None:
    """The default control port, 8443, is one of Discord's: the reflector must not warn of itself."""
    ip = loopback_of("own port")
    with running_reflector(ip, control_port=CONTROL_PORT) as running:
        assert CONTROL_PORT in tcp_ports(load_profiles())
        assert running.fields["unbound"] == "none"
        assert str(CONTROL_PORT) not in running.fields["tcp"].split(",")
        assert CONTROL_PORT not in get_batch(running).offer.tcp_ports
        assert "not served" not in running.log.getvalue()


def test_a_control_port_that_is_taken_is_an_error() -> None:
    ip = loopback_of("taken control")
    with socket.socket() as taken:
        taken.bind((ip, 0))
        with (
            pytest.raises(OSError, match="in use"),
            running_reflector(ip, control_port=taken.getsockname()[1]),
        ):
            pass


def test_identity_certificate_and_tickets_outlive_a_restart(tmp_path: Path) -> None:
    ip = loopback_of("restart")
    with running_reflector(ip, data=tmp_path / "data") as first:
        batch = get_batch(first, 2)
    with running_reflector(ip, data=tmp_path / "data") as second:
        assert second.pin == first.pin
        assert get_batch(second).offer.key == batch.offer.key
        keys = TokenKeys(batch.tickets[0].number, batch.tickets[0].key, batch.offer.salt)
        with udp_client(ip) as client:
            client.sendto(warmup(keys, 0), (ip, neutral_ports[0]))
            assert client.recvfrom(2048)[0]
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    assert modes == {"identity.json": 0o600, "tickets.json": 0o600, "certificate.pem": 0o600}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "data").iterdir():
        assert ip.encode() not in path.read_bytes()


def test_without_a_data_folder_every_start_is_another_reflector() -> None:
    ip = loopback_of("memory")
    with running_reflector(ip) as first:
        pass
    with running_reflector(ip) as second:
        assert first.pin != second.pin


def test_nothing_it_says_has_an_address_of_a_caller(reflector: RunningReflector) -> None:
    get_batch(reflector)
    assert "127." not in reflector.log.getvalue()


def test_the_program_ends_cleanly_on_sigterm(repository: Path) -> None:
    ip = loopback_of("sigterm")
    code = (
        "import sys; from voipwatch.reflector.server import run; "
        "from voipwatch.reflector.options import ReflectorOptions; "
        f"sys.exit(run(ReflectorOptions(bind=({ip!r},), control_port=0)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository / "src"), "PYTHONWARNINGS": "error"}
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line.startswith("voipwatch reflector ready ")
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=WAIT_S)
    assert (program.returncode, out) == (0, "")
    assert "ended; sessions=0" in err
    assert "Traceback" not in err


def test_compiled_code_is_taken_where_it_can_be_had_and_said_to_be_missing_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = hot()
    monkeypatch.setattr(compiled, "load", lambda: module)
    core, said = make_core(), list[str]()
    hasten(core, said.append)
    assert said == []
    assert isinstance(core._hot, module.Hot)

    def missing() -> None:
        raise compiled.UnavailableError("no C compiler")

    monkeypatch.setattr(compiled, "load", missing)
    core = make_core()
    hasten(core, said.append)
    assert said == ["no compiled code (no C compiler): Python carries every packet"]
    assert core._hot is None


def test_a_dead_reflector_is_a_failure_not_an_exception() -> None:
    ip = loopback_of("dead")
    with running_reflector(ip) as running:
        reach = channel(running)
    answer = request_tickets(reach, 1)
    assert (answer.batch, answer.failure) == (None, Failure.CONNECTION_REFUSED)
