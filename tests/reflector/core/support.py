"""A small world for the reflector's core: hand-made scripts, and a near end that knows its ticket."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from voipwatch.apps import BuildContext, MediaPacket, Message, Place, PlaceKind, Round, Script, build
from voipwatch.apps.codecs.control import control_message
from voipwatch.model.flows import MEDIA_SEQ, REPLICATES, FlowKind
from voipwatch.model.tickets import Ticket, TicketBatch
from voipwatch.model.vocabulary import Arm, Direction, Family, Media, Stage
from voipwatch.reflector.core import ALONE, Identity, Part, ReflectorCore
from voipwatch.wire.farlog import FarLog, decode_farlog, verify_farlog
from voipwatch.wire.token import (
    CONTROL_FLOW,
    NO_NONCE,
    DownToken,
    FlowReceipt,
    TokenKeys,
    decode_receipts,
    encode_up,
    open_down_untrusted,
)

Address = tuple[str, int]
Sent = tuple[Address, int, bytes]

NEUTRAL = (21873, 26197, 30491)
WARM, CALL, BIG, TXID, SILENT, VIDEO = range(6)
"""Kind indexes of `FakeScripts`."""
PORT, BIG_PORT = 3478, 5060
HOME: Address = ("192.0.2.10", 40_000)
AWAY: Address = ("198.51.100.20", 41_000)
WALL_S = 1_452_168_000  # 2016-01-07T12:00:00Z


class TxidCodec:
    """A STUN-like request: twelve bytes of token in the transaction id, no room for a number."""

    def build(self, ctx: BuildContext) -> bytes:
        return b"\0\1\0\0\x21\x12\xa4\x42" + ctx.token

    def room(self, size: int) -> int:
        return 12

    def read(self, data: bytes) -> bytes | None:
        return data[8:20]

    def echoes(self, request: bytes, data: bytes) -> bool:
        return data[8:20] == request[8:20]


class MangledCodec(TxidCodec):
    """A reply that cannot be made from a request that a box rewrote."""

    def build(self, ctx: BuildContext) -> bytes:
        if b"rewritten" in ctx.request:
            raise ValueError("no reply to that")
        return b"ok".ljust(ctx.size - len(ctx.token), b"!") + ctx.token

    def room(self, size: int) -> int:
        return 16


def up(size: int) -> Message:
    return control_message("request", Family.U, Direction.UP, size)


def down(size: int) -> Message:
    return control_message("reply", Family.U, Direction.DOWN, size)


def one_round(request: Message, replies: Sequence[Message], delay_ms: int = 0) -> Round:
    return Round(Stage.SETUP, request, 1, 0, tuple(replies), delay_ms, (100, 200), 0)


def media(
    direction: Direction, seconds: float, size: int = 160, gap_us: int = 20_000
) -> tuple[MediaPacket, ...]:
    message = control_message("media", Family.U, direction)
    return tuple(
        MediaPacket(at, message, size, n) for n, at in enumerate(range(0, round(seconds * 1e6), gap_us))
    )


def script(
    kind: FlowKind, port: int | None, rounds: Sequence[Round], seconds: float, size: int = 160
) -> Script:
    return Script(
        kind=kind,
        family=Family.U,
        port=port,
        rounds=tuple(rounds),
        up=media(Direction.UP, seconds, size) if seconds else (),
        down=media(Direction.DOWN, seconds, size) if seconds else (),
        media_stage=Stage.VOICE if seconds else None,
        media_s=seconds,
        bytes_up=0,
        bytes_down=0,
    )


class FakeScripts:
    """Six kinds of flow, small enough to work out by hand."""

    digest = "fake"
    mutants: tuple[FlowKind, ...] = ()

    def __init__(self) -> None:
        self.kinds = [
            FlowKind("line", "", "warmup", Arm.W),
            FlowKind("app", "d", "call", Arm.A, "", Media.VOICE),
            FlowKind("app", "d", "call", Arm.C, "", Media.VOICE),
            FlowKind("app", "d", "stun", Arm.A),
            FlowKind("app", "d", "mute", Arm.A, "", Media.VOICE),
            FlowKind("app", "d", "video", Arm.A, "", Media.VIDEO),
        ]
        txid = Message("binding", Direction.UP, Place(PlaceKind.TRANSACTION), 20, TxidCodec())
        txid_reply = Message("bound", Direction.DOWN, Place(PlaceKind.TAIL), 32, MangledCodec())
        rounds = [one_round(up(60), [down(60)]), one_round(up(80), [down(70), down(71)], delay_ms=30)]
        kinds = self.kinds
        self.scripts = [
            script(kinds[WARM], None, [], 2.0),
            script(kinds[CALL], PORT, rounds, 1.0),
            script(kinds[BIG], BIG_PORT, [one_round(up(40), [down(200)])], 1.0),
            script(kinds[TXID], PORT, [one_round(txid, [txid_reply])] * 3, 0.0),
            script(kinds[SILENT], PORT, [one_round(up(40), [])], 1.0),
            script(kinds[VIDEO], PORT, [], 1.0, size=1000),
        ]
        self.compiled = 0

    def compile(self, flow: int, ticket_key: bytes) -> Script:
        self.compiled += 1
        return self.scripts[flow // REPLICATES]

    def build(self, message: Message, context: BuildContext) -> bytes:
        return build(message, context)


IDENTITY = Identity(bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 80)))


def make_core(scripts: FakeScripts | None = None, *, part: Part = ALONE) -> ReflectorCore:
    return ReflectorCore(
        IDENTITY,
        cast("Any", None),
        udp_ports=(PORT, BIG_PORT),
        neutral_ports=NEUTRAL,
        tcp_ports=(443, 5222),
        version="1.2.3",
        scripts=scripts or FakeScripts(),
        part=part,
    )


def tickets(core: ReflectorCore, count: int = 1, source: Address = HOME, now: float = 0.0) -> TicketBatch:
    entropy = b"entropy-" + repr((source, now)).encode().ljust(24, b".")
    return core.issue_tickets(count, source, now, WALL_S + int(now), entropy)


@dataclass
class Near:
    """What a probe would know."""

    core: ReflectorCore
    ticket: Ticket
    nonce: bytes = NO_NONCE
    got: list[tuple[int, int, DownToken, list[FlowReceipt]]] = field(default_factory=list)

    @property
    def keys(self) -> TokenKeys:
        return TokenKeys(self.ticket.number, self.ticket.key, self.core.offer.salt)

    def packet(
        self, kind: int, seq: int, *, replicate: int = 0, size: int = 160, nonce: bytes | None = None
    ) -> bytes:
        flow = kind * REPLICATES + replicate
        room = 12 if kind == TXID else 16
        token = encode_up(self.keys, flow, seq, nonce=self.nonce if nonce is None else nonce, room=room)
        if kind == TXID:
            return b"\0\1\0\0\x21\x12\xa4\x42" + token
        return b"\x05".ljust(size - 16, b"\xee") + token

    def send(
        self,
        kind: int,
        seq: int,
        now: float,
        *,
        source: Address = HOME,
        port: int | None = None,
        replicate: int = 0,
        size: int = 160,
        nonce: bytes | None = None,
    ) -> list[Sent]:
        """One datagram in; everything that is due at `now` out."""
        if port is None:
            port = {WARM: NEUTRAL[0], BIG: BIG_PORT}.get(kind, PORT)
        data = self.packet(kind, seq, replicate=replicate, size=size, nonce=nonce)
        self.core.receive_datagrams([(source, port, data)], now)
        return self.core.datagrams_to_send(now)

    def open(self, kind: int, sent: Sent, *, replicate: int = 0, room: int = 16) -> DownToken:
        """The verified token of a datagram that came back, as control bytes carry it."""
        data = sent[2]
        room = min(len(data) - 4, 52)
        token = open_down_untrusted(self.keys, kind * REPLICATES + replicate, data[-room:])
        assert token is not None
        self.nonce = token.nonce
        return token


def new_near(core: ReflectorCore | None = None, *, source: Address = HOME, proved: bool = True) -> Near:
    """A near end with one ticket, which it got over TCP from `source`, or from elsewhere."""
    core = core or make_core()
    batch = tickets(core, source=source if proved else ("203.0.113.99", 1))
    return Near(core, batch.tickets[0])


def run_until(core: ReflectorCore, start: float, end: float) -> list[tuple[float, Sent]]:
    """Everything that leaves from `start` to `end`, with when it left, by the core's own timer."""
    sent: list[tuple[float, Sent]] = []
    now = start
    for _ in range(100_000):
        due = core.get_timer()
        if due is None or due > end:
            return sent
        now = max(now, due)
        core.handle_timer(now)
        sent += [(now, each) for each in core.datagrams_to_send(now)]
    raise AssertionError("the core's timer does not advance")


def receipts(token: DownToken) -> list[FlowReceipt]:
    return decode_receipts(token.extra)


def log_of(near: Near, now: float) -> FarLog:
    auth = encode_up(near.keys, CONTROL_FLOW, 1)
    signed = near.core.session_log(near.ticket.number, auth, now)
    assert signed is not None
    assert verify_farlog(signed.payload, signed.signature, near.core.offer.key.hex())
    return decode_farlog(signed.payload)


def media_seq(n: int) -> int:
    return MEDIA_SEQ + n
