"""Ports: what goes to one of the app's ports is dropped or refused, whatever it says (techniques P1, P2)."""

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
