"""TURN's channels: media that dies inside ChannelData while the same kind of media lives bare.

Of one app alone the two cannot be told apart: what is dropped may be the wrapping or the RTP in it. Beside
another app of the same check whose bare RTP lives, it is the wrapping.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.stages import Outcome, State, arm_view, outcomes_at
from voipwatch.model.vocabulary import Arm, Stage

CHANNEL_LEGS: Final = frozenset(
    {("messenger", "turn"), ("signal", "turn"), ("telegram", "turn-1400"), ("viber", "turn")}
)
"""App and leg whose voice goes through a bound channel (RFC 8656 section 12) and in no other way."""
BARE_LEGS: Final = frozenset(
    {
        ("discord", "discord-server"),
        ("facetime", "facetime-peer"),
        ("meet", "meet-19305"),
        ("meet", "meet-3478"),
        ("signal", "peer"),
        ("sip", "media"),
        ("skype", "peer-2017"),
        ("skype", "peer-2024"),
        ("teams", "peer-2020"),
        ("teams", "peer-2024"),
        ("webrtc", "server"),
        ("whatsapp", "peer"),
        ("whatsapp", "relay-2015"),
        ("whatsapp", "relay-2023"),
    }
)
"""App and leg whose voice is RTP from the first byte of the datagram."""
OLD_TYPES: Final = frozenset({("sip", "media")})
"""Bare RTP with the old, assigned payload types: a box that looks for today's spares it."""


def in_channels(session: Session, dead: Sequence[Outcome]) -> bool:
    """Whether the dead media was ChannelData, and bare RTP was tried beside it and all of it lived."""
    if not dead or any(_leg(o.flow) not in CHANNEL_LEGS for o in dead):
        return False
    states: dict[tuple[str, str], State] = {}
    for leg in BARE_LEGS:
        flows = [f for f in session.flows if f.arm is Arm.A and not f.direct and _leg(f) == leg]
        state = arm_view(outcomes_at(session, flows, Stage.VOICE)).state
        if state is not State.ABSENT:
            states[leg] = state
    return bool(states.keys() - OLD_TYPES) and all(s is State.ALIVE for s in states.values())


def _leg(flow: FlowView) -> tuple[str, str]:
    return flow.record.kind.app, flow.record.kind.leg
