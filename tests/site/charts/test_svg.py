"""Elements: every value escaped, no style, one picture to a screen reader."""

from tests.site.bundles import HOSTILE
from voipwatch.site.charts.svg import drawing, element, hatch, number, rect, text


def test_elements() -> None:
    assert element("path", d="M0 0", cls="bar", stroke_width=2, fill=None) == (
        '<path d="M0 0" class="bar" stroke-width="2"/>'
    )
    assert rect(1.25, 2.0, 3.04, 4, cls="x") == '<rect x="1.2" y="2" width="3" height="4" class="x"/>'
    assert [number(value) for value in (1.0, 0.05, 12, "a")] == ["1", "0.1", "12", "a"]


def test_whatever_is_said_is_escaped() -> None:
    shown = str(text(0, 0, HOSTILE, cls=HOSTILE))
    assert "<script" not in shown
    assert "\"'" not in shown


def test_a_drawing_has_a_title_and_runs_from_left_to_right() -> None:
    shown = str(drawing(hatch("h"), name="n", title="T", desc="D", size=(10, 20.5)))
    assert 'role="img" aria-labelledby="n-title n-desc"' in shown
    assert 'direction="ltr"' in shown
    assert '<title id="n-title">T</title><desc id="n-desc">D</desc>' in shown
    assert "style" not in shown
