"""The code that webmasters copy: nothing inline, digests pinned, strangers' text escaped."""

from html.parser import HTMLParser

import msgspec
import pytest

from tests.support.counted import OPEN
from tests.support.counters import BASE, at, every_state, hostile
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.embed import petition_snippets, snippets
from voipwatch.site.counter.module import current_module
from voipwatch.site.counter.petitions import figures
from voipwatch.site.words import LANGUAGES


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reading(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reading().feed(html)
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("which", ["active", "hostile"])
def test_what_an_embed_builder_shows(which: str, lang: str) -> None:
    case = hostile() if which == "hostile" else every_state()["active"]
    document = counter_document(case, at("2016-03-01T12:00"), base=BASE)
    module = current_module()
    found = snippets(document, lang, base=BASE, module=module)
    dated, page = document.texts[lang].alone, document.page[lang]
    link = ("a", {"href": page, "rel": "noopener noreferrer"})
    assert tags(found.picture) == [
        link,
        (
            "img",
            {
                "src": f"{BASE}/counter/{lang}/MA-2016-01-a.svg",
                "width": "360",
                "alt": dated,
                "loading": "lazy",
                "referrerpolicy": "no-referrer",
            },
        ),
    ]
    assert tags(found.element) == [
        (
            "script",
            {
                "type": "module",
                "src": f"{BASE}/{module.name}",
                "integrity": module.integrity,
                "crossorigin": "anonymous",
                "referrerpolicy": "no-referrer",
            },
        ),
        ("voipwatch-counter", {"src": f"{BASE}/counter/MA-2016-01-a.json", "lang": lang}),
        link,
    ]
    assert [tag for tag, _ in tags(found.frame)] == ["iframe"]
    assert found.archive == f"{BASE}/counter/{lang}/MA-2016-01-a.zip"
    assert found.page == f"{BASE}/counter/{lang}/MA-2016-01-a/"


def test_each_piece_of_an_emulation_says_so_by_itself() -> None:
    case = msgspec.structs.replace(every_state()["active"], instance="drill")
    document = counter_document(case, None, base=BASE)
    for lang in LANGUAGES:
        codes = snippets(document, lang, base=BASE, module=current_module())
        mark = document.texts[lang].emulated
        assert mark
        assert mark in (tags(codes.picture)[-1][1]["alt"] or "")
        assert mark in codes.element


def test_without_a_known_page_there_is_no_link() -> None:
    found = snippets(counter_document(every_state()["active"], None), "en", base="", module=current_module())
    assert "<a " not in found.picture + found.element


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_petitions_codes_hold_its_dated_sentence(lang: str) -> None:
    one = msgspec.structs.replace(OPEN, titles=dict.fromkeys(LANGUAGES, 'Calls <"now">'))
    (figure,) = figures((one,), BASE)
    found = petition_snippets("MA", lang, base=BASE, module=current_module(), petition=figure)
    link = ("a", {"href": f"{BASE}/campaigns/{lang}/{one.id}/", "rel": "noopener noreferrer"})
    place, said = f"{BASE}/counter/{lang}/MA/petition/{one.id}", figure.texts[lang]
    assert '<"now">' in said
    before, (name, picture) = tags(found.picture)
    assert (before, name, picture["src"], picture["alt"]) == (link, "img", f"{place}.svg", said)
    ((name, framed),) = tags(found.frame)
    assert (name, framed["src"], framed["title"]) == ("iframe", f"{place}/", said)
    assert (framed["sandbox"], framed["referrerpolicy"]) == (
        "allow-popups allow-popups-to-escape-sandbox", "no-referrer",
    )  # fmt: skip
    script, (name, element), inside = tags(found.element)
    assert script[1]["integrity"] == current_module().integrity
    assert (name, inside) == ("voipwatch-counter", link)
    assert element == {"src": f"{BASE}/counter/MA.json", "lang": lang, "petition": one.id}
    assert found.wordpress == f'[voipwatch_counter id="MA" lang="{lang}" petition="{one.id}"]'
