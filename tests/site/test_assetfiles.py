"""The site's own files: names tell what is in them; the whole has a digest."""

from hashlib import sha256

from voipwatch.site.assetfiles import assets, code_digest


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


def test_the_code_has_one_digest() -> None:
    assert code_digest() == code_digest.__wrapped__()
    assert len(code_digest()) == 64
