from pathlib import Path

import pytest

from tests.site.made import bundle_of, ended, incident, reviewed
from voipwatch.site.cards import card_path
from voipwatch.site.cards.files import card_plans, revisions_of, share_text, text_of
from voipwatch.site.cards.fonts import find_fonts
from voipwatch.site.cards.picture import BYTES_MAX
from voipwatch.site.words import FSI, LANGUAGES, words

FONTS = find_fonts()


def test_one_a_revision_and_language(tmp_path: Path) -> None:
    first = incident()
    bundle = bundle_of(tmp_path, first, reviewed(first))
    drawn = {path: draw() for path, _, draw in card_plans(bundle, FONTS)}
    assert list(drawn) == [card_path(lang, first.id, number) for number in (1, 2) for lang in LANGUAGES]
    assert all(len(content) < BYTES_MAX for content in drawn.values())
    assert card_path("fr", "MA-2016-01-a", 2) == "cards/fr/MA-2016-01-a-r2.png"


def test_a_card_has_the_digest_of_its_words(tmp_path: Path) -> None:
    first = incident()
    old = {path: digest for path, digest, _ in card_plans(bundle_of(tmp_path / "1", first), FONTS)}
    later = bundle_of(tmp_path / "2", first, ended(first, revision=2))
    new = {path: digest for path, digest, _ in card_plans(later, FONTS)}
    assert set(new) - set(old) == {card_path(lang, first.id, 2) for lang in LANGUAGES}
    assert {path: new[path] for path in old} == old
    assert len(set(new.values())) == len(new)


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
