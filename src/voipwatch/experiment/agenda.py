"""The questions of a check: which are asked, which wait their turn, what one answer spares the others.

Scouts are asked first, where there are any; an app whose scout found its set-up dead beyond doubt keeps its
legs' data, and an app with a dead leg plays no more than the first blocks of its others.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from voipwatch.experiment.leg_order import Turn, turn_of
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.question import Question
from voipwatch.experiment.questions.leg import Leg
from voipwatch.experiment.questions.scout import Scout
from voipwatch.experiment.questions.trigger import HELD_ROUNDS, ROUNDS, SPARE_ROUNDS, Trigger
from voipwatch.experiment.questions.warmup import Warmup
from voipwatch.experiment.session import Session
from voipwatch.experiment.silencing import fall_silent
from voipwatch.experiment.thin import TOO_THIN, fits
from voipwatch.model.vocabulary import Arm, Media, Stage

ACTIVE_MAX = 3
"""Apps measured side by side; more would crowd the 20 new flows a second."""


class Agenda:
    """Starts with the warm-ups alone; `begin` when they are over, then `retire` and `admit` at every step."""

    def __init__(self, planner: Planner, sessions: Sequence[Session]) -> None:
        self.active: list[Question] = []
        """Being asked, in the order in which they came in."""
        self.waiting: deque[Leg] = deque()
        """Legs whose turn has not come."""
        self.legs: list[Leg] = []
        """All of the check, whatever became of them."""
        self._planner = planner
        self._side_by_side = ACTIVE_MAX
        self._sessions = sessions
        self._scouts: list[Scout] = []
        self._triggers: list[Trigger] = []
        self._triggered: set[tuple[str, int, str, Stage]] = set()
        """App, reflector, leg and stage whose mutants were asked for."""
        self._ports_asked: set[int] = set()
        """Reflectors whose other ports were asked."""
        self._media_triggered: set[tuple[str, int, str, Media]] = set()
        """App, reflector, leg and medium whose mutants were asked for, if there are any."""
        self._looked_at: dict[tuple[str, int, str, Media], int] = {}
        """How many flows of a leg there were when its media was last looked at."""

    @property
    def over(self) -> bool:
        """True when nothing is asked and nothing waits."""
        return not self.active and not self.waiting

    @property
    def questions(self) -> list[Question]:
        """Every question about an app that there was, in the order in which their decisions are told."""
        return [*self._scouts, *self.legs, *self._triggers]

    @property
    def set_ups(self) -> list[Leg | Scout]:
        """All that asked whether a set-up gets through."""
        return [*self._scouts, *self.legs]

    def begin(self, warmups: Mapping[int, Warmup], thin: Mapping[int, float]) -> None:
        """The warm-ups (by reflector) are over: the apps' turn.

        `thin`: by reflector, IP bytes a second of a thin line. There one app is asked about at a time, and
        what does not fit beside its control not at all.
        """
        if thin:
            self._side_by_side = 1
        self.legs = self._planner.legs(list(self._sessions))
        for leg in self.legs:
            leg.line_heard(*warmups[leg.reflector].counts())
        too_thin = {
            (leg.app, leg.reflector)
            for leg in self.legs
            if not fits(self._planner.voice_rate(leg.plan), thin.get(leg.reflector))
        }
        for leg in self.legs:
            if (leg.app, leg.reflector) in too_thin:
                leg.drop(TOO_THIN)
        self.waiting = deque(leg for leg in self.legs if not leg.done)
        self._scouts = [
            Scout(plan, line=warmups[plan.reflector].counts())
            for plan in self._planner.scouts(list(self._sessions))
            if (plan.app, plan.reflector) not in too_thin
        ]
        self.active.extend(self._scouts)
        for reflector, warmup in warmups.items():
            first = next((leg for leg in self.legs if leg.reflector == reflector), None)
            if first is not None and not warmup.heard():
                self._ask_ports(first, line_dead=True)

    def admit(self) -> None:
        """Legs whose scout is done come in while no more than `ACTIVE_MAX` apps are asked about."""
        apps = {q.app for q in self.active if not isinstance(q, Scout)}
        scouted = {(s.app, s.reflector): s for s in self._scouts}
        for leg in list(self.waiting):
            turn = turn_of(leg, self.legs)
            if turn is Turn.NEVER:
                self.waiting.remove(leg)
                leg.drop()
            if turn is not Turn.NOW:
                continue
            scout = scouted.get((leg.app, leg.reflector))
            if scout is not None and scout.confirmed:
                self.waiting.remove(leg)
                leg.drop()
            elif (scout is None or scout.done) and (leg.app in apps or len(apps) < self._side_by_side):
                self.waiting.remove(leg)
                self.active.append(leg)
                apps.add(leg.app)

    def retire(self, now: float) -> None:
        """Questions that are done go; a dead leg holds its siblings, a dead set-up has mutants."""
        while (question := next((q for q in self.active if q.done), None)) is not None:
            self.active.remove(question)
            if isinstance(question, Leg) and question.dead and not question.plan.relay:
                self._tell_siblings(question, now)
        for leg in [q for q in self.active if isinstance(q, (Leg, Scout))]:
            if isinstance(leg, Leg):
                for sibling in self._siblings(leg) if leg.dead and not leg.plan.relay else []:
                    sibling.on_hold = True
            if Arm.C in leg.dead and Arm.C_NEUTRAL not in leg.dead:
                self._ask_ports(leg)
            died = leg.dead.get(Arm.A)
            if isinstance(leg, Leg) and (died in (Stage.VOICE, Stage.VIDEO) or leg.held_again):
                self._ask_of_media(leg, now, dead=died is not None)
            if died in (Stage.SETUP, Stage.HANDSHAKE):
                self._ask_mutants(leg, died, now)
            elif isinstance(leg, Leg) and leg.held_again:
                self._ask_mutants(leg, Stage.VOICE, now)

    def clear(self) -> None:
        """Nothing more is asked."""
        self.waiting.clear()
        self.active.clear()

    def _ask_mutants(self, dead: Leg | Scout, stage: Stage, now: float) -> None:
        """Once for each leg and stage that is dead, if there are mutants of it."""
        leg = dead.plan.kinds[Arm.A].leg
        if (dead.app, dead.reflector, leg, stage) in self._triggered:
            return
        self._triggered.add((dead.app, dead.reflector, leg, stage))
        session = next(s for s in self._sessions if s.reflector == dead.reflector)
        mutants = self._planner.mutants(dead.app, leg, stage, session)
        rounds = HELD_ROUNDS if stage is Stage.VOICE else ROUNDS
        if isinstance(dead, Leg) and stage is Stage.VOICE:
            flows = [(kind, n) for kind in mutants for each in rounds for n in each]
            if not dead.affords(sum(dead.plan.flow_bytes(kind, n) for kind, n in flows)):
                return
        if mutants:
            trigger = Trigger(dead.app, dead.reflector, mutants=mutants, now=now, rounds=rounds)
            self._triggers.append(trigger)
            self.active.append(trigger)

    def _ask_ports(self, dead: Leg | Scout, *, line_dead: bool = False) -> None:
        """Once at a reflector: a leg's port is dead whatever it carries, or all are; which others are?"""
        if dead.reflector in self._ports_asked:
            return
        self._ports_asked.add(dead.reflector)
        session = next(s for s in self._sessions if s.reflector == dead.reflector)
        self.active.append(self._planner.ports(dead.app, session, line_dead=line_dead))

    def _ask_of_media(self, leg: Leg, now: float, *, dead: bool) -> None:
        """Once for each leg whose media died, in the first blocks or soon enough in most short calls."""
        key = (leg.app, leg.reflector, leg.plan.leg, leg.plan.media)
        if key in self._media_triggered or leg.plan.relay or leg.plan.media is Media.NONE:
            return
        if not dead:
            if self._looked_at.get(key) == len(leg.flows):
                return
            self._looked_at[key] = len(leg.flows)
            if not fall_silent(leg.flows):
                return
        self._media_triggered.add(key)
        mutants = self._planner.media_mutants(leg.plan)
        spare = self._side_by_side == 1 or len(mutants) == 1
        for rounds in (SPARE_ROUNDS,) if spare else (ROUNDS, SPARE_ROUNDS):
            costs = sum(leg.plan.flow_bytes(kind, n) for kind in mutants for each in rounds for n in each)
            if mutants and leg.affords(costs):
                trigger = Trigger(leg.app, leg.reflector, mutants=mutants, now=now, rounds=rounds)
                self._triggers.append(trigger)
                self.active.append(trigger)
                return

    def _siblings(self, of: Leg) -> list[Leg]:
        return [
            leg
            for leg in self.legs
            if leg is not of and (leg.app, leg.reflector) == (of.app, of.reflector) and not leg.done
        ]

    def _tell_siblings(self, ended: Leg, now: float) -> None:
        """Stop as soon as the answer is certain: an app whose set-up is dead has no call to hold."""
        for leg in self._siblings(ended):
            leg.on_hold = False
            if ended.confirmed:
                leg.curtail(now)
            leg.update(now)
