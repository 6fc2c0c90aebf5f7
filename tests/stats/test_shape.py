"""Loss patterns on planted truth: policers, queues, dice and outages, over seeds."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from voipwatch.stats import (
    LossLabel,
    SentFlow,
    classify_flow,
    classify_loss,
    fit_token_bucket,
    regularity_test,
    runs_test,
)

SEEDS = range(20)
INTERVAL_S = 0.02
SIZE = 200

Maker = Callable[[np.random.Generator], SentFlow]


def flow(rng: np.random.Generator, lost: list[bool], delay_ms: list[float] | None = None) -> SentFlow:
    """Audio of 200 bytes every 20 ms, with up to a few ms of jitter on the way."""
    base = delay_ms or [50.0 + float(rng.exponential(3.0)) for _ in lost]
    delays = [None if gone else delay for gone, delay in zip(lost, base, strict=True)]
    return SentFlow([int(i * INTERVAL_S * 1e6) for i in range(len(lost))], [SIZE] * len(lost), lost, delays)


def gilbert_elliott(rng: np.random.Generator, loss: float, mean_burst: float, n: int = 500) -> list[bool]:
    leave = 1 / mean_burst
    enter = leave * loss / (1 - loss)
    bad, lost = False, []
    for value in rng.random(n):
        bad = bool(value >= leave) if bad else bool(value < enter)
        lost.append(bad)
    return lost


def policed(rate: float, *, n: int = 500, behind: float = 0.0) -> Maker:
    """A token bucket of 2,000 bytes, met after a little jitter and, optionally, behind bursty loss."""

    def make(rng: np.random.Generator) -> SentFlow:
        before = gilbert_elliott(rng, behind, 5, n) if behind else [False] * n
        tokens, last, lost = 2000.0, 0.0, []
        for index, gone in enumerate(before):
            now = max(last, index * INTERVAL_S + float(rng.exponential(0.001)))
            tokens, last = min(2000.0, tokens + rate * (now - last)), now
            passes = not gone and tokens >= SIZE
            tokens -= SIZE * passes
            lost.append(not passes)
        return flow(rng, lost)

    return make


def queued(rate: float, *, n: int = 500) -> Maker:
    """A queue of 200 ms that drains at `rate` and drops what finds it full."""

    def make(rng: np.random.Generator) -> SentFlow:
        waiting_s, lost, delays = 0.0, [], []
        for _ in range(n):
            waiting_s = max(0.0, waiting_s - INTERVAL_S)
            full = waiting_s > 0.2
            waiting_s += 0.0 if full else SIZE / rate
            lost.append(full)
            delays.append(50.0 + 1000 * waiting_s + float(rng.exponential(2.0)))
        return flow(rng, lost, delays)

    return make


def dice(loss: float, n: int = 500) -> Maker:
    return lambda rng: flow(rng, [bool(gone) for gone in rng.random(n) < loss])


def bursts(loss: float, mean_burst: float, n: int = 500) -> Maker:
    return lambda rng: flow(rng, gilbert_elliott(rng, loss, mean_burst, n))


def labels(make: Maker) -> Counter[LossLabel]:
    return Counter(classify_flow(make(np.random.default_rng(seed))).label for seed in SEEDS)


@pytest.mark.parametrize("rate", [2000.0, 3333.0, 5000.0, 8000.0])
@pytest.mark.parametrize("n", [150, 500])
def test_planted_policers(rate: float, n: int) -> None:
    """20 to 80 % of the audio's rate, 3 s and 10 s: named in every seed, rate to 3 %, burst to two packets.

    Half the rate is the hard one: every second packet finds the bucket just full or just not, so that which
    of two passes is chance, but never how many.
    """
    for seed in SEEDS:
        pattern = classify_flow(policed(rate, n=n)(np.random.default_rng(seed)))
        assert pattern.label is LossLabel.POLICE, f"seed {seed}: {pattern}"
        assert pattern.rate_bytes_per_s == pytest.approx(rate, rel=0.03)
        assert pattern.burst_bytes == pytest.approx(2000, abs=2 * SIZE)
        assert pattern.n == n


def test_a_policer_behind_a_bad_line_is_named_or_unclear() -> None:
    """5 % bursty loss before the policer: at the hard rate half of the flows stay unclear, the whole is
    named.
    """
    found = labels(policed(5000.0, behind=0.05))
    assert found[LossLabel.POLICE] >= 5
    assert set(found) <= {LossLabel.POLICE, LossLabel.UNCLEAR}
    found = labels(policed(2000.0, behind=0.05))
    assert found[LossLabel.POLICE] >= 16
    assert set(found) <= {LossLabel.POLICE, LossLabel.UNCLEAR}


@pytest.mark.parametrize("rate", [2000.0, 5000.0, 8000.0])
def test_planted_queues(rate: float) -> None:
    for seed in SEEDS:
        pattern = classify_flow(queued(rate)(np.random.default_rng(seed)))
        assert pattern.label is LossLabel.SHAPE, f"seed {seed}: {pattern}"
        assert pattern.rate_bytes_per_s == pytest.approx(rate, rel=0.05)
        assert pattern.burst_bytes is None


@pytest.mark.parametrize("loss", [0.1, 0.3, 0.5, 0.8])
def test_planted_dice(loss: float) -> None:
    """The runs test itself refuses 5 % of them; nothing else is ever said."""
    found = labels(dice(loss))
    assert found[LossLabel.RANDOM] >= 16
    assert set(found) <= {LossLabel.RANDOM, LossLabel.UNCLEAR}


@pytest.mark.parametrize(("loss", "mean_burst"), [(0.1, 5), (0.3, 5), (0.3, 20), (0.5, 4), (0.8, 10)])
@pytest.mark.parametrize("n", [150, 500])
def test_bursty_lines_get_no_mechanism(loss: float, mean_burst: float, n: int) -> None:
    found = labels(bursts(loss, mean_burst, n))
    assert not found[LossLabel.POLICE]
    assert not found[LossLabel.SHAPE]
    assert found[LossLabel.RANDOM] <= 1


def test_one_outage_is_no_policer() -> None:
    """One outage fits a bucket perfectly; the runs of losses tell it apart."""
    outage = [False] * 60 + [True] * 40 + [False] * 50
    assert classify_flow(flow(np.random.default_rng(0), outage)).label is LossLabel.UNCLEAR


def test_random_loss_on_a_line_with_a_long_queue_is_unclear() -> None:
    """Delay that swings 100 ms without the losses following it: nothing is named."""
    rng = np.random.default_rng(1)
    swing = [50.0 + 50.0 * (1 - np.cos(i / 40)) for i in range(500)]
    made = flow(rng, [bool(gone) for gone in rng.random(500) < 0.2], swing)
    assert classify_flow(made).label is LossLabel.UNCLEAR


def test_a_clock_step_makes_delays_unusable() -> None:
    """A step of five seconds before the losses would read as a queue that grew."""
    rng = np.random.default_rng(3)
    lost = [False] * 50 + [bool(gone) for gone in rng.random(450) < 0.3]
    stepped = flow(rng, lost, [50.0] * 40 + [5050.0 + float(rng.exponential(3)) for _ in range(460)])
    assert classify_flow(stepped).label is not LossLabel.SHAPE


def test_without_delays_a_policer_cannot_be_told_from_a_short_queue() -> None:
    made = policed(2000.0)(np.random.default_rng(0))
    blind = SentFlow(made.time_us, made.size_bytes, made.lost)
    assert classify_flow(blind).label is LossLabel.UNCLEAR
    assert classify_flow(blind).police_score == classify_flow(made).police_score


def test_few_losses_or_few_arrivals_have_no_pattern() -> None:
    rng = np.random.default_rng(0)
    assert classify_flow(flow(rng, [True] * 9 + [False] * 91)).label is LossLabel.NONE
    assert classify_flow(flow(rng, [True] * 91 + [False] * 9)).label is LossLabel.UNCLEAR
    assert classify_flow(flow(rng, [])).label is LossLabel.NONE


def test_loss_that_sets_in_late_is_not_random() -> None:
    """Independent inside each half, but 5 % and then 45 %: not one throw of the dice."""
    rng = np.random.default_rng(2)
    lost = [bool(gone) for gone in rng.random(500) < np.repeat([0.05, 0.45], 250)]
    assert classify_flow(flow(rng, lost)).label is LossLabel.UNCLEAR


def test_a_policer_on_a_line_whose_delay_swings_is_unclear() -> None:
    """45 ms of swing are more than a policer adds and less than a full queue holds."""
    rng = np.random.default_rng(0)
    lost = list(policed(2000.0)(rng).lost)
    swing = [50.0 + 22.5 * (1 - float(np.cos(i / 40))) for i in range(500)]
    assert classify_flow(flow(rng, lost)).label is LossLabel.POLICE
    assert classify_flow(flow(rng, lost, swing)).label is LossLabel.UNCLEAR


def test_halves_that_differ_are_not_random() -> None:
    """15 % then 35 %: the runs test lets most of them pass, the halves do not."""
    passing = refused = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        made = flow(rng, [bool(gone) for gone in rng.random(500) < np.repeat([0.15, 0.35], 250)])
        if runs_test(made.lost) >= 0.05:
            passing += 1
            refused += classify_flow(made).label is LossLabel.UNCLEAR
    assert passing >= 20
    assert refused >= passing - 3


def test_borderline_flows_are_unclear() -> None:
    """A middling score without too even arrivals, or a score over 0.3 on dice: neither is named."""
    middling = lucky = 0
    for seed in range(150):
        made = policed(5000.0, behind=0.05)(np.random.default_rng(seed))
        if 0.5 <= fit_token_bucket(made).score < 0.7 and regularity_test(made) > 1e-4:
            middling += 1
            assert classify_flow(made).label is LossLabel.UNCLEAR, f"seed {seed}"
        made = dice(0.1, 150)(np.random.default_rng(seed))
        if sum(made.lost) >= 10 and fit_token_bucket(made).score > 0.3:
            lucky += 1
            assert classify_flow(made).label is LossLabel.UNCLEAR, f"seed {seed}"
    assert middling >= 5
    assert lucky >= 3


def test_too_even_losses_are_not_random() -> None:
    """Eight of every 25 are lost, in random order: the runs look random, the counts are too even."""
    rng = np.random.default_rng(4)
    even = [bool(gone) for _ in range(20) for gone in rng.permutation([True] * 8 + [False] * 17)]
    made = flow(rng, even)
    assert runs_test(even) >= 0.05
    assert fit_token_bucket(made).score <= 0.3
    assert regularity_test(made) < 0.05
    assert classify_flow(made).label is LossLabel.UNCLEAR


def test_several_flows_must_agree() -> None:
    rngs = [np.random.default_rng(seed) for seed in range(12)]
    police = [policed(2000.0)(rng) for rng in rngs[:6]]
    clean = [flow(rng, [False] * 500) for rng in rngs[6:8]]
    burst = [bursts(0.3, 20)(rng) for rng in rngs[8:12]]
    agreed = classify_loss([*police, *clean])
    assert (agreed.label, agreed.flows_count, agreed.n) == (LossLabel.POLICE, 6, 4000)
    assert agreed.rate_bytes_per_s == pytest.approx(2000, rel=0.05)
    # Unclear flows abstain, up to as many as agree; flows with another name contradict, one for four.
    assert classify_loss([*police, *burst]).label is LossLabel.POLICE
    assert classify_loss([*police[:3], *burst]).label is LossLabel.UNCLEAR
    queue = [queued(2000.0)(rng) for rng in rngs[:2]]
    assert classify_loss([*police, queue[0]]).label is LossLabel.POLICE
    assert classify_loss([*police, *queue]).label is LossLabel.UNCLEAR
    assert classify_loss(burst).label is LossLabel.UNCLEAR
    assert classify_loss(police[:1]).label is LossLabel.UNCLEAR
    assert classify_loss(clean).label is LossLabel.NONE
    assert classify_loss([]).label is LossLabel.NONE


@pytest.mark.parametrize(("loss", "mean_burst"), [(0.1, 5), (0.3, 5), (0.3, 20), (0.1, 2), (0.8, 10)])
def test_a_bad_line_as_a_whole_gets_no_mechanism(loss: float, mean_burst: float) -> None:
    """Twelve flows of 3 s, over seeds."""
    for seed in range(6):
        rng = np.random.default_rng(1000 + seed)
        pattern = classify_loss([bursts(loss, mean_burst, 150)(rng) for _ in range(12)])
        assert pattern.label in {LossLabel.UNCLEAR, LossLabel.NONE}, f"seed {seed}: {pattern}"
