"""The adoption curve: heights, gaps, few."""

import re

import pytest

from voipwatch.civic.wall import CurveRun
from voipwatch.site.charts.adoption import BOTTOM, LEFT, RIGHT, TOP, adoption_chart, told_text
from voipwatch.site.words import LANGUAGES, words

RUNS = [
    CurveRun("2026-11-01", "2026-11-02", 0),
    CurveRun("2026-11-03", "2026-11-04", 20),
    CurveRun("2026-11-07", "2026-11-10", 10),
]
DAY = (RIGHT - LEFT) / 10


def test_nothing_of_nothing() -> None:
    assert adoption_chart(words("en"), []) == ""


def test_steps_are_as_high_as_their_numbers() -> None:
    drawn = str(adoption_chart(words("en"), RUNS))
    (path,) = re.findall(r'<path d="([^"]*)" class="bar"/>', drawn)
    full, half = BOTTOM - TOP, (BOTTOM - TOP) / 2
    assert path == (
        f"M{LEFT + 2 * DAY:.1f} {BOTTOM:.1f}v{-full:.1f}h{2 * DAY:.2f}v{full:.1f}z"
        f"M{LEFT + 6 * DAY:.1f} {BOTTOM:.1f}v{-half:.1f}h{4 * DAY:.2f}v{half:.1f}z"
    )


def test_few_are_a_line_and_a_gap_is_hatched() -> None:
    drawn = str(adoption_chart(words("en"), RUNS))
    assert drawn.count('class="few"') == 1
    assert re.findall(r'<rect x="([\d.]+)" y="12" width="([\d.]+)"[^>]*class="gap"/>', drawn) == [
        (f"{LEFT + 4 * DAY:.1f}", f"{2 * DAY:.1f}")
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_it_shows(lang: str) -> None:
    t = words(lang)
    drawn = str(adoption_chart(t, RUNS[:1]))
    assert told_text(t, 0) in drawn
    assert t.plain("wall.curve.title") in drawn
    assert told_text(t, 1234) == t.number(1234)


def test_the_axis_is_ten_where_all_are_few() -> None:
    assert ">10</text>" in str(adoption_chart(words("en"), RUNS[:1]))
