"""Turn after turn, in virtual time."""

from dataclasses import dataclass, field

from voipwatch.probe.agent import TurnReport
from voipwatch.probe.loop import LOOK_S, ONCE_WINDOW_S, keep_turning
from voipwatch.probe.schedule import Turn


@dataclass
class Clock:
    now_s: float = 1_000_000.0
    waits: list[float] = field(default_factory=list)
    end_after: int = 10_000
    jump_s: float = 0.0

    def wait(self, left_s: float) -> bool:
        self.waits.append(left_s)
        self.now_s += left_s + self.jump_s
        self.jump_s = 0.0
        return len(self.waits) < self.end_after


def turns(clock: Clock, plan: list[tuple[Turn, float]], *, once: bool) -> list[float]:
    """When the turns were taken; each says that the next run is so many seconds off."""
    taken: list[float] = []
    left = iter(plan)

    def turn() -> TurnReport:
        taken.append(clock.now_s)
        kind, due_s = next(left)
        return TurnReport(kind, clock.now_s + due_s, clock.now_s + due_s)

    keep_turning(turn, now_s=lambda: clock.now_s, wait=clock.wait, once=once)
    return taken


def test_it_turns_at_the_time_that_was_asked_for_and_looks_at_the_clock_each_minute() -> None:
    clock = Clock(end_after=5)
    assert turns(clock, [(Turn.WAIT, 130.0), (Turn.RUN, 500.0)], once=False) == [1_000_000.0, 1_000_130.0]
    assert clock.waits == [60.0, 60.0, 10.0, 60.0, 60.0]
    assert max(clock.waits) == LOOK_S


def test_a_machine_that_slept_turns_as_soon_as_it_wakes() -> None:
    clock = Clock(end_after=4, jump_s=7_200.0)
    taken = turns(clock, [(Turn.WAIT, 600.0), (Turn.MISSED, 600.0)], once=False)
    assert taken[1] == 1_000_000.0 + 60 + 7_200


def test_a_clock_that_goes_back_is_looked_into_at_once() -> None:
    clock = Clock(end_after=4, jump_s=-86_400.0)
    taken = turns(clock, [(Turn.WAIT, 600.0), (Turn.CLOCK_BACK, 600.0)], once=False)
    assert taken[1] == 1_000_000.0 + 60 - 86_400


def test_once_is_one_turn_where_nothing_is_due_soon() -> None:
    clock = Clock()
    assert len(turns(clock, [(Turn.WAIT, ONCE_WINDOW_S + 1)], once=True)) == 1
    assert clock.waits == []


def test_once_waits_for_a_run_that_is_due_soon() -> None:
    clock = Clock()
    taken = turns(clock, [(Turn.WAIT, ONCE_WINDOW_S - 100), (Turn.RUN, 90_000.0)], once=True)
    assert taken == [1_000_000.0, 1_000_000.0 + ONCE_WINDOW_S - 100]


def test_once_measures_once() -> None:
    assert len(turns(Clock(), [(Turn.RUN, 10.0)], once=True)) == 1


def test_once_can_be_ended_while_it_waits() -> None:
    assert len(turns(Clock(end_after=1), [(Turn.WAIT, 300.0)], once=True)) == 1
