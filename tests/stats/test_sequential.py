"""The dead-arm test: its table, its gates, and its exact errors against simulation and Wald's bounds."""

import math
import re
from dataclasses import FrozenInstanceError
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaincinv
from scipy.stats import binom

from voipwatch.stats import (
    DeadArmTest,
    Decision,
    alive_probability_bound,
    control_lives,
    error_probabilities,
    packets_to_dead,
)

# docs/methods/sequential.md shows this table; test_docs_show_the_table holds them together.
TABLE = {
    0.45: 11,
    0.5: 9,
    0.55: 8,
    0.6: 7,
    0.65: 6,
    0.7: 5,
    0.75: 5,
    0.8: 4,
    0.85: 4,
    0.9: 4,
    0.95: 4,
    1.0: 4,
}


def run(hits: list[bool], alive_probability: float = 0.9, flows: int = 3) -> DeadArmTest:
    test = DeadArmTest(alive_probability)
    for index, hit in enumerate(hits):
        test = test.update(hit, flow=index % flows)
    return test


@pytest.mark.parametrize(("alive_probability", "packets"), TABLE.items())
def test_packets_that_a_dead_arm_costs(alive_probability: float, packets: int) -> None:
    assert packets_to_dead(alive_probability) == packets


def test_docs_show_the_table(repository: Path) -> None:
    """Each row of the page: alive probability, packets, exact errors and mean costs, to the digits shown."""
    page = (repository / "docs/methods/sequential.md").read_text(encoding="utf-8")
    rows = [
        [float(cell) for cell in row.split("|")[1:7]]
        for row in re.findall(r"^\| [01]\..*$", page, re.MULTILINE)
    ]
    assert {row[0]: row[1] for row in rows} == TABLE
    for alive_probability, _, dead_if_alive, alive_if_dead, cost_if_dead, cost_if_alive in rows:
        test = DeadArmTest(alive_probability)
        alive = error_probabilities(test, min(alive_probability, 0.9), 60)
        dead = error_probabilities(test, 0.1, 60)
        assert (round(alive.dead, 4), round(dead.alive, 4)) == (dead_if_alive, alive_if_dead)
        assert (round(dead.packets_expected, 1), round(alive.packets_expected, 1)) == (
            cost_if_dead,
            cost_if_alive,
        )


def test_every_alive_probability_decides_in_4_to_11() -> None:
    for alive_probability in np.linspace(0.45, 1.0, 551):
        assert 4 <= packets_to_dead(float(alive_probability)) <= 11


def test_hand_worked_likelihood() -> None:
    """Three misses and one hit at 0.5: 3 ln(0.9 / 0.5) + ln(0.1 / 0.5) = 0.15392."""
    assert run([False, False, True, False], 0.5).log_likelihood_ratio == pytest.approx(0.15392, abs=1e-5)


def test_alive_after_a_few_hits() -> None:
    """At 0.9 a hit weighs -2.197; the boundary ln(0.01 / 0.995) = -4.6 falls with the third."""
    assert run([True, True]).decision is Decision.CONTINUE
    test = run([True] * 3)
    assert (test.decision, test.n, test.hits) == (Decision.ALIVE, 3, 3)


def test_misses_of_two_flows_are_not_enough() -> None:
    test = run([False] * 40, flows=2)
    assert (test.decision, test.flows_missed) == (Decision.CONTINUE, 2)
    assert test.update(False, flow="third").decision is Decision.DEAD


def test_without_flow_names_nothing_is_ever_dead() -> None:
    test = DeadArmTest(0.9)
    for _ in range(50):
        test = test.update(False)
    assert test.decision is Decision.CONTINUE


def test_three_packets_are_not_enough() -> None:
    """Three misses of three flows cross Wald's boundary at 0.9; the fourth packet is asked for."""
    test = run([False] * 3)
    assert test.log_likelihood_ratio > math.log(0.99 / 0.005)
    assert test.decision is Decision.CONTINUE
    assert run([False] * 4).decision is Decision.DEAD


def test_a_hit_on_a_gated_arm_counts_against_dead() -> None:
    assert run([False, False, False, True]).decision is Decision.CONTINUE


def test_decided_tests_are_closed() -> None:
    dead = run([False] * 4)
    assert dead.update(True, flow=0) is dead
    assert dead.with_alive_probability(0.45) is dead


def test_alive_probability_can_follow_the_control() -> None:
    test = run([False] * 5, 0.45)
    assert test.decision is Decision.CONTINUE
    assert test.with_alive_probability(0.7).decision is Decision.DEAD


def test_states_are_frozen_and_do_not_share_counts() -> None:
    first = DeadArmTest(0.9).update(False, flow=1)
    second = first.update(False, flow=2)
    assert (first.flows_missed, second.flows_missed) == (1, 2)
    with pytest.raises(FrozenInstanceError):
        first.n = 3  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("alive_probability", [0.45, 0.6, 0.75, 0.9])
def test_errors_keep_wald_bounds(alive_probability: float) -> None:
    """P(DEAD | alive) <= alpha / (1 - beta) and P(ALIVE | dead) <= beta / (1 - alpha), Wald 1945."""
    test = DeadArmTest(alive_probability)
    alive = error_probabilities(test, alive_probability, 60)
    dead = error_probabilities(test, test.dead_probability, 60)
    assert 0.0 < alive.dead <= test.alpha / (1 - test.beta)
    assert 0.0 < dead.alive <= test.beta / (1 - test.alpha)
    assert alive.alive > 0.98
    assert dead.dead > 0.98
    for law in (alive, dead):
        assert law.dead + law.alive + law.undecided == pytest.approx(1.0)


@pytest.mark.parametrize(("alive_probability", "p"), [(0.45, 0.45), (0.9, 0.9), (0.6, 0.1), (0.6, 0.35)])
def test_exact_law_agrees_with_simulation(alive_probability: float, p: float) -> None:
    runs, n_max = 2000, 25
    rng = np.random.default_rng(20160105)
    law = error_probabilities(DeadArmTest(alive_probability), p, n_max)
    ends = dict.fromkeys(Decision, 0)
    packets = 0
    for row in rng.random((runs, n_max)) < p:
        test = DeadArmTest(alive_probability)
        for index, hit in enumerate(row):
            test = test.update(bool(hit), flow=index % 3)
            if test.decision is not Decision.CONTINUE:
                break
        ends[test.decision] += 1
        packets += test.n
    for decision, exact in (
        (Decision.DEAD, law.dead),
        (Decision.ALIVE, law.alive),
        (Decision.CONTINUE, law.undecided),
    ):
        error = math.sqrt(exact * (1 - exact) / runs)
        assert abs(ends[decision] / runs - exact) <= 4 * error + 1e-9
    assert packets / runs == pytest.approx(law.packets_expected, rel=0.05)


def test_exact_law_hand_worked() -> None:
    """At 0.9 with n_max = 3: ALIVE only by three hits (p^3), nothing can be DEAD."""
    law = error_probabilities(DeadArmTest(0.9), 0.5, 3)
    assert (law.alive, law.dead, law.undecided) == pytest.approx((0.125, 0.0, 0.875))
    assert law.packets_expected == 3.0


def test_two_flows_can_never_accuse() -> None:
    assert error_probabilities(DeadArmTest(0.9), 0.0, 30, flows=2).dead == 0.0


def test_alive_bound_is_wilsons_and_below_jeffreys() -> None:
    """4 of 4: Wilson n / (n + z^2) = 0.5965, Jeffreys (Beta(4.5, 0.5) at 5 %) 0.6507."""
    assert alive_probability_bound(4, 4) == pytest.approx(4 / (4 + 1.6448536269514722**2))
    for n in range(4, 21):
        assert alive_probability_bound(n, n) < float(betaincinv(n + 0.5, 0.5, 0.05))


def test_alive_bound_is_clipped() -> None:
    assert alive_probability_bound(0, 0) == 0.45
    assert alive_probability_bound(1, 10) == 0.45
    assert alive_probability_bound(1000, 1000) == 0.9


def test_control_lives() -> None:
    assert control_lives(8, 10)
    assert not control_lives(7, 10)
    assert not control_lives(0, 0)
    assert control_lives(4, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"alive_probability": 0.1},
        {"alive_probability": 1.1},
        {"alive_probability": float("nan")},
        {"alive_probability": 0.95, "dead_probability": 0.92},
        {"alive_probability": 0.9, "alpha": 0.0},
        {"alive_probability": 0.9, "beta": 1.0},
        {"alive_probability": 0.9, "alpha": 0.6, "beta": 0.5},
        {"alive_probability": 0.9, "min_flows": 0},
        {"alive_probability": 0.9, "min_packets": 0},
        {"alive_probability": 0.9, "n": 2, "hits": 3},
    ],
)
def test_domains(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        DeadArmTest(**arguments)  # type: ignore[arg-type]  # integers travel as floats in the table


def test_error_probabilities_domains() -> None:
    test = DeadArmTest(0.9)
    with pytest.raises(ValueError, match="p must lie"):
        error_probabilities(test, 1.5, 10)
    with pytest.raises(ValueError, match="n_max must be"):
        error_probabilities(test, 0.5, 0)
    with pytest.raises(ValueError, match="flows must lie"):
        error_probabilities(test, 0.5, 10, flows=9)
    with pytest.raises(ValueError, match="test must be fresh"):
        error_probabilities(test.update(True), 0.5, 10)
    with pytest.raises(ValueError, match="hits must not exceed"):
        alive_probability_bound(3, 2)


@cache
def accused_once(bound: float, p: float) -> float:
    return error_probabilities(DeadArmTest(bound), p, 60).dead


@pytest.mark.parametrize(
    ("p", "at_most"), [(0.3, 2.5e-3), (0.45, 2e-4), (0.6, 3e-5), (0.8, 3e-5), (0.95, 3e-5)]
)
@pytest.mark.parametrize("controls", [4, 8, 12, 24, 100])
def test_the_repeat_holds_the_error_with_a_control_that_is_only_estimated(
    p: float, at_most: float, controls: int
) -> None:
    """The alive probability is a bound from the control's own hits; both arms have `p`, and two looks are
    taken, over all that the control may show, where it shows enough to accuse by.
    """
    twice = 0.0
    for hits in range(controls + 1):
        if control_lives(hits, controls):
            once = accused_once(round(alive_probability_bound(hits, controls), 6), p)
            twice += float(binom.pmf(hits, controls, p)) * once * once
    assert twice <= at_most
