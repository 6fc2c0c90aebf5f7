"""The chronology that ships: every claim with its source, contradictions mutual, nobody private named."""

import re
from hashlib import sha256
from importlib.resources import files

import pytest

from voipwatch.chronicle.claims_file import (
    ENGLISH,
    PACKAGED,
    TRANSLATED,
    ClaimsError,
    all_packaged_claims,
    packaged_claims,
    parse_claims,
    told_in,
    with_note,
)
from voipwatch.model.acts import ClaimNote
from voipwatch.model.claims import ClaimSays, ClaimType, DateFlag, Reliability
from voipwatch.model.edtf import decode_edtf

FILE = """
country = "MA"
name = "t"
[source.s]
publisher = "P"
title = "T"
[[claim]]
id = "a"
source = "s"
type = "press"
says = "onset"
date = "2016-01-05"
as_published = "5 janvier"
text = "Blocked."
contradicts = ["b"]
[[claim]]
id = "b"
source = "s"
type = "rumour"
says = "open"
date = "2016-02-30"
as_published = "30 février"
text = "Open."
flag = "impossible"
"""

# SHA-256 of words that must not be in the package: names of private persons in the sources (who signed, sued,
# filmed, wrote code), and of officials, who are named by office. As hashes, so that they are not here either.
NAMES = {
    "02f72b9cad6e11c5",
    "1261ba5ac5f5add1",
    "4af73b47cd8e3b33",
    "4ff3a7f21046af32",
    "5b2abcb54db39685",
    "5eb07d77b30d7e6a",
    "7d445b9c75800e07",
    "9561daa8516dd799",
    "967c0e5f16115b49",
    "99e2e9072e24f40a",
    "9f4d15fe83341c6c",
    "a3ef6a4972ecdb6f",
    "b082aaed21d97088",
    "b26dc580a0da6114",
    "d4db0615473d8e22",
    "e4e0a34ec4de1c1e",
    "f3efc46356496030",
    "f96916069aa7c25a",
}


def test_what_contradicts_is_contradicted_and_impossible_dates_are_kept() -> None:
    first, second = parse_claims(FILE)
    assert (first.id, first.contradicts) == ("t/a", ("t/b",))
    assert second.contradicts == ("t/a",)
    assert second.flag is DateFlag.IMPOSSIBLE
    assert second.as_published == "30 février"
    assert first.source.reliability is Reliability.REPORTED


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('source = "s"', 'source = "x"', "a.source"),
        ('["b"]', '["c"]', "a.contradicts"),
        ('["b"]', '["a"]', "a.contradicts"),
        ('id = "b"', 'id = "a"', "a"),
        ("2016-01-05", "5 janvier", "a.date"),
        ('flag = "impossible"', "", "b.date"),
        ("2016-02-30", "2016-02-28", "b.flag"),
        ('"onset"', '"gossip"', "file"),
        ("as_published", "published", "file"),
        ("country", "[", "file"),
    ],
)
def test_what_does_not_hold_is_named(old: str, new: str, where: str) -> None:
    with pytest.raises(ClaimsError) as caught:
        parse_claims(FILE.replace(old, new, 1))
    assert caught.value.where == where


def test_the_chronology_of_morocco_has_the_claims_and_the_conflicts() -> None:
    claims = {claim.id.partition("/")[2]: claim for claim in packaged_claims("morocco-2015-2016")}
    assert set(PACKAGED) == {"morocco-2015-2016"}
    assert len(all_packaged_claims()) == len(claims) >= 40
    conflicts = [
        ("start-31-december", "start-5-january"),
        ("start-31-december", "start-early-january"),
        ("regulator-7-january", "regulator-4-january-2015"),
        ("wifi-26-february", "adsl-1-march"),
        ("wifi-26-february", "wifi-open-2-march"),
        ("rumour-won-5-february", "still-blocked-6-february"),
        ("rumour-blocked-after-cop22", "definitive"),
        ("end-4-november", "end-december"),
    ]
    for one, other in conflicts:
        assert claims[other].id in claims[one].contradicts
        assert claims[one].id in claims[other].contradicts
    assert claims["regulator-4-january-2015"].flag is DateFlag.UNLIKELY
    assert claims["end-4-november"].source.reliability is Reliability.FIRST_HAND
    assert claims["rumour-open-for-cop22"].type is ClaimType.RUMOUR
    assert {claim.type for claim in claims.values()} >= set(ClaimType) - {ClaimType.OPERATOR_STATEMENT}


def test_every_claim_has_its_source_and_short_words() -> None:
    for claim in all_packaged_claims():
        assert claim.source.title, claim.id
        assert claim.text.endswith("."), claim.id
        assert len(claim.text) < 220, f"{claim.id}: in our words, and few"
        assert len(claim.as_published) < 90, f"{claim.id}: a quotation is a date, not a text"
        assert not decode_edtf(claim.date).impossible or claim.flag, claim.id
        assert claim.says is ClaimSays.OTHER or claim.scope.country == "MA"


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[^\W\d_]+", text)}


def hashed(word: str) -> str:
    return sha256(f"voipwatch name {word}".encode()).hexdigest()[:16]


def test_no_private_person_and_no_official_is_named() -> None:
    folder = files("voipwatch.chronicle").joinpath("data")
    for name in (*PACKAGED, *(f"{name}.{lang}" for name in PACKAGED for lang in TRANSLATED)):
        text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
        assert {word for word in words_of(text) if hashed(word) in NAMES} == set()


def test_the_search_finds_a_name() -> None:
    assert hashed("placeholder") not in NAMES
    assert hashed("jean") == hashed(next(iter(words_of("JEAN"))))
    assert len(NAMES) >= 18


WORDS = """
read = true
[source]
s = "Le titre"
[claim]
a = "Bloqué."
"""


def test_our_words_in_a_language_or_in_english_and_it_is_said() -> None:
    first, second = parse_claims(FILE, {"fr": WORDS})
    assert told_in(first.text, first.translations, "fr") == ("Bloqué.", "fr")
    assert told_in(second.text, second.translations, "fr") == ("Open.", ENGLISH)
    assert told_in(first.source.title, first.source.translations, "fr") == ("Le titre", "fr")
    assert first.translations[0].read is True
    for wrong, where in ((WORDS.replace("a =", "c ="), "c.fr"), ("x", "file.fr"), ("[title]", "file.fr")):
        with pytest.raises(ClaimsError) as caught:
            parse_claims(FILE, {"fr": wrong})
        assert caught.value.where == where


def test_every_word_of_ours_is_there_in_every_language_and_says_who_read_it() -> None:
    arabic = re.compile("[\u0621-\u064a]")
    for claim in all_packaged_claims():
        for text, translations in (
            (claim.text, claim.translations),
            (claim.source.title, claim.source.translations),
        ):
            assert [each.lang for each in translations] == list(TRANSLATED), claim.id
            assert not any(each.read for each in translations), "nobody fluent has read them yet"
            french, arab = (each.text for each in translations)
            assert french != text, claim.id
            assert arabic.search(arab), claim.id
            for told in (french, arab):
                assert numbers(told) == numbers(text), (claim.id, told)


def numbers(text: str) -> list[str]:
    """Figures in a text, whatever their marks and order; ordinals as figures."""
    plain = re.sub(r"(?<=\d)[,. \u202f\u00a0](?=\d)", "", text)
    return sorted(each for each in re.findall(r"\d+", plain) if each not in {"3", "4"})


def test_a_source_that_is_gone_is_marked_and_cited() -> None:
    place = 'title = "T"\n'
    marks = 'gone_at = "2019-05"\narchived_url = "https://archive.example/x"\n'
    first, _ = parse_claims(FILE.replace(place, place + marks))
    assert (first.source.title, first.source.gone_at) == ("T", "2019-05")
    assert first.source.archived_url == "https://archive.example/x"
    with pytest.raises(ClaimsError) as caught:
        parse_claims(FILE.replace(place, place + 'gone_at = "2019-02-30"\n'))
    assert caught.value.where == "s.gone_at"
    noted = with_note(first, ClaimNote(first.id, "the domain was sold", "2020-01-01", gone_at="2019-12"))
    assert (noted.source.gone_at, noted.source.archived_url) == ("2019-12", "https://archive.example/x")
    assert noted.source.title == "T"
