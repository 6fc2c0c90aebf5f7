"""Flows once recognised: cut after packets, bytes or seconds (techniques F1 to F3), or killed (F4)."""

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


class CutBytes(Memory, frozen=True, tag_field="policy", tag="cut-bytes"):
    """A flow that bore a signature dies both ways once more than `bytes` of IP came up from the line (F2)."""

    bytes: int
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Counts as `ct original bytes` does: headers too, from the flow's first packet."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if direction is Direction.UP:
            flow.up_bytes += packet.size
        if flow.matched_at is None and shows_call(self.signatures, packet):
            flow.matched_at = now
        return DROP if flow.matched_at is not None and flow.up_bytes > self.bytes else PASS


class CutSeconds(Memory, frozen=True, tag_field="policy", tag="cut-seconds"):
    """A flow that bore a signature dies both ways `seconds` after its first packet (F3)."""

    seconds: float
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """By age alone: a flow that says little lives no longer than one that says much."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.matched_at is None and shows_call(self.signatures, packet):
            flow.matched_at = now
        return DROP if flow.matched_at is not None and now - flow.began_at > self.seconds else PASS


class MatchThenKill(Memory, frozen=True, tag_field="policy", tag="match-then-kill"):
    """The packets that give the flow away pass; all others die both ways for `kill_s` (F4)."""

    kill_s: float = KILL_S
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp", "sip")
    packets: int = 1
    """How many packets of the signature it takes: classifiers decide on the first to the third."""

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Kills by five-tuple: another flow between the same hosts is another matter."""
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.matched_at is not None and now - flow.matched_at < self.kill_s:
            return DROP
        if flow.matched_at is not None:  # the minute is over: recognised anew
            flow.matched_at, flow.payloads = None, 0
        if shows_call(self.signatures, packet):
            flow.payloads += 1
            flow.matched_at = now if flow.payloads >= self.packets else None
        return PASS
