"""How late datagrams leave: a whole check over real loopback sockets to a reflector in a process of its own.

Late is against the script: the flow's media start plus the packet's offset. Twice: by the time in the record,
which is what verdicts are made of, and by the clock after `sendto` has returned, which is nearer to the wire.
"""

import os
import resource
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path as Path_
from statistics import median
from typing import Final
from unittest.mock import patch

import msgspec

from scripts.benchmarks.figures import Distribution, distribution, load
from voipwatch.apps import load_profiles
from voipwatch.experiment import CheckConfig, LineCheck
from voipwatch.experiment.events import FetchLog, LogOutcome
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.instants import iso
from voipwatch.model.measurement import Line
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import CheckOptions, Target, Trust
from voipwatch.probe.check import reach_all
from voipwatch.probe.control import request_log
from voipwatch.probe.path import Path
from voipwatch.probe.shell import Shell
from voipwatch.probe.udp import UdpSocket

BIND: Final = "127.66.20.1"
"""A loopback address of its own, so that no other reflector of this machine is in the way."""
START_S: Final = 60.0
AUDIO_GAP_US: Final = 20_000
RUNS_MAX: Final = 5
UNDISTURBED_MAX: Final = 0.03
"""Of the processors' time: interrupts, the kernel's own work and this program take up to so much."""
IDLE, IOWAIT = 3, 4
"""Places in the line of /proc/stat."""


class Sending(msgspec.Struct, frozen=True):
    """Milliseconds between when a media packet should have left and when it did; negative is early."""

    apps: tuple[str, ...]
    record_ms: Distribution | None
    """20 ms audio, by the record; absolute values."""
    sent_ms: Distribution | None
    """20 ms audio, by the clock after `sendto`."""
    every_ms: Distribution | None
    """Media of every app and spacing, after `sendto`."""
    by_app_ms: Mapping[str, Distribution]
    """After `sendto`."""
    flows: int
    datagrams_sent: int
    datagrams_received: int
    wall_s: float
    cpu_s: float
    """User and system time of the probe: waiting costs none."""
    load_before: float | None
    load_after: float | None
    interrupted: str | None
    disturbed_ratio: float | None = None
    """Share of all cores' time that was not ours: taken by other guests of the host (steal) or used by other
    programs of this machine. None where the system does not count it.
    """
    other_runs: tuple[tuple[float, float, float], ...] = ()
    """Of the runs disturbed more: their share, and their 95th percentiles as recorded and as sent, ms."""


def measure(apps: tuple[str, ...], *, budget_bytes: int = 2_000_000, runs_max: int = RUNS_MAX) -> Sending:
    """One check in a fresh process, the least disturbed of up to `runs_max`; a calm one ends it.

    A virtual machine whose host is busy stands still for tenths of a second: no doing of the program's.
    """
    runs: list[Sending] = []
    while len(runs) < runs_max:
        before, own = processor_ticks(), _children_s()
        with running_reflector() as (port, pin), _one_process() as pool:
            run: Sending = pool.submit(_probe, port, pin, apps, budget_bytes).result()
        own_s = _children_s() - own
        run = msgspec.structs.replace(run, disturbed_ratio=disturbed(before, processor_ticks(), own_s))
        runs.append(run)
        if run.interrupted is None and (run.disturbed_ratio or 0.0) < UNDISTURBED_MAX:
            break
    best = min(runs, key=lambda run: (run.interrupted is not None, run.disturbed_ratio or 0.0))
    others = tuple(
        (run.disturbed_ratio or 0.0, run.record_ms.p95, run.sent_ms.p95)
        for run in runs
        if run is not best and run.record_ms is not None and run.sent_ms is not None
    )
    return msgspec.structs.replace(best, other_runs=others)


def _children_s() -> float:
    """Processor seconds of the programs that we started and that have ended: the reflector and the probe."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_ticks() -> list[int] | None:
    """Ticks of all cores since the start: user, nice, system, idle, iowait, irq, softirq, steal (proc(5))."""
    try:
        line = Path_("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    return [int(word) for word in line.split()[1:9]]


def disturbed(before: list[int] | None, after: list[int] | None, own_s: float) -> float | None:
    """Share of the processors' time between two readings that was neither idle nor ours."""
    if before is None or after is None or sum(after) <= sum(before):
        return None
    passed = [b - a for a, b in zip(before, after, strict=True)]
    own = own_s * os.sysconf("SC_CLK_TCK")
    return max(0.0, sum(passed) - passed[IDLE] - passed[IOWAIT] - own) / sum(passed)


@contextmanager
def _one_process() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@contextmanager
def running_reflector(bind: str = BIND) -> Iterator[tuple[int, str]]:
    """`voipwatch reflector` in a process of its own: its control port and its pin. Ended by SIGTERM."""
    command = [sys.executable, "-m", "voipwatch", "reflector", "--bind", bind, "--control-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                ready = selector.select(START_S)
            line = process.stdout.readline() if ready else ""
            fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
            if "pin" not in fields:
                raise RuntimeError(f"the reflector did not start: {line!r}")
            yield int(fields["control"].split(",")[0].rsplit(":", 1)[1]), fields["pin"]
        finally:
            process.send_signal(signal.SIGTERM)


class _Watch:
    """Sees every flow, every socket, and when each datagram had left."""

    def __init__(self) -> None:
        self.flows: list[NearFlow] = []
        self.left: list[list[float]] = []
        """By socket, in the order opened, which is the order of the flows."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Patches what makes flows and what sends."""
        flows, left = self.flows, self.left
        begin, open_, send = NearFlow.__post_init__, UdpSocket.open, UdpSocket.send
        times: dict[int, list[float]] = {}
        kept: list[UdpSocket] = []  # an id is good as long as its object lives

        def beginning(flow: NearFlow) -> None:
            begin(flow)
            flows.append(flow)

        def opening(path: Path) -> UdpSocket:
            opened = open_(path)
            times[id(opened)] = []
            left.append(times[id(opened)])
            kept.append(opened)
            return opened

        def sending(each: UdpSocket, port: int, data: bytes) -> None:
            send(each, port, data)
            times[id(each)].append(time.monotonic())

        with (
            patch.object(NearFlow, "__post_init__", beginning),
            patch.object(UdpSocket, "open", staticmethod(opening)),
            patch.object(UdpSocket, "send", sending),
        ):
            yield


def _probe(port: int, pin: str, apps: tuple[str, ...], budget_bytes: int) -> Sending:
    profiles = load_profiles()
    options = CheckOptions((Target(BIND, port, Trust(pin)),), apps, budget_bytes=budget_bytes)
    reached = reach_all(options, profiles)
    config = CheckConfig(
        apps=apps,
        started_at=iso(datetime.now(tz=UTC).timestamp()),
        line=Line(),
        budget_bytes=budget_bytes,
    )

    def fetch(event: FetchLog) -> LogOutcome:
        channel = reached[event.reflector].channel
        if channel is None:
            return LogOutcome(None, Failure.UNKNOWN)
        answer = request_log(channel, event.ticket, event.authorization)
        return LogOutcome(answer.log, answer.failure, answer.cost_bytes)

    watch = _Watch()
    load_before, used, begun = load(), _cpu_s(), time.monotonic()
    with watch.watching():
        core = LineCheck(
            config, profiles=profiles, reflectors=[r.session for r in reached], seed=secrets.token_bytes(32)
        )
        measurement = Shell(core, [r.path for r in reached], fetch_log=fetch).run()
    wall_s, cpu_s = time.monotonic() - begun, _cpu_s() - used
    record, sent = lateness(watch.flows, watch.left)
    audio = [key for key in sent if key[1]]
    apps_seen = sorted({app for app, _ in sent})
    return Sending(
        apps=apps,
        record_ms=distribution(abs(late) for key in audio for late in record[key]),
        sent_ms=distribution(abs(late) for key in audio for late in sent[key]),
        every_ms=distribution(abs(late) for each in sent.values() for late in each),
        by_app_ms={
            app: told
            for app in apps_seen
            if (told := distribution(abs(late) for key in sent if key[0] == app for late in sent[key]))
        },
        flows=len(measurement.flows),
        datagrams_sent=sum(len(f.sent.seq) for f in measurement.flows),
        datagrams_received=sum(len(f.received.seq) for f in measurement.flows),
        wall_s=wall_s,
        cpu_s=cpu_s,
        load_before=load_before,
        load_after=load(),
        interrupted=None if measurement.interrupted is None else measurement.interrupted.reason,
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


Late = dict[tuple[str, bool], list[float]]
"""(app, whether its voice is paced by 20 ms) -> milliseconds late, packet by packet."""


def lateness(flows: list[NearFlow], left: list[list[float]]) -> tuple[Late, Late]:
    """By the record and by the clock after `sendto`, of every media packet of every flow."""
    record: Late = defaultdict(list)
    sent: Late = defaultdict(list)
    for flow, times in zip(flows, left, strict=True):
        begun, script, columns = flow.media_started_at, flow.script, flow.record.sent
        if begun is None or not script.up:
            continue
        gaps = [b.offset_us - a.offset_us for a, b in zip(script.up, script.up[1:], strict=False)]
        key = (flow.record.kind.app, bool(gaps) and median(gaps) == AUDIO_GAP_US)
        for seq, noted_us, at in zip(columns.seq, columns.t_us, times, strict=True):
            if seq >= MEDIA_SEQ:
                due = begun + script.up[seq - MEDIA_SEQ].offset_us / 1e6
                record[key].append(1e3 * (flow.epoch + noted_us / 1e6 - due))
                sent[key].append(1e3 * (at - due))
    return record, sent
