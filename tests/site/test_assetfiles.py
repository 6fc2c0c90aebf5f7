"""The site's own files: names tell what is in them; the whole has a digest."""

import io
from hashlib import sha256
from urllib.robotparser import RobotFileParser

from PIL import Image

from voipwatch.site.assetfiles import ROOT_NAMES, assets, code_digest, root_files


def test_names_have_the_digest() -> None:
    for path, content in assets().values():
        stem, _, rest = path.rpartition("-")
        assert rest.split(".")[0] == sha256(content).hexdigest()[:12]
        assert stem.startswith("assets/")
    assert set(assets()) == {"mark.svg", "site.css"}


def test_the_mark_asks_for_nothing() -> None:
    mark = assets()["mark.svg"][1]
    assert b"href" not in mark
    assert b"<style" not in mark


def test_what_browsers_and_crawlers_ask_for_by_themselves_is_there() -> None:
    found = root_files()
    assert tuple(found) == ROOT_NAMES
    with Image.open(io.BytesIO(found["favicon.ico"])) as icon:
        assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    rules = RobotFileParser()
    rules.parse(found["robots.txt"].decode().splitlines())
    assert rules.can_fetch("anybody", "https://site.example/en/MA/")


def test_the_code_has_one_digest() -> None:
    assert code_digest() == code_digest.__wrapped__()
    assert len(code_digest()) == 64
