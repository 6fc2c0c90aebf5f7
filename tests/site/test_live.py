import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.site.asked import write_site
from tests.site.made import incident, page, state, write_bundle
from voipwatch.site.live import counters_of

NOW_S = datetime(2016, 3, 2, 12, tzinfo=UTC).timestamp()


def site(folder: Path, *, whole: bool = True) -> Path:
    write_site(folder, {"index.html": b"x"})
    one = incident()
    write_bundle(folder / "bundle", [page((one,))], [one], states=[state(state="blocked")])
    if not whole:
        (folder / "bundle/states.json").write_bytes(b"{}")
    return folder


def test_the_counter_of_today_is_of_the_bundle_in_the_site(tmp_path: Path) -> None:
    live = counters_of(site(tmp_path), "https://a.example/")
    assert live is not None
    found = live.answer("/counter/MA.json", NOW_S)
    assert found is not None
    assert found.status == 200
    document = json.loads(found.body)
    assert (document["country"], document["live"]) == ("MA", True)
    assert document["day"]["low"] <= document["day"]["high"]
    assert "a.example" in msgspec.json.encode(document["page"]).decode()
    assert live.answer("/en/", NOW_S) is None


def test_past_its_time_a_badge_says_nothing_of_now(tmp_path: Path) -> None:
    live = counters_of(site(tmp_path), "")
    assert live is not None
    valid = json.loads((tmp_path / "bundle/manifest.json").read_bytes())["valid_until"]
    until_s = datetime.fromisoformat(valid).timestamp()
    for path in ("/status.json", "/status/MA.json", "/status/ar/MA.json"):
        assert live.answer(path, until_s) is None, "the file of the site answers"
        found = live.answer(path, until_s + 1)
        assert found is not None
        badge = json.loads(found.body)
        assert (badge["schemaVersion"], badge["color"], badge["isError"]) == (1, "lightgrey", True)
        assert dict(found.headers)["access-control-allow-origin"] == "*"
    told = live.answer("/status.json", until_s + 1)
    assert told is not None
    assert "out of date" in json.loads(told.body)["message"]


def test_a_bundle_that_is_not_whole_leaves_the_files_to_answer(tmp_path: Path) -> None:
    said: list[str] = []
    assert counters_of(site(tmp_path, whole=False), "", said.append) is None
    assert len(said) == 1
    assert "states.json" in said[0]
    assert counters_of(write_site(tmp_path / "none", {}), "", said.append) is None
