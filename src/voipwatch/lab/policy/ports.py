"""Ports: what goes to some is dropped, refused or thinned out, whatever it says (techniques P1, P2, P4)."""

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet, Reject
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction


class _Ports(Memory, frozen=True):
    ports: tuple[tuple[int, int], ...]
    """Destination ports, first and last of each range."""
    proto: str = UDP

    def hits(self, direction: Direction, packet: Packet) -> bool:
        """Uplink only: a reply comes *from* the port, and a client's own port may lie in the range."""
        if direction is not Direction.UP or packet.proto != self.proto:
            return False
        return any(first <= packet.dport <= last for first, last in self.ports)


class PortDrop(_Ports, frozen=True, tag_field="policy", tag="port-drop"):
    """`udp dport {...} drop`."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Drops what goes to the ports."""
        return DROP if self.hits(direction, packet) else PASS


class PortReject(_Ports, frozen=True, tag_field="policy", tag="port-reject"):
    """`udp dport {...} reject with icmpx type port-unreachable`."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Refuses what goes to the ports."""
        return Reject() if self.hits(direction, packet) else PASS


class UdpExcept(_Ports, frozen=True, tag_field="policy", tag="udp-except"):
    """No UDP but to the ports (P4): DNS, NTP, QUIC, as in many a campus; nobody is singled out."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Uplink only: what is never asked is never answered."""
        if direction is not Direction.UP or packet.proto != UDP:
            return PASS
        return PASS if self.hits(direction, packet) else DROP


class PortLoss(Memory, frozen=True, tag_field="policy", tag="port-loss"):
    """A random part of what goes to the ports or comes from them is dropped."""

    ports: tuple[tuple[int, int], ...]
    """Of the far end, first and last of each range."""
    ratio: float

    def __call__(self, direction: Direction, packet: Packet, state: State, _now: float) -> Action:
        """One draw for each datagram, both ways."""
        port = packet.dport if direction is Direction.UP else packet.sport
        if packet.proto != UDP or not any(first <= port <= last for first, last in self.ports):
            return PASS
        return DROP if state.dice.uniform() < self.ratio else PASS
