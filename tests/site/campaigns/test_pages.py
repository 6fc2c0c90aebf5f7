"""Pages, as HTML: three languages, nothing of a stranger marked up, no script."""

import html
import re
from html.parser import HTMLParser

import msgspec
import pytest

from tests.site.campaigns.instance import CLOSES, DAY_S, NOW, OPENS, petition
from voipwatch.civic.law.statements import law_of
from voipwatch.civic.petitions import Answer, Delivery, PaperTally, PetitionText
from voipwatch.civic.publiccounts import next_line
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.desk import Told
from voipwatch.site.campaigns.pages import language, list_page, message_page, paragraphs, petition_page, style
from voipwatch.site.words import LANGUAGES, Name, words
from voipwatch.store.civic.petition_rows import NoteRow


class Tags(HTMLParser):
    """Open elements, and every attribute."""

    VOID = frozenset({"meta", "link", "input", "br", "img"})

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())
        assert self.open == [], "everything is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def told(count: int = 8123, **changes: object) -> Told:
    return Told(petition(**changes), next_line(None, count, NOW), ())


def test_a_petition_in_its_language_and_in_another() -> None:
    page = petition_page(told(), words("ar"), NOW).decode()
    assert '<html lang="ar-MA" dir="rtl">' in page
    assert "أعيدوا لنا المكالمات" in page
    assert "8.120" in page
    french = petition_page(told(), words("fr"), NOW).decode()
    assert '<div lang="en" dir="ltr">' in french
    assert words("fr").plain("petition.other-language") in french.replace("&#39;", "'")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("now", [OPENS - 1, NOW, CLOSES, CLOSES + 2 * DAY_S, CLOSES + 40 * DAY_S])
def test_whole_documents_without_script_or_style_inside(lang: str, now: int) -> None:
    whole = told(
        papers=(PaperTally(NOW, 2, 41, "two <b>members</b>"),),
        deliveries=(Delivery(CLOSES, "the <i>authority</i>", 8120, 41),),
        answers=(
            Answer(CLOSES + DAY_S, "the authority", "<script>alert(1)</script>\n\nNo.", "https://a.example/"),
        ),
    )
    whole = msgspec.structs.replace(whole, notes=(NoteRow("2026-11-06", 480, "1e-06"),))
    page = petition_page(whole, words(lang), now)
    tags = Tags(page)
    names = {tag for tag, _ in tags.seen}
    assert not names & {"script", "style", "iframe", "b", "i"}
    assert not [
        key for _, attributes in tags.seen for key in attributes if key.startswith("on") or key == "style"
    ]
    assert ("form" in names) == (now == NOW)
    for tag, attributes in tags.seen:
        link = attributes.get("href") or attributes.get("action") or attributes.get("src") or "/"
        assert link.startswith(("/", "#", "https://a.example/")), (tag, link)


def test_a_form_has_a_label_for_each_field_and_a_box_that_is_not_ticked() -> None:
    tags = Tags(petition_page(told(), words("en"), NOW)).seen
    labels = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    fields = [attributes for tag, attributes in tags if tag == "input"]
    assert {each.get("id") for each in fields if each["type"] != "checkbox"} <= labels
    (box,) = [each for each in fields if each["type"] == "checkbox"]
    assert "checked" not in box
    assert "required" in box


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_law_says_where_the_petition_names_a_country(lang: str) -> None:
    t = words(lang)
    page = html.unescape(petition_page(told(country="MA"), t, NOW).decode())
    for each in law_of("MA").statements:
        assert (each.texts[lang] in page) == (each.topic != "boycott")
    silent = html.unescape(petition_page(told(), t, NOW).decode())
    assert t.plain("law.no-country") in silent
    for text in (page, silent):
        assert t.plain("petition.notice.effect") in text.split("<footer")[0]


def test_fewer_than_ten_is_not_told_as_a_number() -> None:
    page = petition_page(told(7), words("en"), NOW).decode()
    assert "fewer than 10" in page
    assert "Confirmed signatures: 0" not in page
    assert "No count has been told" in petition_page(Told(petition(), None, ()), words("en"), NOW).decode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_delivery_says_fewer_than_ten_and_that_none_was_told(lang: str) -> None:
    t = words(lang)
    for count, said in ((0, t.plain("petition.count.few-number")), (None, None), (10, "10")):
        page = html.unescape(
            petition_page(told(deliveries=(Delivery(CLOSES, "X", count, 7),)), t, CLOSES).decode()
        )
        values = {"day": t.day(iso(CLOSES)), "to": Name("X"), "paper": "7"}
        if said is None:
            assert t.plain("petition.delivery.given-untold", **values) in page
        else:
            assert t.plain("petition.delivery.given", count=said, **values) in page


def test_records_of_later_are_not_shown_yet() -> None:
    whole = told(deliveries=(Delivery(CLOSES, "the authority", 10),))
    assert "the authority" not in petition_page(whole, words("en"), CLOSES - 1).decode()
    assert "the authority" in petition_page(whole, words("en"), CLOSES).decode()


def test_the_list() -> None:
    hostile = petition(texts={"en": PetitionText("<script>", "x")})
    page = list_page([petition(), hostile], words("en"), NOW).decode()
    assert "&lt;script&gt;" in page
    assert page.count('<li><a href="/campaigns/en/calls/"') == 2
    assert words("en").plain("petition.none") in list_page([], words("en"), NOW).decode()


def test_the_list_leads_to_the_wall_where_there_is_one() -> None:
    without, walled = (list_page([], words("fr"), NOW, walled=each).decode() for each in (False, True))
    assert "/campaigns/fr/wall/" not in without
    assert 'href="/campaigns/fr/wall/"' in walled


@pytest.mark.parametrize("lang", LANGUAGES)
def test_messages(lang: str) -> None:
    t = words(lang)
    for key in (
        "sent",
        "signed",
        "already",
        "used",
        "closed",
        "no-link",
        "revoked",
        "missing",
        "refused",
        "broken",
    ):
        page = message_page(t, key, "calls")
        assert 'content="noindex"' in page.decode()
        Tags(page)
    confirm = message_page(
        t, "confirm", "calls", form="confirm", action="/x", values={"title": "a <b> c"}
    ).decode()
    assert "a &lt;b&gt; c" in confirm
    assert 'method="post" action="/x"' in confirm


def test_styles_name_their_content() -> None:
    assert all(re.fullmatch(r"/campaigns/assets/[0-9a-f]{12}-[a-z]+\.(css|svg)", path) for path in style())


def test_small_things() -> None:
    assert paragraphs("a\nb\n\n\n c \n\n") == ("a\nb", "c")
    assert language("de") is None
    assert language("fr") is words("fr")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_foot_offers_the_count_to_other_pages(lang: str) -> None:
    t, url = words(lang), "https://watch.example"
    page = petition_page(told(), t, NOW, url=url, counter="MA").decode()
    shown = [html.unescape(each) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]
    assert len(shown) == 4
    assert all('"calls"' in each or "/petition/calls" in each for each in shown)
    assert all(url in each for each in shown[:3])
    assert t.number(8120) in html.unescape(shown[0]), "8,120 or a few more, with its time"
    assert t.plain("petition.embed.heading") in html.unescape(page)
    assert "<pre" not in petition_page(told(), t, NOW, url=url).decode(), "no counter, no code"
    untold = Told(petition(), None, ())
    assert "<pre" not in petition_page(untold, t, NOW, url=url, counter="MA").decode()
    Tags(page.encode())
    names = {tag for tag, _ in Tags(page.encode()).seen}
    assert not names & {"script", "iframe", "voipwatch-counter"}, "codes are shown and never run"
