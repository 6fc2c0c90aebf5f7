"""The law by country: sourced, in three languages, and unknown where it is."""

import re

import pytest

from voipwatch.civic.law.statements import LANGUAGES, Topic, decode_statements, known_countries, law_of

TEXT = """
[source.one]
publisher = "P"
title = "T"
date = "2020"
url = "https://law.example/"
seen = "original"

[[statement]]
country = "MA"
topic = "boycott"
read = 2026-11-22
sources = ["one"]
en = "a"
fr = "b"
ar = "c"
"""


def test_every_statement_has_its_sources_and_three_languages() -> None:
    for country in known_countries():
        found = law_of(country)
        assert found.known
        for each in found.statements:
            assert all(source.url.startswith("http") and source.publisher for source in each.sources)
            assert set(each.texts) == set(LANGUAGES)
            assert re.search("[\u0600-\u06ff]", each.texts["ar"])
            assert not re.search("[^\u202f\u00a0][:;!?]", re.sub(r"https?://\S+", "", each.texts["fr"]))


def test_morocco_and_france() -> None:
    assert {each.topic for each in law_of("MA").statements} == set(Topic)
    assert law_of("MA").silent_on == ()
    assert "44-14" in law_of("MA").statements[0].texts["en"]
    assert law_of("FR").silent_on == (Topic.DATA,)
    assert any("Baldassi" in each.texts["fr"] for each in law_of("FR").statements)


def test_a_petition_here_is_told_to_be_no_statutory_one() -> None:
    for country in known_countries():
        for each in law_of(country).statements:
            if each.topic is Topic.PETITION:
                assert re.search("not such a petition|does not count there", each.texts["en"])


def test_an_unknown_country_is_unknown() -> None:
    found = law_of("XX")
    assert not found.known
    assert found.statements == ()
    assert found.silent_on == tuple(Topic)


@pytest.mark.parametrize(
    ("old", "new"),
    [('["one"]', '["two"]'), ('["one"]', "[]"), ('"boycott"', '"strike"'), ('ar = "c"\n', "")],
)
def test_what_does_not_hold_is_refused(old: str, new: str) -> None:
    assert len(decode_statements(TEXT)) == 1
    with pytest.raises((KeyError, ValueError)):
        decode_statements(TEXT.replace(old, new))
