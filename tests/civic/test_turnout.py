"""Turnout by hand, and that neither intent nor silence is ever told as participation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.ranges import Range
from voipwatch.civic.turnout import Found, Ladders, Observable, Share, turnout, turnout_of_told


def test_twenty_four_thousand_by_hand() -> None:
    """480 kept and 120 broken of 24,000: 2 % to 99.5 %; among reports 76.57 to 83.13 % (Clopper-Pearson), so
    that of all pledges (480 + 0.7657 x 23,400) / 24,000 = 76.66 % to 83.05 % if the silent are alike.
    """
    found = turnout(Ladders(declared=24_000, kept=480, broken=120))
    assert found is not None
    assert (found.bounds.low, found.bounds.high) == pytest.approx((0.02, 0.995))
    assert found.if_alike is not None
    assert found.if_alike.low == pytest.approx(0.7666, abs=5e-5)
    assert found.if_alike.high == pytest.approx(0.8305, abs=5e-5)


def test_what_was_only_declared_is_no_turnout() -> None:
    found = turnout(Ladders(declared=24_000, kept=0, broken=0))
    assert found is not None
    assert found.bounds == Share(0, 1), "from nobody to everybody: nothing is known"
    assert found.if_alike is None
    assert turnout(Ladders(declared=0, kept=0, broken=0)) is None


def test_where_all_reported_nothing_is_open() -> None:
    found = turnout(Ladders(declared=10, kept=7, broken=3))
    assert found is not None
    assert found.bounds.low == found.bounds.high == 0.7
    assert found.if_alike == found.bounds


@pytest.mark.parametrize("counts", [(-1, 0, 0), (10, -1, 0), (10, 0, -1), (10, 6, 5)])
def test_counts_that_cannot_be(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"below 0|reports of"):
        Ladders(declared=counts[0], kept=counts[1], broken=counts[2])


def test_pledges_are_no_people() -> None:
    assert Ladders(declared=24_000, kept=0, broken=0).people == Range(1, 24_000)
    assert Ladders(declared=0, kept=0, broken=0).people == Range(0, 0)
    assert Ladders(declared=9, kept=2, broken=3).silent == 4


def test_an_observation_has_a_source_or_was_not_made() -> None:
    seen = Observable(
        what="Calls of the panel", found=Found.NONE, value=Range(0, 2), unit="%", source="Observatory"
    )
    assert Ladders(declared=1, kept=0, broken=0, observed=(seen,)).observed == (seen,)
    assert Observable(what="Traffic", found=Found.NOT_MEASURED).value is None
    with pytest.raises(ValueError, match="has a source"):
        Observable(what="Traffic", found=Found.EFFECT)
    with pytest.raises(ValueError, match="no value"):
        Observable(what="Traffic", found=Found.NOT_MEASURED, value=Range(1, 2))


@given(st.integers(1, 500), st.data())
def test_the_interval_lies_within_the_bounds(declared: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, declared))
    broken = data.draw(st.integers(0, declared - kept))
    found = turnout(Ladders(declared=declared, kept=kept, broken=broken))
    assert found is not None
    assert 0 <= found.bounds.low <= found.bounds.high <= 1
    if found.if_alike is not None:
        assert found.bounds.low <= found.if_alike.low <= found.if_alike.high <= found.bounds.high
        assert found.if_alike.low <= kept / (kept + broken) <= found.if_alike.high or kept + broken == 0


def test_told_counts_by_hand() -> None:
    """Told 240, 40 and 10 in tens: 240..249 pledges, 40..49 kept, 10..19 broken. At worst 40 of 249 were
    kept; at best all but 10 of 249.
    """
    found = turnout_of_told(240, 40, 10, step=10)
    assert found is not None
    assert (found.bounds.low, found.bounds.high) == pytest.approx((40 / 249, 239 / 249))
    assert found.if_alike is not None
    worst = turnout(Ladders(declared=249, kept=40, broken=19))
    best = turnout(Ladders(declared=249, kept=49, broken=10))
    assert worst is not None
    assert worst.if_alike is not None
    assert best is not None
    assert best.if_alike is not None
    assert (found.if_alike.low, found.if_alike.high) == (worst.if_alike.low, best.if_alike.high)


@given(st.integers(10, 400), st.data())
def test_what_told_counts_say_holds_for_all_behind_them(declared: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, declared))
    broken = data.draw(st.integers(0, declared - kept))
    exact = turnout(Ladders(declared=declared, kept=kept, broken=broken))
    told = turnout_of_told(*(each // 10 * 10 for each in (declared, kept, broken)), step=10)
    assert told is not None
    assert exact is not None
    pairs = [(told.bounds, exact.bounds)]
    if told.if_alike is not None and exact.if_alike is not None:
        pairs.append((told.if_alike, exact.if_alike))
    for wide, narrow in pairs:
        assert wide.low <= narrow.low + 1e-12
        assert narrow.high <= wide.high + 1e-12
        assert 0 <= wide.low <= wide.high <= 1


def test_too_few_are_told_as_nothing() -> None:
    assert turnout_of_told(0, 0, 0, step=10) is None
    few = turnout_of_told(20, 0, 0, step=10)
    assert few is not None
    assert few.bounds == Share(0, 1)
    assert few.if_alike is None
    late = turnout_of_told(10, 20, 10, step=10)
    assert late is not None, "reports were told later than pledges"
    assert late.bounds.low <= late.bounds.high
    with pytest.raises(ValueError, match="below 0"):
        turnout_of_told(-10, 0, 0, step=10)


@pytest.mark.parametrize("steps", [100, 1000])
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_bounds_are_rounded_outwards(steps: int, low: float, high: float) -> None:
    found = Share(min(low, high), max(low, high)).rounded_out(steps)
    assert 0 <= found.low <= min(low, high) + 1e-9
    assert max(low, high) - 1e-9 <= found.high <= 1
    assert found.rounded_out(steps) == found, "what is whole stays"


def test_a_bound_by_hand() -> None:
    """20 of 69 is 28.98 %: 29 % would promise too much."""
    assert Share(20 / 69, 59 / 69).rounded_out(100) == Share(0.28, 0.86)
    assert Share(0.29, 0.57).rounded_out(100) == Share(0.29, 0.57)
