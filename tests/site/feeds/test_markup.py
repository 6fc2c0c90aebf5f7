from pathlib import Path

from tests.site.made import bundle_of, incident
from voipwatch.model.acts import Reply, ReplySide
from voipwatch.model.incidents import IncidentStatus
from voipwatch.site.feeds.entries import entries_of
from voipwatch.site.feeds.markup import html_of
from voipwatch.site.words import words


def markup(folder: Path, lang: str, text: str, reply_lang: str) -> str:
    reply = Reply("MA-2016-01-a", ReplySide.REGULATOR, "<i>Office</i>", "2016-01-19", text, reply_lang)
    said = {"replies": [{"at": "2016-01-20T00:00:00Z", "line": 3, "kind": "reply", "body": reply}]}
    gone = incident(status=IncidentStatus.WITHDRAWN, reason="<u>")
    (entry,) = entries_of(bundle_of(folder, gone, said=said), words(lang))
    return str(html_of(entry, words(lang)))


def test_what_others_say_is_text_in_its_own_direction(tmp_path: Path) -> None:
    html = markup(tmp_path, "ar", "first <script>alert(1)</script>\nsecond", "fr-MA")
    assert html.startswith('<div dir="rtl" lang="ar-MA">')
    assert '<blockquote dir="auto" lang="fr-MA"><p>first &lt;script&gt;' in html
    assert "<p>second</p></blockquote>" in html
    assert "<i>" not in html
    assert "&lt;u&gt;" in html


def test_a_language_that_is_none_is_left_out(tmp_path: Path) -> None:
    assert '<blockquote dir="auto"><p>' in markup(tmp_path, "en", "x", '"><b')
