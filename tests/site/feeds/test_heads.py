from pathlib import Path

import msgspec

from tests.site.feeds.test_jsonld import judged
from tests.site.made import bundle_of, incident, reviewed
from voipwatch.site.feeds.heads import head_links, incident_json_ld, open_graph, site_json_ld
from voipwatch.site.words import words

FILE = "fr/incidents/MA-2016-01-a/index.html"


def test_feeds_are_found_from_any_page() -> None:
    assert [(each["type"], each["href"]) for each in head_links(words("fr"), FILE)] == [
        ("application/atom+xml", "../../../feeds/fr.atom"),
        ("application/feed+json", "../../../feeds/fr.json"),
        ("text/calendar", "../../../feeds/fr.ics"),
    ]


def test_a_shared_page_has_its_picture_and_names_nobody_unreviewed(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, incident())
    found = open_graph(bundle, bundle.incidents[0], words("fr"), FILE, "https://a.example")
    values = {each["property"]: each["content"] for each in found}
    assert values["og:image"] == "https://a.example/cards/fr/MA-2016-01-a-r1.png"
    assert (values["og:image:width"], values["og:image:height"]) == ("1200", "630")
    assert values["og:title"].startswith("[non relu] Maroc")
    assert values["og:image:alt"].startswith("[non relu] Maroc")
    assert "AS64500" not in msgspec.json.encode(found).decode()
    near = open_graph(bundle, bundle.incidents[0], words("fr"), FILE)
    assert not {each["property"] for each in near} & {"og:image", "og:url"}


def test_json_ld_of_the_site_and_of_an_incident(tmp_path: Path) -> None:
    first = incident()
    bundle = bundle_of(tmp_path, first, reviewed(first), claims=[judged()])
    assert '"Dataset"' in site_json_ld(bundle, words("en"), "en/index.html")
    assert '"ClaimReview"' in incident_json_ld(bundle, bundle.incidents[0], words("en"), FILE)
