"""When mails are sent, by arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.mail.pace import DomainPace, down_for_s, retry_after_s


def test_later_and_later_up_to_a_bound() -> None:
    assert [retry_after_s(n, 1.0) for n in range(8)] == [300, 600, 1200, 2400, 4800, 9600, 14400, 14400]
    assert [down_for_s(n, 1.0) for n in range(1, 8)] == [30, 60, 120, 240, 480, 900, 900]
    assert (retry_after_s(0, 0.0), down_for_s(1, 0.0)) == (150, 15)
    assert retry_after_s(10_000, 0.5) == 10_800


@given(st.integers(0, 100), st.floats(0, 1))
def test_always_later_and_never_by_more_than_the_bound(attempts: int, share: float) -> None:
    assert 1 <= retry_after_s(attempts, share) <= 4 * 3600
    assert 1 <= down_for_s(attempts + 1, share) <= 900


@pytest.mark.parametrize("a_minute", [1, 6, 60, 600])
def test_no_more_than_its_share_and_nobody_waits_for_another_domain(a_minute: int) -> None:
    pace = DomainPace(a_minute)
    sent = sum(pace.may_send("busy.example", now / 10) for now in range(3000))
    assert a_minute * 5 - 1 <= sent <= a_minute * 5 + max(1, a_minute / 10) + 1
    assert pace.may_send("quiet.example", 300.0)


def test_a_long_line_is_asked_one_after_the_other() -> None:
    pace = DomainPace(60)
    assert [pace.place("d", 0.0) for _ in range(3)] == [1.0, 2.0, 3.0]
    assert pace.place("d", 100.0) == 101.0
    pace.forget(200.0)
    assert pace.place("d", 200.0) == 201.0


def test_what_is_over_is_forgotten() -> None:
    pace = DomainPace(60)
    for number in range(100):
        pace.may_send(f"d{number}.example", 0.0)
    pace.forget(1e6)
    assert pace._tokens == {}
