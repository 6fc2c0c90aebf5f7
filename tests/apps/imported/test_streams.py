"""Sizes and rhythm of a stream, measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.apps.imported.streams import Stream, chosen_sizes, clock_hz, commonest, marker_of, spacing_ms


def times(*gaps_ms: float) -> list[int]:
    found = [0]
    for gap in gaps_ms:
        found.append(found[-1] + round(gap * 1000))
    return found


def test_a_steady_rhythm_is_one_gap_and_jitter_is_not_kept() -> None:
    assert spacing_ms(times(*[20, 21, 19, 20, 22, 18] * 6)) == [20.0]


def test_pictures_keep_their_bursts() -> None:
    found = spacing_ms(times(*[0.3, 0.3, 33] * 10))
    assert found[:3] == [0.3, 0.3, 33.0]


def test_pauses_are_not_part_of_the_rhythm() -> None:
    assert spacing_ms(times(20, 20, 20, 20, 9000, 20, 20, 20, 20)) == [20.0]


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=60))
def test_any_times_give_a_cycle_that_the_loader_takes(gaps: list[int]) -> None:
    found = spacing_ms(times(*[gap / 1000 for gap in gaps]))
    assert sum(found) >= 5.0
    assert found[-1] >= 1.0
    assert 1000 * len(found) / sum(found) <= 400
    assert 1 <= len(found) <= 16


@given(st.lists(st.integers(1, 1500), min_size=1, max_size=200), st.integers(17, 90))
def test_sizes_are_of_the_capture_and_have_room(sizes: list[int], least: int) -> None:
    found = chosen_sizes(sizes, least)
    assert 1 <= len(found) <= 16
    assert set(found) <= {min(1400, max(least, size)) for size in sizes}
    assert found == sorted(found)


@pytest.mark.parametrize(("clock", "gap_ms"), [(8000, 20), (16_000, 60), (48_000, 20), (90_000, 33.3)])
def test_the_clock_is_told_by_ticks_over_time(clock: int, gap_ms: float) -> None:
    at_us = times(*[gap_ms] * 30)
    assert clock_hz(at_us, [0xFFFFFF00 + round(at * clock / 1e6) & 0xFFFFFFFF for at in at_us]) == clock


def test_a_clock_that_cannot_be_told_is_8000() -> None:
    assert clock_hz([0], [7]) == clock_hz(times(20, 20, 20), [7, 7, 7, 7]) == 8000


@pytest.mark.parametrize(
    ("marks", "word"),
    [
        ("1111", "always"),
        ("0000", "never"),
        ("1000000000", "first"),
        ("00100100100", "frame"),
        ("0100", "never"),
    ],
)
def test_markers(marks: str, word: str) -> None:
    assert marker_of([mark == "1" for mark in marks]) == word


def test_a_stream_writes_itself_and_says_how_many_packets_it_made_larger() -> None:
    stream = Stream(
        "rtp-up-1", "rtp-up-1", True, times(20, 20, 20), [20, 60, 60, 61], [0, 960, 1920, 2880], least=44
    )
    lines = "\n".join(stream.lines(0))
    assert 'direction = "up"' in lines
    assert "clock_hz = 48000" in lines
    assert "sizes = [44, 60, 60, 61]" in lines
    assert stream.raised() == 1
    assert not stream.is_picture
    stream.both = True
    assert 'direction = "both"' in "\n".join(stream.lines(0))
    assert Stream("v", "v", True, times(30), [900, 1000]).is_picture
    assert not Stream("v", "v", True, times(30), [900, 1000], is_report=True).is_picture


def test_the_commonest() -> None:
    assert commonest([1, 2, 2, None]) == 2
