"""The token bucket fitted to per-packet fates: a hand-worked flow, a second simulation, dice and domains."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from voipwatch.stats import SentFlow, fit_token_bucket
from voipwatch.stats.tokenbucket import _scores


def test_token_bucket_hand_worked() -> None:
    """Bucket of 400 at 100 bytes/s, 100 bytes every 0.5 s: four pass at first, one more on the way, then
    every other.

    Tokens before each packet: 400 350 300 250 200 150 100 50 100 50 100 ... so seven pass, then each second
    one.
    """
    lost = [False] * 7 + [True, False] * 20
    made = SentFlow([500_000 * i for i in range(47)], [100] * 47, lost)
    bucket = fit_token_bucket(made)
    assert bucket.score == 1.0
    assert bucket.rate_bytes_per_s == pytest.approx(100, rel=0.03)
    assert bucket.burst_bytes == pytest.approx(400, abs=25)


@given(st.integers(1000, 7000), st.integers(3, 20), st.integers(0, 2**32 - 1))
def test_a_bucket_met_without_jitter_is_found(rate: int, depth: int, seed: int) -> None:
    """Second method: a bucket counted in whole byte-microseconds, sizes drawn at random.

    The fit sees only which packets passed. What the bucket holds at the first loss and at the end is all that
    its rate can be wrong by: two of the largest packets over the time between.
    """
    sizes = [int(size) for size in np.random.default_rng(seed).integers(100, 301, 400)]
    full = depth * 200 * 1_000_000
    tokens, lost = full, []
    for index, size in enumerate(sizes):
        tokens = min(full, tokens + rate * 20_000 * (index > 0))
        passes = tokens >= size * 1_000_000
        tokens -= size * 1_000_000 * passes
        lost.append(not passes)
    assume(sum(lost) >= 20)
    bucket = fit_token_bucket(SentFlow([20_000 * i for i in range(400)], sizes, lost))
    assert bucket.score >= 0.75
    after_s = 0.02 * (399 - lost.index(True))
    assert bucket.rate_bytes_per_s == pytest.approx(rate, abs=600 / after_s)
    assert bucket.burst_bytes == pytest.approx(depth * 200, abs=600)


def test_a_bucket_is_full_again_after_a_pause_and_not_fuller() -> None:
    """White box: the hand-worked flow, a minute of silence, and the same again, under the bucket that made
    it.
    """
    fates = np.array([True] * 7 + [False, True] * 20)
    times = 0.5 * np.arange(47)
    scores = _scores(
        np.concatenate((times, times + times[-1] + 60.0)),
        np.full(94, 100.0),
        passed=np.concatenate((fates, fates)),
        rate=np.array([100.0, 100.0]),
        burst=np.array([400.0, 800.0]),
    )
    assert scores[0] == 1.0
    assert scores[1] < 1.0


def test_the_depth_is_read_from_the_beginning() -> None:
    """Six losses at the end lower the mean rate by an eighth; summed to there the depth would come out over
    600.
    """
    lost = [False] * 7 + [True, False] * 20 + [True] * 6
    bucket = fit_token_bucket(SentFlow([500_000 * i for i in range(53)], [100] * 53, lost))
    assert 85 < bucket.rate_bytes_per_s < 90
    assert bucket.burst_bytes < 600


def test_dice_agree_with_no_bucket() -> None:
    """The best of the grid, over seeds: a fit by chance stays far from 1."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        lost = [bool(gone) for gone in rng.random(300) < 0.3]
        assert fit_token_bucket(SentFlow([20_000 * i for i in range(300)], [200] * 300, lost)).score < 0.4


def test_domains() -> None:
    with pytest.raises(ValueError, match="one time, size, loss and delay"):
        SentFlow([0], [1, 2], [True])
    with pytest.raises(ValueError, match="one time, size, loss and delay"):
        SentFlow([0], [1], [True], [])
    with pytest.raises(ValueError, match="size_bytes must be above 0"):
        SentFlow([0], [0], [True])
    with pytest.raises(ValueError, match="must not run backwards"):
        SentFlow([1, 0], [1, 1], [True, False])
    with pytest.raises(ValueError, match="losses, arrivals and a duration"):
        fit_token_bucket(SentFlow([0, 1], [1, 1], [True, True]))
    with pytest.raises(ValueError, match="losses, arrivals and a duration"):
        fit_token_bucket(SentFlow([0, 0], [1, 1], [True, False]))
