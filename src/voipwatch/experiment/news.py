"""What the person who waits is told of each app while its legs run."""

from collections.abc import Collection, Iterator
from operator import is_
from typing import Final

from voipwatch.experiment.events import Progress
from voipwatch.experiment.question import Question
from voipwatch.experiment.questions.leg import Leg, LegPhase
from voipwatch.experiment.questions.together import Together

SHARE_OF: Final = {LegPhase.FIRST: 0.0, LegPhase.REPEAT: 0.6, LegPhase.MEDIA: 0.4, LegPhase.DONE: 1.0}
"""How much of a leg is done when a phase begins: media lasts longer than a repeat."""
SHARE_BEFORE_TRIGGER: Final = 0.8
SAID_OF: Final = {LegPhase.FIRST: "setup", LegPhase.REPEAT: "repeat"}
"""What an app is at; a leg in its media is at that."""


class News:
    """Remembers what was told, so that only news is, and no ratio ever goes back."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, float]] = {}
        self._legs: list[Leg] = []
        self._phases: list[LegPhase] = []
        self._waiting: list[Leg] = []
        self._active: list[Question] = []

    def of(
        self, legs: Collection[Leg], waiting: Collection[Leg], active: Collection[Question]
    ) -> Iterator[Progress]:
        """News of each app: what it is at, and the mean share of its legs that is done.

        Args:
            legs: all of the check.
            waiting: those that have not begun; of an app that only waits there is no news.
            active: questions that are being asked, among them those for what triggers a block.
        """
        if not self._changed(legs, waiting, active):
            return
        unbegun = {id(leg) for leg in waiting}
        for app in dict.fromkeys(leg.app for leg in legs):
            own = [leg for leg in legs if leg.app == app]
            at = next((leg for leg in own if not leg.done and id(leg) not in unbegun), None)
            ratio = sum(SHARE_OF[leg.phase] for leg in own) / len(own)
            if at is not None:
                stage = SAID_OF.get(at.phase, at.media.value)
            elif any(id(leg) in unbegun for leg in own):
                continue
            elif any(question.app == app for question in active):
                asked = any(q.app == app and isinstance(q, Together) for q in active)
                stage, ratio = "locate" if asked else "trigger", SHARE_BEFORE_TRIGGER
            else:
                stage = "done"
            told = (stage, max(round(ratio, 3), self._told.get(app, ("", 0.0))[1]))
            if self._told.get(app) != told:
                self._told[app] = told
                yield Progress(app, *told)

    def _changed(self, legs: Collection[Leg], waiting: Collection[Leg], active: Collection[Question]) -> bool:
        """Whether anything that news is made of has changed since this was last asked: mostly not."""
        phases = [leg.phase for leg in legs]
        if (
            phases == self._phases
            and _same(active, self._active)
            and _same(waiting, self._waiting)
            and _same(legs, self._legs)
        ):
            return False
        self._legs, self._phases = list(legs), phases
        self._waiting, self._active = list(waiting), list(active)
        return True


def _same(these: Collection[Question], those: Collection[Question]) -> bool:
    """Whether they are the very same questions, in the same order."""
    return len(these) == len(those) and all(map(is_, these, those))
