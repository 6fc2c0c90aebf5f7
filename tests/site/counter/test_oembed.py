"""oEmbed: the questions that WordPress asks, and those that nobody should."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.counters import BASE, at, every_state, hostile
from tests.support.incidents import HOSTILE
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.frame import HEIGHT_PX, WIDTH_PX
from voipwatch.site.counter.oembed import (
    Asked,
    OembedError,
    asked,
    description,
    frame_url,
    iframe,
    oembed_url,
)

KNOWN = {"MA", "MA-2016-01-a"}


def ask(url: str, rest: str = "", base: str = BASE) -> Asked:
    return asked(f"url={quote(url, safe='')}{rest}", base=base, known=KNOWN)


@pytest.mark.parametrize(
    ("url", "name", "lang"),
    [
        (f"{BASE}/counter/fr/MA/", "MA", "fr"),
        (f"{BASE}/counter/fr/MA", "MA", "fr"),
        (f"{BASE}/counter/ar/MA-2016-01-a.svg", "MA-2016-01-a", "ar"),
        (f"{BASE}/en/incidents/MA-2016-01-a/", "MA-2016-01-a", "en"),
        (f"{BASE}/en/incidents/MA-2016-01-a/r3/", "MA-2016-01-a", "en"),
        (f"{BASE}/fr/countries/MA/", "MA", "fr"),
        (f"{BASE}/fr/countries/MA/?utm=x#top", "MA", "fr"),
    ],
)
def test_pages_that_have_a_counter(url: str, name: str, lang: str) -> None:
    found = ask(url)
    assert (found.id, found.lang) == (name, lang)
    assert (found.width_px, found.height_px) == (WIDTH_PX, HEIGHT_PX)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("format=json", 400),
        ("url=", 400),
        ("url=x&format=xml", 501),
        (f"url={BASE}/fr/", 404),
        (f"url={BASE}/counter/de/MA/", 404),
        (f"url={BASE}/counter/fr/XX/", 404),
        ("url=https://elsewhere.example/counter/fr/MA/", 404),
        ("url=http://voip.example/counter/fr/MA/", 404),
        ("url=https://voip.example.evil.example/counter/fr/MA/", 404),
        ("url=https://voip.example@evil.example/counter/fr/MA/", 404),
        ("url=javascript:alert(1)", 404),
        ("url=https://[/", 404),
        (f"url={BASE}/counter/fr/MA/&maxwidth=wide", 400),
        (f"url={BASE}/counter/fr/MA/&maxheight=-1", 400),
        ("url=" + "x" * 5000, 400),
        ("&".join(f"a{n}=1" for n in range(50)), 400),
    ],
)
def test_questions_that_have_no_answer(query: str, status: int) -> None:
    with pytest.raises(OembedError) as caught:
        asked(query, base=BASE, known=KNOWN)
    assert caught.value.status == status


@given(st.text())
def test_any_question_is_answered_or_refused(query: str) -> None:
    try:
        assert asked(query, base=BASE, known=KNOWN).id in KNOWN
    except OembedError as error:
        assert error.status in {400, 404, 501}  # noqa: PT017 -- both outcomes are right


def test_sizes_are_kept_within_what_was_asked() -> None:
    url = f"{BASE}/counter/fr/MA/"
    assert ask(url, "&maxwidth=300&maxheight=200").width_px == 300
    assert ask(url, "&maxwidth=300&maxheight=200").height_px == 200
    assert ask(url, "&maxwidth=99999").width_px == WIDTH_PX
    assert ask(url, "&maxwidth=0").width_px == 120


def test_a_site_below_a_path() -> None:
    assert ask("https://x.example/voip/fr/countries/MA/", base="https://x.example/voip").id == "MA"
    with pytest.raises(OembedError):
        ask("https://x.example/fr/countries/MA/", base="https://x.example/voip")


def test_the_answer_is_rich_and_holds_one_frame() -> None:
    document = counter_document(every_state()["active"], at("2016-03-01T12:00"), base=BASE)
    raw = json.loads(description(document, Asked("MA-2016-01-a", "fr", 300, 200), base=BASE))
    html = raw.pop("html")
    assert raw == {
        "version": "1.0",
        "type": "rich",
        "title": document.texts["fr"].dated,
        "provider_name": "voipwatch",
        "provider_url": "https://voip.example/",
        "cache_age": 86_400,
        "width": 300,
        "height": 200,
    }
    assert html == (
        '<iframe src="https://voip.example/counter/fr/MA-2016-01-a/" width="300" height="200"'
        ' title="Compteur : Maroc" loading="lazy" referrerpolicy="no-referrer"'
        ' sandbox="allow-popups allow-popups-to-escape-sandbox" frameborder="0"></iframe>'
    )


def test_a_counter_leads_to_its_description_and_back() -> None:
    document = counter_document(every_state()["active"], None, base=BASE)
    url = oembed_url(document.id, "ar", BASE)
    found = asked(url.partition("?")[2], base=BASE, known={document.id})
    assert (found.id, found.lang) == (document.id, "ar")
    assert oembed_url(document.id, "ar", "") == ""
    assert frame_url("MA", "ar", BASE) == "https://voip.example/counter/ar/MA/"


def test_hostile_names_do_not_leave_their_attribute() -> None:
    html = iframe(counter_document(hostile(), None), "en", base=BASE)
    assert html.count("<") == 2
    assert html.count('"') == 16
    assert HOSTILE not in html
