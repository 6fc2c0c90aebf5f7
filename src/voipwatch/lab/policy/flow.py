"""Flows once recognised: cut after some packets (technique F1), or killed at once (F4)."""

from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, shows_call
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

KILL_S: Final = 60.0
"""How long a recognised flow stays dead; residual blocks of 60-600 s are reported."""


class CutAfter(Memory, frozen=True, tag_field="policy", tag="cut-after"):
    """A flow that bore a signature dies both ways once more than `packets` came up from the line (F1)."""

    packets: int
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Counts every uplink packet of a flow, also those before the signature (`ct original packets`)."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if direction is Direction.UP:
            flow.up += 1
        if flow.matched_at is None and shows_call(self.signatures, packet):
            flow.matched_at = now
        return DROP if flow.matched_at is not None and flow.up > self.packets else PASS


class MatchThenKill(Memory, frozen=True, tag_field="policy", tag="match-then-kill"):
    """The packet that gives the flow away passes; all others die both ways for `kill_s` (F4)."""

    kill_s: float = KILL_S
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Kills by five-tuple: another flow between the same hosts is another matter."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.matched_at is not None and now - flow.matched_at < self.kill_s:
            return DROP
        flow.matched_at = now if shows_call(self.signatures, packet) else None
        return PASS
