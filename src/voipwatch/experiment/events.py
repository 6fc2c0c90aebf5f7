"""What the check's core says to its shell, and what the shell brings back.

The core never does anything itself: it hands out datagrams and these commands, and is told the
outcome. `probe.shell` drives it over real sockets, `lab.drive` in virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from voipwatch.model.measurement import Measurement, ReflectorFacts, SignedLog
from voipwatch.model.tickets import ReflectorOffer, Ticket
from voipwatch.model.vocabulary import Failure


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A datagram that is due now: from local socket `socket` to `port` of its reflector."""

    socket: int
    port: int
    data: bytes
    ttl: int | None = None
    """Hops to live; None: the system's own. Only for a socket that was opened as `traced`."""


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Open a UDP socket on a fresh local port; its datagrams go to this reflector's address."""

    socket: int
    reflector: int
    traced: bool = False
    """Its ICMP errors are wanted with who sent them: `LineCheck.hop_answered`."""


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """The core needs nothing more from this socket."""

    socket: int


@dataclass(frozen=True, slots=True)
class StartTcp:
    """Connect, send `hello`, read `answer_bytes`; then call `tcp_finished(trial, ...)`."""

    trial: int
    reflector: int
    port: int
    hello: bytes
    answer_bytes: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class TcpOutcome:
    """How a TCP trial went. `connect_ms` is None when no connection came about."""

    connect_ms: float | None
    data: bytes
    failure: Failure | None
    sent_bytes: int = 0
    received_bytes: int = 0
    """IP bytes, headers and handshake included as far as the shell can tell."""


@dataclass(frozen=True, slots=True)
class FetchLog:
    """GET /v1/sessions/{ticket}/log with this Authorization value; then call `log_finished`."""

    reflector: int
    ticket: int
    authorization: str


@dataclass(frozen=True, slots=True)
class LogOutcome:
    """The reflector's signed log, or why it did not come."""

    log: SignedLog | None
    failure: Failure | None
    cost_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """For who waits: which app is at what, and how much of its part is done; never less than before."""

    app: str
    """Or `line` for the warm-up; empty when the check is over."""
    stage: str
    """warmup, setup, repeat, voice, video, trigger, done, locate; finished when the check is over."""
    done_ratio: float
    """From 0 to 1: of this app alone."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event: everything that was observed."""

    measurement: Measurement


@dataclass(frozen=True, slots=True)
class ResolveName:
    """Ask the system's resolver; then call `provider_answered(ask, NameOutcome)`."""

    ask: int
    name: str
    prefixes: tuple[str, ...]
    """The provider's, as far as they are known: they tell an `expected` address from a `public` one."""


@dataclass(frozen=True, slots=True)
class NameOutcome:
    """The resolver's addresses, each with its kind (`model.targets.NameAnswer`), or why there are none."""

    addresses: tuple[str, ...]
    kinds: tuple[str, ...]
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class AskHost:
    """Connect by `transport`, say hello, end; then call `provider_answered(ask, HostOutcome)`."""

    ask: int
    transport: str
    """tcp: connect and close; tls: a handshake for `server_name` and nothing after it; stun: send `hello`
    with RFC 8489's retransmissions from a socket of its own, and give back what comes from that address."""
    address: str
    port: int
    timeout_s: float
    server_name: str = ""
    hello: bytes = b""


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """How it went; `answer` as in `model.targets.TargetTry`, but for stun, where `data` is the datagram."""

    connect_ms: float | None
    answer: str
    failure: Failure | None
    data: bytes = b""
    sent_bytes: int = 0
    received_bytes: int = 0


@dataclass(frozen=True, slots=True)
class AskCanary:
    """POST /v1/reach at a reflector for these targets; then call `provider_answered(ask, CanaryOutcome)`."""

    ask: int
    reflector: int
    targets: tuple[str, ...]
    max_age_s: float
    """The oldest look that will do."""


@dataclass(frozen=True, slots=True)
class CanaryView:
    """A reflector's word on one target."""

    resolved: tuple[str, ...]
    alive: tuple[str, ...]
    age_s: float


@dataclass(frozen=True, slots=True)
class CanaryOutcome:
    """By target id; one that the reflector does not know or has not looked at is missing."""

    views: Mapping[str, CanaryView]
    failure: Failure | None
    cost_bytes: int = 0


ProviderAsk = ResolveName | AskHost | AskCanary
ProviderOutcome = NameOutcome | HostOutcome | CanaryOutcome
Event = OpenSocket | CloseSocket | StartTcp | FetchLog | Progress | Finished | ProviderAsk


class ReflectorSession(msgspec.Struct, frozen=True):
    """One reflector as the shell reached it before the check: what it offers, and our ticket."""

    facts: ReflectorFacts
    offer: ReflectorOffer | None
    ticket: Ticket | None
    """None when no ticket could be had: nothing is sent to this reflector."""
    host: str = "reflector.invalid"
    """Name for SIP URIs and SDP."""
    ip_version: int = 4
    observed: str | None = None
    """Kind of our address as the reflector saw it when it gave the ticket; never the address."""
    setup_bytes: int = 0
    """IP bytes spent on tickets."""
