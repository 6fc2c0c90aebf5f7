from pathlib import Path
from typing import Any

from tests.site.feeds.test_jsonld import judged
from tests.site.made import bundle_of, incident, reviewed, state
from voipwatch.site.feeds.files import feed_files


def test_every_language_has_its_files_and_they_are_the_same_twice(tmp_path: Path) -> None:
    first = incident()
    more: dict[str, Any] = {"states": [state()], "claims": [judged()]}
    bundle = bundle_of(tmp_path / "1", first, reviewed(first), **more)
    again = bundle_of(tmp_path / "2", first, reviewed(first), **more)
    files = list(feed_files(bundle, "https://a.example"))
    assert files == list(feed_files(again, "https://a.example"))
    paths = [path for path, _ in files]
    assert len(set(paths)) == len(paths)
    wanted = {f"feeds/{lang}.{kind}" for lang in ("en", "fr", "ar") for kind in ("atom", "json", "ics")}
    assert wanted | {"status.json", "status/MA.json", "timeline/ar.json"} <= set(paths)
    assert all(b"https://a.example" not in content for _, content in feed_files(bundle))
