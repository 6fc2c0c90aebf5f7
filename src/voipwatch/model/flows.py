"""Flows: what kind a flow is, how its packets are numbered, what each end saw of it."""

from typing import Annotated, Final

import msgspec

from voipwatch.model.vocabulary import Arm, Failure, Family, Media, Stage

REPLICATES: Final = 32
"""Flows of one kind in a session; the low five bits of a flow id."""
HELD_REPLICATES: Final = (28, 29)
"""Replicates whose media lasts `ruleset.HELD_S`."""
LONG_REPLICATES: Final = (30, 31)
"""Replicates whose media lasts `ruleset.LONG_S`."""
TOGETHER: Final = "together"
"""The question whose flows run beside those to another reflector: they are no evidence of a verdict."""
PORTS: Final = "ports"
"""The question whose flows ask other ports than the dead one: of random bytes, evidence of ports alone."""
PORTS_REPLICATES: Final = (24, 25, 26, 27)
"""Replicates of that question: those that blocks reach last, and whose media would be short."""
MUTANTS_MAX: Final = 256
"""Kinds of derived mutants; they take the numbers from 2046 downwards, 2047 has the flow ids of no flow."""
MUTANT_FORMAT: Final = 2
"""Of the derived mutants: one more whenever some are added behind the others, whose scripts and numbers stay.
A probe asks a reflector for those that both know."""
MEDIA_SEQ: Final = 1024
"""First sequence number of media; below it, seq = round * 64 + try * 4 + reply index."""
ROUNDS_MAX: Final = MEDIA_SEQ // 64
TRIES_MAX: Final = 16
REPLIES_MAX: Final = 4


Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column holds: it has room in 64 bits with a sign, as the judge's arrays and the store's have."""


class FlowKind(msgspec.Struct, frozen=True):
    """What a flow plays: both ends derive the same script from it."""

    app: str
    dialect: str
    leg: str
    arm: Arm
    mutant: str = ""
    """Name of the mutant for arm D, else empty."""
    media: Media = Media.NONE


class Columns(msgspec.Struct):
    """Packets of one direction at one end, in the order seen; equal-length columns."""

    seq: list[Number] = []
    t_us: list[Number] = []
    """Microseconds since the start of the check (near) or of the session (far); monotonic clocks."""
    size_bytes: list[Number] = []
    """UDP payload length."""
    crc: list[Number] = []
    """CRC-32 of the payload for set-up packets (seq < MEDIA_SEQ), 0 for media."""


class Receipt(msgspec.Struct, frozen=True):
    """What the far end says in band of the uplink packets of one flow that it got."""

    highest_seq: int
    count: int
    """Distinct packets received so far."""
    far_us: int
    """Far clock when the highest packet arrived, modulo 2**32."""
    bitmap: int
    """Bit i: packet highest_seq - 1 - i was received (64 bits)."""


class FlowFailure(msgspec.Struct, frozen=True):
    """An error the network reported on a flow, such as an ICMP port unreachable."""

    failure: Failure
    t_us: int


class ForeignSip(msgspec.Struct, frozen=True):
    """A SIP message of this flow's own call that its script does not hold."""

    what: str
    """Status code of an answer, or method of a request: "403", "BYE"."""
    t_us: int
    after_final: bool
    """Whether the script's final answer to the same request (for a request: to the call) had come before."""


class FlowRecord(msgspec.Struct):
    """The near end's whole observation of one flow (one five-tuple)."""

    flow: int
    """Flow id: kind index * REPLICATES + replicate."""
    reflector: int
    """Index into the measurement's reflectors."""
    kind: FlowKind
    replicate: int
    family: Family
    question: str
    """The question that asked for it: warmup, setup, repeat, media, held, trigger, together or ports."""
    block: int
    """Matched block; flows with the same question, app and block are compared with each other."""
    remote_port: int
    round_stages: list[Stage]
    """Stage of each set-up round of the flow's script."""
    started_us: int
    ended_us: int | None = None
    sent: Columns = msgspec.field(default_factory=Columns)
    received: Columns = msgspec.field(default_factory=Columns)
    attested: int = 0
    """Received packets whose keyed downlink token was verified."""
    forged: int = 0
    """Received datagrams that were not the reflector's (wrong token, wrong shape)."""
    foreign: list[ForeignSip] = []
    """Of the forged: SIP messages that bear this flow's own Call-ID and tag, the first few."""
    receipts: list[Receipt] = []
    """Receipts for this flow, from its own or another flow's downlink; ascending highest_seq."""
    failures: list[FlowFailure] = []
    media_s: float = 0.0
    """Planned seconds of media, 0 without."""
    planned_down: int = 0
    """Downlink media packets of the whole script, reports included."""
    aborted: bool = False
    """The near end stopped before the script's end: what did not come then was not awaited."""
    aside_up: list[int] = []
    """Sequence numbers at or above MEDIA_SEQ that carry reports (RTCP), not media; planned, by the script."""
    aside_down: list[int] = []
    relay_rounds: int = 0
    """Of a direct leg: so many of its first rounds are those of the relay leg before it, from the same socket
    to the relay's port. 0: no direct leg."""


class TcpRecord(msgspec.Struct, frozen=True):
    """One TCP trial towards the reflector (arm F fallback, arm G messaging path)."""

    arm: str
    """F or G."""
    name: str
    """tcp-443, tls-443, tcp-5222, tls-5222."""
    reflector: int
    port: int
    started_us: int
    connect_ms: float | None
    answered: bool
    """True only when the reflector's keyed answer came back over this connection."""
    failure: Failure | None
    sent_bytes: int
    received_bytes: int
