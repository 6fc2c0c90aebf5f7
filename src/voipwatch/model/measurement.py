"""The measurement: everything that was observed in one check, and nothing that was concluded."""

from typing import Final

import msgspec

from voipwatch.model.flows import FlowRecord, TcpRecord
from voipwatch.model.sweeps import Sweep
from voipwatch.model.targets import TargetRecord
from voipwatch.model.vocabulary import Access, Failure

CHECK_SCHEMA: Final = "voipwatch.check/1"
REPORT_SCHEMA: Final = "voipwatch.report/1"
TICKETS_SCHEMA: Final = "voipwatch.tickets/1"
FARLOG_SCHEMA: Final = "voipwatch.farlog/1"
OVERTIME: Final = "overtime"
"""Reason of an interruption: the check took longer than any may; our defect, or a line beyond all bounds."""
PROTOCOL: Final = 1
"""Version of the session protocol between probe and reflector."""


class Line(msgspec.Struct, frozen=True):
    """The user's line, as far as it was declared or seen."""

    country: str | None = None
    """ISO 3166 code; the probe asks nobody, so it stays None until an observatory fills it in."""
    asn: int | None = None
    """As for country."""
    operator_declared: str | None = None
    access: Access = Access.UNKNOWN
    local_hop: str | None = None
    """Kind of the first hop's address: private, cgnat, public, none; never the address."""
    ip_version: int | None = None
    nat: str | None = None
    """`none` or `translated`, by the kinds of address at both ends; None where that cannot be told."""
    tunnel: bool | None = None
    """True when the default route is a tunnel; None when it could not be told."""


class SignedLog(msgspec.Struct, frozen=True):
    """A reflector's log of one session as it was signed (wire.farlog decodes and verifies)."""

    payload: bytes
    signature: bytes


class ReflectorFacts(msgspec.Struct):
    """One reflector, as the check met it."""

    name: str
    """What the user called it, if a name; an address is replaced by an equality token."""
    key: str | None = None
    """Ed25519 public key, hex, from its ticket."""
    version: str | None = None
    protocol: int | None = None
    control: str = "unknown"
    """ok, stored-ticket (control blocked, kept ticket used), lost (blocked at the end), failed."""
    failure: Failure | None = None
    udp_ports: list[int] = []
    tcp_ports: list[int] = []
    profiles_digest: str | None = None
    log: SignedLog | None = None
    ticket: int | None = None


class Decision(msgspec.Struct, frozen=True):
    """A stopping decision of an experiment: why it sent no more. Never a verdict."""

    app: str
    question: str
    arm: str
    stage: str
    outcome: str
    """dead, alive, exhausted, budget, done, thin."""
    at_s: float
    """Seconds after the question's first packet."""
    packets: int
    """Packets of the arm sent until then, summed over its flows."""
    flows: int


class Interruption(msgspec.Struct, frozen=True):
    """Why a check ended before its plan did."""

    reason: str
    """user, reflector-died, budget, error, overtime."""
    at_s: float


class AppCost(msgspec.Struct, frozen=True):
    """What something cost the line."""

    bytes: int
    """IP bytes both ways."""
    seconds: float


class Measurement(msgspec.Struct):
    """Observations and the circumstances that a judge needs; verdicts are recomputed from it."""

    seed: str
    """Hex; with the profile digests it reproduces every choice of the check."""
    started_at: str
    """UTC, ISO 8601 with Z."""
    ended_at: str
    apps: list[str]
    """Apps asked for, in the order asked."""
    profile_digests: dict[str, str]
    line: Line
    reflectors: list[ReflectorFacts]
    flows: list[FlowRecord] = []
    tcp: list[TcpRecord] = []
    decisions: list[Decision] = []
    costs: dict[str, AppCost] = {}
    """By app, and "line" for warm-up, tickets and logs."""
    not_tested: dict[str, list[str]] = {}
    """By app: what a replay cannot show and what this run left out."""
    notes: list[str] = []
    """Circumstances in words of a closed list (docs/methods/verdicts.md): control-blocked, ..."""
    video: bool = False
    long: bool = False
    budget_bytes: int = 2_000_000
    interrupted: Interruption | None = None
    invalid: str | None = None
    """An internal error that makes the measurement worthless, else None."""
    targets: list[TargetRecord] = []
    """The providers' servers, where the check was asked to look at them."""
    targets_state: str = ""
    """Of the target list: ok, expired, bad-signature, unreadable; empty where nobody asked for providers."""
    targets_digest: str = ""
    sweeps: list[Sweep] = []
    """Hop by hop, where the check was asked where a block sits and there was one."""
    sweeps_state: str = ""
    """ok; system, via: this machine or this way cannot; empty where nobody asked."""


class ViaRun(msgspec.Struct):
    """The same check again, through a tunnel or proxy that the user named; nothing of it but the kind."""

    kind: str
    """tunnel or socks5."""
    measurement: Measurement
