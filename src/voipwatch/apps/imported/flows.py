"""The UDP flows of a capture: what is kept of each, and which look like a call.

Memory is bounded whatever the file: the first packets of a flow with their bytes, then counts and histograms;
when there are too many flows or bytes, the flows with the fewest packets go.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from voipwatch.apps.imported.rtpstreams import is_rtcp, rtp_streams
from voipwatch.wire.capture import network_packet
from voipwatch.wire.demux import Kind, demultiplex
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import PcapPacket
from voipwatch.wire.udp import decode_udp_packet

KEPT_PACKETS_MAX: Final = 400
"""Of one flow with their bytes: a set-up, and some seconds of voice."""
FLOWS_MAX: Final = 2048
KEPT_BYTES_MAX: Final = 48 << 20
GAPS_US: Final = (1_000, 5_000, 15_000, 25_000, 45_000, 80_000, 200_000, 1_000_000)
"""Upper ends of the gap histogram's bins; the last bin is open."""
STEADY_PACKETS: Final = 30
STEADY_GAP_S: Final = 0.5
"""An unknown protocol is taken for a call when it sends at least every half second, in 30 packets or more."""
NO_CALL_PORTS: Final = frozenset(
    {
        53,
        67,
        68,
        69,
        111,
        123,
        137,
        138,
        161,
        162,
        500,
        514,
        1194,
        1900,
        4500,
        5351,
        5353,
        5355,
        17500,
        51820,
        57621,
    }
)
"""Names, addresses, time, discovery, tunnels: never a call, whatever they send."""
_NO_CALL_STARTS: Final = (
    b"d1:",
    b"M-SEARCH",
    b"NOTIFY *",
    b"\xff\xff\xff\xffTSource",
    b"\x00\xff\xff\x00\xfe\xfe",
)
_RAKNET: Final = bytes.fromhex("00ffff00fefefefefdfdfdfd12345678")

Address = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """One packet of a flow."""

    at_us: int
    up: bool
    """From the end that sent the flow's first packet."""
    data: bytes


@dataclass(slots=True, eq=False)
class Flow:
    """One five-tuple, both directions."""

    near: Address
    """Who sent the first packet."""
    far: Address
    first_us: int
    last_us: int
    packets: list[Sample] = field(default_factory=list)
    """The first of them."""
    counts: list[int] = field(default_factory=lambda: [0, 0])
    """Up, down: of all."""
    sizes: tuple["Counter[int]", "Counter[int]"] = field(default_factory=lambda: (Counter(), Counter()))
    gaps: tuple["Counter[int]", "Counter[int]"] = field(default_factory=lambda: (Counter(), Counter()))
    """By bin of GAPS_US."""
    kept_bytes: int = 0
    _last: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, at_us: int, up: bool, data: bytes) -> int:
        """Take one packet; returns how many bytes of it are kept."""
        way = 0 if up else 1
        self.counts[way] += 1
        self.sizes[way][len(data)] += 1
        if self.counts[way] > 1:
            gap = max(0, at_us - self._last[way])
            self.gaps[way][next((n for n, end in enumerate(GAPS_US) if gap < end), len(GAPS_US))] += 1
        self._last[way] = at_us
        self.last_us = max(self.last_us, at_us)
        if len(self.packets) >= KEPT_PACKETS_MAX:
            return 0
        self.packets.append(Sample(at_us, up, data))
        self.kept_bytes += len(data)
        return len(data)

    def seen_from(self, near: Address) -> "Flow":
        """The same flow with `near`, one of its two ends, as the near end."""
        if near == self.near:
            return self
        flipped = [Sample(s.at_us, not s.up, s.data) for s in self.packets]
        return Flow(
            self.far,
            self.near,
            self.first_us,
            self.last_us,
            packets=flipped,
            counts=self.counts[::-1],
            sizes=self.sizes[::-1],
            gaps=self.gaps[::-1],
        )

    @property
    def packet_count(self) -> int:
        """Both ways."""
        return sum(self.counts)

    @property
    def seconds(self) -> float:
        """From the first packet to the last."""
        return (self.last_us - self.first_us) / 1e6


@dataclass(frozen=True, slots=True)
class Candidate:
    """One flow as it is offered to the person."""

    flow: Flow
    protocols: tuple[str, ...]
    """What was recognised in it: stun, dtls, rtp, rtcp, sip, turn-channel, ms-turn; empty: nothing."""
    is_call: bool
    score: float


class Capture:
    """Everything kept of one capture file."""

    def __init__(self) -> None:
        self.packets = 0
        self.other = 0
        """Packets that are no whole UDP datagram: TCP, ICMP, fragments, link layers that are not read."""
        self.dropped_flows = 0
        """Flows given up to stay within memory: those with the fewest packets."""
        self.linktypes: set[int] = set()
        self.flows: dict[tuple[Address, Address], Flow] = {}
        self._kept = 0

    def add(self, packet: PcapPacket) -> None:
        """Take one captured packet. Cannot fail, whatever it holds."""
        self.packets += 1
        self.linktypes.add(packet.linktype)
        try:
            ip, udp = decode_udp_packet(network_packet(packet))
        except WireError:
            self.other += 1
            return
        if not udp.payload or packet.original_bytes is not None:
            self.other += 1
            return
        source, target = (ip.source, udp.source_port), (ip.destination, udp.destination_port)
        flow = self.flows.get((source, target))
        up = flow is not None
        if flow is None:
            flow = self.flows.get((target, source))
        if flow is None:
            if len(self.flows) >= FLOWS_MAX:
                self._give_up_half()
            flow = self.flows[source, target] = Flow(source, target, packet.ts_us, packet.ts_us)
            up = True
        self._kept += flow.add(packet.ts_us, up, udp.payload)
        if self._kept > KEPT_BYTES_MAX:
            self._give_up_half()

    def _give_up_half(self) -> None:
        """Keep the half of the flows that has most packets: a call has many."""
        ranked = sorted(self.flows.items(), key=lambda item: item[1].packet_count, reverse=True)
        kept = ranked[: max(1, len(ranked) // 2)]
        self.dropped_flows += len(ranked) - len(kept)
        self.flows = dict(kept)
        self._kept = sum(flow.kept_bytes for flow in self.flows.values())

    def opened_before(self, flow: Flow) -> tuple[Address, Flow] | None:
        """The flow with STUN that came before this one from the same local port, and that local end.

        An app that asks a relay first and then the other phone does so from one socket; a recogniser that
        knew the relay's flow knows the other by it.
        """
        found = [
            (each.packet_count, -each.first_us, end, each)
            for each in self.flows.values()
            for end in (flow.near, flow.far)
            if each is not flow
            and end in {each.near, each.far}
            and each.first_us < flow.last_us
            and min(each.counts) >= 2
            and {each.near[1], each.far[1]} != {flow.near[1], flow.far[1]}
            and "stun" in rate(each).protocols
        ]
        found.sort(key=lambda item: item[:2], reverse=True)
        if not found:
            return None
        _, _, end, before = found[0]
        return end, before

    def candidates(self) -> list[Candidate]:
        """Every flow, the likeliest call first; equal ones in the order of the capture."""
        return sorted((rate(flow) for flow in self.flows.values()), key=lambda c: (not c.is_call, -c.score))


def rate(flow: Flow) -> Candidate:
    """How much a flow looks like a call: recognised protocols, both directions, many packets, steadily."""
    kinds = Counter(demultiplex(sample.data) for sample in flow.packets)
    streams = rtp_streams(flow.packets)
    found: list[str] = []
    if kinds[Kind.STUN] and _is_stun(flow):
        found.append("stun")
    if kinds[Kind.MS_TURN]:
        found.append("ms-turn")
    if kinds[Kind.TURN_CHANNEL] >= 3 and "stun" in found:
        found.append("turn-channel")
    if kinds[Kind.DTLS] and any(s.data[:1] == b"\x16" and s.data[1:2] == b"\xfe" for s in flow.packets):
        found.append("dtls")
    if any(stream.count >= 5 for stream in streams):
        found.append("rtp")
    if any(is_rtcp(sample.data) for sample in flow.packets) and ("rtp" in found or _all_rtcp(flow)):
        found.append("rtcp")
    if kinds[Kind.SIP]:
        found.append("sip")
    both = min(flow.counts) > 0
    ports = {flow.near[1], flow.far[1]}
    excluded = bool(ports & NO_CALL_PORTS) or _is_something_else(flow)
    is_call = bool(found) if not excluded else False
    is_call = is_call and (flow.packet_count >= 3)
    if not found and not excluded and not ports & {80, 443}:  # there, what nobody knows is a kind of QUIC
        is_call = (
            both
            and flow.packet_count >= STEADY_PACKETS
            and min(flow.counts) >= 3
            and flow.seconds > 0
            and flow.seconds / flow.packet_count <= STEADY_GAP_S
            and _median(flow) <= 1300
            and not _is_lockstep(flow)
        )
    score = float(min(flow.packet_count, 2 * KEPT_PACKETS_MAX))
    score *= 1.0 if both else 0.4
    score *= 1.0 + 0.5 * bool(found) + 1.0 * ("rtp" in found) - 0.5 * (found == ["rtcp"])
    return Candidate(flow, tuple(found), is_call, score)


def _is_stun(flow: Flow) -> bool:
    """Two messages with the cookie, or classic ones that were answered."""
    messages = [s for s in flow.packets if demultiplex(s.data) is Kind.STUN]
    if any(s.data[4:8] == b"\x21\x12\xa4\x42" for s in messages):
        return True
    asked = {s.data[4:20] for s in messages if s.up}
    return any(s.data[4:20] in asked for s in messages if not s.up)


def _all_rtcp(flow: Flow) -> bool:
    return all(is_rtcp(sample.data) for sample in flow.packets)


def _is_something_else(flow: Flow) -> bool:
    """QUIC with a version, WireGuard, OpenVPN, RakNet, BitTorrent, game queries: known, and no calls."""
    first = flow.packets[0].data
    if first.startswith(_NO_CALL_STARTS) or _RAKNET in first[:64]:
        return True
    if first[:4] == b"\x01\0\0\0" and len(first) == 148:
        return True
    if first[0] & 0xC0 == 0xC0 and len(first) >= 1200 and flow.far[1] in {443, 80}:
        return True
    return (
        first[0] >> 3 in {1, 7, 8}
        and len(first) in range(14, 90)
        and any(not s.up and s.data[0] >> 3 in {2, 8} for s in flow.packets[:3])
    )


def _median(flow: Flow) -> int:
    sizes = sorted((flow.sizes[0] + flow.sizes[1]).elements())
    return sizes[len(sizes) // 2]


def _is_lockstep(flow: Flow) -> bool:
    """Each packet answered by one before the next, large against tiny: a file transfer (TFTP), no call."""
    turns = [sample.up for sample in flow.packets]
    alternates = sum(a != b for a, b in pairwise(turns))
    sizes = [Counter(len(s.data) for s in flow.packets if s.up is way) for way in (True, False)]
    uniform = all(c and c.most_common(1)[0][1] >= 0.9 * sum(c.values()) for c in sizes)
    return (
        uniform and alternates >= 0.95 * (len(turns) - 1) and max(map(max, sizes)) >= 8 * min(map(min, sizes))
    )
