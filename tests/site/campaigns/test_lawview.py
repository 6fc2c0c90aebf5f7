"""What a page says of the law: whose, with sources, and what is not known."""

import pytest

from voipwatch.civic.law.statements import Topic, law_of
from voipwatch.site.campaigns.lawview import law_view
from voipwatch.site.words import LANGUAGES, words

TOPICS = (Topic.BOYCOTT, Topic.DATA)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_known_country_in_each_language(lang: str) -> None:
    found = law_view("MA", TOPICS, words(lang), effect="pledge.effect")
    wanted = [each.texts[lang] for topic in TOPICS for each in law_of("MA").statements if each.topic is topic]
    assert [each.text for each in found.sentences] == wanted
    assert len(wanted) == 2
    assert all(each.sources and each.read for each in found.sentences)
    assert found.silent == ()
    assert words(lang).country("MA") in found.where
    assert found.effect == words(lang).plain("pledge.effect")


def test_what_is_not_known_is_said() -> None:
    german = law_view("DE", TOPICS, words("en"), effect="pledge.effect")
    assert len(german.sentences) == 1
    assert german.silent == ("Lists of people: nothing is sourced here. Unknown does not mean allowed.",)
    unknown = law_view("PW", TOPICS, words("en"), effect="pledge.effect")
    assert (unknown.sentences, len(unknown.silent)) == ((), 2)
    assert "Palau" in unknown.where


def test_a_keeper_who_names_no_country() -> None:
    found = law_view("", TOPICS, words("en"), effect="petition.notice.effect")
    assert (found.sentences, found.silent) == ((), ())
    assert "names no country" in found.where
    assert "no statutory effect" in found.effect
