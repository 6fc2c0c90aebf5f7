"""The document: its shape is the published one, its sentences are true, its strangers' text is harmless."""

import msgspec
import pytest

from tests.support.counters import BASE, STATES, at, every_state, hostile, subject
from tests.support.incidents import morocco
from voipwatch.civic.daycount import COUNTING, CountState
from voipwatch.model.incidents import IncidentStatus
from voipwatch.model.instants import seconds
from voipwatch.site.counter.document import CounterDocument, counter_document, encoded, is_web
from voipwatch.site.words import LANGUAGES

NOW = "2016-03-01T12:00"
SAID = {
    "unestablished": (
        "Morocco: 1 of 1 measured series does not get through; no incident is on record for that"
    ),
    "passing": (
        "Morocco: calls by WhatsApp and imo were last seen getting through; an end of their stop is not"
        " established"
    ),
    "again": (
        "Morocco: calls by WhatsApp, Viber, Skype and 3 more apps were stopped for 304 to 309 days; that was"
        " over, and again 18 of 18 measured series do not get through"
    ),
    "down-passing": (
        "Morocco: lines that carried no UDP were last seen carrying it; an end is not established"
    ),
    "down-again": (
        "Morocco: lines carried no UDP for 29 to 31 days; that was over, and again 1 of 1 measured series"
        " does not get through"
    ),
    "disputed": "Disputed: Morocco: calls by WhatsApp and imo have been stopped for 58 to 59 days",
    "none": "Morocco: no stop of calls is on record",
    "active": "Morocco: calls by WhatsApp and imo have been stopped for 58 to 59 days",
    "partial": (
        "Morocco: calls by WhatsApp have been stopped on some of the lines reached for 58 to 59 days"
    ),
    "intermittent": "Morocco: calls by WhatsApp have been stopped at some hours of the day for 58 to 59 days",
    "ended": (
        "Morocco: calls by WhatsApp, Viber, Skype and 3 more apps were stopped for 304 t"
        "o 309 days; that is over"
    ),
    "ended-silent": (
        "Morocco: calls by WhatsApp, Viber, Skype and 3 more apps were stopped for 304 t"
        "o 309 days; that is over"
    ),
    "unmeasured": (
        "Morocco: no longer measured since 10 February 2016. Last known: calls by WhatsApp and imo stopped"
        " for 37 to 38 days"
    ),
    "unmeasured-never": "Morocco: not measured; nothing is known of calls",
    "unmeasured-unseen": "Morocco: calls by WhatsApp and imo are no longer measured",
    "unmeasured-country": "Morocco: not measured since 10 February 2016; nothing is known of calls",
    "withdrawn": "Morocco: this incident was withdrawn, and counts no more",
    "down": "Morocco: lines have carried no UDP for at least 58 days, while TCP gets through",
    "down-ended": "Morocco: lines carried no UDP for 29 to 31 days, while TCP got through; that is over",
    "down-unmeasured": (
        "Morocco: no longer measured since 10 February 2016. Last known: lines without UDP for at least"
        " 37 days"
    ),
    "claim": "Morocco: calls by WhatsApp and imo have been stopped for 56 to 61 days",
}
FOR_EVER = {
    "unestablished": (
        "Morocco: as of 1 March 2016, 1 of 1 measured series does not get through; no incident is on record"
        " for that"
    ),
    "passing": (
        "Morocco: calls by WhatsApp and imo, stopped since 2 to 3 January 2016, were last seen getting"
        " through; an end is not established, as of 1 March 2016"
    ),
    "again": (
        "Morocco: calls by WhatsApp, Viber, Skype and 3 more apps were stopped for 304 to 309 days."
        " Began: 31 December 2015 to 5 January 2016. Ended: 4 November 2016. As of 28 December 2016: again"
        " 18 of 18 measured series do not get through"
    ),
    "none": "Morocco: no stop of calls on record, as of 1 March 2016",
    "active": "Morocco: calls by WhatsApp and imo stopped since 2 to 3 January 2016, as of 1 March 2016",
    "ended": (
        "Morocco: calls by WhatsApp, Viber, Skype and 3 more apps were stopped for 304 to 309 days."
        " Began: 31 December 2015 to 5 January 2016. Ended: 4 November 2016. As of 28 December 2016"
    ),
    "ended-silent": (
        "Morocco: calls by WhatsApp, Viber, Skype and 3 more apps were stopped for 304 to 309 days."
        " Began: 31 December 2015 to 5 January 2016. Ended: 4 November 2016. As of 28 December 2016."
        " Not measured since 10 November 2016"
    ),
    "unmeasured": (
        "Morocco: no longer measured since 10 February 2016. Last known: calls by WhatsApp and imo"
        " stopped for 37 to 38 days, since 2 to 3 January 2016. As of 1 March 2016"
    ),
    "withdrawn": "Morocco: this incident was withdrawn, as of 1 March 2016",
    "down": (
        "Morocco: lines without UDP since 3 January 2016 or before, while TCP got through, as of 1 March 2016"
    ),
}


def now_of(name: str) -> float:
    return seconds(every_state()[name].as_of) + 6 * 3600


@pytest.mark.parametrize("name", sorted(every_state()))
def test_what_each_state_says(name: str) -> None:
    found = counter_document(every_state()[name], now_of(name))
    english = found.texts["en"]
    assert english.headline == SAID[name]
    assert found.live
    if name in FOR_EVER:
        assert english.dated == FOR_EVER[name]


def test_every_state_is_among_the_cases() -> None:
    states = {counter_document(each, None).state for each in every_state().values()}
    assert states == set(STATES)


@pytest.mark.parametrize("name", sorted(every_state()))
@pytest.mark.parametrize("when", ["mirror", "now", "outdated", "early"])
def test_every_state_can_be_said_at_every_time(name: str, when: str) -> None:
    case = every_state()[name]
    now_s = {"mirror": None, "now": now_of(name), "outdated": now_of(name) + 9e6, "early": 0.0}[when]
    found = counter_document(case, now_s)
    assert found.live is (when == "now")
    for lang in LANGUAGES:
        texts = found.texts[lang]
        assert (texts.headline is None) is (when != "now")
        assert (texts.counted is None) is (found.day is None or when != "now" or found.ended is not None)
        assert texts.dated
        assert not set("{}") & set(texts.dated + (texts.headline or "") + texts.source)
        for today in ("today", "aujourd", "اليوم "):
            assert today not in texts.dated.replace("hours of the day", "").replace("ساعات اليوم ", "")
    assert (found.last_known is not None) is (
        ("unmeasured" in name and name in {"unmeasured", "down-unmeasured"})
        or (when == "outdated" and found.state in COUNTING | {CountState.DISPUTED})
    )
    assert msgspec.json.decode(encoded(found), type=CounterDocument) == found


def test_past_its_time_it_says_the_last_number() -> None:
    found = counter_document(every_state()["active"], at("2016-03-04T12:00"))
    assert found.texts["en"].dated == (
        "Morocco: no news after 1 March 2016. Last known: calls by WhatsApp and imo stopped for"
        " 58 to 59 days, since 2 to 3 January 2016"
    )
    assert found.last_known == msgspec.convert(
        {"low": 58, "high": 59, "date": "2016-03-01"}, type(found.last_known)
    )
    assert (found.day, found.next_change_at) == (None, None)


def test_the_published_shape() -> None:
    """Names and their order are a promise to whoever embeds."""
    raw = msgspec.json.decode(encoded(counter_document(every_state()["claim"], at(NOW), base=BASE)))
    texts = raw.pop("texts")
    assert raw == {
        "schema": "voipwatch.counter/1",
        "id": "MA-2016-01-a",
        "country": "MA",
        "incident": "MA-2016-01-a",
        "revision": 3,
        "reviewed": False,
        "synthetic": False,
        "instance": "",
        "state": "active",
        "live": True,
        "day": {"low": 56, "high": 61},
        "last_known": None,
        "began": {
            "earliest": "2015-12-31",
            "latest": "2016-01-05",
            "source": {
                "kind": "claim",
                "title": "Un article",
                "url": "https://press.example/1",
                "by": "Un journal",
                "claim": "x/y",
            },
        },
        "ended": None,
        "zone": "Africa/Casablanca",
        "as_of": "2016-03-01T06:00:00Z",
        "valid_until": "2016-03-03T06:00:00Z",
        "next_change_at": "2016-03-02T00:00:00Z",
        "page": {lang: f"https://voip.example/{lang}/incidents/MA-2016-01-a/" for lang in LANGUAGES},
        "petitions": [],
    }
    assert list(texts) == list(LANGUAGES)
    assert texts["fr"] == {
        "headline": "Maroc : les appels par WhatsApp et imo sont arrêtés depuis 56 à 61 jours",
        "start": (
            "Début : entre le 31 décembre 2015 et le 5 janvier 2016 (d’après Un journal). "
            "État au 1er mars 2016"
        ),
        "counted": "Compté le 1er mars 2016 (Africa/Casablanca)",
        "dated": (
            "Maroc : appels par WhatsApp et imo arrêtés depuis une date entre le 31 décembre 2015 et le"
            " 5 janvier 2016 (d’après Un journal), état au 1er mars 2016"
        ),
        "source": "Jour zéro d’après Un journal ; mesuré par voipwatch, pas encore relu",
        "emulated": "",
        "label": "Compteur : Maroc",
        "dismiss": "Fermer",
        "details": "Preuves et détails",
        "dir": "ltr",
        "unread": "Aucune personne parlant couramment français n’a relu cette traduction",
    }
    assert texts["ar"]["dir"] == "rtl"
    assert [bool(texts[lang]["unread"]) for lang in ("en", "fr", "ar")] == [False, True, True]


def test_pages_of_countries_and_relative_ones() -> None:
    found = counter_document(every_state()["none"], at(NOW))
    assert found.page["ar"] == "../ar/countries/MA/"
    assert (found.incident, found.revision, found.began, found.day) == (None, None, None, None)


def test_emulated_is_said_and_no_operator_is_ever_named() -> None:
    found = counter_document(
        subject(morocco(status=IncidentStatus.REVIEWED), as_of="2016-12-28T06:00"), at("2016-12-28T12:00")
    )
    assert found.synthetic
    assert "not a real country" in found.texts["en"].emulated
    assert "محاكاة" in found.texts["ar"].emulated
    assert found.reviewed
    assert "reviewed by nobody" not in found.texts["en"].source
    assert b"Operator" not in encoded(found)


def test_hostile_text_stays_text() -> None:
    found = counter_document(hostile(), at(NOW), base=BASE)
    raw = encoded(found).decode()
    assert "\u202e" not in raw
    assert "\\u0000" not in raw
    assert found.began is not None
    assert found.began.source.url == ""
    assert found.zone == "Etc/UTC"
    assert "{{7*7}}" in (found.texts["en"].headline or "")
    assert found.page["en"] == "https://voip.example/en/incidents/MA-2016-01-a/"


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://press.example/a?b#c", True),
        ("http://press.example", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        ("data:text/html,x", False),
        ("//press.example", False),
        ("https://", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_what_may_become_a_link(url: str, may: bool) -> None:
    assert is_web(url) is may
