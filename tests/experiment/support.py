"""A small profile, a far end, and a rig that runs a whole check over any network, in virtual time."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b

from voipwatch.apps import (
    BuildContext,
    Message,
    ProfileSet,
    build,
    load_profile_file,
    neutral_ports,
    tcp_ports,
    udp_ports,
)
from voipwatch.experiment import CheckConfig, LineCheck
from voipwatch.experiment.events import (
    CloseSocket,
    Event,
    FetchLog,
    Finished,
    LogOutcome,
    OpenSocket,
    Progress,
    ReflectorSession,
    StartTcp,
    TcpOutcome,
)
from voipwatch.experiment.session import Session
from voipwatch.model.measurement import Measurement, ReflectorFacts
from voipwatch.model.vocabulary import Direction, Failure
from voipwatch.reflector.core import Identity, ReflectorCore
from voipwatch.wire.derive import flow_secret, packet_entropy
from voipwatch.wire.token import TokenKeys, encode_down

START_S = 1_000.0
"""The virtual clock's first reading: not zero, so that a forgotten subtraction shows."""
STARTED_AT = "2016-01-07T12:00:00Z"
WALL_S = 1_452_168_000
NONCE = b"nonc"
NEAR_IP = "192.0.2.2"
SAME_TIME_STEPS_MAX = 20
"""Timer calls at one and the same time; more is a timer that stands still."""

STUN_APP = """\
id = "{id}"
name = "Small"
version = "2026.1"
default_dialect = "one"
call_names = ["STUN"]
not_testable = ["account"]
messaging = ["tcp-5222"]
fallbacks = ["tls-443"]

[[dialects]]
id = "one"
name = "the only one"

[[legs]]
id = "relay"
name = "relay"
role = "relay"
port = {port}

[[legs.rounds]]
stage = "setup"
request = "hello"
replies = ["welcome"]
copies = 2
copy_gap_ms = 3
retry_ms = [500, 1500]

[[legs.rounds]]
stage = "handshake"
request = "again"
replies = ["first", "second"]
retry_ms = [500, 1500]
pause_ms = 30

[legs.voice]
short_s = 0.3

[[legs.voice.streams]]
name = "audio"
message = "sound"
clock_hz = 16000
rhythms = [{{ spacing_ms = [60], sizes = [90, 100, 110] }}]

[[legs.voice.streams]]
name = "report"
message = "report"
start_ms = 40
rhythms = [{{ spacing_ms = [500], sizes = [60] }}]

[legs.video]
short_s = 0.2

[[legs.video.streams]]
name = "picture"
message = "sound"
clock_hz = 90000
rhythms = [{{ spacing_ms = [50], sizes = [300, 400] }}]

[[mutants]]
id = "stun-binding"
leg = "relay"
request = "hello"
replies = ["welcome"]
retry_ms = [500, 1500]

[messages.hello]
codec = "stun"
type = 0x0003
attributes = [{{ type = 0x4000, constant = 60 }}]

[messages.welcome]
codec = "stun"
type = 0x0103
attributes = [{{ xor_mapped = true }}, {{ integrity = true }}]

[messages.again]
codec = "stun"
type = 0x0001
attributes = [{{ type = 0x4000, constant = 80 }}]

[messages.first]
codec = "stun"
type = 0x0101
attributes = [{{ integrity = true }}]

[messages.second]
codec = "stun"
type = 0x0111
attributes = [{{ integrity = true }}]

[messages.sound]
codec = "rtp"
payload_type = 120

[messages.report]
codec = "rtcp"
type = 200
trailer = 14

[[provenance]]
facts = "all of it"
status = "synthetic"
source = "made for a test"
"""


TWO_LEGS = """\
id = "viber"
name = "Two legs"
version = "2026.1"
default_dialect = "one"
call_names = ["STUN", "RTP"]
not_testable = []
messaging = []
fallbacks = ["tls-443"]

[[dialects]]
id = "one"
name = "the only one"

[[legs]]
id = "signalling"
name = "signalling"
role = "signalling"
port = 4200

[[legs.rounds]]
stage = "setup"
request = "hello"
replies = ["welcome"]
retry_ms = [500]

[[legs]]
id = "media"
name = "voice"
role = "media"
port = 4202

[legs.voice]
short_s = 0.3

[[legs.voice.streams]]
name = "audio"
message = "sound"
clock_hz = 8000
rhythms = [{ spacing_ms = [60], sizes = [100] }]

[messages.hello]
codec = "stun"
type = 0x0001
attributes = [{ type = 0x4000, constant = 60 }]

[messages.welcome]
codec = "stun"
type = 0x0101
attributes = [{ integrity = true }]

[messages.sound]
codec = "rtp"
payload_type = 8

[[provenance]]
facts = "all of it"
status = "synthetic"
source = "made for a test"
"""
"""Signalling and media on flows of their own, as SIP has them."""


RELAY_THEN_PEER = (
    TWO_LEGS.replace(
        """[[legs]]
id = "media"
name = "voice"
role = "media"
port = 4202
""",
        """[[legs]]
id = "media"
name = "voice, from the socket of the signalling"
role = "peer"
port = 4202
after = "signalling"

[[legs.rounds]]
stage = "setup"
request = "greet"
replies = ["greeted"]
retry_ms = [500]
""",
    )
    .replace("short_s = 0.3", "short_s = 1.0")
    .replace(
        "[messages.sound]",
        """[messages.greet]
codec = "stun"
type = 0x0001
attributes = [{ type = 0x4000, constant = 20 }]

[messages.greeted]
codec = "stun"
type = 0x0101
attributes = [{ integrity = true }]

[messages.sound]""",
    )
)
"""A second leg that goes on from the first one's socket, to another port."""


def bytes_of(text: str, size: int = 32) -> bytes:
    return blake2b(text.encode(), digest_size=size).digest()


@cache
def small_profiles() -> ProfileSet:
    """Apps with short media: a whole check of one is about two thousand datagrams."""
    texts = {app: STUN_APP.format(id=app, port=port) for app, port in (("whatsapp", 3478), ("imo", 4100))}
    texts["viber"] = TWO_LEGS
    return ProfileSet.of([load_profile_file(f"{app}.toml", text.encode()) for app, text in texts.items()])


def reflector(
    profiles: ProfileSet, name: str = "far", *, udp: Sequence[int] | None = None, version: str = "test"
) -> ReflectorCore:
    """A far end with an identity made of its name."""
    identity = Identity(bytes_of(f"{name} key"), bytes_of(f"{name} master"), bytes_of(f"{name} salt", 16))
    ports = udp_ports(profiles) if udp is None else tuple(udp)
    return ReflectorCore(
        identity,
        profiles,
        udp_ports=ports,
        neutral_ports=neutral_ports,
        tcp_ports=tcp_ports(profiles),
        version=version,
    )


def offered(far: ReflectorCore, now: float = START_S, *, control: str = "ok") -> ReflectorSession:
    """What the shell brings to the check after it has asked this far end for a ticket."""
    batch = far.issue_tickets(1, (NEAR_IP, 50_000), now, WALL_S, bytes_of("tickets"))
    facts = ReflectorFacts(
        name="far",
        key=batch.offer.key.hex(),
        version=batch.offer.version,
        protocol=batch.offer.protocol,
        control=control,
        udp_ports=list(batch.offer.udp_ports),
        tcp_ports=list(batch.offer.tcp_ports),
        profiles_digest=batch.offer.profiles_digest,
        ticket=batch.tickets[0].number,
    )
    return ReflectorSession(facts=facts, offer=batch.offer, ticket=batch.tickets[0], setup_bytes=3_000)


def unreachable(name: str = "nobody") -> ReflectorSession:
    """A reflector that gave neither offer nor ticket."""
    facts = ReflectorFacts(name=name, control="failed", failure=Failure.CONNECT_TIMEOUT)
    return ReflectorSession(facts=facts, offer=None, ticket=None)


def from_far(
    session: Session,
    flow: int,
    message: Message,
    seq: int,
    size: int,
    *,
    request: bytes = b"",
    index: int = 0,
    keys: TokenKeys | None = None,
    extra: bytes = b"",
) -> bytes:
    """A downlink datagram as the session's far end makes it, or as one with other keys would."""
    keys = keys or session.keys
    room = message.room(size)
    context = BuildContext(
        flow_secret=flow_secret(keys.key, flow),
        entropy=packet_entropy(keys.key, "d", flow, seq),
        token=encode_down(keys, flow, seq, nonce=NONCE, room=room, extra=extra) if room else b"",
        size=size,
        index=index,
        request=request,
        source=(NEAR_IP, 40_000),
    )
    return build(message, context)


@dataclass(frozen=True)
class Hop:
    """One datagram that is about to cross the network."""

    direction: Direction
    now: float
    reflector: int
    socket: int
    port: int
    data: bytes
    index: int
    """Counted over the whole run, both directions."""


Network = Callable[[Hop], list[tuple[float, bytes]]]
"""What comes of a datagram: nothing, or any number of (delay in seconds, bytes)."""


def line(delay_s: float = 0.02) -> Network:
    """A network that only takes its time."""
    return lambda hop: [(delay_s, hop.data)]


def lossy(ratio: float, seed: str = "", delay_s: float = 0.02) -> Network:
    """A network that loses datagrams by keyed dice."""

    def network(hop: Hop) -> list[tuple[float, bytes]]:
        dice = int.from_bytes(bytes_of(f"{seed} {hop.index}", 4), "big") / 2**32
        return [] if dice < ratio else [(delay_s, hop.data)]

    return network


@dataclass
class Rig:
    """Drives one LineCheck against real reflector cores; checks on every step what must always hold."""

    network: Network = field(default_factory=line)
    apps: tuple[str, ...] = ("whatsapp",)
    profiles: ProfileSet = field(default_factory=small_profiles)
    fars: list[ReflectorCore] | None = None
    sessions: list[ReflectorSession] | None = None
    """What the check is offered instead of one ticket from each far end."""
    budget_bytes: int = 2_000_000
    video: bool = False
    long: bool = False
    locate: bool = False
    tcp: Callable[[StartTcp, float], tuple[float, TcpOutcome]] | None = None
    """(delay, outcome) of a TCP trial instead of the far end's answer."""
    logs: bool = True
    interrupt_at: float | None = None
    """Seconds after the start."""
    extra: list[tuple[float, int, bytes]] = field(default_factory=list)
    """(seconds after the start, socket, bytes): datagrams out of nowhere, if the socket is open then."""
    seed: bytes = bytes_of("check")

    def __post_init__(self) -> None:
        self.fars = [reflector(self.profiles)] if self.fars is None else self.fars
        if self.sessions is None:
            self.sessions = [offered(far) for far in self.fars]
        config = CheckConfig(
            apps=self.apps,
            started_at=STARTED_AT,
            budget_bytes=self.budget_bytes,
            video=self.video,
            long=self.long,
            locate=self.locate,
        )
        self.near = LineCheck(config, profiles=self.profiles, reflectors=self.sessions, seed=self.seed)
        self.now = START_S
        self.steps = 0
        self.opened: dict[int, float] = {}
        self.reflector_of: dict[int, int] = {}
        self.closed: dict[int, float] = {}
        self.sent_bytes: Counter[int] = Counter()
        self.sent_count: Counter[int] = Counter()
        self.got_bytes: Counter[int] = Counter()
        self.got_count: Counter[int] = Counter()
        self.sent_at: defaultdict[int, list[float]] = defaultdict(list)
        self.progress: list[Progress] = []
        self.trials: list[StartTcp] = []
        self.fetches: list[FetchLog] = []
        self.finished_at: float | None = None
        self._heap: list[tuple[float, int, str, tuple[object, ...]]] = []
        self._count = 0
        self._hops = 0
        self._same_time = 0

    # -- running -------------------------------------------------------------------------------

    def run(self, limit_s: float = 400.0) -> Measurement:
        """To the end. Fails if time stands still or the check does not end in `limit_s`."""
        for at, socket, data in self.extra:
            self._push(START_S + at, "near", socket, data)
        if self.interrupt_at is not None:
            self._push(START_S + self.interrupt_at, "interrupt")
        self.near.start(self.now)
        while (measurement := self._settle()) is None:
            self._wait()
            assert self.now - START_S < limit_s, "the check does not end"
        self.finished_at = self.now
        return measurement

    def _wait(self) -> None:
        timer = self.near.get_timer()
        assert timer is not None, "neither finished nor waiting for anything"
        times = [timer, *(t for far in self._fars() if (t := far.get_timer()) is not None)]
        if self._heap:
            times.append(self._heap[0][0])
        at = min(times)
        self._same_time = 0 if at > self.now else self._same_time + 1
        assert self._same_time < SAME_TIME_STEPS_MAX, f"time stands still at {self.now}"
        self.now = max(self.now, at)
        self.steps += 1
        while self._heap and self._heap[0][0] <= self.now:
            _, _, what, details = heapq.heappop(self._heap)
            self._deliver(what, details)
        for far in self._fars():
            timer = far.get_timer()
            if timer is not None and timer <= self.now:
                far.handle_timer(self.now)
        timer = self.near.get_timer()
        if timer is not None and timer <= self.now:
            self.near.handle_timer(self.now)

    def _deliver(self, what: str, details: tuple[object, ...]) -> None:
        match what, details:
            case "far", (int(index), int(socket), int(port), bytes(data)):
                self._fars()[index].receive_datagrams([((NEAR_IP, 40_000 + socket), port, data)], self.now)
            case "near", (int(socket), bytes(data)):
                is_open = socket in self.opened and socket not in self.closed
                if is_open and self.near.get_timer() is not None:
                    self.got_bytes[socket] += len(data)
                    self.got_count[socket] += 1
                    self.near.receive_datagrams([(socket, data)], self.now)
            case "tcp", (int(trial), TcpOutcome() as outcome):
                self.near.tcp_finished(trial, outcome, self.now)
            case "log", (int(index), LogOutcome() as fetched):
                self.near.log_finished(index, fetched, self.now)
            case "interrupt", _:
                self.near.interrupt("user", self.now)

    def _settle(self) -> Measurement | None:
        while True:
            out = self.near.datagrams_to_send(self.now)
            finished = self._obey()
            for outgoing in out:
                assert outgoing.socket in self.opened, "a datagram for a socket that was never opened"
                assert outgoing.socket not in self.closed, "a datagram for a closed socket"
                self.sent_bytes[outgoing.socket] += len(outgoing.data)
                self.sent_count[outgoing.socket] += 1
                self.sent_at[outgoing.socket].append(self.now)
                index = self.reflector_of[outgoing.socket]
                for delay, data in self._cross(
                    Direction.UP, index, outgoing.socket, outgoing.port, outgoing.data
                ):
                    self._push(self.now + delay, "far", index, outgoing.socket, outgoing.port, data)
            for index, far in enumerate(self._fars()):
                for (_, source_port), port, data in far.datagrams_to_send(self.now):
                    socket = source_port - 40_000
                    out_of_far = self._cross(Direction.DOWN, index, socket, port, data)
                    for delay, crossed in out_of_far:
                        self._push(self.now + delay, "near", socket, crossed)
            if finished is not None:
                return finished
            if not out:
                return None

    def _obey(self) -> Measurement | None:
        while (event := self.near.next_event()) is not None:
            if isinstance(event, Finished):
                assert self.near.next_event() is None, "an event after Finished"
                return event.measurement
            self._do(event)
        return None

    def _do(self, event: Event) -> None:
        if isinstance(event, OpenSocket):
            assert event.socket not in self.opened
            self.opened[event.socket] = self.now
            self.reflector_of[event.socket] = event.reflector
        elif isinstance(event, CloseSocket):
            assert event.socket in self.opened
            assert event.socket not in self.closed
            self.closed[event.socket] = self.now
        elif isinstance(event, StartTcp):
            self.trials.append(event)
            delay, outcome = (self.tcp or self._answer_tcp)(event, self.now)
            self._push(self.now + delay, "tcp", event.trial, outcome)
        elif isinstance(event, FetchLog):
            self.fetches.append(event)
            if self.logs:
                auth = bytes.fromhex(event.authorization.removeprefix("VW "))
                log = self._fars()[event.reflector].session_log(event.ticket, auth, self.now)
                failure = None if log else Failure.TICKET_REFUSED
                self._push(self.now + 0.1, "log", event.reflector, LogOutcome(log, failure, 700))
        elif isinstance(event, Progress):
            self.progress.append(event)

    # -- small things --------------------------------------------------------------------------

    def _answer_tcp(self, event: StartTcp, now: float) -> tuple[float, TcpOutcome]:
        far = self._fars()[event.reflector]
        data = far.tcp_answer((NEAR_IP, 50_001), event.port, event.hello, now) or b""
        return 0.1, TcpOutcome(40.0, data, None if data else Failure.CONNECTION_CLOSED, 400, 500)

    def _cross(
        self, direction: Direction, index: int, socket: int, port: int, data: bytes
    ) -> list[tuple[float, bytes]]:
        self._hops += 1
        return self.network(Hop(direction, self.now, index, socket, port, data, self._hops))

    def _push(self, at: float, what: str, *details: object) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, what, details))

    def _fars(self) -> list[ReflectorCore]:
        assert self.fars is not None
        return self.fars
