"""Cells in bulk leave the memory of cells one by one, bit for bit, through everything that can happen."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.inference.detection.series import hour_s, kinds
from voipwatch.inference.detection import Detector, Settings
from voipwatch.inference.detection.cells import receive_cells
from voipwatch.model.series import ChangeKind, SeriesRow

Cells = tuple[list[float], list[int], list[int]]


def cells(hours: int, *, seed: int, rhythm: bool = False) -> Cells:
    """A block of four days on day 60, a silence of five days, empty cells, late cells, cells in one hour."""
    rng = random.Random(seed)
    times: list[float] = []
    blocked, votes = [], []
    for hour in range(hours):
        if 80 * 24 <= hour < 85 * 24 or rng.random() < 0.02:
            continue
        count = rng.choice([0, 3, 5, 5, 6, 8])
        share = 0.9 if 60 * 24 <= hour < 64 * 24 else 0.4 if rhythm and hour % 24 == 3 else 0.02
        late = 30 if hour > 100 and rng.random() < 0.01 else 0
        times.append(hour_s(hour - late) + (1800.0 if rng.random() < 0.02 else 0.0))
        blocked.append(sum(rng.random() < share for _ in range(count)))
        votes.append(count)
        if rng.random() < 0.01:
            times.append(times[-1] + 60.0)
            blocked.append(0)
            votes.append(2)
    return times, blocked, votes


@pytest.mark.parametrize("rhythm", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_memory_is_the_same_bit_for_bit(seed: int, rhythm: bool) -> None:
    given = cells(120 * 24, seed=seed, rhythm=rhythm)
    one_by_one, bulk = Detector(), Detector()
    for row in zip(*given, strict=True):
        one_by_one.receive(SeriesRow(*row))
    cut = len(given[0]) // 3
    times, blocked, votes = given
    found = receive_cells(bulk, times[:cut], blocked[:cut], votes[:cut])
    found += receive_cells(bulk, times[cut:], blocked[cut:], votes[cut:])
    assert found == one_by_one.state.changepoints
    assert kinds(bulk).count(ChangeKind.ONSET) == 1
    assert msgspec.json.encode(bulk.state) == msgspec.json.encode(one_by_one.state)


@st.composite
def spells(draw: st.DrawFn) -> Cells:
    """Weeks of anything: quiet, blocked, silent, blocked by night; cells of any size, late, twice, empty."""
    rng = random.Random(draw(st.integers(0, 1 << 32)))
    times: list[float] = []
    blocked, votes = [], []
    hour = 0
    for _ in range(draw(st.integers(1, 5))):
        share = draw(st.sampled_from([0.0, 0.02, 0.02, 0.3, 1.0]))
        night = draw(st.sampled_from([0.0, 0.0, 0.5]))
        sizes = draw(st.sampled_from([[6], [5, 5, 6], [0, 1, 3], [400]]))
        odd, every = draw(st.sampled_from([0.0, 0.0, 0.02])), draw(st.sampled_from([1, 1, 3]))
        for _ in range(draw(st.integers(1, 25)) * 24 // every):
            hour += every
            count = rng.choice(sizes)
            fails = max(share, night if hour % 24 < 6 else 0.0)
            late = rng.randrange(1, 60) if rng.random() < odd else 0
            times.append(hour_s(hour - late) + (1800.0 if rng.random() < odd else 0.0))
            blocked.append(sum(rng.random() < fails for _ in range(count)))
            votes.append(count)
        hour += draw(st.sampled_from([0, 0, 30, 200]))
    return times, blocked, votes


@given(given=spells(), parts=st.integers(1, 4), series=st.sampled_from([1, 64]))
@examples(max_examples=25)
def test_any_cells_in_any_parts_leave_the_same_memory(given: Cells, parts: int, series: int) -> None:
    one_by_one, bulk = (Detector(Settings(series=series)) for _ in range(2))
    for row in zip(*given, strict=True):
        one_by_one.receive(SeriesRow(*row))
    size = len(given[0]) // parts + 1
    found = []
    times, blocked, votes = given
    for first in range(0, len(times), size):
        part = slice(first, first + size)
        found += receive_cells(bulk, times[part], blocked[part], votes[part])
    assert found == one_by_one.state.changepoints
    assert msgspec.json.encode(bulk.state) == msgspec.json.encode(one_by_one.state)


def test_counts_that_cannot_be_are_refused_in_bulk_too() -> None:
    detector = Detector()
    times = [hour_s(hour) for hour in range(30 * 24)]
    receive_cells(detector, times, [0] * len(times), [4] * len(times))
    with pytest.raises(ValueError, match="blocked"):
        receive_cells(detector, [hour_s(30 * 24)], [5], [4])
    with pytest.raises(ValueError, match="as many"):
        receive_cells(detector, [0.0], [], [])
