"""Measurements with planted truth: a small virtual line between a probe and a reflector.

A world says of every packet whether it passes and how late; `check` plays the questions of a check over it
(warm-up, set-up blocks, repeat, media blocks, a held pair, mutants) and writes down what both ends would
have. Times are virtual; all randomness comes from a printed seed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from voipwatch.model.flows import (
    MEDIA_SEQ,
    Columns,
    FlowFailure,
    FlowKind,
    FlowRecord,
    Receipt,
    TcpRecord,
)
from voipwatch.model.measurement import Interruption, Line, Measurement, ReflectorFacts, SignedLog
from voipwatch.model.vocabulary import LINE, Arm, Failure, Family, Media, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog, encode_farlog, sign_farlog

PRIVATE = bytes(range(32))
PUBLIC = (
    Ed25519PrivateKey.from_private_bytes(PRIVATE)
    .public_key()
    .public_bytes(Encoding.Raw, PublicFormat.Raw)
    .hex()
)
APP_PORT, NEUTRAL_PORT = 3478, 40_000
FAR_OFFSET_US = 7_000_000
ONE_WAY_MS = 30.0
RETRY_S = (0.0, 0.25, 0.6)
WAIT_S = 0.8
ARMS = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)


@dataclass(frozen=True)
class Packet:
    """What a world may look at."""

    up: bool
    app: str
    arm: Arm
    family: Family
    mutant: str
    question: str
    flow: int
    seq: int
    stage: Stage
    at_s: float
    leg: str
    nth: int
    """Packets of this flow that the line saw before, both directions."""
    size: int
    flow_started_s: float

    @property
    def treatment(self) -> bool:
        return self.arm in (Arm.A, Arm.A_NEUTRAL)

    @property
    def app_port(self) -> bool:
        return self.arm in (Arm.A, Arm.C, Arm.D)

    @property
    def media(self) -> bool:
        return self.seq >= MEDIA_SEQ


Fate = float | None
"""Extra delay in milliseconds, or None for a dropped packet."""
World = Callable[[Packet], Fate]


def clean(_: Packet) -> Fate:
    return 0.0


def both(*worlds: World) -> World:
    """A packet passes if it passes all of them; delays add up."""

    def world(packet: Packet) -> Fate:
        total = 0.0
        for one in worlds:
            late = one(packet)
            if late is None:
                return None
            total += late
        return total

    return world


def drops(condition: Callable[[Packet], bool]) -> World:
    return lambda packet: None if condition(packet) else 0.0


def loses(ratio: float, seed: int, condition: Callable[[Packet], bool] = lambda _: True) -> World:
    """Independent loss."""
    dice = Random(seed)
    return lambda packet: None if condition(packet) and dice.random() < ratio else 0.0


def bursts(ratio: float, seed: int, *, mean_s: float = 0.12) -> World:
    """Bursty loss of the whole line: bad spells hit whatever is on the wire then, each direction apart."""
    dice = Random(seed)
    spells: dict[bool, list[tuple[float, float]]] = {}
    for up in (True, False):
        spells[up], t = [], 0.0
        while t < 200.0:
            t += dice.expovariate(ratio / (1.0 - ratio) / mean_s)
            length = dice.expovariate(1.0 / mean_s)
            spells[up].append((t, t + length))
            t += length

    def world(packet: Packet) -> Fate:
        inside = any(a <= packet.at_s < b for a, b in spells[packet.up])
        return None if inside else 0.0

    return world


def jitters(mean_ms: float, seed: int) -> World:
    dice = Random(seed)
    return lambda _: dice.expovariate(1.0 / mean_ms)


def paths(seed: int, *, of: int = 4, ratio: float = 1.0) -> World:
    """A load balancer: each five-tuple has its path, and one path of four loses."""
    dice = Random(seed)
    chosen: dict[tuple[str, int], int] = {}

    def world(packet: Packet) -> Fate:
        path = chosen.setdefault((packet.app, packet.flow), dice.randrange(of))
        return None if path == 0 and dice.random() < ratio else 0.0

    return world


@dataclass(frozen=True)
class Shape:
    """An app's script."""

    app: str = "whatsapp"
    leg: str = "relay"
    rounds: tuple[Stage, ...] = (Stage.SETUP, Stage.SETUP)
    copies: int = 2
    media: Media = Media.VOICE
    media_s: float = 1.0
    spacing_s: float = 0.02
    size: int = 120
    mutants: tuple[str, ...] = ("stun-binding", "turn-allocate")
    relay_rounds: int = 0
    """Of a direct leg: so many of `rounds` are those of the relay leg before it."""
    arms: tuple[Arm, ...] = ARMS
    only_first: bool = False
    """Only the first blocks, and their repeat where the set-up died."""
    twice: bool = False
    """The repeat also where it did not: the media died."""


WEBRTC = Shape(app="webrtc", rounds=(Stage.SETUP, Stage.SETUP, Stage.HANDSHAKE), copies=1)
SIP = Shape(app="sip", rounds=(Stage.SETUP, Stage.SETUP), copies=1, mutants=())


@dataclass
class Check:
    """Plays a check; every attribute may be changed before `run`."""

    world: World = clean
    shapes: Sequence[Shape] = (Shape(),)
    logged: bool = True
    blocks: int = 14
    repeat: bool = True
    held: bool = False
    tcp: Mapping[str, str] = field(default_factory=lambda: {"tls-443": "answered", "tcp-5222": "answered"})
    rejects: World = clean
    """Packets that this world drops come back as ICMP port unreachable."""
    alters: Callable[[Packet], bool] = lambda _: False
    dead_from_s: float | None = None
    jitter_seed: int = 1
    setup_blocks: int = 4
    interrupted: Interruption | None = None
    key: str | None = PUBLIC
    strangers: list[tuple[int, int]] | None = field(default_factory=list)
    """What the log says of datagrams without a token: port and count."""
    refused_at_s: float | None = None
    """When the reflector's first limit was met; combine with `dead_from_s`."""

    def run(self) -> Measurement:
        self._records: list[FlowRecord] = []
        self._far: list[FarFlow] = []
        self._dice = Random(self.jitter_seed)
        self._next_flow = 0
        for replicate in (0, 1):
            self._flow(_warmup_kind(), "warmup", replicate, 0.0, rounds=(), media_s=2.0, replicate=replicate)
        for index, shape in enumerate(self.shapes):
            self._app(shape, 2.5 + 0.013 * index)
        log = FarLog(
            reflector=PUBLIC,
            version="1",
            ticket=7,
            ticket_id="00",
            started_at="2026-01-01T00:00:00Z",
            flows=self._far,
            strangers=self.strangers,
            refused=0 if self.refused_at_s is None else 9,
            refused_us=None if self.refused_at_s is None else round(self.refused_at_s * 1e6) + FAR_OFFSET_US,
        )
        payload = encode_farlog(log)
        facts = ReflectorFacts(
            name="reflector",
            key=self.key,
            version="1",
            protocol=1,
            control="ok" if self.logged else "lost",
            udp_ports=[APP_PORT, NEUTRAL_PORT],
            log=SignedLog(payload, sign_farlog(payload, PRIVATE)) if self.logged else None,
            ticket=7,
        )
        return Measurement(
            seed="00",
            started_at="2026-01-01T00:00:00Z",
            ended_at="2026-01-01T00:01:00Z",
            apps=list(dict.fromkeys(s.app for s in self.shapes)),
            profile_digests={},
            line=Line(),
            reflectors=[facts],
            flows=self._records,
            tcp=[_trial(name, outcome) for name, outcome in self.tcp.items()],
            not_tested={s.app: ["provider-address", "longer-call"] for s in self.shapes},
            interrupted=self.interrupted,
        )

    # -- questions ---------------------------------------------------------------------------

    def _app(self, shape: Shape, at: float) -> None:
        if self._first_and_repeat(shape, at) or shape.only_first:
            return
        if self.held:
            for arm in (Arm.A, Arm.C):
                self._one(shape, arm, "held", 28, at + 2.0, media_s=10.0)
            for arm in (Arm.A, Arm.C):
                self._one(shape, arm, "held", 29, at + 5.0, media_s=10.0)
            for replicate in (28, 29) if "dtls-hello" in shape.mutants else ():
                self._flow(
                    FlowKind(shape.app, "d", shape.leg, Arm.D, mutant="dtls-hello", media=Media.VOICE),
                    "trigger",
                    replicate,
                    at + 2.0 * (replicate - 25),
                    rounds=shape.rounds,
                    media_s=10.0,
                    replicate=replicate,
                )
        for block in range(4, self.blocks):
            self._block(shape, "media", block, at + 2.0 + 1.1 * (block - 4))

    def _first_and_repeat(self, shape: Shape, at: float) -> bool:
        """Returns whether the set-up died."""
        deaths: Counter[Arm] = Counter()
        for block in range(self.setup_blocks):
            deaths.update(self._block(shape, "setup", block, at + 0.1 * block))
        died = any(n >= 3 for n in deaths.values())
        if (died and self.repeat) or shape.twice:
            for block in range(4, 4 + self.setup_blocks):
                self._block(shape, "repeat", block, at + 3.5 + 0.1 * block)
        for mutant in shape.mutants if died and self.repeat else ():
            for replicate in range(4):
                self._flow(
                    FlowKind(shape.app, "d", shape.leg, Arm.D, mutant=mutant),
                    "trigger",
                    replicate,
                    at + 4.0 + 2.2 * (replicate // 2),
                    rounds=shape.rounds if mutant == "dtls-hello" else (Stage.SETUP,),
                    replicate=replicate,
                )
        return died

    def _block(self, shape: Shape, question: str, block: int, at: float) -> list[Arm]:
        """Returns the arms whose set-up died."""
        arms = list(shape.arms)
        self._dice.shuffle(arms)
        return [a for n, a in enumerate(arms) if self._one(shape, a, question, block, at + 0.004 * n)]

    def _one(
        self, shape: Shape, arm: Arm, question: str, block: int, at: float, media_s: float | None = None
    ) -> bool:
        kind = FlowKind(shape.app, "d", shape.leg, arm, media=shape.media if shape.media_s else Media.NONE)
        return self._flow(
            kind,
            question,
            block,
            at,
            rounds=shape.rounds,
            media_s=shape.media_s if media_s is None else media_s,
            shape=shape,
            replicate=block,
        )

    # -- one flow ----------------------------------------------------------------------------

    def _flow(
        self,
        kind: FlowKind,
        question: str,
        block: int,
        at: float,
        *,
        rounds: tuple[Stage, ...],
        media_s: float = 0.0,
        shape: Shape | None = None,
        replicate: int = 0,
    ) -> bool:
        shape = shape or Shape(copies=1)
        control = kind.arm in (Arm.C, Arm.C_NEUTRAL, Arm.W)
        family = (Family.Q if replicate % 2 else Family.U) if control else Family.NONE
        port = APP_PORT if kind.arm in (Arm.A, Arm.C, Arm.D) else NEUTRAL_PORT
        flow = _Flow(self, kind, family, question, self._next_flow, at)
        self._next_flow += 1
        t, answered = at, True
        for index, stage in enumerate(rounds):
            t, answered = flow.round(index, stage, t, shape)
            if not answered:
                break
        if answered and media_s:
            flow.media(t, media_s, shape, has_rounds=bool(rounds))
            t += media_s
        flow.close(t + 0.5 if answered else t)
        record = FlowRecord(
            flow=flow.number,
            reflector=0,
            kind=kind,
            replicate=replicate,
            family=family,
            question=question,
            block=block,
            remote_port=port,
            round_stages=list(rounds),
            started_us=round(at * 1e6),
            ended_us=round(flow.ends * 1e6),
            sent=flow.sent,
            received=flow.received,
            attested=len(flow.received.seq),
            receipts=flow.receipts() if not self.logged else [],
            failures=flow.failures,
            media_s=media_s if answered else 0.0,
            relay_rounds=shape.relay_rounds,
        )
        self._records.append(record)
        if flow.far_up.seq or flow.far_down.seq:
            self._far.append(FarFlow(flow=flow.number, port=port, up=flow.far_up, down=flow.far_down))
        return not answered

    def fate(self, packet: Packet) -> Fate:
        if self.dead_from_s is not None and packet.at_s >= self.dead_from_s:
            return None
        return self.world(packet)


class _Flow:
    """Both ends of one five-tuple."""

    def __init__(
        self, check: Check, kind: FlowKind, family: Family, question: str, number: int, at: float
    ) -> None:
        self.check, self.kind, self.family, self.question, self.number = check, kind, family, question, number
        self.started = at
        self.nth = 0
        self.sent, self.received = Columns(), Columns()
        self.far_up, self.far_down = FarColumns(), FarColumns()
        self._arrivals: list[tuple[float, int, int, int]] = []
        self._far_arrivals: list[tuple[float, int, int, int]] = []
        self.failures: list[FlowFailure] = []
        self.ends = at

    def _packet(self, up: bool, seq: int, stage: Stage, at: float, size: int) -> Packet:
        packet = Packet(
            up, self.kind.app, self.kind.arm, self.family, self.kind.mutant, self.question, self.number, seq,
            stage, at, self.kind.leg, self.nth, size, self.started,
        )  # fmt: skip
        self.nth += 1
        return packet

    def up(self, seq: int, stage: Stage, at: float, size: int) -> float | None:
        """Sends; returns the far arrival in near time."""
        crc = crc32(b"%d" % seq) if seq < MEDIA_SEQ else 0
        self._put(self.sent, seq, at, size, crc)
        packet = self._packet(True, seq, stage, at, size)
        if self.check.rejects(packet) is None:
            self.failures.append(FlowFailure(Failure.PORT_UNREACHABLE, round(at * 1e6)))
            return None
        late = self.check.fate(packet)
        if late is None:
            return None
        arrival = at + (ONE_WAY_MS + late) / 1e3
        got = crc ^ 1 if crc and self.check.alters(packet) else crc
        self._far_arrivals.append((arrival, seq, size, got))
        return arrival

    def down(self, seq: int, stage: Stage, at: float, size: int) -> float | None:
        crc = crc32(b"d%d" % seq) if seq < MEDIA_SEQ else 0
        self._put(self.far_down, seq, at, size, crc, far=True)
        late = self.check.fate(self._packet(False, seq, stage, at, size))
        if late is None:
            return None
        arrival = at + (ONE_WAY_MS + late) / 1e3
        self._arrivals.append((arrival, seq, size, crc))
        return arrival

    def round(self, index: int, stage: Stage, t: float, shape: Shape) -> tuple[float, bool]:
        times = [t + 0.005 * n for n in range(shape.copies)] + [t + r for r in RETRY_S[1:]]
        answers: list[float] = []
        for attempt, at in enumerate(times):
            if answers and min(answers) <= at:
                break
            seq = index * 64 + attempt * 4
            arrival = self.up(seq, stage, at, shape.size)
            if arrival is not None:
                back = self.down(seq, stage, arrival + 0.001, shape.size)
                if back is not None:
                    answers.append(back)
        if answers and min(answers) <= times[-1] + WAIT_S:
            return min(answers) + 0.002, True
        return times[-1] + WAIT_S, False

    def media(self, t: float, seconds: float, shape: Shape, *, has_rounds: bool) -> None:
        count = round(seconds / shape.spacing_s)
        stage = Stage.VIDEO if self.kind.media is Media.VIDEO else Stage.VOICE
        talks_from = t - ONE_WAY_MS / 1e3 if has_rounds else None
        for n in range(count):
            at = t + n * shape.spacing_s
            arrival = self.up(MEDIA_SEQ + n, stage, at, shape.size)
            if talks_from is None and arrival is not None:
                talks_from = arrival
            if talks_from is not None:
                self.down(MEDIA_SEQ + n, stage, talks_from + n * shape.spacing_s + 0.003, shape.size)

    def close(self, ends: float) -> None:
        self.ends = ends
        for arrival, seq, size, crc in sorted(self._arrivals):
            if arrival <= ends:
                self._put(self.received, seq, arrival, size, crc)
        for arrival, seq, size, crc in sorted(self._far_arrivals):
            self._put(self.far_up, seq, arrival, size, crc, far=True)

    def receipts(self) -> list[Receipt]:
        """One receipt a downlink packet that came: what the far end had by then."""
        if not self.received.seq:
            return []
        out: list[Receipt] = []
        arrivals = sorted(self._far_arrivals)
        for arrival, *_ in sorted(self._arrivals)[::8]:
            had = [(s, a) for a, s, *_ in arrivals if a <= arrival - ONE_WAY_MS / 1e3]
            if had:
                highest, at = max(had)
                bits = sum(1 << (highest - 1 - s) for s, _ in had if 0 <= highest - 1 - s < 64)
                out.append(Receipt(highest, len({s for s, _ in had}), round(at * 1e6) % 2**32, bits))
        return sorted(out, key=lambda r: (r.highest_seq, r.count))

    @staticmethod
    def _put(
        columns: Columns | FarColumns, seq: int, at: float, size: int, crc: int, *, far: bool = False
    ) -> None:
        columns.seq.append(seq)
        columns.t_us.append(round(at * 1e6) + (FAR_OFFSET_US if far else 0))
        columns.size_bytes.append(size)
        columns.crc.append(crc)


def _warmup_kind() -> FlowKind:
    return FlowKind(LINE, "", "", Arm.W, media=Media.NONE)


def _trial(name: str, outcome: str) -> TcpRecord:
    failure = {"answered": None, "intercepted": Failure.BAD_ANSWER, "dead": Failure.CONNECT_TIMEOUT}
    failure["closed"] = Failure.CONNECTION_CLOSED
    return TcpRecord(
        arm="G" if "5222" in name else "F",
        name=name,
        reflector=0,
        port=int(name.partition("-")[2]),
        started_us=100_000,
        connect_ms=None if outcome == "dead" else 60.0,
        answered=outcome == "answered",
        failure=failure[outcome],
        sent_bytes=300,
        received_bytes=300,
    )
