"""One ticket in use: its flows, the addresses it came from, and what it may still cost."""

from collections import deque
from dataclasses import dataclass, field
from zlib import crc32

from voipwatch import apps
from voipwatch.model.flows import MEDIA_SEQ, REPLIES_MAX, TRIES_MAX, FlowKind
from voipwatch.reflector.core.limits import SOURCES_MAX, UNPROVED_FLOWS_MAX
from voipwatch.reflector.core.packets import PacketLog, ReceiveWindow
from voipwatch.reflector.core.prefixes import prefix_of
from voipwatch.reflector.core.proof import Account
from voipwatch.wire.token import TokenKeys

Address = tuple[str, int]
SEQ_LIMIT_MAX = 0x10000
"""A receipt carries 16 bits of sequence number; 60 s of video are under 10,000 packets."""


@dataclass(slots=True, eq=False)
class Flow:
    """One flow of a session: what arrived, what was sent, where to send it."""

    number: int
    kind: FlowKind
    replicate: int
    script: apps.Script | None
    """None while the flow rests: it can be compiled again."""
    secret: bytes
    port: int
    """The reflector's port that the flow uses; rounds of a leg before it use another (`Script.port_at`)."""
    early_seqs: int
    """Sequence numbers below this are of those rounds."""
    early_port: int
    source: Address
    window: ReceiveWindow
    up: PacketLog = field(default_factory=PacketLog)
    down: PacketLog = field(default_factory=PacketLog)
    duplicates: int = 0
    unproved: int = 0
    heard: list[tuple[Address, int]] = field(default_factory=list)
    """Where it came from, and to which of our ports."""
    last_round: int = 0
    last_heard_at: float = 0.0
    media_at: float | None = None
    """When the downlink media's schedule began."""
    media_next: int = 0
    """Index of the next downlink media packet."""
    paused: bool = False
    """Media waits for the session to be heard again."""
    news: int = 0
    """How many more downlink packets should tell of this flow."""

    @classmethod
    def of(
        cls, number: int, kind: FlowKind, *, script: apps.Script, secret: bytes, port: int, source: Address
    ) -> "Flow":
        """A flow that was just seen for the first time."""
        limit = min(MEDIA_SEQ + len(script.up), SEQ_LIMIT_MAX)
        return cls(
            number=number,
            kind=kind,
            replicate=number & 31,
            script=script,
            secret=secret,
            port=port,
            early_seqs=script.early_rounds * TRIES_MAX * REPLIES_MAX,
            early_port=script.port_at(0, port),
            source=source,
            window=ReceiveWindow.of(limit),
        )

    @property
    def source_count(self) -> int:
        """Addresses from which the flow's own port heard it, at least 1: more than one is a NAT rebind."""
        return max(1, sum(port == self.port for _, port in self.heard))

    def port_at(self, seq: int) -> int:
        """The reflector's port for this packet, either way."""
        return self.port if seq >= self.early_seqs else self.early_port


@dataclass(slots=True)
class Waiting:
    """A built datagram that its address cannot afford yet."""

    expires_at: float
    flow: Flow
    seq: int
    address: Address
    data: bytes


@dataclass(slots=True)
class Held:
    """What all sessions hold together, for the bounds of the whole reflector."""

    flows: int = 0
    packets: int = 0
    """Logged, both ways."""


@dataclass(slots=True, eq=False)
class Session:
    """All state of one ticket from its first authenticated packet on."""

    keys: TokenKeys
    started_at: float
    """Monotonic, as every `_at` here."""
    started_wall_s: float
    last_heard_at: float
    held: Held = field(default_factory=Held)
    """Shared by all sessions."""
    flows: dict[int, Flow] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    unproved_flows: set[int] = field(default_factory=set)
    waiting: deque[Waiting] = field(default_factory=deque)
    paused: list[Flow] = field(default_factory=list)
    telling: dict[int, Flow] = field(default_factory=dict)
    """Flows with news for the near end, the longest untold first."""
    bytes_used: int = 0
    packets: int = 0
    """Logged, both ways, as `bytes_used`."""
    garbage: int = 0
    strangers: dict[int, int] = field(default_factory=dict)
    """Local port to datagrams without a token from next to an address proved here (`strangers`)."""
    refused: int = 0
    refused_us: int | None = None
    """First time that one of our limits refused something of the session."""
    tcp_answers: dict[int, int] = field(default_factory=dict)
    log_fetches: int = 0
    closed: bool = False

    def account(self, ip: str, *, create: bool = True) -> Account | None:
        """The account of a source address, None when there are too many or it is not to be made."""
        account = self.accounts.get(ip)
        if account is None and create and len(self.accounts) < SOURCES_MAX:
            account = self.accounts[ip] = Account(prefix_of(ip))
        return account

    def may_answer(self, flow: Flow, account: Account) -> bool:
        """True when the flow's address is proved, or the flow is one of the few that need not be."""
        if account.proved or flow.number in self.unproved_flows:
            return True
        if len(self.unproved_flows) >= UNPROVED_FLOWS_MAX:
            return False
        self.unproved_flows.add(flow.number)
        return True

    def prove(self, ip: str) -> None:
        """The address was shown to receive what is sent to it."""
        account = self.account(ip)
        if account is None or account.proved:
            return
        account.proved = True
        self.unproved_flows = {n for n in self.unproved_flows if self.flows[n].source[0] != ip}

    def add(self, flow: Flow) -> None:
        """A flow of this session was seen for the first time."""
        self.flows[flow.number] = flow
        self.held.flows += 1

    def log(self, packets: PacketLog, seq: int, now: float, *, data: bytes) -> None:
        """Note a datagram of one of its flows, and what it costs. Checksums are kept of set-up packets."""
        packets.add(seq, self.t_us(now), size_bytes=len(data), crc=crc32(data) if seq < MEDIA_SEQ else 0)
        self.bytes_used += len(data)
        self.packets += 1
        self.held.packets += 1

    def refuse(self, now: float) -> None:
        """A limit of ours kept an authenticated datagram out: its absence from the log is no loss."""
        self.refused += 1
        if self.refused_us is None:
            self.refused_us = self.t_us(now)

    def t_us(self, now: float) -> int:
        """Microseconds since the ticket's first use."""
        return max(0, round((now - self.started_at) * 1e6))
