"""Counts over time: boxes to scale on both axes, gaps hatched, the event a line, a flag a triangle."""

import re

import pytest

from voipwatch.site.charts.counts import BOTTOM, LEFT, RIGHT, TOP, Box, Scene, counts_chart
from voipwatch.site.words import LANGUAGES, words

DAY_S = 86_400.0
START_S = 1_451_606_400.0  # 2016-01-01


def drawn(boxes: list[Box], scene: Scene | None = None, lang: str = "en") -> str:
    return str(counts_chart(words(lang), boxes, scene or Scene(), name="c", title="<T>", desc="D"))


def rects(svg: str) -> list[tuple[str, float, float, float, float]]:
    """Class, left, top, width, height."""
    found = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*class="([\w-]+)"', svg
    )
    return [(cls, float(x), float(y), float(w), float(h)) for x, y, w, h, cls in found]


def test_a_box_is_as_wide_and_as_high_as_its_interval() -> None:
    # Ten days on the axis; heights: 100 to 200 is half of 100 to 300.
    day = (RIGHT - LEFT) / 10
    svg = drawn([
        Box(START_S, START_S + 5 * DAY_S - 1, 100, 200),
        Box(START_S + 5 * DAY_S, START_S + 10 * DAY_S - 1, 100, 300),
    ])  # fmt: skip
    (_, x1, _, width1, height1), (_, x2, _, width2, height2) = rects(svg)
    assert x1 == pytest.approx(LEFT)
    assert x2 == pytest.approx(LEFT + 5 * day, abs=0.1)
    assert width1 == pytest.approx(5 * day, abs=0.1)
    assert width2 == pytest.approx(5 * day, abs=0.1)
    assert height2 == pytest.approx(2 * height1, abs=0.2)


def test_a_higher_number_is_higher_and_all_are_inside() -> None:
    svg = drawn([Box(START_S + n * DAY_S, START_S + n * DAY_S, 10.0**n, 10.0**n) for n in range(8)])
    boxes = rects(svg)
    assert [top for _, _, top, _, _ in boxes] == sorted((top for _, _, top, _, _ in boxes), reverse=True)
    for cls, x, top, width, height in boxes:
        assert cls == "spread-sure"
        assert x >= LEFT - 0.1
        assert x + width <= RIGHT + 3.1
        assert top >= TOP - 0.1
        assert top + height <= BOTTOM + 3.1


def test_an_exact_number_is_seen_and_an_interval_is_lighter() -> None:
    svg = drawn([Box(START_S, START_S, 5, 5), Box(START_S, START_S, 5, 9)])
    (exact, _, _, width, height), (interval, *_) = rects(svg)
    assert (exact, interval, width, height) == ("spread-sure", "spread-maybe", 3, 3)


def test_gaps_event_and_flags() -> None:
    boxes = [
        Box(START_S, START_S, 5, 5),
        Box(START_S + 9.99 * DAY_S, START_S + 9.99 * DAY_S, 9, 9, flagged=True),
    ]
    plain = drawn(boxes[:1])
    assert ("gap" in plain, "flag" in plain, "event-line" in plain) == (False, False, False)
    svg = drawn(boxes, Scene([(START_S + 2 * DAY_S, START_S + 4 * DAY_S)], START_S + 5 * DAY_S))
    day = (RIGHT - LEFT) / 10
    (gap,) = [each for each in rects(svg) if each[0] == "gap"]
    assert gap[1] == pytest.approx(LEFT + 2 * day, abs=0.1)
    assert gap[2] == TOP
    assert gap[3] == pytest.approx(2 * day, abs=0.1)
    assert 'fill="url(#c-hatch)"' in svg
    assert f'd="M{LEFT + 5 * day:.1f} {TOP:.1f}V{BOTTOM:.1f}" class="event-line"' in svg
    assert svg.count('class="flag"') == 1


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (19_000, 101_062, ["50,000", "100,000"]),
        (5.565, 8.0, ["6", "7", "8"]),
        (2_443_555, 2_449_689, ["2,444,000", "2,446,000", "2,448,000", "2,450,000"]),
        (5.615, 5.625, ["5.615", "5.62", "5.625"]),
        (0, 0, ["0", "0.5", "1"]),
    ],
)
def test_the_axis_has_round_numbers(low: float, high: float, told: list[str]) -> None:
    svg = drawn([Box(START_S, START_S, low, high)])
    assert re.findall(r'text-anchor="end"[^>]*>([^<]+)<', svg) == told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_is_text_and_numbers_are_the_languages(lang: str) -> None:
    svg = drawn([Box(START_S, START_S, 2_443_555, 2_449_689)], lang=lang)
    assert "<T>" not in svg
    assert words(lang).number(2_446_000) in svg
    assert 'direction="ltr"' in svg


def test_nothing_is_nothing() -> None:
    assert drawn([]) == ""
