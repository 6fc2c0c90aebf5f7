"""Dead-arm tests of a leg: who may be called dead, after how many packets, and who may not."""

from collections import deque
from types import SimpleNamespace
from typing import cast

import pytest

from voipwatch.experiment.arm_tests import LINE_MISSES, ArmTests, DeadRound
from voipwatch.experiment.near_flow import NearFlow, Outcome
from voipwatch.model.vocabulary import Arm


def flow(arm: Arm, number: int, hits: str, index: int = 0) -> NearFlow:
    """A flow whose set-up packets went as `hits` says: x answered, . not."""
    outcomes = deque(Outcome(index, mark == "x") for mark in hits)
    record = SimpleNamespace(kind=SimpleNamespace(arm=arm), flow=number)
    return cast(NearFlow, SimpleNamespace(record=record, outcomes=outcomes, flow=number))


def taken(*flows: NearFlow) -> ArmTests:
    tests = ArmTests()
    for one in flows:
        assert tests.take(one)
    return tests


def died(tests: ArmTests, arm: Arm) -> DeadRound:
    found = tests.dead(arm)
    assert found is not None
    return found


def living(arm: Arm = Arm.C) -> list[NearFlow]:
    return [flow(arm, 10 + n, "xx") for n in range(4)]


def test_a_silent_treatment_with_a_living_control_is_dead_within_eleven_packets() -> None:
    tests = taken(*living())
    needed = 0
    for number in range(20):
        tests.take(flow(Arm.A, number % 4, "."))
        needed += 1
        if tests.dead(Arm.A) is not None:
            break
    assert 4 <= needed <= 11
    assert tests.packets(Arm.A)[0] == needed


def test_one_silent_flow_alone_is_never_dead() -> None:
    tests = taken(*living(), flow(Arm.A, 0, "." * 30))
    assert tests.dead(Arm.A) is None


@pytest.mark.parametrize("control", ["", "..", ".", "x...."])
def test_without_a_living_control_nothing_is_dead(control: str) -> None:
    flows = [flow(Arm.A, n, "....") for n in range(4)]
    flows += [flow(Arm.C, 10 + n, control) for n in range(4) if control]
    assert taken(*flows).dead(Arm.A) is None


def test_a_treatment_that_answers_half_the_time_is_not_dead() -> None:
    tests = taken(*living(), *[flow(Arm.A, n, "x.x.") for n in range(4)])
    assert tests.dead(Arm.A) is None


def test_a_later_round_dies_alone() -> None:
    tests = taken(*living(), *[flow(Arm.A, n, "xx") for n in range(4)])
    for n in range(4):
        tests.take(flow(Arm.A, n, "....", index=1))
    assert died(tests, Arm.A).round == 1


def test_the_neutral_control_judges_the_control_and_the_line_judges_itself() -> None:
    dead_c = [flow(Arm.C, n, "....") for n in range(4)]
    tests = taken(*dead_c, *[flow(Arm.C_NEUTRAL, 20 + n, "xx") for n in range(4)])
    assert died(tests, Arm.C).round == 0
    silent = taken(*[flow(Arm.C_NEUTRAL, n, "." * (LINE_MISSES // 4)) for n in range(4)])
    assert died(silent, Arm.C_NEUTRAL).round == 0
    answered_once = taken(*[flow(Arm.C_NEUTRAL, n, "...x") for n in range(4)])
    assert answered_once.dead(Arm.C_NEUTRAL) is None


def test_an_arms_death_is_its_own() -> None:
    tests = taken(*living(), *[flow(Arm.A, n, "xx") for n in range(4)])
    for n in range(4):
        tests.take(flow(Arm.C_NEUTRAL, 30 + n, "xx"))
        tests.take(flow(Arm.A_NEUTRAL, 20 + n, "...."))
    assert tests.dead(Arm.A_NEUTRAL) is not None
    assert tests.dead(Arm.A) is None
    assert tests.dead(Arm.C) is None
