"""The simulated network: one near host, an operator, one far host, in virtual time.

Seen from above: `up` and `down` take datagrams, `next_time` says when something arrives, `pop` hands out
what has arrived; `tcp` plays one TCP trial. Call them with times that never go back, and `pop` up to `now`
before sending at `now`. Equal seeds and equal calls give equal transcripts.

Seen from below: a heap of (time, packet). The line lies between the near host and the operator, who sits
at the far end of it: an uplink packet crosses the line, then meets policy and translator, and is there; a
downlink packet meets translator and policy at once, then crosses the line. So the policy sees every packet
at its own time and in order of time.

Not claimed: the far side has no delay or loss of its own; TCP is a handful of segments, not a stack
(`simtcp`).

A world with `ways` has a far host for each (`ways`): what the operator let through goes on on its own way,
and what a far host sends comes to the operator over it.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

import msgspec

from voipwatch.lab.hearing import Hear, Listened
from voipwatch.lab.hops import HopChain, IcmpLimits
from voipwatch.lab.line import Line
from voipwatch.lab.nat import Endpoint, Nat
from voipwatch.lab.policy.combine import Open
from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Delay, Inject, Packet, Reject
from voipwatch.lab.policy.state import FlowKey
from voipwatch.lab.simtcp import TcpPath, TcpTrial, play_datagram, play_tcp
from voipwatch.lab.ways import Stretch
from voipwatch.lab.worlds import World
from voipwatch.model.vocabulary import Direction, Failure

NEAR_IP: Final = "192.0.2.2"
FAR_IP: Final = "203.0.113.2"
"""RFC 5737 documentation addresses, the same as in the kernel's network."""
FAR_IPS: Final = (FAR_IP, "203.0.113.3")
"""Of reflectors, in their order."""
NEAR_PORT_MIN: Final = 32_768
NEAR_PORTS: Final = 28_232
"""Linux' ip_local_port_range."""
HEADER_BYTES: Final = 28
"""IPv4 and UDP headers."""


class ToFar(msgspec.Struct, frozen=True):
    """A datagram reached the reflector."""

    source: Endpoint
    dport: int
    data: bytes
    reflector: int = 0


class ToNear(msgspec.Struct, frozen=True):
    """A datagram reached one of the probe's sockets."""

    sock: int
    sport: int
    data: bytes


class IcmpToNear(msgspec.Struct, frozen=True):
    """An ICMP error reached the probe, for one of its sockets."""

    sock: int
    failure: Failure
    address: str = ""
    """Of who says so."""


class ExpiredToNear(msgspec.Struct, frozen=True):
    """A router says that one of the probe's datagrams died of its age."""

    sock: int
    address: str
    """Of the router."""


class _Limited(msgspec.Struct, frozen=True):
    """A datagram with few hops to live, under way to the box."""

    packet: Packet
    ttl: int


_Moved = bytes | Packet | Failure | _Limited | ToFar
Arrival = ToFar | ToNear | IcmpToNear | ExpiredToNear
_TO_OPERATOR, _TO_NEAR, _ICMP, _HELD_UP, _HELD_DOWN, _EXPIRED, _TO_FAR, _FROM_FAR = range(8)


class SimNet:
    """One world's network, its draws made by the seed.

    `line` names a line condition to use instead of the world's own; `hear` is told of every packet that the
    censor sees; `hops`: the routers of the way; None: none that counts hops.
    """

    def __init__(
        self,
        world: World,
        *,
        seed: int,
        line: str | None = None,
        hear: Hear | None = None,
        hops: HopChain | None = None,
    ) -> None:
        self._hops = hops
        self._icmp_limits = IcmpLimits()
        root = derive(b"simnet", str(seed))
        world = (world if line is None else world.on_line(line)).drawn(seed)
        condition = world.line
        self._condition = condition
        self._seed = root
        self._line = Line(condition, derive(root, "line"))
        self._trials = 0
        self._nat = None if condition.nat is None else Nat(condition.nat, derive(root, "nat"))
        self.world = world
        """With what the seed drew."""
        self._policy = world.make_policy() if hear is None else Listened(world.make_policy(), hear)
        self._state = self._policy.start(derive(root, "policy"))
        # Without a censor and a translator nothing needs a packet's description: the clean path makes none.
        self._open = isinstance(self._policy, Open) and self._nat is None and not world.ways
        self._ways = [Stretch(way, derive(root, f"way {n}"), hear) for n, way in enumerate(world.ways)]
        self._heap: list[tuple[float, int, int, int, int, _Moved]] = []
        self._count = 0
        self._socks: dict[int, int] = {}
        self._ports: dict[int, int] = {}
        self._host_of: dict[int, str] = {}
        """By local port: the far host that its socket is for."""
        self._dies_at = condition.far_dies_at_s

    # -- the two ends ------------------------------------------------------------------------

    def control_address(self) -> Endpoint:
        """An address from which the far end sees the near end's TCP."""
        nat = self._condition.nat
        return (NEAR_IP if nat is None else nat.external, NEAR_PORT_MIN)

    def up(
        self, now: float, sock: int, dport: int, data: bytes, ttl: int | None = None, reflector: int = 0
    ) -> None:
        """The near end sends a datagram from one of its sockets to a port of the socket's reflector.

        `ttl`: hops to live; None: more than there are.
        """
        port = self._ports.get(sock)
        if port is None:
            port = self._bind(sock, FAR_IPS[reflector])
        if self._condition.portal:
            return
        host = self._host_of[port]
        key = (UDP, NEAR_IP, port, host, dport)
        for at in self._line.up.arrivals(now, len(data) + HEADER_BYTES, key):
            if ttl is None or self._hops is None or ttl > self._hops.count:
                self._push(at, _TO_OPERATOR, port, dport, data)
            else:
                packet = Packet(UDP, NEAR_IP, port, host, dport, data, len(data) + HEADER_BYTES)
                self._push(at, _TO_OPERATOR, port, dport, _Limited(packet, ttl))

    def down(self, now: float, target: Endpoint, sport: int, data: bytes, reflector: int = 0) -> None:
        """A reflector sends a datagram from one of its ports to an address that it knows."""
        if self._far_is_dead(now):
            return
        host = FAR_IPS[reflector]
        port = self._inner_port(target, host, now)
        if port is None or self._condition.portal:
            return
        if not self._open:
            packet = Packet(UDP, host, sport, NEAR_IP, port, data, len(data) + HEADER_BYTES)
            if not self._ways:
                self._apply(Direction.DOWN, packet, now)
                return
            for at in self._ways[reflector].arrivals(Direction.DOWN, packet, now):
                self._push(at, _FROM_FAR, 0, 0, packet)
            return
        key = (UDP, NEAR_IP, port, host, sport)
        for at in self._line.down.arrivals(now, len(data) + HEADER_BYTES, key):
            self._push(at, _TO_NEAR, port, sport, data)

    def next_time(self) -> float | None:
        """When `pop` has something to do, or None when nothing is under way."""
        return self._heap[0][0] if self._heap else None

    def pop(self, now: float) -> list[Arrival]:
        """What has arrived until `now`, in order of time."""
        arrivals: list[Arrival] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, what, port, other, data = heappop(heap)
            if what == _TO_OPERATOR and isinstance(data, bytes):
                if not self._open:
                    host = self._host_of[port]
                    packet = Packet(UDP, NEAR_IP, port, host, other, data, len(data) + HEADER_BYTES)
                    self._apply(Direction.UP, packet, at, arrivals)
                elif not self._far_is_dead(at):
                    arrivals.append(ToFar((NEAR_IP, port), other, data))
            elif what == _TO_NEAR and isinstance(data, bytes):
                if port in self._socks:
                    arrivals.append(ToNear(self._socks[port], other, data))
            elif isinstance(data, ToFar):
                arrivals += [] if self._far_is_dead(at) else [data]
            elif isinstance(data, Packet):
                self._go_on(what, data, at, arrivals)
            elif isinstance(data, Failure):
                arrivals.append(IcmpToNear(self._socks[port], data, self._box_address()))
            elif isinstance(data, _Limited):
                self._age(data, at)
            elif what == _EXPIRED and self._hops is not None:
                arrivals.append(ExpiredToNear(self._socks[port], self._hops.address(other)))
        return arrivals

    def _go_on(self, what: int, packet: Packet, at: float, arrivals: list[Arrival]) -> None:
        """A packet that came over its own way, or that a rule held back."""
        if what == _FROM_FAR:
            self._apply(Direction.DOWN, packet, at, arrivals)
        else:
            self._cross(Direction.UP if what == _HELD_UP else Direction.DOWN, packet, at, arrivals)

    def tcp(
        self,
        now: float,
        dport: int,
        hello: bytes,
        answer: Callable[[Endpoint, int, bytes], bytes | None],
        *,
        host: str = FAR_IP,
        listens: bool = True,
    ) -> TcpTrial:
        """One TCP trial: connect, send `hello`, read what comes. `answer` is asked at most once, at `now`.

        `host`: where to, if not to the far end; nothing comes from one that does not listen.
        """
        path = self._path((host, dport))
        path.dies_at_s = self._dies_at if host in FAR_IPS else None if listens else now
        return play_tcp(path, hello, answer, now=now)

    def exchange(
        self, now: float, target: Endpoint, data: bytes, answer: Callable[[bytes], bytes | None]
    ) -> tuple[float | None, bytes | None]:
        """A request over UDP to another host than the far end: when its answer is there, and the answer."""
        return play_datagram(self._path(target), data, answer, now=now)

    def _path(self, target: Endpoint) -> TcpPath:
        # A copy of the line for each: a trial is played out at once, ahead of the datagrams' time. The
        # datagrams keep the radio awake.
        self._trials += 1
        awake = msgspec.structs.replace(self._condition, promotion_s=0.0)
        return TcpPath(
            line=Line(awake, derive(self._seed, f"tcp {self._trials}")),
            policy=self._policy,
            state=self._state,
            source=self.control_address(),
            target=target,
            portal=self._condition.portal,
        )

    @property
    def portal(self) -> bool:
        """True where a captive portal answers in everybody's place."""
        return self._condition.portal

    def socket_at(self, port: int) -> int | None:
        """The probe's socket on a local port, if there is one."""
        return self._socks.get(port)

    # -- circumstances -----------------------------------------------------------------------

    def control_alive(self, now: float) -> bool:
        """False when the control channel cannot be had: a dead reflector, a captive portal."""
        return not self._condition.portal and not self._far_is_dead(now)

    def wall_offset_s(self, now: float) -> float:
        """By how much the near end's wall clock has been stepped."""
        return self._condition.wall_step_s if now >= self._condition.wall_step_at_s else 0.0

    # -- the operator ------------------------------------------------------------------------

    def _apply(
        self, direction: Direction, packet: Packet, now: float, arrivals: list[Arrival] | None = None
    ) -> None:
        action: Action = self._policy(direction, packet, self._state, now)
        if action is PASS:
            self._cross(direction, packet, now, arrivals)
        elif isinstance(action, Delay):
            self._hold(direction, packet, now + action.s)
        elif isinstance(action, Reject):
            self._reject(direction, packet, action.failure, now)
        elif isinstance(action, Inject):
            for way, injected in action.packets:
                self._cross(way, injected, now, arrivals)
            if action.original:
                self._cross(direction, packet, now, arrivals)
        else:
            assert action is DROP

    def _cross(
        self, direction: Direction, packet: Packet, now: float, arrivals: list[Arrival] | None
    ) -> None:
        """Past the policy: to the far end at once, or onto the line to the near end."""
        if packet.proto != UDP:
            return
        if direction is Direction.DOWN:
            key: FlowKey = (UDP, packet.dst, packet.dport, packet.src, packet.sport)
            for at in self._line.down.arrivals(now, packet.size, key):
                self._push(at, _TO_NEAR, packet.dport, packet.sport, packet.payload)
        elif arrivals is None:
            self._hold(direction, packet, now)
        elif not self._far_is_dead(now):
            source = (packet.src, packet.sport)
            if self._nat is not None:
                source = self._nat.up(UDP, source, (packet.dst, packet.dport), now)
            if not self._ways:
                arrivals.append(ToFar(source, packet.dport, packet.payload))
                return
            reflector = FAR_IPS.index(packet.dst)
            for at in self._ways[reflector].arrivals(Direction.UP, packet, now):
                self._push(at, _TO_FAR, 0, 0, ToFar(source, packet.dport, packet.payload, reflector))

    def _hold(self, direction: Direction, packet: Packet, until: float) -> None:
        self._push(until, _HELD_UP if direction is Direction.UP else _HELD_DOWN, 0, 0, packet)

    def _reject(self, direction: Direction, packet: Packet, failure: Failure, now: float) -> None:
        """Only the near end hears of it: the reflector's sockets have no use for ICMP."""
        if direction is Direction.UP and packet.sport in self._socks:
            key: FlowKey = (UDP, packet.src, packet.sport, packet.dst, packet.dport)
            for at in self._line.down.arrivals(now, HEADER_BYTES * 2, key):
                self._push(at, _ICMP, packet.sport, 0, failure)

    def _age(self, limited: _Limited, now: float) -> None:
        """A datagram that dies on one of the routers, before the box, at it or behind it."""
        assert self._hops is not None
        packet, chain = limited.packet, self._hops
        if limited.ttl > chain.last_hop:
            action: Action = self._policy(Direction.UP, packet, self._state, now)
            if isinstance(action, Reject):
                self._reject(Direction.UP, packet, action.failure, now)
            if action is not PASS:
                return  # whatever else a rule does with it, it does not get further
        if limited.ttl in chain.silent or not self._icmp_limits.admits(limited.ttl, now):
            return
        key: FlowKey = (UDP, packet.src, packet.sport, packet.dst, packet.dport)
        for at in self._line.down.arrivals(now, HEADER_BYTES * 2, key):
            self._push(at, _EXPIRED, packet.sport, limited.ttl, b"")

    def _box_address(self) -> str:
        return "" if self._hops is None else self._hops.address(self._hops.box_at)

    # -- small things ------------------------------------------------------------------------

    def _push(self, at: float, what: int, port: int, other: int, data: _Moved) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, what, port, other, data))

    def _bind(self, sock: int, host: str) -> int:
        """A fresh local port towards a host, the same for the same seed and order of sockets."""
        if len(self._ports) >= NEAR_PORTS:
            raise ValueError(f"more than {NEAR_PORTS} sockets in one simulated check")
        first = int.from_bytes(self._seed[:4])
        port = NEAR_PORT_MIN + (first + len(self._ports)) % NEAR_PORTS
        self._ports[sock] = port
        self._socks[port] = sock
        self._host_of[port] = host
        return port

    def _inner_port(self, target: Endpoint, host: str, now: float) -> int | None:
        if self._nat is None:
            return target[1] if target[0] == NEAR_IP else None
        # The remote port plays no part in the translator's filtering.
        inner = self._nat.down(UDP, target, (host, 0), now)
        return None if inner is None else inner[1]

    def _far_is_dead(self, now: float) -> bool:
        return self._dies_at is not None and now >= self._dies_at
