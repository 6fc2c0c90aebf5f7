"""When a probe tries again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.probe.backoff import ASKED_MOST_S, FIRST_S, MOST_S, Backoff

NOW_S = 1_800_000_000.0
EVEN = b"\x80\0\0\0"
"""Times one."""


def test_it_doubles_to_six_hours() -> None:
    backoff, waits = Backoff(), []
    for _ in range(12):
        backoff = backoff.after_failure(NOW_S, EVEN)
        waits.append(backoff.not_before_s - NOW_S)
    assert waits == [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600, 21600]
    assert (waits[0], waits[-1]) == (FIRST_S, MOST_S)
    assert backoff.failures == 12


def test_probes_that_failed_together_do_not_come_back_together() -> None:
    waits = {
        Backoff(4).after_failure(NOW_S, bytes([n, 0, 0, 0])).not_before_s - NOW_S for n in range(0, 256, 16)
    }
    assert len(waits) == 16
    assert 480 <= min(waits) < max(waits) <= 1440


def test_retry_after_is_the_least() -> None:
    for draw in (bytes(4), EVEN, b"\xff" * 4):
        wait_s = Backoff().after_failure(NOW_S, draw, retry_after_s=3_600).not_before_s - NOW_S
        assert 3_600 <= wait_s <= 3_600 * 1.1
    assert Backoff().after_failure(NOW_S, EVEN, retry_after_s=1).not_before_s == NOW_S + 60
    longest = Backoff().after_failure(NOW_S, b"\xff" * 4, retry_after_s=10**6).not_before_s - NOW_S
    assert longest <= ASKED_MOST_S * 1.1


def test_it_allows_a_try_at_its_time() -> None:
    backoff = Backoff().after_failure(NOW_S, EVEN)
    assert not backoff.allows(NOW_S + 59.9)
    assert backoff.allows(NOW_S + 60)
    assert Backoff().allows(NOW_S)


def test_a_time_from_a_wrong_clock_does_not_silence_a_probe() -> None:
    ahead = Backoff().after_failure(NOW_S + 365 * 86_400, EVEN)
    assert ahead.allows(NOW_S)


@pytest.mark.parametrize("failures", [0, 50, 10**6])
@given(draw=st.binary(min_size=4, max_size=4), asked=st.none() | st.integers(0, 10**6))
def test_every_wait_is_bounded(failures: int, draw: bytes, asked: int | None) -> None:
    after = Backoff(failures).after_failure(NOW_S, draw, retry_after_s=asked)
    assert 0 < after.not_before_s - NOW_S < 2 * ASKED_MOST_S
