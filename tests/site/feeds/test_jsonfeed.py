"""The form is checked by hand against jsonfeed.org/version/1.1: there is no schema of its authors."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.made import bundle_of, incident, reviewed
from voipwatch.model.incidents import IncidentStatus
from voipwatch.site.feeds.jsonfeed import VERSION, encode_json_feed
from voipwatch.site.words import LANGUAGES, words

TOP = {
    "version": str, "title": str, "description": str, "home_page_url": str, "feed_url": str, "language": str,
    "authors": list, "expired": bool, "items": list,
}  # fmt: skip
ITEM = {
    "id": str, "url": str, "title": str, "content_html": str, "content_text": str, "date_published": str,
    "date_modified": str, "language": str, "tags": list,
}  # fmt: skip


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """Only fields of the form, each of its type; extensions begin with an underscore."""
    for name, value in document.items():
        assert name.startswith("_") or isinstance(value, TOP[name]), name
    for item in document["items"]:
        for name, value in item.items():
            assert name.startswith("_") or isinstance(value, ITEM[name]), name
    assert document["version"] == VERSION
    assert all(isinstance(tag, str) for item in document["items"] for tag in item["tags"])
    return document


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_form(tmp_path: Path, lang: str) -> None:
    first = incident(id="LAB-MA-2016-01-a", instance="lab")
    bundle = bundle_of(tmp_path, first, reviewed(first))
    feed = checked(msgspec.json.decode(encode_json_feed(bundle, words(lang), "https://a.example/")))
    assert feed["feed_url"] == f"https://a.example/feeds/{lang}.json"
    assert feed["_voipwatch"]["synthetic"] is True
    assert not feed["expired"]
    (item,) = feed["items"]
    assert item["id"].startswith("urn:uuid:")
    assert item["tags"] == ["emulated", "reviewed", "MA"]
    assert item["date_modified"] == "2016-01-12T00:00:00Z"
    assert item["_voipwatch"] == {
        "id": "LAB-MA-2016-01-a", "revision": 2, "status": "reviewed", "synthetic": True,
    }  # fmt: skip


def test_a_closed_observatorys_feed_has_expired_and_tombstones_stay(tmp_path: Path) -> None:
    gone = incident(status=IncidentStatus.WITHDRAWN, reason="wrong")
    bundle = bundle_of(tmp_path, gone, final={"reason": "no money", "at": "2016-03-01T00:00:00Z"})
    feed = checked(msgspec.json.decode(encode_json_feed(bundle, words("en"))))
    assert feed["expired"]
    assert feed["items"][0]["url"] == "../en/incidents/MA-2016-01-a/"
    assert "withdrawn" in feed["items"][0]["tags"]
