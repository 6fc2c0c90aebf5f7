"""A real cluster of NATS servers with JetStream on loopback, each in a process that the test ends by its pid.

The routes between servers go through relays of ours, so that a test can cut one server off from the others.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from nats.aio.client import Client

from tests.support.environment import require

START_S = 30.0
BINARY = Path(sys.executable).parent / "nats-server"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Wire:
    """A TCP relay from one server to another, which can be cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.cut = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def sever(self) -> None:
        """Nothing passes, and nobody comes in, until `mend`."""
        with self._lock:
            self.cut = True
            for each in list(self._open):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.cut = False

    def close(self) -> None:
        self.sever()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                if self.cut:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(one)
        one.close()


@dataclass
class Node:
    """One server."""

    number: int
    folder: Path
    client_port: int
    route_port: int
    wires: dict[int, Wire] = field(default_factory=dict)
    """To each other one."""
    process: "subprocess.Popen[bytes] | None" = None
    disk: str = ""
    """Size of a file system of its own for its data, as mount(8) takes it; empty: the test's folder."""

    @property
    def name(self) -> str:
        return f"n{self.number}"


class Cluster:
    """Three servers, or one. `url` is what a collector is given."""

    def __init__(self, folder: Path, size: int, *, partitions: int, options: str = "", payload: str) -> None:
        self.nodes = [Node(n, folder / f"n{n}", free_port(), free_port()) for n in range(size)]
        self._options = options
        self._payload = payload
        self._partitions = partitions
        for node in self.nodes:
            (node.folder / "data").mkdir(parents=True)
            for other in self.nodes:
                if other is not node:
                    node.wires[other.number] = Wire(other.route_port)
        for node in self.nodes:
            self._configure(node)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.client_port}" for node in self.nodes)
        return f"nats://{hosts}?partitions={self._partitions}&replicas={len(self.nodes)}"

    def start(self, number: int) -> None:
        """Start it, or start it again with what it has on disk."""
        node = self.nodes[number]
        with (node.folder / "log").open("ab") as log:
            command = [str(BINARY), "-c", str(node.folder / "server.conf")]
            if node.disk:
                mount = f"mount -t tmpfs -o size={node.disk} tmpfs {node.folder / 'data'}"
                command = ["unshare", "-rm", "sh", "-c", f'{mount} && exec "$0" "$@"', *command]
            node.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self, number: int) -> None:
        """SIGKILL, as a crash."""
        process = self.nodes[number].process
        assert process is not None
        process.kill()
        process.wait()

    def freeze(self, number: int) -> None:
        process = self.nodes[number].process
        assert process is not None
        process.send_signal(signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        process = self.nodes[number].process
        assert process is not None
        process.send_signal(signal.SIGCONT)

    def cut_off(self, number: int) -> None:
        """From all other servers, both ways; its clients still reach it."""
        for node in self.nodes:
            for other, wire in node.wires.items():
                if number in (node.number, other):
                    wire.sever()

    def join(self, number: int) -> None:
        """Undo `cut_off`."""
        for node in self.nodes:
            for other, wire in node.wires.items():
                if number in (node.number, other):
                    wire.mend()

    def behind(self, client: Client) -> int:
        """The server that it is connected to."""
        assert client.connected_url is not None
        (number,) = [node.number for node in self.nodes if node.client_port == client.connected_url.port]
        return number

    def close(self) -> None:
        for node in self.nodes:
            process = node.process
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
            for wire in node.wires.values():
                wire.close()

    def _configure(self, node: Node) -> None:
        routes = ", ".join(f'"nats-route://127.0.0.1:{wire.port}"' for wire in node.wires.values())
        cluster = (
            f'cluster {{ name: "test", listen: "127.0.0.1:{node.route_port}", routes: [{routes}], '
            "no_advertise: true, pool_size: -1 }"
            if node.wires
            else ""
        )
        (node.folder / "server.conf").write_text(
            f'server_name: "{node.name}"\nlisten: "127.0.0.1:{node.client_port}"\n'
            f"max_payload: {self._payload}\n"
            f'jetstream {{ store_dir: "{node.folder / "data"}", sync_interval: always, {self._options} }}\n'
            f"{cluster}\n"
        )


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
        return probe.recv(4) == b"INFO"
    return False


def _wait(node: Node) -> None:
    """Until it listens. Raises AssertionError with its log."""
    deadline = time.monotonic() + START_S
    while not answers(node.client_port):
        ended = node.process is None or node.process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise AssertionError((node.folder / "log").read_text("utf-8")[-2000:])
        time.sleep(0.05)


@contextmanager
def nats_cluster(
    folder: Path,
    size: int = 3,
    *,
    partitions: int = 2,
    options: str = "",
    payload: str = "9MB",
    small_disks: Mapping[int, str] = {},
) -> Iterator[Cluster]:
    """Servers until the end of the block."""
    require(os.access(BINARY, os.X_OK) or shutil.which("nats-server"), "nats-server is not installed")
    cluster = Cluster(folder, size, partitions=partitions, options=options, payload=payload)
    for number, disk in small_disks.items():
        cluster.nodes[number].disk = disk
    try:
        for node in cluster.nodes:
            cluster.start(node.number)
        for node in cluster.nodes:
            _wait(node)
        yield cluster
    finally:
        cluster.close()


def until_answered(ask: Callable[[], object], patience_s: float = START_S) -> None:
    """Call it until the cluster, which may be choosing a leader, answers. Raises its last OSError."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            ask()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
