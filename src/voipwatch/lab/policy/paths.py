"""Paths that break by themselves: some five-tuples lose all after a while, whatever they carry. Innocent."""

from hashlib import blake2b
from math import inf

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key
from voipwatch.lab.policy.state import FlowKey, State
from voipwatch.model.vocabulary import Direction


class PathsBreak(Memory, frozen=True, tag_field="policy", tag="paths-break"):
    """A balancer whose hash gives a share of five-tuples a path that fails them, both ways and for good.

    The first of the three counts that is reached ends such a flow; a count that is not given ends none.
    """

    share: float
    """0 to 1: of five-tuples that break."""
    packets: float = inf
    """That come up from the line and pass."""
    bytes: float = inf
    """Of IP that come up from the line."""
    seconds: float = inf
    """After the flow's first packet."""

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """No look at what a packet says: the hash alone picks, and the same five-tuple fares alike again."""
        if packet.proto != UDP:
            return PASS
        key = flow_key(direction, packet)
        flow = state.flows.find(key, now)
        if direction is Direction.UP:
            flow.up += 1
            flow.up_bytes += packet.size
        over = flow.up > self.packets or flow.up_bytes > self.bytes or now - flow.began_at > self.seconds
        return DROP if over and _drawn(state.seed, key) < self.share else PASS


def _drawn(seed: bytes, key: FlowKey) -> float:
    """The five-tuple's own draw from [0, 1)."""
    digest = blake2b(repr(key).encode(), key=seed[:64], digest_size=8).digest()
    return int.from_bytes(digest) * 2.0**-64
