"""The frame: no script, its own policy fits its own style sheet, strangers' text is text."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from tests.support.counters import BASE, at, every_state, hostile
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.frame import POLICY, discovery, frame
from voipwatch.site.words import LANGUAGES

PAGE = ("html", "head", "meta", "title", "link", "style", "body", "main", "p", "a")


class Reading(HTMLParser):
    """Tags with attributes, and the text of `<p>`."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside = False
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = self.inside or tag == "p"

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "p"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.words.append(data)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*sorted(every_state()), "hostile"])
def test_every_frame_says_what_the_document_says(name: str, lang: str) -> None:
    case = hostile() if name == "hostile" else every_state()[name]
    document = counter_document(case, at("2016-03-01T12:00"), base=BASE)
    texts = document.texts[lang]
    read = Reading(frame(document, lang, oembed="https://voip.example/oembed?url=x&y"))
    assert {tag for tag, _ in read.tags} <= {*PAGE}
    assert read.tags[0] == ("html", {"lang": lang, "dir": texts.dir})
    assert not any(key.startswith("on") or key == "style" for _, found in read.tags for key in found)
    for text in (texts.headline or texts.dated, texts.source, texts.emulated, texts.details, texts.unread):
        assert not text or text in read.words
    links = [found["href"] for tag, found in read.tags if tag == "a"]
    assert links == [document.page[lang]]
    assert ("noindex" in str(read.tags)) is document.synthetic


def test_the_policy_allows_its_style_sheet_and_nothing_else() -> None:
    page = frame(counter_document(every_state()["active"], None), "en").decode()
    style = re.findall(r"<style>(.*?)</style>", page)
    digest = b64encode(sha256(style[0].encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors *"
    ) == POLICY
    assert len(style) == 1


def test_links_of_a_mirror_are_relative_to_the_frame() -> None:
    """`/counter/en/MA-2016-01-a/` is three folders deep."""
    read = Reading(frame(counter_document(every_state()["active"], None), "en"))
    assert [found["href"] for tag, found in read.tags if tag == "a"] == [
        "../../../en/incidents/MA-2016-01-a/"
    ]
    assert not any(tag == "link" for tag, _ in read.tags)


def test_discovery_is_escaped() -> None:
    assert discovery("https://x/?a&b", '"><script>') == (
        '<link rel="alternate" type="application/json+oembed" href="https://x/?a&amp;b"'
        ' title="&quot;&gt;&lt;script&gt;">'
    )
