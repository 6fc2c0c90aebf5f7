"""Leg order: a direct leg is asked only where its relay leg has shown that it lives.

A call through a dead relay leg is dead whatever the direct one does: nothing more would be learnt, and each
packet costs its owner money (docs/design/0010-direct-legs.md).
"""

from collections.abc import Iterable
from enum import Enum

from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.questions.leg import Leg, LegPhase
from voipwatch.model.vocabulary import Arm

LIVING_FLOWS_MIN = 3
"""Treatment flows of the relay leg whose set-up passed; as many as a dead arm needs the other way."""


class Turn(Enum):
    """Whether a leg may begin."""

    WAIT = "wait"
    NOW = "now"
    NEVER = "never"


def turn_of(leg: Leg, legs: Iterable[Leg]) -> Turn:
    """A leg's turn among all legs of the check: a direct one's by its relay leg, any other's at once."""
    if not leg.plan.relay:
        return Turn.NOW
    place = (leg.app, leg.reflector, leg.plan.dialect, leg.plan.relay)
    of_relay = (r for r in legs if (r.app, r.reflector, r.plan.dialect, r.plan.leg) == place)
    relay = next(of_relay, None)
    if relay is None:
        return Turn.NEVER
    # A leg that is done stays on hold if it was when it ended: nobody lets it go any more.
    if relay.done or (relay.phase is LegPhase.MEDIA and not relay.on_hold):
        if Arm.A in relay.dead:
            return Turn.NEVER
        passed = sum(_passed(f) for f in relay.flows if f.record.kind.arm is Arm.A)
        return Turn.NOW if passed >= LIVING_FLOWS_MIN else Turn.NEVER
    return Turn.WAIT


def _passed(flow: NearFlow) -> bool:
    """Whether every round of the flow's set-up was answered."""
    if flow.media_started_at is not None:
        return True
    return flow.failed_round is None and not flow.record.aborted and bool(flow.rtts_s)
