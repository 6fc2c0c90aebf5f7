"""A load of signed reports for a collector, and how many of them a second it takes.

Reports are made before the clock starts: one simulated check, its log signed anew for each. The load comes
from one process beside the collector, over loopback, as through a proxy that forwards addresses of many
prefixes.
"""

import base64
import os
import select
import signal
import socket
import subprocess
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

import msgspec
import zstandard

from voipwatch.cli.machinery import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import emulated_submission, public_key
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.instants import iso
from voipwatch.model.results import Report
from voipwatch.wire.farlog import sign_farlog

KEY = bytes(range(32))
PREFIXES = 8192
TICKET = "0123456789abcdef"


@dataclass(frozen=True)
class Template:
    """A submission's JSON in pieces, between which what differs from report to report goes."""

    pieces: tuple[bytes, ...]
    log: bytes
    """The far log, inflated."""

    def body(self, number: int) -> bytes:
        """The JSON of one report, of a probe and a session of its own."""
        name = sha256(b"%d" % number).digest()
        payload = zlib.compress(self.log.replace(TICKET.encode(), name[:8].hex().encode()), 1)
        log = base64.b64encode(payload), base64.b64encode(sign_farlog(payload, KEY))
        values = [name[:16].hex().encode(), sha256(name).hexdigest().encode(), *log]
        return b"".join(piece + value for piece, value in zip(self.pieces, [*values, b""], strict=True))


def template(bytes_wanted: int | None, *, instance: str = "lab") -> Template:
    """Of a check of one app whose port is dropped: all its flows, or as many as make so many bytes.

    `instance`: which observatory's emulated reports they say they are; empty: they say nothing of the kind.
    """
    measurement = run_simulated(load_worlds().get("port-drop"), apps=["whatsapp"], seed=1)
    report = Report(judge(measurement, lang="en"), measurement, "bench")
    at = iso(datetime.now(tz=UTC).timestamp())
    if bytes_wanted is not None:
        flows, measurement.flows = measurement.flows, []
        room = bytes_wanted - len(msgspec.json.encode(emulated_submission(report, KEY, 0, at)))
        for flow in flows:
            size = len(msgspec.json.encode(flow)) + 1
            if size <= room:
                measurement.flows.append(flow)
                room -= size
    made = emulated_submission(report, KEY, 0, at)
    made = msgspec.structs.replace(made, probe=msgspec.structs.replace(made.probe, instance=instance))
    (facts,) = made.report.measurement.reflectors
    assert facts.log is not None
    ticket = sha256(b"ticket 0").hexdigest()[:16].encode()
    text = msgspec.json.encode(made)
    pieces, rest = [], text
    log = facts.log
    for value in (
        made.probe.pseudonym.encode(),
        made.probe.deletion_hash.encode(),
        base64.b64encode(log.payload),
        base64.b64encode(log.signature),
    ):
        before, _, rest = rest.partition(value)
        pieces.append(before)
    plain = zlib.decompress(log.payload)
    assert ticket in plain
    return Template((*pieces, rest), plain.replace(ticket, TICKET.encode()))


@dataclass(frozen=True)
class Requests:
    """Ready-made HTTP requests, and how many reports each holds."""

    wire: list[bytes]
    each: int
    report_bytes: int
    """Of one report's JSON, on average."""
    sent_bytes: int
    """Of one report as it travels, on average."""


class Form(StrEnum):
    """How reports are put into a request; all of it is zstd."""

    ALONE = "alone"
    ARRAY = "array"
    """One JSON array, packed as a whole."""
    LINES = "lines"
    """Lines, each packed by itself, as whoever hands on the reports of many has them."""

    def packed(self, bodies: list[bytes], packer: zstandard.ZstdCompressor) -> bytes:
        """A request's body."""
        if self is Form.LINES:
            return b"".join(packer.compress(body + b"\n") for body in bodies)
        return packer.compress(bodies[0] if self is Form.ALONE else b"[" + b",".join(bodies) + b"]")

    @property
    def media_type(self) -> str:
        """Content-Type."""
        return "application/x-ndjson" if self is Form.LINES else "application/json"


def _some(task: tuple[Template, Form, int, int, int]) -> tuple[list[bytes], int]:
    made, form, first, count, each = task
    packer = zstandard.ZstdCompressor(level=1)
    wire, plain = [], 0
    for start in range(first, first + count, each):
        bodies = [made.body(number) for number in range(start, start + each)]
        plain += sum(map(len, bodies))
        packed = form.packed(bodies, packer)
        prefix = (start // each) % PREFIXES
        head = (
            f"POST /api/v1/reports HTTP/1.1\r\nHost: collector\r\nContent-Type: {form.media_type}\r\n"
            f"Content-Encoding: zstd\r\nX-Forwarded-For: 41.{prefix >> 8}.{prefix & 255}.7\r\n"
            f"Content-Length: {len(packed)}\r\n\r\n"
        )
        wire.append(head.encode() + packed)
    return wire, plain


def requests(made: Template, form: Form, *, first: int, count: int, each: int) -> Requests:
    """`count` reports from number `first` on, `each` to a request."""
    step = max(each, count // 16 // each * each)
    tasks = [
        (made, form, start, min(step, first + count - start), each)
        for start in range(first, first + count, step)
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(_some, tasks))
    wire = [request for part, _ in parts for request in part]
    sent = sum(map(len, wire))
    return Requests(wire, each, sum(plain for _, plain in parts) // count, sent // count)


class CollectorProcess:
    """`voipwatch collector` in a process of its own."""

    def __init__(self, data: Path) -> None:
        command = [
            sys.executable, "-m", "voipwatch", "collector", "--data", str(data), "--bind", "127.0.0.1:0",
            "--metrics", "127.0.0.1:0", "--reflector-key", public_key(KEY), "--proxy", "127.0.0.0/8",
            "--instance", "lab",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        fields = dict(part.split("=", 1) for part in ready.split() if "=" in part)
        self.port = int(fields["http"].rpartition(":")[2])

    def pids(self) -> list[int]:
        """Of the collector and its workers."""
        own = self.process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text("utf-8").split()
        return [own, *map(int, children)]

    def memory_kb(self) -> int:
        """Largest resident sets until now, all processes added up: shared pages count in each."""
        total = 0
        for pid in self.pids():
            text = Path(f"/proc/{pid}/status").read_text("utf-8")
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:"))
        return total

    def cpu_s(self) -> float:
        """Processor seconds used until now, all processes added up."""
        ticks = 0
        for pid in self.pids():
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it, as an operator would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass(frozen=True)
class Run:
    """What one load came to."""

    reports: int
    seconds: float
    collector_cpu_s: float
    sender_cpu_s: float
    memory_kb: int
    """Largest resident sets of the collector and its workers until the end of the run, added up."""
    waits_ms: list[float]
    """From the first byte of each request to the last of its answer."""

    @property
    def rate(self) -> float:
        """Reports acknowledged a second."""
        return self.reports / self.seconds


def load(collector: CollectorProcess, what: Requests, *, connections: int) -> Run:
    """Send all, each connection one request at a time; every report must be accepted."""
    poll = select.epoll()
    todo = iter(what.wire)
    socks: dict[int, socket.socket] = {}
    sent_at: dict[int, float] = {}
    answers: dict[int, bytes] = {}
    waits, accepted = [], 0
    cpu, own = collector.cpu_s(), time.process_time()
    started = time.perf_counter()

    def send(sock: socket.socket) -> bool:
        request = next(todo, None)
        if request is None:
            return False
        sent_at[sock.fileno()], answers[sock.fileno()] = time.perf_counter(), b""
        sock.sendall(request)
        return True

    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", collector.port))
        socks[sock.fileno()] = sock
        poll.register(sock, select.EPOLLIN)
        if not send(sock):
            break
    open_requests = len(sent_at)
    while open_requests:
        for handle, _ in poll.poll():
            answers[handle] += socks[handle].recv(1 << 20)
            head, found, content = answers[handle].partition(b"\r\n\r\n")
            if not found or len(content) < int(
                head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
            ):
                continue
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the collector said: {answers[handle][:400]!r}")
            waits.append((time.perf_counter() - sent_at[handle]) * 1000)
            accepted += content.count(b'"status":"accepted"')
            if not send(socks[handle]):
                open_requests -= 1
    seconds = time.perf_counter() - started
    for sock in socks.values():
        sock.close()
    poll.close()
    if accepted != len(what.wire) * what.each:
        raise SystemExit(f"only {accepted} of {len(what.wire) * what.each} reports were accepted")
    return Run(
        accepted,
        seconds,
        collector.cpu_s() - cpu,
        time.process_time() - own,
        collector.memory_kb(),
        waits,
    )
