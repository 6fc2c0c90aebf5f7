from pathlib import Path

import pytest

from tests.site.made import bundle_of, ended, incident, reviewed
from voipwatch.site.cards import card_path
from voipwatch.site.cards.files import card_files, revisions_of, share_text, text_of
from voipwatch.site.cards.fonts import find_fonts
from voipwatch.site.cards.picture import BYTES_MAX
from voipwatch.site.words import FSI, LANGUAGES, words

FONTS = find_fonts()


def test_one_a_revision_and_language(tmp_path: Path) -> None:
    first = incident()
    bundle = bundle_of(tmp_path, first, reviewed(first))
    files = dict(card_files(bundle, FONTS))
    assert list(files) == [card_path(lang, first.id, number) for number in (1, 2) for lang in LANGUAGES]
    assert all(len(content) < BYTES_MAX for content in files.values())
    assert files == dict(card_files(bundle, FONTS))
    assert card_path("fr", "MA-2016-01-a", 2) == "cards/fr/MA-2016-01-a-r2.png"


def test_a_card_of_the_same_words_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = incident()
    bundle = bundle_of(tmp_path / "1", first)
    old = dict(card_files(bundle, FONTS))
    monkeypatch.setattr("voipwatch.site.cards.files.draw_card", lambda *_, **__: b"drawn")
    assert dict(card_files(bundle, FONTS, old.get)) == old
    later = bundle_of(tmp_path / "2", first, ended(first, revision=2))
    drawn = dict(card_files(later, FONTS, old.get))
    assert {path for path, content in drawn.items() if content == b"drawn"} == {
        card_path(lang, first.id, 2) for lang in LANGUAGES
    }
    changed = dict.fromkeys(old, b"something else")
    assert set(dict(card_files(bundle, FONTS, changed.get)).values()) == {b"drawn"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_unreviewed_names_nobody_and_emulated_is_stamped(lang: str) -> None:
    told = words(lang)
    text = text_of(incident(instance="lab-1"), None, told)
    assert "AS64500" not in f"{text.title}{text.marks}{text.foot}"
    assert text.stamp.startswith(told.plain("card.stamp"))
    assert "lab-1" not in text.marks
    assert text_of(incident(), None, told).stamp == ""
    assert (text.direction, text.lang) == (told.direction, told.html_lang)


def test_names_in_arabic_are_isolated() -> None:
    first = incident()
    text = text_of(reviewed(first), first, words("ar"))
    assert f"{FSI}AS64500" in text.title
    assert f"{FSI}MA-2016-01-a" in text.foot


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_text_to_copy_says_all_that_it_must(tmp_path: Path, lang: str) -> None:
    one = incident(instance="lab-1")
    text = share_text(bundle_of(tmp_path, one), one, words(lang))
    assert "lab-1" in text
    assert "AS64500" not in text
    assert "\n" not in text
    assert "2016" in text


def test_a_revision_that_is_not_out_has_no_card(tmp_path: Path) -> None:
    newest = incident(revision=3)
    bundle = bundle_of(tmp_path, incident(), newest)
    assert [each.revision for each in revisions_of(bundle)] == [1, 3]
