"""Sentences: every rule in every language, filled, isolated where it must be, and never saying too much."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.apps import load_profiles
from voipwatch.apps.names import app_names
from voipwatch.inference import RULES
from voipwatch.inference.explain import (
    ISOLATE,
    LANGUAGES,
    POP,
    Facts,
    _untested_key,
    explain,
    listed_works,
)
from voipwatch.inference.explain import texts as book_of
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.results import Effect
from voipwatch.model.vocabulary import APP_IDS, Direction, Media, Stage, Verdict

BETWEEN = {
    "en": ("between this device and this reflector",),
    "fr": ("entre cet appareil et ce réflecteur",),
    "ar": ("بين هذا الجهاز وهذا العاكس",),
}
FORBIDDEN = {
    "en": (
        "calls work", "call works", "your operator", "operator blocks", "the operator", "censor", "illegal",
        "is blocked by", "proves that", "your provider", "guarantee",
    ),
    "fr": (
        "les appels fonctionnent", "appel fonctionne", "votre opérateur", "l'opérateur", "censure", "illégal",
        "bloqué par", "garanti",
    ),
    "ar": ("المكالمات تعمل", "تعمل المكالمات", "مشغلك", "المشغل", "الرقابة", "غير قانوني", "شركة الاتصالات"),
}  # fmt: skip
PROVIDER = {
    "en": "not tested: the addresses and names",
    "fr": "non testé : les adresses et les noms",
    "ar": "لم يُختبر: عناوين وأسماء",
}
EFFECT = Effect(
    loss_points=78.5, low=70.2, high=85.0, n_flows=14, n_packets=700, delay_ms=130.0, delay_low_ms=90.0,
    jitter_ms=44.4, jitter_low_ms=30.0, confidence=0.99,
)  # fmt: skip
WORKS = {
    "en": "TLS port 443; TCP port 5222",
    "fr": "TLS sur le port 443 ; TCP sur le port 5222",
    "ar": f"{ISOLATE}TLS{POP} على المنفذ {ISOLATE}443{POP}؛ {ISOLATE}TCP{POP} على المنفذ {ISOLATE}5222{POP}",
}
LATIN = re.compile(r"[A-Za-z0-9]")


def variants(rule: str) -> list[Facts]:
    return [
        Facts(
            app=app, rule=rule, stage=stage, direction=direction, mechanism=mechanism, works=works,
            not_tested=not_tested, effect_up=effect, effect_down=None,
            numbers={"seconds": 1.5, "packets": 40.0},
        )
        for app, (stage, direction, mechanism), (works, not_tested, effect) in product(
            ("whatsapp", "sip", "unheard-of"),
            (
                (Stage.SETUP, Direction.UP, "stun.drop"),
                (Stage.VOICE, None, None),
                (None, Direction.BOTH, "tls.intercept"),
            ),
            (
                ((), (), None),
                (("tls-443", "tcp-5222"), ("provider-address", "sni-or-name", "dialect-2023"), EFFECT),
            ),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_in_every_language(rule: str, lang: str) -> None:
    for facts in variants(rule):
        text = explain(facts, lang=lang)
        lower = text.lower()
        assert any(phrase in lower for phrase in BETWEEN[lang]), text
        assert not [phrase for phrase in FORBIDDEN[lang] if phrase in lower], text
        assert "{" not in text
        assert "}" not in text
        assert "None" not in text
        assert "  " not in text
        assert app_names().get(facts.app, facts.app) in text or rule == "down.udp" or "insufficient" in rule


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ok_and_accusations_say_what_was_not_tested(lang: str) -> None:
    for rule in RULES.values():
        text = explain(variants(rule.id)[1], lang=lang).lower()
        said = PROVIDER[lang] in text
        assert said is (rule.outcome in {Verdict.OK, Verdict.BLOCKED, Verdict.THROTTLED}), text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_still_works_is_said_or_denied(lang: str) -> None:
    for rule in RULES.values():
        nothing, something = (explain(f, lang=lang) for f in variants(rule.id)[:2])
        wanted = rule.outcome in {Verdict.BLOCKED, Verdict.THROTTLED, Verdict.DOWN}
        assert (WORKS[lang] in something) is wanted
        assert WORKS[lang] not in nothing
        assert "tls-443" not in something


def test_arabic_isolates_all_that_is_latin() -> None:
    """Outside the isolates no Latin letter or digit is left, and isolates never nest."""
    for rule in RULES:
        for facts in variants(rule):
            text = explain(facts, lang="ar")
            outside = re.sub(f"{ISOLATE}[^{ISOLATE}{POP}]*{POP}", "", text)
            assert not LATIN.search(outside), (rule, outside)
            assert ISOLATE not in outside
            assert POP not in outside
            assert not re.search("[٠-٩]", text)


def test_the_other_languages_isolate_nothing() -> None:
    for lang, rule in product(("en", "fr"), RULES):
        assert ISOLATE not in explain(variants(rule)[1], lang=lang)


def test_the_effect_over_its_threshold_is_said_with_its_lower_end() -> None:
    facts = Facts(
        app="sip", rule="throttled.media", stage=Stage.VOICE, direction=Direction.UP, effect_up=EFFECT
    )
    assert "78.5 percentage points more of it is lost (at least 70.2)" in explain(facts, lang="en")
    assert "78,5 points de pourcentage" in explain(facts, lang="fr")
    assert f"{ISOLATE}78,5{POP}" in explain(facts, lang="ar")
    assert "130 ms later" in explain(facts, lang="en")
    assert "130\u202fms" in explain(facts, lang="fr")


def test_an_effect_whose_low_end_is_under_its_threshold_is_not_said() -> None:
    weak = Effect(loss_points=30.0, low=1.0, high=60.0, n_flows=7, n_packets=70)
    facts = Facts(
        app="sip", rule="throttled.media", stage=Stage.VOICE, direction=Direction.UP, effect_up=weak
    )
    assert "30" not in explain(facts, lang="en").replace("30 %", "")


def test_the_direction_is_said_as_seen() -> None:
    ways = {
        d: explain(Facts(app="sip", rule="blocked.setup", direction=d), lang="en") for d in (*Direction, None)
    }
    assert "on the way from this device" in ways[Direction.UP]
    assert "on the way to this device" in ways[Direction.DOWN]
    assert "in both directions" in ways[Direction.BOTH]
    assert len(set(ways.values())) == 4


def test_every_app_has_a_name() -> None:
    assert set(app_names()) == set(APP_IDS)


def test_every_mechanism_is_worded_in_an_accusation() -> None:
    for lang in LANGUAGES:
        said = {explain(Facts(app="sip", rule="blocked.setup", mechanism=m), lang=lang) for m in MECHANISMS}
        assert len(said) == len(MECHANISMS)


def raw_ids() -> set[str]:
    """Every id that a check of the packaged profiles can put among what was not tested."""
    profiles = load_profiles().profiles
    ids = {word for profile in profiles for word in profile.not_testable}
    ids |= {
        f"dialect-{dialect.id}{part}"
        for profile in profiles
        for dialect in profile.dialects
        for part in ("", "-media")
    }
    ids |= {f"leg-{leg.id}" for profile in profiles for leg in profile.legs}
    return ids | {media.value for media in Media} | {"longer-call", "no-profile"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_not_tested_has_a_readable_name(lang: str) -> None:
    ids = tuple(sorted(raw_ids()))
    known = book_of(lang)["untested"]
    assert [i for i in ids if _untested_key(i, known) is None] == []
    text = explain(Facts(app="sip", rule="ok.clean", not_tested=(*ids, "moon-phase")), lang=lang)
    assert not [i for i in ids if "-" in i and i in text]
    assert "moon-phase" in text  # what nobody has named is called by its id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_dialects_and_legs_without_words_of_their_own_share_some(lang: str) -> None:
    known = book_of(lang)["untested"]
    tokens = ("dialect-new", "dialect-new-media", "leg-new", "new", "dialect-2023")
    keys = [_untested_key(token, known) for token in tokens]
    assert keys == ["dialect", "dialect-media", "leg", None, "dialect-2023"]


def test_two_ids_with_one_name_are_said_once() -> None:
    facts = Facts(app="whatsapp", rule="ok.clean", not_tested=("p2p-leg", "leg-peer"))
    assert explain(facts, lang="en").count("the direct leg between two phones") == 1


def test_ports_that_answered_stand_together() -> None:
    works = ("tcp-443", "tls-443", "tcp-5222", "quic-new", "tcp-443")
    assert listed_works(works, lang="en") == "TCP ports 443, 5222; TLS port 443; quic-new"
    backwards = ("tcp-5222", "tcp-15000", "tcp-443")
    assert listed_works(backwards, lang="en") == "TCP ports 443, 5222, 15000"
    assert listed_works((), lang="fr") == ""


def test_french_has_a_narrow_no_break_space_before_every_unit() -> None:
    loose = re.compile(r"[0-9}] (?:%|ms|s)(?![A-Za-zÀ-ÿ])")
    sections = book_of("fr").values()
    assert [text for section in sections for text in section.values() if loose.search(text)] == []
    assert "90\u202f%" in explain(Facts(app="sip", rule="blocked.media", stage=Stage.VOICE), lang="fr")


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(ValueError, match="lang must be one of en, fr, ar"):
        explain(Facts(app="sip", rule="ok.clean"), lang="de")


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3), st.sampled_from(LANGUAGES))
def test_hostile_names_break_nothing(app: str, tokens: list[str], lang: str) -> None:
    """A report from elsewhere may hold any name: no control or direction character gets through."""
    facts = Facts(app=app, rule="blocked.setup", works=tuple(tokens), not_tested=tuple(tokens))
    text = explain(facts, lang=lang)
    assert all(c.isprintable() or c in {ISOLATE, POP} for c in text)
    assert text.count(ISOLATE) == text.count(POP)
