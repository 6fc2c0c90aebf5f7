"""Real workers behind one address: each client's own, one killed and its successor."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path as File

import pytest

from tests.support.reflector import loopback_of
from voipwatch.apps import neutral_ports
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.tickets import TicketBatch
from voipwatch.probe.control import Channel, Trust, request_log, request_tickets
from voipwatch.probe.path import Path
from voipwatch.reflector.options import ReflectorOptions
from voipwatch.reflector.server import prepare
from voipwatch.reflector.steering import worker_of
from voipwatch.reflector.workers import Group
from voipwatch.wire.farlog import decode_farlog, verify_farlog
from voipwatch.wire.token import CONTROL_FLOW, TCP_FLOW, TokenKeys, encode_up, open_down_untrusted

WAIT_S = 20.0
WORKERS = 3
TRIAL_PORT = 5222


class From(Path):
    """A way that begins at a loopback address of the client's own."""

    def __init__(self, ip: str, source: str) -> None:
        super().__init__(ip)
        object.__setattr__(self, "source", source)

    def open_socket(self, kind: socket.SocketKind) -> socket.socket:
        """Bound to it."""
        sock = super().open_socket(kind)
        sock.bind((self.source, 0))  # type: ignore[attr-defined]  # set around the frozen parent
        return sock


class Reflector:
    """The program, with its ready line read."""

    def __init__(
        self,
        repository: File,
        data: File,
        *,
        workers: int = WORKERS,
        port: int = 0,
    ) -> None:
        self.host = loopback_of("workers")
        code = (
            "import sys; from pathlib import Path; from voipwatch.reflector.server import run; "
            "from voipwatch.reflector.options import ReflectorOptions; "
            f"sys.exit(run(ReflectorOptions(bind=({self.host!r},), control_port={port}, "
            f"workers={workers}, data=Path({str(data)!r}))))"
        )
        environment = {**os.environ, "PYTHONPATH": str(repository / "src"), "PYTHONWARNINGS": "error"}
        self.log = (data.parent / "log").open("w+", encoding="utf-8")
        self.program = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment
        )
        assert self.program.stdout is not None
        self.line = self.program.stdout.readline()
        fields = dict(part.split("=", 1) for part in self.line.split() if "=" in part)
        self.port, self.pin = int(fields["control"].rsplit(":", 1)[1]), fields["pin"]
        self.workers = fields["workers"]

    def processes(self) -> list[int]:
        """Of the workers."""
        pid = self.program.pid
        return [int(text) for text in File(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def channel(self, source: str) -> Channel:
        """From a client's own address."""
        return Channel(From(self.host, source), self.host, self.port, Trust(pin=self.pin))

    def batch(self, source: str, count: int = 1) -> TicketBatch:
        """Tickets."""
        answer = request_tickets(self.channel(source), count)
        assert answer.batch is not None, answer.failure
        return answer.batch

    def end(self) -> None:
        """Whatever it is at."""
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait(WAIT_S)
        self.log.close()
        assert self.program.stdout is not None
        self.program.stdout.close()

    def stop(self) -> str:
        """What it said; it must end well."""
        self.program.send_signal(signal.SIGTERM)
        assert self.program.wait(WAIT_S) == 0
        self.log.seek(0)
        return self.log.read()


@pytest.fixture
def reflector(repository: File, tmp_path: File) -> Iterator[Reflector]:
    running = Reflector(repository, tmp_path / "data")
    try:
        yield running
    finally:
        running.end()


def sources() -> list[str]:
    """Two clients of each worker."""
    found: dict[int, list[str]] = {n: [] for n in range(WORKERS)}
    for n in range(2, 250):
        kin = found[worker_of(f"127.2.{n}.9", WORKERS)]
        if len(kin) < 2:
            kin.append(f"127.2.{n}.9")
    return [source for kin in found.values() for source in kin]


def open_flow(
    reflector: Reflector, source: str, batch: TicketBatch, ticket: int = 0
) -> tuple[TokenKeys, socket.socket]:
    """A flow that was answered: to an address that has proved nothing no more goes than came from it."""
    chosen = batch.tickets[ticket]
    keys = TokenKeys(chosen.number, chosen.key, batch.offer.salt)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(WAIT_S)
    client.bind((source, 0))
    client.connect((reflector.host, neutral_ports[0]))
    for seq in range(MEDIA_SEQ, MEDIA_SEQ + 3):
        client.send(b"\x05" + bytes(143) + encode_up(keys, 0, seq))
    assert client.recv(2048)
    return keys, client


def check_log(reflector: Reflector, source: str, keys: TokenKeys, key: str) -> None:
    """The signed log has this client's flow."""
    answer = request_log(
        reflector.channel(source), keys.number, f"VW {encode_up(keys, CONTROL_FLOW, 1).hex()}"
    )
    assert answer.log is not None, answer.failure
    assert verify_farlog(answer.log.payload, answer.log.signature, key)
    assert decode_farlog(answer.log.payload).flows[0].up.seq == [MEDIA_SEQ, MEDIA_SEQ + 1, MEDIA_SEQ + 2]


def test_every_client_has_its_worker_and_one_that_dies_harms_no_other(reflector: Reflector) -> None:
    assert reflector.workers == str(WORKERS)
    clients = sources()
    flows = {}
    keys_seen = set()
    for source in clients:
        batch = reflector.batch(source)
        keys_seen.add(batch.offer.key.hex())
        flows[source] = open_flow(reflector, source, batch)
    (key,) = keys_seen
    before = reflector.processes()
    assert len(before) == WORKERS
    for keys, source in ((flows[source][0], source) for source in clients[::2]):
        check_log(reflector, source, keys, key)
    os.kill(before[0], signal.SIGKILL)
    mine = [source for source in clients if worker_of(source, WORKERS) == 0]
    for source in mine:  # waits in the socket until the successor serves
        batch = reflector.batch(source)
        assert batch.offer.key.hex() == key
        keys, client = open_flow(reflector, source, batch)
        check_log(reflector, source, keys, key)
        client.close()
    assert set(before[1:]) < set(reflector.processes())
    for source in clients:
        if source not in mine and source not in clients[::2]:
            check_log(reflector, source, flows[source][0], key)
    for _, client in flows.values():
        client.close()
    said = reflector.stop()
    assert "worker 0 died" in said
    for number in range(WORKERS):
        assert said.count(f"reflector {number}: ended; sessions=2") == 1
    assert "Traceback" not in said


def test_a_caller_whose_packets_come_from_other_addresses_than_his_ticket_is_served(
    reflector: Reflector,
) -> None:
    """As behind a carrier's pool of addresses: his calls must not look blocked."""
    asked, *others = sources()[::2]
    batch = reflector.batch(asked, len(others))
    for number, other in enumerate(others):
        assert worker_of(other, WORKERS) != worker_of(asked, WORKERS)
        keys, client = open_flow(reflector, other, batch, number)
        client.close()
        for source in (other, asked):
            check_log(reflector, source, keys, batch.offer.key.hex())
    said = reflector.stop()
    assert "Traceback" not in said


def test_a_hello_over_tcp_from_another_address_than_his_ticket_is_answered(reflector: Reflector) -> None:
    asked, *others = sources()[::2]
    batch = reflector.batch(asked)
    keys = TokenKeys(batch.tickets[0].number, batch.tickets[0].key, batch.offer.salt)
    for number, source in enumerate((asked, *others), start=1):
        hello = encode_up(keys, TCP_FLOW, number) + bytes(16)
        for end in (len(hello), len(hello) // 2):  # whole; then one that is cut short, and gets nothing
            with socket.create_connection(
                (reflector.host, TRIAL_PORT), timeout=WAIT_S, source_address=(source, 0)
            ) as client:
                client.sendall(hello[:end])
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while more := client.recv(4096):
                    answer += more
            assert len(answer) == (32 if end == len(hello) else 0)
            if answer:
                assert open_down_untrusted(keys, TCP_FLOW, answer[16:], reply_seq=number) is not None
    assert "Traceback" not in reflector.stop()


def test_tickets_outlive_a_restart_with_another_number_of_workers(repository: File, tmp_path: File) -> None:
    first = Reflector(repository, tmp_path / "data")
    batches = {source: first.batch(source) for source in sources()}
    port = first.port
    first.stop()
    first.end()
    second = Reflector(repository, tmp_path / "data", workers=2, port=port)
    try:
        for source, batch in batches.items():
            keys, client = open_flow(second, source, batch)
            client.close()
            check_log(second, source, keys, batch.offer.key.hex())
        second.stop()
    finally:
        second.end()


def test_a_port_of_anothers_group_is_not_joined(reflector: Reflector) -> None:
    options = ReflectorOptions(bind=(reflector.host,), control_port=reflector.port, workers=2)
    with pytest.raises(OSError, match="Address already in use"):
        Group.bind(options, prepare(options, print))
    reflector.stop()
