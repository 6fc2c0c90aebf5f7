"""TimelineJS 3's form by hand: start_date{year, month, day, …}, text{headline, text}, unique_id."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.feeds.test_jsonld import judged
from tests.site.made import bundle_of, ended, incident
from voipwatch.model.incidents import IncidentStatus
from voipwatch.site.feeds.timelinejs import encode_timeline
from voipwatch.site.words import LANGUAGES, words

PARTS = {"year", "month", "day", "hour", "minute"}
FIELDS = {"start_date", "end_date", "display_date", "group", "text", "unique_id"}


def timeline(content: bytes) -> list[dict[str, Any]]:
    document = msgspec.json.decode(content)
    assert set(document) == {"title", "scale", "events"}
    assert document["scale"] == "human"
    for event in document["events"]:
        assert set(event) <= FIELDS
        for end in ("start_date", "end_date"):
            assert set(event.get(end, {})) <= PARTS
            assert all(isinstance(value, int) for value in event.get(end, {}).values())
        assert set(event["text"]) == {"headline", "text"}
    ids = [event["unique_id"] for event in document["events"]]
    assert len(set(ids)) == len(ids)
    events: list[dict[str, Any]] = document["events"]
    return events


@pytest.mark.parametrize("lang", LANGUAGES)
def test_phases_and_claims_are_two_groups(tmp_path: Path, lang: str) -> None:
    first = incident()
    bundle = bundle_of(tmp_path, first, ended(first, revision=2), claims=[judged()])
    onset, end, claim = timeline(encode_timeline(bundle, words(lang)))
    assert onset["start_date"] == {"year": 2016, "month": 1, "day": 4}
    assert onset["end_date"] == {"year": 2016, "month": 1, "day": 6}
    assert words(lang).plain("feeds.status.detected") in onset["text"]["headline"]
    assert f"../{lang}/incidents/MA-2016-01-a/" in onset["text"]["text"]
    assert "AS64500" not in msgspec.json.encode(onset).decode()
    assert end["unique_id"] == "MA-2016-01-a-end-2016-02-03"
    assert onset["group"] == end["group"] != claim["group"]
    assert claim["start_date"] == {"year": 2016, "month": 1, "day": 5}
    assert claim["display_date"] == "5 janvier"
    assert words(lang).plain("feeds.timeline.check.contradicted") in claim["text"]["text"]


def test_two_phases_of_a_day_have_two_ids_and_a_tombstone_has_none(tmp_path: Path) -> None:
    one = incident()
    twice = incident(phases=one.phases * 2)
    ids = [
        event["unique_id"]
        for event in timeline(encode_timeline(bundle_of(tmp_path / "1", twice), words("en")))
    ]
    assert ids == ["MA-2016-01-a-onset-2016-01-06", "MA-2016-01-a-onset-2016-01-06-2"]
    gone = incident(status=IncidentStatus.WITHDRAWN, reason="x")
    assert timeline(encode_timeline(bundle_of(tmp_path / "2", gone), words("en"))) == []


@pytest.mark.parametrize(
    ("date", "source_date", "days"),
    [
        ("2016-02-30", "", None),
        ("2016-02-30", "2016-02-29", (29, 29)),
        ("no date", "", None),
        ("../2016-01-08", "", (8, 8)),
        ("2016-01-08/..", "", (8, 8)),
        ("2016-01-05/2016-01-09", "", (5, 9)),
    ],
)
def test_dates_of_claims(tmp_path: Path, date: str, source_date: str, days: tuple[int, int] | None) -> None:
    said = judged()
    said["claim"]["date"] = date
    said["claim"]["source"]["date"] = source_date
    events = timeline(encode_timeline(bundle_of(tmp_path, claims=[said]), words("en")))
    found = [
        (event["start_date"]["day"], event.get("end_date", event["start_date"])["day"]) for event in events
    ]
    assert found == ([] if days is None else [days])


def test_hostile_words_are_text(tmp_path: Path) -> None:
    said = judged()
    said["claim"]["text"] = said["claim"]["as_published"] = "<script>1</script>\u202e"
    said["claim"]["source"]["title"] = "<img src=x>"
    content = encode_timeline(bundle_of(tmp_path, claims=[said]), words("en")).decode()
    assert "<script" not in content
    assert "<img" not in content
    assert "\u202e" not in content
