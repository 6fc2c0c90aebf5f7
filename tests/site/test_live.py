import asyncio
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tests.site.asked import asked, write_site
from tests.site.made import incident, page, state, write_bundle
from voipwatch.site.app import SiteApp
from voipwatch.site.live import counters_of
from voipwatch.site.memory import read_memory

NOW_S = datetime(2016, 3, 2, 12, tzinfo=UTC).timestamp()


def site(folder: Path, *, whole: bool = True, instance: str = "") -> Path:
    badge = b'{"message": "stopped on 1 of 1 series"}'
    badges = ("status.json", "status/MA.json", "status/ar/MA.json", "status/fr/all.json")
    write_site(folder, {"index.html": b"x"} | dict.fromkeys(badges, badge))
    one = incident(instance=instance)
    write_bundle(folder / "bundle", [page((one,))], [one], states=[state(state="blocked")], instance=instance)
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


@pytest.mark.parametrize(
    "path", ["/status.json", "/status/MA.json", "/status/ar/MA.json", "/status/fr/all.json"]
)
def test_a_server_asks_for_badges_when_the_bundle_is_out_of_date(tmp_path: Path, path: str) -> None:
    folder = site(tmp_path)
    valid = json.loads((folder / "bundle/manifest.json").read_bytes())["valid_until"]
    until_s = datetime.fromisoformat(valid).timestamp()
    told = {}
    for after_s in (-3600, 3600, 300 * 86_400):
        app = SiteApp(
            read_memory(folder),
            folder,
            live=lambda memory: counters_of(memory.folder, "https://a.example"),
            clock=partial(float, until_s + after_s),
        )
        answer = asyncio.run(asked(app, path))
        assert answer.status == 200
        told[after_s] = json.loads(answer.body)
    assert told[-3600] == {"message": "stopped on 1 of 1 series"}, "the file"
    assert told[3600] == told[300 * 86_400]
    assert (told[3600]["color"], told[3600]["isError"]) == ("lightgrey", True)


def test_the_badge_of_an_emulation_is_never_out_of_date(tmp_path: Path) -> None:
    live = counters_of(site(tmp_path, instance="LAB"), "")
    assert live is not None
    assert live.answer("/status.json", NOW_S + 300 * 86_400) is None, "the file of the site answers"


def test_a_bundle_that_is_not_whole_leaves_the_files_to_answer(tmp_path: Path) -> None:
    said: list[str] = []
    assert counters_of(site(tmp_path, whole=False), "", said.append) is None
    assert len(said) == 1
    assert "states.json" in said[0]
    assert counters_of(write_site(tmp_path / "none", {}), "", said.append) is None
