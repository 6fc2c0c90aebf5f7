"""Quality: random loss on media (technique Q3), and policing of recognised flows (Q1)."""

from voipwatch.lab.policy.packet import DROP, PASS, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, shows_call
from voipwatch.lab.policy.state import Flow, State
from voipwatch.model.vocabulary import Direction


class MediaLoss(Memory, frozen=True, tag_field="policy", tag="media-loss"):
    """Drops a random part of the RTP-shaped datagrams; set-up is intact (Qatar: 70-90 %)."""

    ratio: float
    signatures: tuple[str, ...] = ("rtp",)

    def __call__(self, _direction: Direction, packet: Packet, state: State, _now: float) -> Action:
        """One draw for each datagram that bears the signature."""
        if not shows_call(self.signatures, packet):
            return PASS
        return DROP if state.dice.uniform() < self.ratio else PASS


class Police(Memory, frozen=True, tag_field="policy", tag="police"):
    """A token bucket for each direction of each recognised five-tuple; what exceeds it is dropped."""

    bytes_per_s: float
    burst_bytes: float
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")
    shared: bool = False
    """One bucket each way for all flows of the line that were recognised."""

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Counts whole IP packets, as a policer does."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.matched_at is None:
            if not shows_call(self.signatures, packet):
                return PASS
            flow.matched_at = now
        bucket = state.hosts.find((packet.proto, "", 0, "", 0), now) if self.shared else flow
        return PASS if self._pays(direction, bucket, packet.size, now) else DROP

    def _pays(self, direction: Direction, flow: Flow, size_bytes: int, now: float) -> bool:
        up = direction is Direction.UP
        tokens, at = (flow.up_tokens, flow.up_tokens_at) if up else (flow.down_tokens, flow.down_tokens_at)
        if tokens is None:
            tokens = self.burst_bytes
        else:
            tokens = min(self.burst_bytes, tokens + (now - at) * self.bytes_per_s)
        paid = tokens >= size_bytes
        if paid:
            tokens -= size_bytes
        if up:
            flow.up_tokens, flow.up_tokens_at = tokens, now
        else:
            flow.down_tokens, flow.down_tokens_at = tokens, now
        return paid
