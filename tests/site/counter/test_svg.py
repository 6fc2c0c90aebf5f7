"""The picture: well-formed whatever strangers write, named and described, lines of whole words."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.counters import at, every_state, hostile
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.svg import BANDS, GROUND, INK, QUIET, WARNING, badge, width_of, wrapped
from voipwatch.site.words import LANGUAGES

SVG = "{http://www.w3.org/2000/svg}"


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*sorted(every_state()), "hostile"])
@pytest.mark.parametrize("live", [True, False])
def test_every_picture_says_what_the_document_says(name: str, lang: str, live: bool) -> None:
    case = hostile() if name == "hostile" else every_state()[name]
    document = counter_document(
        case, at("2016-12-28T12:00" if "ended" in name else "2016-03-01T12:00") if live else None
    )
    texts = document.texts[lang]
    root = ET.fromstring(badge(document, lang))
    assert root.get("lang") == root.get("{http://www.w3.org/XML/1998/namespace}lang") == lang
    assert root.get("direction") == texts.dir
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "t d")
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == texts.label
    shown = " ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    wanted = [texts.emulated, texts.headline or texts.dated, texts.source]
    if texts.headline:
        wanted += [texts.start or "", texts.counted or ""]
    for text in wanted:
        assert "".join(text.split()) in "".join(shown.split())
        assert text in (description.text or "")
    assert texts.unread in (description.text or "")
    assert bool(texts.unread) is (lang != "en")
    assert {each.tag for each in root.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "desc", "rect", "g", "text")
    }
    assert not any(key.startswith("on") or key == "style" for each in root.iter() for key in each.attrib)


def test_colours_can_be_told_from_their_ground() -> None:
    ground = luminance(GROUND)
    for colour in (INK, QUIET, WARNING):
        assert (luminance(colour) + 0.05) / (ground + 0.05) >= 7
    for colour in BANDS.values():
        assert (luminance(colour) + 0.05) / (ground + 0.05) >= 3


@given(st.text(alphabet=st.characters(blacklist_characters=" ")), st.floats(2, 40))
def test_a_word_that_is_too_wide_is_cut_and_nothing_is_lost(text: str, width_em: float) -> None:
    lines = wrapped(text, width_em)
    assert "".join(lines) == text
    assert all(width_of(line) <= width_em or len(line) == 1 for line in lines)


def test_lines_are_broken_between_words() -> None:
    assert wrapped("one two three", 100) == ["one two three"]
    assert wrapped("one two three", 5) == ["one two", "three"]
    assert wrapped("", 5) == []
    assert width_of("\u2068a\u2069") == width_of("a")
