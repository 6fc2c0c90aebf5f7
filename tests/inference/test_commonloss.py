"""Common loss: a bucket shared by both flows against one each, random loss, a line that loses; by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import spearmanr

from voipwatch.inference.commonloss import SPAN_MAX_S, Common, Round, common_loss, spearman
from voipwatch.stats import SentFlow

SEEDS = range(20)
SIZE = 150
RATE = 50.0
"""Packets a second of each flow."""
Fates = Callable[[list[tuple[float, int]], np.random.Generator], list[bool]]


def bucket(rate: float, *, shared: bool) -> Fates:
    """One token bucket for all flows, or one for each: packets a second, four deep."""

    def lost(packets: list[tuple[float, int]], _rng: np.random.Generator) -> list[bool]:
        tokens: dict[int, tuple[float, float]] = {}
        fates = []
        for at, side in packets:
            key = 0 if shared else side
            left, then = tokens.get(key, (4.0, at))
            left = min(4.0, left + (at - then) * rate)
            fates.append(left < 1.0)
            tokens[key] = (left if left < 1.0 else left - 1.0, at)
        return fates

    return lost


def random_loss(share: float) -> Fates:
    return lambda packets, rng: [bool(rng.random() < share) for _ in packets]


def swinging(*, shared: bool) -> Fates:
    """Loss that changes every 0.9 s, at one place or at two."""

    def lost(packets: list[tuple[float, int]], rng: np.random.Generator) -> list[bool]:
        level = rng.choice([0.05, 0.6], size=(2, 100))
        return [bool(rng.random() < level[0 if shared else side][int(at / 0.9)]) for at, side in packets]

    return lost


def no_loss(packets: list[tuple[float, int]], _rng: np.random.Generator) -> list[bool]:
    return [False for _ in packets]


def flows(fates: Fates, rng: np.random.Generator, first: int) -> tuple[SentFlow, SentFlow]:
    """Side `first` begins at 0 s, the other at 12 s; each sends 26 s."""
    packets = []
    for side in (0, 1):
        begin = (0.0 if side == first else 12.0) + rng.random() * 0.02
        packets += [(begin + n / RATE + rng.random() * 0.004, side) for n in range(1300)]
    packets.sort()
    lost = fates(packets, rng)
    told = []
    for wanted in (0, 1):
        own = [(at, gone) for (at, side), gone in zip(packets, lost, strict=True) if side == wanted]
        told.append(SentFlow([round(at * 1e6) for at, _ in own], [SIZE] * len(own), [g for _, g in own]))
    return told[0], told[1]


def said(fates: Fates, seed: int, control: Fates = no_loss) -> str:
    rng = np.random.default_rng(seed)
    return common_loss(Round(flows(fates, rng, seed % 2), flows(control, rng, seed % 2))).outcome


@pytest.mark.parametrize("rate", [15.0, 25.0, 40.0])
def test_a_shared_bucket_is_common(rate: float) -> None:
    told = [said(bucket(rate, shared=True), seed) for seed in SEEDS]
    assert told.count("common") >= 0.9 * len(told)
    assert "apart" not in told


@pytest.mark.parametrize("fates", [bucket(25.0, shared=False), random_loss(0.3), swinging(shared=False)])
def test_what_is_not_shared_is_never_common(fates: Fates) -> None:
    told = [said(fates, seed) for seed in SEEDS]
    assert told.count("common") <= 0.05 * len(told)


@pytest.mark.parametrize("fates", [bucket(25.0, shared=False), random_loss(0.3)])
def test_large_independent_losses_are_apart(fates: Fates) -> None:
    told = [said(fates, seed) for seed in SEEDS]
    assert told.count("apart") >= 0.8 * len(told)


def test_a_shared_bucket_for_one_and_a_half_is_not_apart() -> None:
    told = {said(bucket(rate, shared=True), seed) for seed in range(10) for rate in (75.0, 85.0)}
    assert "apart" not in told


def test_losses_that_swing_together_are_common_more_often_than_not() -> None:
    told = [said(swinging(shared=True), seed) for seed in SEEDS]
    assert told.count("common") >= 0.6 * len(told)


def test_a_line_that_loses_the_control_too_says_nothing() -> None:
    assert {said(bucket(25.0, shared=True), seed, random_loss(0.3)) for seed in SEEDS} == {"unclear"}


def test_few_losses_say_nothing() -> None:
    assert said(random_loss(0.005), 1) == said(no_loss, 1) == "unclear"
    nothing = SentFlow([], [], [])
    assert common_loss(Round((nothing, nothing), (nothing, nothing))).outcome == "unclear"


def test_a_throttle_for_one_flow_that_comes_late_or_goes_early_is_not_common() -> None:
    """From each flow's 13th second on, or until then."""

    def of_age(sign: int) -> Fates:
        def lost(packets: list[tuple[float, int]], rng: np.random.Generator) -> list[bool]:
            begins = [min(at for at, side in packets if side == wanted) for wanted in (0, 1)]
            return [
                bool(sign * (at - begins[side] - 13.0) > 0 and rng.random() < 0.7) for at, side in packets
            ]

        return lost

    told = [said(of_age(sign), seed) for seed in SEEDS for sign in (1, -1)]
    assert told.count("common") <= 0.05 * len(told)


def test_the_share_kept_is_half_under_a_shared_bucket_and_all_under_one_each() -> None:
    rng = np.random.default_rng(5)
    for fates, kept in ((bucket(25.0, shared=True), 0.5), (bucket(25.0, shared=False), 1.0)):
        found = common_loss(Round(flows(fates, rng, 0), flows(no_loss, rng, 0)))
        assert found.kept is not None
        assert found.kept == pytest.approx(kept, abs=0.04)
        assert found.kept_low is not None
        assert found.kept_high is not None
        assert found.kept_low < found.kept < found.kept_high


def test_spearman_by_hand() -> None:
    # Ranks 1 2 3 4 5 against 2 1 4 3 5: differences 1 1 1 1 0, 1 - 6 * 4 / (5 * 24) = 0.8.
    rho, p_value = spearman([1, 2, 3, 4, 5], [20, 10, 40, 30, 50])
    assert rho == pytest.approx(0.8)
    assert p_value == pytest.approx(
        0.0520, abs=1e-4
    )  # Student's t of 0.8 * sqrt(3 / 0.36) = 2.309, 3 degrees


@pytest.mark.parametrize("seed", range(20))
def test_spearman_agrees_with_another_implementation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 6, size=(2, 25))
    other = spearmanr(first, second, alternative="greater")
    assert spearman([*map(float, first)], [*map(float, second)]) == pytest.approx(
        (other.statistic, other.pvalue)
    )


def test_spearman_at_its_ends_and_outside_its_domain() -> None:
    assert spearman([1, 2, 3], [4, 5, 6]) == (1.0, 0.0)
    assert spearman([1, 2, 3], [6, 5, 4]) == (-1.0, 1.0)
    assert spearman([1, 1, 1], [4, 5, 6]) == (0.0, 1.0)
    with pytest.raises(ValueError, match="one length"):
        spearman([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="three"):
        spearman([1, 2], [1, 2])


@pytest.mark.parametrize("span_s", [SPAN_MAX_S + 1.0, 1e9, 4.6e12])
def test_flows_that_are_longer_than_any_check_say_nothing_and_cost_nothing(span_s: float) -> None:
    """An interval for each second of them would not fit into any memory."""
    times = [round(n * span_s * 1e6 / 599) for n in range(600)]
    lossy = SentFlow(times, [SIZE] * 600, [n % 2 == 0 for n in range(600)])
    calm = SentFlow(times, [SIZE] * 600, [False] * 600)
    assert common_loss(Round((lossy, lossy), (calm, calm))) == Common("unclear")
