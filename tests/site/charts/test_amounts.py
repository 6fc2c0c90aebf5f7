"""Ranges of amounts: both bars to scale, on an axis from nothing."""

import re

from voipwatch.site.charts.amounts import LEFT, RIGHT, AmountLine, amounts_chart
from voipwatch.site.words import words


def bars(drawn: str) -> list[tuple[str, float, float]]:
    """Class, left and right end."""
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"[^>]*class="([\w-]+)"', drawn)
    return [(name, float(x), float(x) + float(width)) for x, width, name in found]


def test_both_ranges_are_to_scale() -> None:
    rows = [AmountLine("A", (50.0, 100.0), (70.0, 80.0)), AmountLine("B", None, (0.0, 25.0))]
    drawn = str(amounts_chart(words("en"), rows, title="T", desc="D"))
    scale = (RIGHT - LEFT) / 100
    wanted = [("spread-maybe", 50, 100), ("spread-sure", 70, 80), ("spread-sure", 0, 25)]
    for (name, left, right), (cls, low, high) in zip(bars(drawn), wanted, strict=True):
        assert name == cls
        assert abs(left - (LEFT + low * scale)) < 0.2
        assert abs(right - (LEFT + high * scale)) < 0.2


def test_a_point_is_seen() -> None:
    ((_, left, right),) = bars(
        str(amounts_chart(words("fr"), [AmountLine("A", None, (9.0, 9.0))], title="T", desc="D"))
    )
    assert right - left == 2


def test_labels_are_text() -> None:
    drawn = str(amounts_chart(words("ar"), [AmountLine("<b>" * 20, None, (1.0, 2.0))], title="<T>", desc="D"))
    assert "<b>" not in drawn
    assert "…" in drawn


def test_nothing_is_nothing() -> None:
    assert amounts_chart(words("en"), [], title="T", desc="D") == ""
    assert amounts_chart(words("en"), [AmountLine("A", None, (0.0, 0.0))], title="T", desc="D") == ""
