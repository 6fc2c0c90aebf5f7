"""Residual blocking (technique F5): once a call was seen, all between its two hosts dies for a while."""

from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, shows_call
from voipwatch.lab.policy.state import FlowKey, State
from voipwatch.model.vocabulary import Direction

RESIDUAL_S: Final = 180.0
"""60 to 600 s are reported."""


class Residual(Memory, frozen=True, tag_field="policy", tag="residual"):
    """The packet that gives a call away passes; all UDP between its hosts then dies both ways for `kill_s`.

    What bears no signature dies with it, a control towards the same host too.
    """

    kill_s: float = RESIDUAL_S
    by_port: bool = False
    """Only towards the far end's port on which the call was seen."""
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Counts from the match; what dies meanwhile does not lengthen it."""
        if packet.proto != UDP:
            return PASS
        pair = state.hosts.find(self._pair(flow_key(direction, packet)), now)
        if pair.matched_at is not None and now - pair.matched_at < self.kill_s:
            return DROP
        pair.matched_at = now if shows_call(self.signatures, packet) else None
        return PASS

    def _pair(self, key: FlowKey) -> FlowKey:
        proto, near, _, far, port = key
        return proto, near, 0, far, port if self.by_port else 0
