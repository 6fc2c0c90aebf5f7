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


def test_a_bundle_that_is_not_whole_leaves_the_files_to_answer(tmp_path: Path) -> None:
    said: list[str] = []
    assert counters_of(site(tmp_path, whole=False), "", said.append) is None
    assert len(said) == 1
    assert "states.json" in said[0]
    assert counters_of(write_site(tmp_path / "none", {}), "", said.append) is None
