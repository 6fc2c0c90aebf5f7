"""Turn after turn until somebody says stop; or one turn, for a timer of the system that calls again."""

from collections.abc import Callable
from typing import Final

from voipwatch.probe.agent import TurnReport
from voipwatch.probe.schedule import Turn

LOOK_S: Final = 60.0
"""The clock is read at least this often: it may jump, and the machine may sleep, while we wait."""
ONCE_WINDOW_S: Final = 900.0
"""A single turn waits for a run that is due this soon: the timer comes every 10 to 13 minutes, and the run is
to begin at the time that was drawn, not when the timer comes."""


def keep_turning(
    turn: Callable[[], TurnReport], *, now_s: Callable[[], float], wait: Callable[[float], bool], once: bool
) -> None:
    """Take turns.

    Args:
        turn: takes one.
        now_s: Unix seconds.
        wait: for so many seconds; False when it was ended from outside.
        once: one turn, and one more if a run is due within `ONCE_WINDOW_S`.
    """
    while True:
        told = turn()
        if once:
            soon = told.due_at_s - now_s() <= ONCE_WINDOW_S
            if told.turn is not Turn.RUN and soon and _wait_until(told.due_at_s, now_s, wait):
                turn()
            return
        if not _wait_until(told.next_at_s, now_s, wait):
            return


def _wait_until(at_s: float, now_s: Callable[[], float], wait: Callable[[float], bool]) -> bool:
    """False when the wait was ended from outside; it ends early when the clock goes back."""
    before_s = now_s()
    left_s = at_s - before_s
    while left_s > 0:
        if not wait(min(left_s, LOOK_S)):
            return False
        if now_s() < before_s - 1.0:
            return True
        before_s = now_s()
        left_s = at_s - before_s
    return True
