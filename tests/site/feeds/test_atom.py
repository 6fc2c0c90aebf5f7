"""Read by feedparser, which is not ours."""

from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.site.made import AS_OF, bundle_of, incident, reviewed
from voipwatch.model.acts import Reply, ReplySide
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind, SeriesName, Spread
from voipwatch.site.feeds.atom import ATOM, encode_atom
from voipwatch.site.words import LANGUAGES, words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_reader_reads_it(tmp_path: Path, lang: str) -> None:
    first = incident(id="LAB-MA-2016-01-a", instance="lab")
    bundle = bundle_of(tmp_path, first, reviewed(first))
    read = feedparser.parse(encode_atom(bundle, words(lang), "https://voip.example"))
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.language == words(lang).html_lang
    assert read.feed.updated == "2016-01-12T00:00:00Z"
    assert words(lang).plain("feeds.title-emulated") == read.feed.title
    (entry,) = read.entries
    assert entry.id.startswith("urn:uuid:")
    assert entry.link == f"https://voip.example/{lang}/incidents/LAB-MA-2016-01-a/"
    assert (entry.published, entry.updated) == ("2016-01-11T00:00:00Z", "2016-01-12T00:00:00Z")
    assert [tag.term for tag in entry.tags] == ["reviewed", "emulated"]
    assert entry.content[0].type == "text/html"
    assert {link.rel for link in read.feed.links} == {"self", "alternate"}


def test_what_the_rfc_demands_is_there(tmp_path: Path) -> None:
    """RFC 4287, 4.1.1 and 4.1.2: one id, title and updated each; an author."""
    root = ET.fromstring(encode_atom(bundle_of(tmp_path, incident()), words("en")))
    for element in (root, *root.findall(f"{{{ATOM}}}entry")):
        for tag in ("id", "title", "updated"):
            assert len(element.findall(f"{{{ATOM}}}{tag}")) == 1, tag
    assert root.find(f"{{{ATOM}}}author/{{{ATOM}}}name") is not None
    assert len({each.text for each in root.iter(f"{{{ATOM}}}id")}) == 2


def test_without_a_base_links_are_relative_and_ids_the_same(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, incident())
    near, far = (encode_atom(bundle, words("en"), base).decode() for base in ("", "https://a.example"))
    assert "https://a.example" in far
    assert "a.example" not in near
    assert 'href="../en/incidents/MA-2016-01-a/"' in near
    ids = [[each.text for each in ET.fromstring(text).iter(f"{{{ATOM}}}id")] for text in (near, far)]
    assert ids[0] == ids[1]


def test_a_new_bundle_changes_no_byte_of_what_did_not_change(tmp_path: Path) -> None:
    one = encode_atom(bundle_of(tmp_path / "1", incident()), words("fr"))
    assert one == encode_atom(
        bundle_of(tmp_path / "2", incident(), as_of="2017-01-01T00:00:00Z"), words("fr")
    )


def test_an_empty_feed_and_a_tombstone(tmp_path: Path) -> None:
    empty = feedparser.parse(encode_atom(bundle_of(tmp_path / "1"), words("en")))
    assert (empty.bozo, empty.entries, empty.feed.updated) == (False, [], AS_OF)
    gone = incident(status=IncidentStatus.WITHDRAWN, reason="<b>wrong</b>")
    (entry,) = feedparser.parse(encode_atom(bundle_of(tmp_path / "2", gone), words("en"))).entries
    assert entry.title.startswith("[withdrawn]")
    assert "&lt;b&gt;wrong&lt;/b&gt;" in entry.content[0].value


def hostile(name: str) -> tuple[Incident, Incident]:
    series = SeriesName(name, "4g", "whatsapp")
    first = incident(
        phases=(Phase(PhaseKind.ONSET, None, "2016-01-06T00:00:00Z", (series,)),),
        spread=(Spread(series, None, "2016-01-06T00:00:00Z", 1),),
    )
    return first, reviewed(first)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
        lambda text: "/" not in text
    ),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_any_name_and_any_reply_leave_a_feed_that_can_be_read(tmp_path: Path, name: str, text: str) -> None:
    reply = Reply("MA-2016-01-a", ReplySide.OPERATOR, name, "2016-01-19", text, '"><script>')
    said = {"replies": [{"at": "2016-01-20T00:00:00Z", "line": 3, "kind": "reply", "body": reply}]}
    bundle = bundle_of(tmp_path, *hostile(name), said=said)
    for lang in ("en", "ar"):
        content = encode_atom(bundle, words(lang))
        root = ET.fromstring(content)  # an XML 1.0 parser: no forbidden character is in it
        html = root.find(f"{{{ATOM}}}entry/{{{ATOM}}}content")
        assert html is not None
        assert "<script" not in (html.text or "")
        title = root.find(f"{{{ATOM}}}entry/{{{ATOM}}}title")
        assert title is not None
        assert "\u202e" not in (title.text or "")


def test_xml_and_html_in_a_name_are_text(tmp_path: Path) -> None:
    name = '<img src=x onerror=1>&amp;]]>\x07\u202e"'
    content = encode_atom(bundle_of(tmp_path, *hostile(name)), words("en"))
    (entry,) = feedparser.parse(content, sanitize_html=False).entries
    assert "\x07" not in entry.title
    assert "<img" not in entry.content[0].value
    title = ET.fromstring(content).find(f"{{{ATOM}}}entry/{{{ATOM}}}title")
    assert title is not None
    assert '<img src=x onerror=1>&amp;]]>"' in (title.text or "")
    assert msgspec.json.encode(name)  # the name itself is one that a bundle may hold
