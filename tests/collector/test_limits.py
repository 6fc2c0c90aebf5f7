import pytest

from voipwatch.collector import limits
from voipwatch.collector.limits import Buckets, Room


def test_a_full_bucket_is_spent_and_fills_again() -> None:
    buckets = Buckets(3, 0.5)
    assert [buckets.take("a", 1, 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 1, 0.0) == pytest.approx(2.0)
    assert buckets.take("b", 3, 0.0) == 0.0
    assert buckets.take("a", 1, 2.0) == 0.0
    assert buckets.take("a", 1, 2.0) > 0
    assert buckets.take("a", 3, 1000.0) == 0.0  # and never above the burst
    assert buckets.take("a", 1, 1000.0) > 0


def test_more_than_a_full_bucket_leaves_a_debt() -> None:
    buckets = Buckets(3, 1.0)
    assert buckets.take("a", 10, 0.0) == 0.0
    assert buckets.take("a", 1, 0.0) == pytest.approx(8.0)


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    buckets = Buckets(1, 1.0)
    assert buckets.take("a", 1, 100.0) == 0.0
    assert buckets.take("a", 1, 50.0) == pytest.approx(1.0)


def test_a_carrier_has_many_times_as_much() -> None:
    buckets = Buckets(2, 1.0)
    assert buckets.take("a", 20, 0.0, factor=10.0) == 0.0
    assert buckets.take("a", 10, 0.0, factor=10.0) == pytest.approx(1.0)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PREFIXES_MAX", 3)
    buckets = Buckets(1, 0.001)
    for name in "abc":
        buckets.take(name, 1, 0.0)
    assert buckets.take("a", 1, 0.0) > 0
    buckets.take("d", 1, 0.0)  # b, quiet longest, goes
    assert buckets.take("a", 1, 0.0) > 0
    assert buckets.take("b", 1, 0.0) == 0.0


def test_room_is_given_back_and_one_always_fits() -> None:
    room = Room(10)
    assert room.take(50)
    assert not room.take(1)
    room.give(50)
    assert room.take(6)
    assert room.take(4)
    assert not room.take(1)
    assert room.held == 10
