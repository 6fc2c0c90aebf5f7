"""A scheduled probe in virtual time: its clock, its dice from a seed, its network, and reports to send."""

import gzip
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from tests.support.collector import Books
from voipwatch.model.measurement import AppCost, Line, Measurement, ReflectorFacts, SignedLog
from voipwatch.model.results import Check, Report
from voipwatch.model.ruleset import RULESET
from voipwatch.model.vocabulary import Access, Failure
from voipwatch.probe.agent import Agent, Run, TurnReport, World
from voipwatch.probe.collectors import Asks
from voipwatch.probe.control import Exchange
from voipwatch.probe.network import Network
from voipwatch.probe.schedule import Rhythm
from voipwatch.probe.settings import Collector, Consent, KnownReflector, Setup
from voipwatch.probe.state import State, read_state

START_S = datetime(2026, 11, 5, 12, tzinfo=UTC).timestamp()
SECRET = bytes(range(32))
HOME = Network("router 02:00:00:00:00:01", Access.WIFI, tunnel=False, connected=True)
CAFE = Network("router 02:00:00:00:00:02", Access.WIFI, tunnel=False, connected=True)
OFFLINE = Network("untold", Access.UNKNOWN, tunnel=None, connected=False)
VPN = Network("router 02:00:00:00:00:01", Access.UNKNOWN, tunnel=True, connected=True)
RUN_BYTES = 900_000


def setup_of(
    *,
    apps: tuple[str, ...] = ("whatsapp", "sip", "webrtc"),
    collector: Collector | None = None,
    rhythm: Rhythm | None = None,
    day_bytes: int = 20_000_000,
    access: Access = Access.UNKNOWN,
    operator: str | None = None,
    mark: str = "",
    canary: bool = False,
) -> Setup:
    """A set-up with its consent."""
    where = collector or Collector("collector.example")
    reflectors = [KnownReflector(f"r{n}.example", 8443) for n in range(4)]
    consent = Consent(
        "2026-11-01T00:00:00Z",
        1,
        "en",
        list(apps),
        "medium",
        day_bytes,
        where.url,
        [r.name for r in reflectors],
    )
    return Setup(
        reflectors=reflectors,
        apps=list(apps),
        collector=where,
        consent=consent,
        rhythm=rhythm or Rhythm(),
        run_bytes=4_300_000,
        day_bytes=day_bytes,
        access=access,
        operator=operator,
        network_mark=mark,
        canary=canary,
    )


def report_of(number: int, apps: tuple[str, ...] = ("whatsapp",), *, size_bytes: int = 100) -> Report:
    """A report with one signed session, told from others by its number."""
    noise = b"".join(blake2b(f"{number} {n}".encode()).digest() for n in range(-(-size_bytes // 64)))[
        :size_bytes
    ]
    facts = ReflectorFacts(name="host-1", control="ok", log=SignedLog(noise, b"\0" * 64))
    measurement = Measurement(
        seed="00" * 32,
        started_at="2026-11-05T12:00:00Z",
        ended_at="2026-11-05T12:00:30Z",
        apps=list(apps),
        profile_digests={},
        line=Line(),
        reflectors=[facts],
        costs={app: AppCost(RUN_BYTES // len(apps), 12.0) for app in apps},
    )
    check = Check(measurement.line, [], RULESET, [], AppCost(RUN_BYTES, 12.0))
    return Report(check=check, measurement=measurement, software="voipwatch test")


@dataclass
class Direct:
    """A way to a collector without a socket; it can be cut."""

    books: Books
    cut: Failure | None = None
    tries: int = 0

    def request(
        self, method: str, target: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Exchange:
        self.tries += 1
        if self.cut is not None:
            return Exchange(failure=self.cut, cost_bytes=500)
        packed = ("content-encoding", "gzip") in headers
        status, answered, text = self.books.answer(method, target, gzip.decompress(body) if packed else body)
        wait = answered.get("retry-after")
        return Exchange(
            status=status, body=text, retry_after_s=int(wait) if wait else None, cost_bytes=len(body) + 3_000
        )


@dataclass
class Life:
    """One probe, its folder and everything around it."""

    folder: Path
    setup: Setup = field(default_factory=setup_of)
    now_s: float = START_S
    network: Network = HOME
    books: Books = field(default_factory=Books)
    seed: int = 1
    runs: list[Run] = field(default_factory=list)
    ran_at: list[float] = field(default_factory=list)
    draws: int = 0

    def __post_init__(self) -> None:
        self.way = Direct(self.books)
        self.world = World(
            check=self.check,
            network=lambda: self.network,
            ways=self.ways,
            now_s=lambda: self.now_s,
            draw=self.draw,
        )

    def draw(self, count: int) -> bytes:
        self.draws += 1
        return blake2b(f"{self.seed} {self.draws}".encode(), digest_size=count).digest()

    def check(self, run: Run) -> Report:
        self.runs.append(run)
        self.ran_at.append(self.now_s)
        return report_of(1000 * self.seed + len(self.runs), run.apps)

    def ways(self, collector: Collector) -> Asks | Failure:
        return self.way

    @property
    def state(self) -> State:
        return read_state(self.folder)

    def turn(self) -> TurnReport:
        return Agent(self.folder, self.setup, SECRET, self.world).turn(read_state(self.folder))

    def live(self, seconds: float) -> list[TurnReport]:
        """Turns until so much time is over, each at the moment that the last one asked for."""
        end_s = self.now_s + seconds
        told = []
        while True:
            report = self.turn()
            told.append(report)
            if report.next_at_s >= end_s:
                self.now_s = end_s
                return told
            self.now_s = max(self.now_s + 1.0, report.next_at_s)
