"""What a page says: every piece that the counter is handed out as, and what only looks like one."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.counters import BASE, at, every_state
from voipwatch.civic.wall import Sight
from voipwatch.civic.wallpage import MARKS_MAX, SOURCES_MAX, PageSays, read_marks, read_page, sight_of
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.embed import snippets
from voipwatch.site.counter.module import current_module
from voipwatch.site.words import LANGUAGES

MARK = "AbCdEfGhIjKlMnOpQrSt_-"
URL = "https://one.example/blog/"
WATCH = "https://watch.example"
META = f'<meta name="voipwatch-supporter" content="{MARK}">'
PICTURE = f'<img src="{WATCH}/counter/fr/MA.svg" width="360" alt="x">'


def says(html: str, *, watch: str = WATCH) -> PageSays:
    return read_page(html, url=URL, observatory=watch)


@pytest.mark.parametrize(
    "html",
    [
        PICTURE,
        '<IMG SRC="//watch.example/counter/ar/MA-orange.svg">',
        '<iframe src="https://watch.example/counter/en/MA/"></iframe>',
        '<iframe src="https://watch.example/counter/en/MA/index.html">',
        '<img class="lazy" src="data:image/gif;base64,x" data-src="https://watch.example/counter/fr/MA.svg">',
        '<noscript><img src="https://watch.example/counter/fr/MA.svg"></noscript>',
        '<img src="/files/counter/fr/MA.svg">',
        '<img src="https://www.one.example/counter/fr/MA.svg">',
        '<base href="https://watch.example/x"><body><img src="counter/fr/MA.svg">',
        '<voipwatch-counter src="https://watch.example/counter/MA.json" lang="fr">x</voipwatch-counter>',
        (
            '<script type="module" src="counter-0123456789abcdef.js"></script>'
            '<voipwatch-counter src="counter.json"></voipwatch-counter>'
        ),
        "<script>if (a < b) { '<template>' }</script>" + PICTURE,
        "<!-- <template> -->" + PICTURE,
        "<template><p></template>" + PICTURE,
        "<textarea><template></textarea>" + PICTURE,
        "<![ x ]>" + PICTURE,
        "<![x[ <p>" + PICTURE,
        "<![if !IE]><p>" + PICTURE + "<![endif]>",
        "<![CDATA[ <p>" + PICTURE,
    ],
)
def test_every_piece_is_a_counter(html: str) -> None:
    assert says(html).counter


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>We carry the counter of voipwatch: counter/fr/MA.svg</p>",
        f'<a href="{WATCH}/counter/fr/MA.svg">x</a>',
        f"<!-- {PICTURE} -->",
        f"<![CDATA[ {PICTURE} ]]>",
        f"<template>{PICTURE}</template>",
        f"<template><template></template>{PICTURE}</template>",
        f"<textarea>{PICTURE}</textarea>",
        f"<script>const a = '{PICTURE}'</script>",
        f"<style>{PICTURE}</style>",
        f"<iframe>{PICTURE}</iframe>",
        PICTURE.replace("<img", "<img hidden"),
        '<img src="https://watch.example.evil.example/counter/fr/MA.svg">',
        '<img src="https://evil.example/counter/fr/MA.svg">',
        '<img src="https://watch.example@evil.example/counter/fr/MA.svg">',
        '<img src="https://watch.example/other/counter/fr/MA.svg">',
        '<img src="https://watch.example/counter/de/MA.svg">',
        '<img src="https://watch.example/counter/fr/a/b.svg">',
        '<img src="ftp://watch.example/counter/fr/MA.svg">',
        '<img src="https://[">',
        "<voipwatch-counter></voipwatch-counter>",
        "<voipwatch-counters src=x>",
        '<script type="module" src="https://watch.example/counter-0123456789abcdef.js"></script>',
    ],
)
def test_what_is_none(html: str) -> None:
    assert not says(html).counter


def test_a_page_that_the_parser_gives_up_at_is_what_was_read_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(reader: HTMLParser, i: int) -> int:
        raise AssertionError(i)

    monkeypatch.setattr(HTMLParser, "parse_html_declaration", give_up)
    assert says(META + PICTURE + "<!x>" + META.replace(MARK, MARK[::-1])) == PageSays(True, frozenset({MARK}))


def test_an_observatory_below_a_path() -> None:
    watch = "https://host.example/watch"
    assert says('<img src="https://host.example/watch/counter/fr/MA.svg">', watch=watch).counter
    assert not says('<img src="https://host.example/counter/fr/MA.svg">', watch=watch).counter


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_embed_builder_hands_out_is_found(lang: str) -> None:
    document = counter_document(every_state()["active"], at("2016-03-01T12:00"), base=BASE)
    found = snippets(document, lang, base=BASE, module=current_module())
    for piece in (found.picture, found.frame, found.element):
        assert read_page(piece, url=URL, observatory=BASE).counter, piece


@pytest.mark.parametrize(
    "html",
    [
        META,
        f"<!doctype html><html><head><title>a <b> c</title>{META}</head>",
        f"<head>\n <style>a{{}}</style><script>x</script>{META}",
        META.upper().replace(MARK.upper(), MARK),
        META.replace('content="', 'content=" '),
        META.replace(">", "/>"),
    ],
)
def test_a_mark_in_the_head(html: str) -> None:
    assert says(html).marks == {MARK}


@pytest.mark.parametrize(
    "html",
    [
        f"<body>{META}",
        f"<head></head>{META}",
        f"<p>{META}",
        f"text {META}",
        f"<head><title>{META}</title>",
        f"<!-- {META} -->",
        f"<template>{META}</template>",
        META.replace("voipwatch-supporter", "supporter"),
        META.replace(MARK, MARK[1:]),
        META.replace(MARK, MARK + "x"),
        META.replace(MARK, MARK[:-1] + "é"),
    ],
)
def test_a_mark_that_readers_could_have_written_is_none(html: str) -> None:
    assert says(html).marks == frozenset()


def test_marks_are_bounded() -> None:
    many = [f"{number:022d}" for number in range(MARKS_MAX + 5)]
    page = "".join(META.replace(MARK, each) for each in many)
    assert len(says(page).marks) == MARKS_MAX
    assert len(read_marks("\n".join(many))) == MARKS_MAX


def test_the_sites_own_file() -> None:
    assert read_marks(f"# ours\n  {MARK}  # since May\r\n\nsomething else\n") == {MARK}
    assert read_marks("<html>") == frozenset()


def test_a_sight() -> None:
    assert sight_of(PageSays(True, frozenset({MARK})), MARK) is Sight.CARRIES
    assert sight_of(PageSays(False, frozenset({MARK})), MARK) is Sight.NO_COUNTER
    assert sight_of(PageSays(True, frozenset()), MARK) is Sight.NO_MARK
    assert sight_of(PageSays(True, frozenset({MARK})), "other") is Sight.NO_MARK


@given(st.text(max_size=300) | st.lists(st.sampled_from(
    ["<", ">", "<!--", "-->", "<template>", "</template>", "<img src=", '"', "'", META, PICTURE, "<script>",
     "</script", "<textarea>", "</textarea>", "&", "<base href=x>", "<![CDATA[", "<!", "<![", "]]>", "--",
     "<?", "\0", "/>"]
)).map("".join))  # fmt: skip
def test_whatever_a_page_is_it_is_read(html: str) -> None:
    found = says(html)
    assert found.marks <= {MARK} | {each for each in found.marks if len(each) == 22}
    assert not found.counter or "counter" in html


def test_only_the_first_base_counts_and_many_make_no_base_longer() -> None:
    picture = '<img src="counter/en/MA.svg">'
    first = f'<base href="{WATCH}/"><base href="https://other.example/"><body>{picture}'
    assert says(first).counter
    assert not says(first.replace("watch", "third").replace("other", "watch")).counter
    far = "https://other.example/" + "a/../" * 90
    assert not says(f'<base href="{far}">{picture}').counter
    assert says(f'<base href="{far}{"a/../" * 10}">{picture}').counter, (
        "left out: the picture is the site's own"
    )
    # Each joined onto the one before, the last address would have 80,000 characters.
    assert says("<base href=a/>" * 40_000 + picture).counter


def test_pictures_are_looked_at_up_to_a_number() -> None:
    assert says("<img src=a>" * (SOURCES_MAX - 1) + PICTURE).counter
    assert not says("<img src=a>" * SOURCES_MAX + PICTURE).counter
