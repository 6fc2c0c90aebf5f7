"""RTP by what it does (technique D12; nDPI's rule 2.4): packets of one source whose numbers count up."""

from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, is_rtp
from voipwatch.lab.policy.state import Flow, State
from voipwatch.model.vocabulary import Direction

IN_ROW: Final = 3
"""Packets in a row that settle it."""


class RtpBehaviour(Memory, frozen=True, tag_field="policy", tag="rtp-behaviour"):
    """A flow whose packets count up as RTP's do is dropped from then on, both ways and whatever it says."""

    packets: int = IN_ROW
    ratio: float = 1.0
    """Part of the condemned flow's packets that die."""

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """The packets that are counted pass."""
        if packet.proto != UDP:
            return PASS
        flow = state.flows.find(flow_key(direction, packet), now)
        if flow.condemned:
            return DROP if state.dice.uniform() < self.ratio else PASS
        if is_rtp(packet.payload):
            _count(flow, direction, packet.payload)
            flow.condemned = flow.in_row >= self.packets
        return PASS


def _count(flow: Flow, direction: Direction, payload: bytes) -> None:
    """One more in a row, or a first one: RFC 3550 section 5.1, sequence number at 2 and source at 8."""
    seen = (int.from_bytes(payload[2:4]), int.from_bytes(payload[8:12]))
    before = flow.up_last if direction is Direction.UP else flow.down_last
    follows = before is not None and seen == ((before[0] + 1) & 0xFFFF, before[1])
    flow.in_row = flow.in_row + 1 if follows else 1
    if direction is Direction.UP:
        flow.up_last = seen
    else:
        flow.down_last = seen
