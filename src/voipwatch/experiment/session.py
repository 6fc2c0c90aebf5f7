"""One ticket's session at the near end: builds uplink datagrams, verifies downlink ones.

Spec: docs/experiments/session-protocol.md.
"""

from dataclasses import dataclass, field
from zlib import crc32

from voipwatch.apps import (
    BuildContext,
    Message,
    ProfileSet,
    Script,
    build,
    compile_script,
    flow_id,
    fresh_ports,
    read_down,
)
from voipwatch.experiment.events import ReflectorSession
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import PRIVATE
from voipwatch.wire.derive import flow_secret, packet_entropy, shape_seed
from voipwatch.wire.token import (
    NO_NONCE,
    ROOM_UP,
    ROOM_UP_MIN,
    DownToken,
    FlowReceipt,
    TokenKeys,
    decode_receipts,
    encode_up,
    open_down_untrusted,
)

NO_SOURCE = ("0.0.0.0", 0)  # noqa: S104 -- nobody binds it: it stands for "unknown"
"""The near end does not know how its address looks from outside."""
IP_UDP_BYTES = {4: 28, 6: 48}
"""Header bytes a UDP datagram costs on the line, by IP version."""


@dataclass
class Session:
    """Keys, flow kinds and the latest nonce of one ticket at one reflector."""

    reflector: int
    profiles: ProfileSet
    kinds: tuple[FlowKind, ...]
    offered: ReflectorSession
    neutral_port: int
    keys: TokenKeys = field(init=False)
    mutants: tuple[FlowKind, ...] = ()
    """The derived mutants, where the reflector plays ours."""
    unused_ports: tuple[int, ...] = field(init=False)
    """Served ports that no app uses: the neutral ones, and the fresh ones of a reflector that has them."""
    nonce: bytes = NO_NONCE
    receipts: list[FlowReceipt] = field(default_factory=list)
    """Receipts that arrived since they were last collected, for any flow."""
    _scripts: dict[tuple[FlowKind, int], Script] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ticket, offer = self.offered.ticket, self.offered.offer
        if ticket is None or offer is None:
            raise ValueError("a session needs a ticket and its reflector's offer")
        self.keys = TokenKeys(ticket.number, ticket.key, offer.salt)
        self._ports = frozenset(offer.udp_ports) | frozenset(offer.neutral_ports)
        self.unused_ports = (*offer.neutral_ports, *(p for p in fresh_ports if p in self._ports))

    @property
    def plays_private(self) -> bool:
        """Whether the reflector has all our profiles: without the private one its digest is another."""
        offer = self.offered.offer
        return offer is not None and offer.profiles_digest == self.profiles.digest

    @property
    def overhead_bytes(self) -> int:
        """IP and UDP header bytes a datagram."""
        return IP_UDP_BYTES[self.offered.ip_version]

    def script(self, kind: FlowKind, replicate: int) -> Script:
        """The script that both ends derive for this flow of this session."""
        key = (kind, replicate)
        if key not in self._scripts:
            seed = shape_seed(self.keys.key, kind.app, replicate)
            self._scripts[key] = compile_script(self.profiles, kind, replicate, seed)
        return self._scripts[key]

    def flow(self, kind: FlowKind, replicate: int) -> int:
        """Flow id on the wire."""
        return flow_id(self.kinds, kind, replicate, mutants=self.mutants)

    def port(self, script: Script) -> int:
        """The reflector's UDP port for a flow with this script."""
        return self.neutral_port if script.port is None else script.port

    def serves(self, script: Script) -> bool:
        """False when the reflector said that it does not listen on a port of the script's."""
        port = self.port(script)
        if script.kind.app == PRIVATE and not self.plays_private:
            return False
        return {port, script.port_at(0, port)} <= self._ports

    def build_up(self, flow: int, seq: int, message: Message, *, size: int, index: int) -> bytes:
        """The uplink datagram `seq` of a flow. Deterministic but for the latest nonce."""
        room = message.room(size)
        token = b""
        if room >= ROOM_UP_MIN:
            token = encode_up(
                self.keys, flow, seq, nonce=self.nonce, room=ROOM_UP if room >= ROOM_UP else ROOM_UP_MIN
            )
        key = self.keys.key
        entropy = packet_entropy(key, "u", flow, seq)
        if len(token) < room:
            token = entropy[: room - len(token)].ljust(room - len(token), b"\xa5") + token
        context = BuildContext(
            flow_secret=flow_secret(key, flow),
            entropy=entropy,
            token=token,
            size=size,
            index=index,
            request=b"",
            source=NO_SOURCE,
            host=self.offered.host,
        )
        return build(message, context)

    def open_down(
        self, flow: int, message: Message, data: bytes, *, request: bytes = b"", reply_seq: int | None = None
    ) -> DownToken | None:
        """Verifies a received datagram as `message` of a flow; takes up its nonce and receipts."""
        place = read_down(message, data, request)
        if place is None:
            return None
        token = open_down_untrusted(self.keys, flow, place, reply_seq=reply_seq)
        if token is not None:
            self.nonce = token.nonce
            if token.extra:
                self.receipts.extend(decode_receipts(token.extra))
        return token

    def collect_receipts(self) -> list[FlowReceipt]:
        """The receipts that arrived since the last call."""
        receipts, self.receipts = self.receipts, []
        return receipts


def setup_crc(data: bytes) -> int:
    """CRC-32 of a set-up payload: a far log that differs shows that it was rewritten on the way."""
    return crc32(data)
