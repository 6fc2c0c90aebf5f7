"""The command line's probe: a folder of its own, a clock that a test sets, a collector over TLS."""

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Measured, Ran, Told, run_line
from tests.support.collector import RunningCollector, running_collector
from tests.support.probe import HOME, START_S
from voipwatch.cli import machinery, probe_run, probe_status
from voipwatch.cli.context import CheckRequest
from voipwatch.experiment.events import Progress
from voipwatch.model.measurement import Measurement, SignedLog
from voipwatch.model.results import Report
from voipwatch.probe.agent import Run, World
from voipwatch.probe.network import Network
from voipwatch.probe.state import State, read_state
from voipwatch.probe.upload import ways_to


@dataclass
class CliProbe:
    """What a person at the keyboard has."""

    home: Path
    collector: RunningCollector
    now_s: float = START_S
    network: Network = HOME
    measured: Measured = field(default_factory=Measured)
    signed: bool = True
    draws: int = 0
    waits: list[float] = field(default_factory=list)
    waiting: Callable[[], None] = lambda: None

    def draw(self, count: int) -> bytes:
        """Dice whose seed is how often they were thrown."""
        self.draws += 1
        return blake2b(b"cli %d" % self.draws, digest_size=count).digest()

    def __call__(
        self, *arguments: str, answers: str | None = None, lang: str = "en", width: int = 100
    ) -> Ran:
        """Run one command line."""
        return run_line(
            "probe", *arguments, measure=self.measure, judge=Told(), answers=answers, lang=lang, width=width,
            environment={"XDG_DATA_HOME": str(self.home)},
        )  # fmt: skip

    def measure(self, request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
        """A check whose session is signed, another one each time."""
        measurement = self.measured(request, on_progress)
        if self.signed:
            log = zlib.compress(msgspec.msgpack.encode({"session": len(self.measured.requests)}))
            measurement.reflectors[0].log = SignedLog(log, bytes(64))
        return measurement

    def setup(self, *more: str, answers: str | None = None, lang: str = "en") -> Ran:
        """`probe setup` as most would type it."""
        return self(
            "setup", "--reflector", "reflector.example", "--collector", self.collector.url,
            "--collector-pin", self.collector.pin, *more, answers=answers, lang=lang,
        )  # fmt: skip

    @property
    def folder(self) -> Path:
        return self.home / "voipwatch" / "probe"

    @property
    def state(self) -> State:
        return read_state(self.folder)

    def due(self) -> float:
        """When the next run is."""
        due = self.state.due
        assert due is not None
        return due.next_at_s

    def document(self) -> dict[str, object]:
        """`probe status --json`."""
        ran = self("status", "--json")
        assert ran.status == 0, ran.err
        told: dict[str, object] = msgspec.json.decode(ran.out)
        return told


def living(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliProbe]:
    """One that is not set up yet; its waits end at once, and bring the clock forward."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # what reaches the disk is tests/probe/test_queue.py's
    with running_collector() as collector:
        probe = CliProbe(home, collector)

        def surroundings(check: Callable[[Run], Report]) -> World:
            world = World(check=check, network=lambda: probe.network, ways=ways_to)
            return replace(world, now_s=lambda: probe.now_s, draw=probe.draw)

        monkeypatch.setattr(machinery, "surroundings", surroundings)
        monkeypatch.setattr(machinery, "current_network", lambda: probe.network)
        monkeypatch.setattr(probe_run, "wall_s", lambda: probe.now_s)
        monkeypatch.setattr(probe_status, "wall_s", lambda: probe.now_s)
        monkeypatch.setattr(probe_run, "new_event", lambda: Waits(probe))
        yield probe


@dataclass
class Waits:
    """An event whose waits take no time but the probe's."""

    probe: CliProbe
    over: bool = False

    def wait(self, left_s: float) -> bool:
        self.probe.waits.append(left_s)
        self.probe.now_s += left_s
        self.probe.waiting()
        return self.over

    def is_set(self) -> bool:
        return self.over

    def set(self) -> None:
        self.over = True
