"""Simultaneous flows to two reflectors, of a check that was asked where: for which app, and when."""

from collections.abc import Sequence
from typing import Final

from voipwatch.experiment.agenda import Agenda
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.questions.leg import Leg
from voipwatch.experiment.questions.together import ALL_S, FLOW_S, STAGGER_S, Together
from voipwatch.model.flows import LONG_REPLICATES, TOGETHER, FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import LONG_S
from voipwatch.model.vocabulary import Arm, Media, Stage

SUSPECT_SHARE: Final = 0.1
"""By so much of what was sent A loses more than C, in one direction and at both reflectors."""
SUSPECT_FLOWS: Final = 4
ARMS: Final = (Arm.A, Arm.C)


class Beside:
    """Asked when the apps' questions are over; one app, because it takes some 40 s."""

    def __init__(self, planner: Planner) -> None:
        self._draw = planner.draw
        self._asked = False
        self.decisions: list[Decision] = []
        """That the budget, or the check's time, did not reach."""

    def ask(
        self, agenda: Agenda, flows: Sequence[NearFlow], *, budget_bytes: int, now: float, end_at: float
    ) -> None:
        """Puts the question on the agenda, if there is one, the first time that the agenda is over.

        `flows`: those of the check, which count against an app's budget. `end_at`: when the apps' questions
        must be over.
        """
        if self._asked:
            return
        self._asked = True
        found = self._suspects(agenda)
        if found is None or not self._affordable(*found, flows, budget_bytes, end_at - now):
            return
        legs, replicate = found
        # Whose flows begin first is drawn: a box in one way alone must not know.
        ordered = legs if self._draw(f"together {legs[0].app}") % 2 else legs[::-1]
        for index, leg in enumerate(ordered):
            agenda.active.append(
                Together(
                    leg.reflector,
                    tuple(leg.plan.kinds[arm] for arm in leg.plan.shuffled(replicate, list(ARMS))),
                    replicate=replicate,
                    start_at=now + index * STAGGER_S,
                    end_at=now + ALL_S,
                )
            )

    def _suspects(self, agenda: Agenda) -> tuple[tuple[Leg, Leg], int] | None:
        """The first app's legs at two reflectors whose voice loses more than its control at both, and a
        replicate that they have not played; a voice that is dead among the blocks' flows may live alone.
        """
        found: dict[tuple[str, FlowKind], list[Leg]] = {}
        for leg in agenda.legs:
            plan = leg.plan
            if plan.media is not Media.VOICE or plan.relay or not set(ARMS) <= plan.kinds.keys():
                continue
            if leg.dead.get(Arm.A, Stage.VOICE) is Stage.VOICE and _suspect(leg):
                found.setdefault((leg.app, plan.kinds[Arm.A]), []).append(leg)
        for legs in found.values():
            used = {flow.record.replicate for leg in legs[:2] for flow in leg.flows}
            free = [replicate for replicate in LONG_REPLICATES if replicate not in used]
            if len(legs) > 1 and free:
                return (legs[0], legs[1]), free[0]
        return None

    def _affordable(
        self,
        legs: tuple[Leg, Leg],
        replicate: int,
        flows: Sequence[NearFlow],
        budget_bytes: int,
        left_s: float,
    ) -> bool:
        app = legs[0].app
        plans = [(leg.plan, leg.plan.kinds[arm]) for leg in legs for arm in ARMS]
        # The far end's media goes on until it has heard nothing for 2 s.
        cost = sum(plan.flow_bytes(kind, replicate) for plan, kind in plans) * (FLOW_S + 2.0) / LONG_S
        left = budget_bytes - sum(f.spent_bytes for f in flows if f.record.kind.app == app)
        why = "budget" if cost > left else "time" if left_s < ALL_S else ""
        if why:
            self.decisions.append(Decision(app, TOGETHER, "all", Media.VOICE.value, why, 0.0, 0, 0))
        return not why


def _suspect(leg: Leg) -> bool:
    """Whether A's flows lost more than C's, by what this end knows: one direction is enough."""
    ended = [f for f in leg.flows if f.phase is Phase.ENDED and not f.record.aborted and f.media_started_at]
    by_arm = {arm: [f for f in ended if f.record.kind.arm is arm] for arm in ARMS}
    if min(len(flows) for flows in by_arm.values()) < SUSPECT_FLOWS:
        return False
    return any(lost(by_arm[Arm.A]) >= lost(by_arm[Arm.C]) + SUSPECT_SHARE for lost in (_lost_down, _lost_up))


def _lost_down(flows: Sequence[NearFlow]) -> float:
    expected = sum(f.media_expected() for f in flows)
    return 1.0 - sum(f.media_received() for f in flows) / expected if expected else 0.0


def _lost_up(flows: Sequence[NearFlow]) -> float:
    """By receipts; the last packets of a flow have none, in either arm."""
    sent = sum(len(f.record.sent.seq) for f in flows)
    told = sum(max((r.count for r in f.record.receipts), default=0) for f in flows)
    return 1.0 - told / sent if sent else 0.0
