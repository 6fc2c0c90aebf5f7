"""Pages of boycotts, as HTML: three languages, three ladders, and intent that is never turnout."""

import html
import re

import msgspec
import pytest

from tests.site.campaigns.instance import NOW
from tests.site.campaigns.pledging.campaign import (
    BEGINS,
    CLOCKS,
    ENDS,
    ERASED,
    FOUND_NONE,
    REPORTS_END,
    boycott,
    link,
)
from tests.site.campaigns.test_pages import Tags
from voipwatch.civic.boycotts import Boycott, read_boycott, with_closing, with_observable
from voipwatch.civic.law.statements import law_of
from voipwatch.civic.publiccounts import next_line
from voipwatch.civic.ranges import Range
from voipwatch.civic.turnout import Found, Observable
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.site.campaigns.pledging.pages import (
    boycott_page,
    boycotts_page,
    count_text,
    declare_page,
    notice_page,
    own_page,
    state_text,
)
from voipwatch.site.words import LANGUAGES, words
from voipwatch.store.civic.pledging import PledgeRow, PledgeState

STAGES = (NOW, BEGINS, ENDS, REPORTS_END, ERASED)


def told(campaign: Boycott | None = None, counts: tuple[int, int, int] = (24_003, 0, 0)) -> ToldBoycott:
    lines = {series: next_line(None, many, NOW) for series, many in zip(PledgeState, counts, strict=True)}
    return ToldBoycott(campaign or boycott(), lines, lines[PledgeState.DECLARED])


def shown(of: ToldBoycott, lang: str, now_s: float) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", boycott_page(of, words(lang), now_s).decode()))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("now_s", STAGES)
def test_whole_documents_without_script_or_a_strangers_markup(lang: str, now_s: int) -> None:
    seen = Observable(
        what="<script>x</script>", found=Found.EFFECT, value=Range(1, 2), unit="<b>%</b>", source="<i>us</i>"
    )
    whole = with_observable(with_observable(boycott(), FOUND_NONE, BEGINS), seen, BEGINS)
    tags = Tags(boycott_page(told(whole, (240, 40, 10)), words(lang), now_s))
    names = {tag for tag, _ in tags.seen}
    assert not names & {"script", "style", "iframe", "b", "i"}
    assert not [
        key for _, attributes in tags.seen for key in attributes if key.startswith("on") or key == "style"
    ]
    assert "form" not in names
    links = {attributes.get("href") for _, attributes in tags.seen}
    assert (f"/campaigns/{lang}/pledge/silence/declare" in links) == (now_s == NOW)
    sources = {source.url for each in law_of("MA").statements for source in each.sources}
    for tag, attributes in tags.seen:
        to = attributes.get("href") or attributes.get("action") or attributes.get("src") or "/"
        assert to.startswith(("/", "#")) or to in sources | {"https://a.example/panel"}, (tag, to)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_intent_is_never_told_as_turnout(lang: str) -> None:
    t = words(lang)
    for now_s in (NOW, BEGINS, ENDS - 1):
        page = shown(told(), lang, now_s)
        assert t.number(24_000) in page
        assert t.plain("pledge.ladder.intent") in page
        assert t.plain("pledge.ladder.people") in page
        turnout = page[page.index(t.plain("pledge.turnout.heading")) :]
        assert t.plain("pledge.turnout.before") in turnout
        assert "%" not in turnout.split(t.plain("law.heading"))[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_after_the_end_bounds_come_first_and_the_assumption_with_the_rest(lang: str) -> None:
    t = words(lang)
    page = shown(told(counts=(240, 40, 10)), lang, ENDS)
    bounds = t.plain("pledge.turnout.bounds", low=t.percent(0.16), high=t.percent(0.96))
    assert bounds in page
    assert t.plain("pledge.turnout.of-pledges") in page
    assert page.index(bounds) < page.index(
        t.plain("pledge.turnout.alike", low="", high="", confidence="")[:20]
    )
    assert t.plain("pledge.turnout.of-opening", count=t.number(240), at=t.moment(iso(NOW))) in page
    few = shown(told(counts=(240, 0, 0)), lang, ENDS)
    assert t.plain("pledge.turnout.bounds", low=t.percent(0), high=t.percent(1)) in few
    assert t.plain("pledge.turnout.nobody") in few


@pytest.mark.parametrize("lang", LANGUAGES)
def test_too_few_is_another_sentence_than_not_told_yet(lang: str) -> None:
    t = words(lang)
    too_few, not_told = (t.plain(f"pledge.turnout.{key}") for key in ("too-few", "not-told"))
    few = shown(told(counts=(9, 0, 0)), lang, ENDS)
    assert too_few in few
    assert not_told not in few
    untold = shown(msgspec.structs.replace(told(counts=(240, 40, 10)), opening=None), lang, ENDS)
    assert not_told in untold
    assert too_few not in untold


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_law_says_and_that_a_pledge_has_no_effect_in_it(lang: str) -> None:
    page = shown(told(), lang, NOW)
    assert words(lang).plain("pledge.effect") in page
    for each in law_of("MA").statements:
        assert (each.texts[lang] in page) == (each.topic != "petition")


def test_called_off_and_erased_are_said() -> None:
    t = words("en")
    off = shown(told(with_closing(boycott(), NOW + 1)), "en", ENDS)
    for key in ("turnout.called-off", "ladder.no-reports"):
        assert t.plain(f"pledge.{key}") in off
    assert "Called off on" in off
    assert t.plain("pledge.ladder.erased") in shown(told(), "en", ERASED)
    assert t.plain("pledge.ladder.erased") not in shown(told(), "en", ERASED - 1)


def test_a_change_of_clocks_is_shown() -> None:
    page = boycott_page(told(read_boycott(CLOCKS)), words("en"), NOW).decode()
    assert '<p class="clock-change">' in page
    assert "they show 48 hours, and 47 hours pass" in page
    assert "clock-change" not in boycott_page(told(), words("en"), NOW).decode()


def test_observations_with_their_source_and_none_found_is_no_nothing() -> None:
    t = words("en")
    assert t.plain("pledge.ladder.unobserved") in shown(told(), "en", ENDS)
    values = (
        (Range(1, 2.5), "1 to 2.5 Mbit/s"),
        (Range(3, 3), "3 Mbit/s"),
        (Range(4, None), "4 Mbit/s or more"),
    )
    for value, text in values:
        seen = Observable(what="Traffic", found=Found.EFFECT, value=value, unit="Mbit/s", source="A probe")
        page = shown(told(with_observable(boycott(), seen, ENDS)), "en", ENDS)
        assert f"Traffic: an effect ({text})" in page
        assert "Source: A probe" in page
    page = shown(told(with_observable(boycott(), FOUND_NONE, ENDS)), "en", ENDS)
    assert "Calls <of> our panel: measured, and no effect found" in page


def test_counts_and_states() -> None:
    t = words("en")
    of = told(counts=(7, 12, 0))
    assert count_text(of, PledgeState.DECLARED, t).startswith("fewer than 10")
    assert count_text(of, PledgeState.KEPT, t).startswith("10 or a few more")
    untold = ToldBoycott(boycott(), dict.fromkeys(PledgeState))
    assert count_text(untold, PledgeState.DECLARED, t) == "no count told yet"
    assert [state_text(boycott(), t, now_s) for now_s in STAGES[:4]] == [
        "Pledges are taken until 14 November 2026, 00:00 Africa/Casablanca",
        "It is on, until 16 November 2026, 00:00 Africa/Casablanca",
        t.plain("pledge.state.reporting", at="30 November 2026, 00:00 Africa/Casablanca"),
        "Closed since 30 November 2026, 00:00 Africa/Casablanca",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_form_has_a_box_that_nobody_ticked_and_a_token(lang: str) -> None:
    tags = Tags(declare_page(boycott(), link(1), words(lang))).seen
    fields = {attributes["name"]: attributes for tag, attributes in tags if tag == "input"}
    assert "checked" not in fields["consent"]
    assert "required" in fields["consent"]
    assert fields["token"]["value"] == link(1)
    labels = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    assert "website" in labels


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ones_own_pledge_offers_what_can_be_done_now(lang: str) -> None:
    t = words(lang)
    pledge = PledgeRow("2026-11-06", PledgeState.KEPT)
    for now_s in STAGES:
        page = own_page(boycott(), pledge, link(1), t, now_s)
        Tags(page)
        text = page.decode()
        assert 'content="noindex"' in text
        assert ('name="kept"' in text) == (now_s == ENDS)
        assert f"mine/{link(1)}/revoke" in text
        assert t.plain("pledge.own.kept") in html.unescape(text)
        assert "https://watch.example" not in text
    first = own_page(boycott(), pledge, link(1), t, NOW, url="https://watch.example").decode()
    assert f"https://watch.example/campaigns/{lang}/pledge/silence/mine/{link(1)}" in first


@pytest.mark.parametrize("lang", LANGUAGES)
def test_messages_and_the_list(lang: str) -> None:
    t = words(lang)
    for key in ("too-late", "not-now", "no-pledge", "reported", "taken-back", "no-form", "missing"):
        page = notice_page(t, key, "silence")
        Tags(page)
        assert 'content="noindex"' in page.decode()
    assert t.plain("pledge.declare.need-consent") in html.unescape(
        notice_page(t, "fault", "silence", text="declare.need-consent").decode()
    )
    listed = boycotts_page([boycott()], t, NOW).decode()
    assert f'href="/campaigns/{lang}/pledge/silence/"' in listed
    assert "<b>" not in listed
    assert t.plain("pledge.none") in html.unescape(boycotts_page([], t, NOW).decode())
