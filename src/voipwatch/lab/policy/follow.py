"""A caller once recognised is followed: what nDPI's cache of STUN sockets makes a DPI able to do (A1)."""

from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Memory, Packet
from voipwatch.lab.policy.signature import flow_key, shows_call, stun_type
from voipwatch.lab.policy.state import FlowKey, State
from voipwatch.model.vocabulary import Direction

ALLOCATE: Final = 0x0003
"""RFC 8656 section 17: what a caller asks a relay for first."""
FOLLOW_S: Final = 60.0


class FollowCaller(Memory, frozen=True, tag_field="policy", tag="follow-caller"):
    """The flow to the relay passes; what bears a call's signature from its socket to anywhere else dies."""

    follow_s: float = FOLLOW_S
    signatures: tuple[str, ...] = ("stun", "dtls", "rtp")

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Remembers the near socket that sent an Allocate, and the five-tuple that bore it."""
        if packet.proto != UDP:
            return PASS
        key = flow_key(direction, packet)
        flow, caller = state.flows.find(key, now), state.flows.find(_socket(key), now)
        if direction is Direction.UP and stun_type(packet.payload) == ALLOCATE:
            flow.passed, caller.matched_at = True, now
        followed = caller.matched_at is not None and now - caller.matched_at < self.follow_s
        if flow.passed or not followed:
            return PASS
        return DROP if shows_call(self.signatures, packet) else PASS


def _socket(key: FlowKey) -> FlowKey:
    """The near end of a five-tuple, whoever it speaks to."""
    proto, host, port, _, _ = key
    return proto, host, port, "", 0
