"""By size alone: large datagrams die (net4people/bbs 255), or small ones over a count a second (Q4).

Without a signature such a rule hits a control of the same sizes as it hits the call: it singles nobody out.
"""

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, shows_call
from voipwatch.lab.policy.state import Flow, State
from voipwatch.model.vocabulary import Direction


class SizeDrop(Memory, frozen=True, tag_field="policy", tag="size-drop"):
    """Datagrams of more than `over` payload bytes die, all or a random part."""

    over: int
    ratio: float = 1.0

    def __call__(self, _direction: Direction, packet: Packet, state: State, _now: float) -> Action:
        """Both ways, any port."""
        if packet.proto != UDP or len(packet.payload) <= self.over:
            return PASS
        return DROP if self.ratio >= 1.0 or state.dice.uniform() < self.ratio else PASS


class PpsCap(Memory, frozen=True, tag_field="policy", tag="pps-cap"):
    """Datagrams of an audio packet's size over a number a second die; large ones, as of a picture, pass."""

    pps: float
    burst: float = 5.0
    size_min: int = 40
    """Payload bytes."""
    size_max: int = 320
    signatures: tuple[str, ...] = ("any",)
    per_flow: bool = False
    """A count for each direction of each five-tuple; else one for the whole line, both ways."""

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """A bucket that holds packets in place of bytes."""
        small = self.size_min <= len(packet.payload) <= self.size_max
        if packet.proto != UDP or not small or not shows_call(self.signatures, packet):
            return PASS
        if not self.per_flow:
            return PASS if self._pays(state.hosts.find(("udp", "", 0, "", 0), now), now, up=True) else DROP
        flow = state.flows.find(flow_key(direction, packet), now)
        return PASS if self._pays(flow, now, up=direction is Direction.UP) else DROP

    def _pays(self, flow: Flow, now: float, *, up: bool) -> bool:
        tokens, at = (flow.up_tokens, flow.up_tokens_at) if up else (flow.down_tokens, flow.down_tokens_at)
        tokens = self.burst if tokens is None else min(self.burst, tokens + (now - at) * self.pps)
        paid = tokens >= 1.0
        tokens -= paid
        if up:
            flow.up_tokens, flow.up_tokens_at = tokens, now
        else:
            flow.down_tokens, flow.down_tokens_at = tokens, now
        return paid
