"""Layouts: which pages they are of, which counts they find, and which they do not."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.observations import decode_at
from voipwatch.site.campaigns.adapters.layouts import (
    Layout,
    LayoutError,
    packaged_layouts,
    page_text,
    parse_layouts,
)

BY_ID = {each.id: each for each in packaged_layouts()}
FEBRUARY_S = decode_at("2016-02-28T12:00:00Z")[0]

TWITTER = """
<li class="ProfileNav-item ProfileNav-item--followers">
<a class="ProfileNav-stat" title="41,234 Followers" data-nav="followers" href="/inwi/followers">
<span class="ProfileNav-label">Followers</span>
<span class="ProfileNav-value" data-count=41234 data-is-compact="true">41.2K</span></a></li>
<li class="ProfileNav-item ProfileNav-item--favorites">
<span class="ProfileNav-value" data-count="9">9</span></li>
"""
FACEBOOK = """
<span id="PagesLikesCountDOMID"><span class="_52id">2&nbsp;447&nbsp;123 <span>J’aime</span></span></span>
"""
YOUTUBE = """
<span class="yt-subscription-button-subscriber-count-branded-horizontal subscribed yt-uix-tooltip"
 title="12.345" tabindex="0" aria-label="12.345">12.345</span>
"""
PAGES = {
    "twitter-2014": (TWITTER, 41_234),
    "twitter-2010": ('<span id="follower_count" class="stats_count numeric">1,234 </span>', 1234),
    "facebook-2014": (FACEBOOK, 2_447_123),
    "youtube-2013": (YOUTUBE, 12_345),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_made_page_of_each_layout(name: str) -> None:
    markup, count = PAGES[name]
    assert BY_ID[name].count_of(page_text(f"<html>{markup}</html>".encode())) == count
    others = {each.id: each.count_of(page_text(markup.encode())) for each in packaged_layouts()}
    assert [each for each, found in others.items() if found is not None] == [name]


def test_every_layout_has_a_page_here() -> None:
    assert set(PAGES) == set(BY_ID)


@pytest.mark.parametrize(
    ("name", "url", "page"),
    [
        ("twitter-2014", "https://twitter.com/Inwi", "x:inwi"),
        ("twitter-2014", "https://twitter.com/Inwi?lang=fr", "x:inwi"),
        ("twitter-2014", "https://twitter.com/Inwi/status/5", None),
        ("twitter-2014", "https://twitter.com.evil.example/Inwi", None),
        ("twitter-2010", "https://twitter.com/Inwi", None),
        ("facebook-2014", "https://fr-fr.facebook.com/maroctelecom/", "facebook:maroctelecom"),
        ("facebook-2014", "http://www.facebook.com/maroctelecom?ref=ts", "facebook:maroctelecom"),
        ("youtube-2013", "https://www.youtube.com/user/MarocTelecom/about", "youtube:user/MarocTelecom"),
    ],
)
def test_whose_page_an_address_is(name: str, url: str, page: str | None) -> None:
    assert BY_ID[name].page_of(url, FEBRUARY_S) == page


def test_a_layout_has_its_days() -> None:
    layout = BY_ID["facebook-2014"]
    url = "https://www.facebook.com/inwi"
    for at, page in (("2014-05-31T23:59:59Z", None), ("2014-06-01T00:00:00Z", "facebook:inwi"),
                     ("2016-12-31T23:59:59Z", "facebook:inwi"), ("2017-01-01T00:00:00Z", None)):  # fmt: skip
        assert layout.page_of(url, decode_at(at)[0]) == page


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1), ("12345", 12345), ("1,234", 1234), ("1.234.567", 1_234_567), ("1\u202f234", 1234),
        ("1,23", None), ("1,234.567", None), ("1 23", None), ("12,34,567", None), ("1.2", None),
        ("1'234", None), ("1٬234", None),
    ],
)  # fmt: skip
def test_numbers_in_threes(text: str, count: int | None) -> None:
    assert BY_ID["twitter-2010"].count_of(f'<b id="follower_count">{text}</b>') == count


def test_two_different_counts_are_none_and_the_same_twice_is_one() -> None:
    one, two = ('<span id="follower_count">1,234 </span>', '<span id="follower_count">1,235 </span>')
    layout = BY_ID["twitter-2010"]
    assert layout.count_of(one + two) is None
    assert layout.count_of(one + one) == 1234
    assert layout.count_of("") is None


@given(st.text(), st.sampled_from(packaged_layouts()))
def test_no_page_raises(text: str, layout: Layout) -> None:
    layout.count_of(text)
    layout.page_of(text, FEBRUARY_S)


@pytest.mark.parametrize("layout", packaged_layouts(), ids=lambda each: each.id)
def test_no_page_takes_for_ever(layout: Layout) -> None:
    began = perf_counter()
    for piece in ('ProfileNav-item--followers', 'id="PagesLikesCountDOMID"><span', 'id="follower_count" ',
                  "yt-subscription-button-subscriber-count-branded-horizontal "):  # fmt: skip
        layout.count_of((piece + " ") * 10_000)
    assert perf_counter() - began < 60


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[layout]]", "[[layout"),
        ('style = "digits"', 'style = "words"'),
        ("(?P<count>", "("),
        ("(?P<page>", "("),
        ('quantity = "followers"', 'quantity = "hearts"'),
        ('since = "2014-04-08"', 'since = "spring"'),
        ('service = "x"', 'service = "x"\ncolour = 1'),
        ("{1,12})", "{1,12}"),
    ],
)
def test_a_file_that_does_not_hold(old: str, new: str) -> None:
    good = """
[[layout]]
id = "a"
service = "x"
quantity = "followers"
url = '(?P<page>a)'
since = "2014-04-08"
until = "2020-06-01"
style = "digits"
pattern = '(?P<count>[0-9]{1,12})'
"""
    assert len(parse_layouts(good)) == 1
    with pytest.raises(LayoutError):
        parse_layouts(good.replace(old, new))
