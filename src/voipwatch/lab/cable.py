"""A world on a real cable: frames in, frames out, each at its time. The core of `relay`, without sockets.

The same line, translator and (where the kernel does not run it) policy as in `simnet`, in the same order: the
line, then the operator's end of it.
"""

from heapq import heappop, heappush
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

import msgspec

from voipwatch.lab.ip import Datagram, convert_ip, is_neighbour_talk, read_ip, refuse, repair, reset, write_ip
from voipwatch.lab.line import Line, LineCondition
from voipwatch.lab.nat import NAT64_PREFIX, Nat
from voipwatch.lab.ndpi import open_classifier
from voipwatch.lab.policy import DROP, PASS, Action, Delay, Inject, Packet, Reject, make_policy
from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import TCP, UDP
from voipwatch.lab.policy.signature import flow_key
from voipwatch.model.vocabulary import Direction

ETHERNET_BYTES: Final = 14
ETHERTYPES: Final = frozenset({b"\x08\x00", b"\x86\xdd"})
NO_KEY: Final = ("other", "", 0, "", 0)
REFUSED_BY: Final = {4: "192.0.2.1", 6: "2001:db8:1::1"}
"""The operator's address on the line."""


class CableOrder(msgspec.Struct, frozen=True):
    """What a relay or a queue is told to be, as JSON on its standard input."""

    line: LineCondition
    policy: dict[str, Any]
    seed: int
    starts_at_s: float = 0.0
    queue: int = 0


class WorldClock:
    """A world's time: it begins with the first datagram from the line; what is built before costs none."""

    def __init__(self, starts_at_s: float) -> None:
        self._starts_at_s = starts_at_s
        self._began: float | None = None

    def at(self, now: float, *, begin: bool = False) -> float:
        """The world's time at a monotonic time; `begin` if a datagram leaves the line now."""
        if self._began is None:
            if not begin:
                return self._starts_at_s
            self._began = now
        return self._starts_at_s + max(0.0, now - self._began)


class Cable:
    """Both directions of a line with the operator's end: `take` frames; `due` gives them out."""

    def __init__(self, order: CableOrder) -> None:
        root = derive(b"cable", str(order.seed))
        self._condition = order.line
        self._line = Line(order.line, derive(root, "line"))
        nat = order.line.nat
        self._nats = {}
        if nat is not None:
            self._nats = {
                4: Nat(nat, derive(root, "nat 4")),
                6: Nat(nat, derive(root, "nat 6"), external=nat.external6),
            }
        self._policy = make_policy(order.policy, open_classifier)
        self._state = self._policy.start(derive(root, "policy"))
        self._clock = WorldClock(order.starts_at_s)
        self._heap: list[tuple[float, int, Direction, bool, bytes, Datagram | None]] = []
        self._count = 0

    def next_time(self) -> float | None:
        """When `due` has something to do."""
        return self._heap[0][0] if self._heap else None

    def take(self, direction: Direction, frame: bytes, now: float) -> None:
        """A frame came in at one end."""
        raw = frame[ETHERNET_BYTES:]
        if frame[12:14] not in ETHERTYPES or is_neighbour_talk(raw):
            self._push(now, direction, frame)
            return
        datagram = read_ip(raw)
        if datagram is not None:
            frame = frame[:ETHERNET_BYTES] + repair(raw, datagram)
        if direction is Direction.UP:
            begin = datagram is not None and datagram.packet.proto == UDP
            self._clock.at(now, begin=begin)
            self._cross(direction, frame, datagram, now)
        else:
            self._operator(direction, frame, datagram, now)

    def due(self, now: float) -> list[tuple[Direction, bytes]]:
        """Frames that come out at the other end by now."""
        out: list[tuple[Direction, bytes]] = []
        while self._heap and self._heap[0][0] <= now:
            at, _, direction, done, frame, datagram = heappop(self._heap)
            if done:
                out.append((direction, frame))
            else:
                self._operator(direction, frame, datagram, at)
        return out

    def _cross(self, direction: Direction, frame: bytes, datagram: Datagram | None, now: float) -> None:
        """Over the line."""
        link = self._line.up if direction is Direction.UP else self._line.down
        key = NO_KEY if datagram is None else flow_key(direction, datagram.packet)
        for at in link.arrivals(now, len(frame) - ETHERNET_BYTES, key):
            self._push(at, direction, frame, datagram, done=direction is Direction.DOWN)

    def _operator(self, direction: Direction, frame: bytes, datagram: Datagram | None, now: float) -> None:
        """What happens at the operator's end of the line."""
        world_s = self._clock.at(now)
        dies_at_s = self._condition.far_dies_at_s
        if dies_at_s is not None and world_s >= dies_at_s:
            return
        if datagram is None:
            self._leave(direction, frame, None, now)
            return
        if direction is Direction.DOWN:
            inner = self._translate(direction, datagram.packet, world_s)
            if inner is None:
                return
            frame, datagram = self._changed(frame, datagram, inner)
        action: Action = self._policy(direction, datagram.packet, self._state, world_s)
        if isinstance(action, Delay):
            self._push(now + action.s, direction, frame)
        elif isinstance(action, Reject):
            self._refuse(direction, frame, datagram, now)
        elif isinstance(action, Inject):
            self._inject(direction, frame, datagram, action, now)
        elif action is PASS:
            self._leave(direction, frame, datagram, now)
        else:
            assert action is DROP

    def _inject(
        self, direction: Direction, frame: bytes, datagram: Datagram, action: Inject, now: float
    ) -> None:
        """The same way, or back to the line as an answer in another's place."""
        for way, packet in action.packets:
            if way is direction:
                self._leave(way, *self._changed(frame, datagram, packet), now)
            elif way is Direction.DOWN:
                made = write_ip(frame[ETHERNET_BYTES:], datagram, packet)
                back = frame[6:12] + frame[0:6] + frame[12:14] + made
                self._cross(way, back, read_ip(made), now)
        if action.original:
            self._leave(direction, frame, datagram, now)

    def _leave(self, direction: Direction, frame: bytes, datagram: Datagram | None, now: float) -> None:
        """Past the operator: out, or onto the line."""
        if direction is Direction.DOWN:
            self._cross(direction, frame, datagram, now)
            return
        if datagram is not None and self._nats:
            outer = self._translate(direction, datagram.packet, self._clock.at(now))
            assert outer is not None, "a translator has a mapping for whatever comes from the line"
            frame, _ = self._changed(frame, datagram, outer)
        self._push(now, direction, frame)

    def _translate(self, direction: Direction, packet: Packet, world_s: float) -> Packet | None:
        """The packet on the other side of the translator, None if it is let fall."""
        translated = self._condition.nat is not None and self._condition.nat.nat64
        if translated and direction is Direction.UP:
            if not packet.dst.startswith(NAT64_PREFIX):
                return packet
            packet = msgspec.structs.replace(
                packet, dst=str(IPv4Address(IPv6Address(packet.dst).packed[12:]))
            )
        nat = self._nats.get(6 if ":" in packet.dst else 4)
        if nat is None or (translated and ":" in packet.dst):
            return packet
        near, far = (packet.src, packet.sport), (packet.dst, packet.dport)
        if direction is Direction.UP:
            outer = nat.up(packet.proto, near, far, world_s)
            return msgspec.structs.replace(packet, src=outer[0], sport=outer[1])
        inner = nat.down(packet.proto, far, near, world_s)
        if inner is None:
            return None
        src = packet.src
        if translated:
            src = str(IPv6Address(IPv6Address(NAT64_PREFIX).packed[:12] + IPv4Address(src).packed))
        return msgspec.structs.replace(packet, src=src, dst=inner[0], dport=inner[1])

    def _changed(self, frame: bytes, datagram: Datagram, packet: Packet) -> tuple[bytes, Datagram]:
        if packet is datagram.packet:
            return frame, datagram
        raw = frame[ETHERNET_BYTES:]
        if (":" in packet.src) == (":" in datagram.packet.src):
            changed = Datagram(packet, datagram.header_at, datagram.payload_at)
            return frame[:ETHERNET_BYTES] + write_ip(raw, datagram, packet), changed
        head = frame[:12] + (b"\x86\xdd" if ":" in packet.src else b"\x08\x00")
        converted = convert_ip(raw, datagram, packet)
        again = read_ip(converted)
        assert again is not None, "a converted packet is a packet"
        return head + converted, again

    def _refuse(self, direction: Direction, frame: bytes, datagram: Datagram, now: float) -> None:
        if direction is Direction.UP:
            raw = frame[ETHERNET_BYTES:]
            tcp = datagram.packet.proto == TCP
            answer = reset(raw, datagram) if tcp else refuse(raw, datagram, REFUSED_BY[raw[0] >> 4])
            swapped = frame[6:12] + frame[0:6] + frame[12:14] + answer
            self._cross(Direction.DOWN, swapped, None, now)

    def _push(
        self,
        at: float,
        direction: Direction,
        frame: bytes,
        datagram: Datagram | None = None,
        *,
        done: bool = True,
    ) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, direction, done, frame, datagram))
