from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from voipwatch.site.cards.fonts import find_fonts
from voipwatch.site.cards.setting import ELLIPSIS, broken, set_text, width_of

FONTS = find_fonts()
SIZES = (64, 40, 24)


def at(size_px: int) -> ImageFont.FreeTypeFont:
    return FONTS.at(size_px)


def test_a_short_title_is_large_and_a_long_one_smaller() -> None:
    box = {"width_px": 600, "height_px": 180, "sizes_px": SIZES, "direction": "ltr"}
    short = set_text("Calls are stopped", at, **box)  # type: ignore[arg-type]  # a dict of both kinds
    assert (short.size_px, short.lines) == (64, ("Calls are stopped",))
    longer = set_text("Calls are stopped on many lines since a day " * 3, at, **box)  # type: ignore[arg-type]
    assert longer.size_px < 64
    assert longer.height_px <= 180


def test_what_fits_at_no_size_ends_with_an_ellipsis() -> None:
    found = set_text("word " * 500, at, width_px=300, height_px=100, sizes_px=SIZES, direction="ltr")
    assert found.lines[-1].endswith(ELLIPSIS)
    assert found.height_px <= 100
    assert all(width_of(line, at(found.size_px), "ltr") <= 300 for line in found.lines)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("abcW مكالمات12-"), min_size=1, max_size=120), st.sampled_from(["ltr", "rtl"]))
def test_no_line_is_wider_than_the_box_and_no_word_is_lost(text: str, direction: str) -> None:
    lines = broken(text, at(24), 150, direction)
    assert all(width_of(line, at(24), direction) <= 150 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_dates_stay_together() -> None:
    lines = broken("from 2\u00a0January\u00a02016 on", at(24), 230, "ltr")
    assert any("2\u00a0January\u00a02016" in line for line in lines)
