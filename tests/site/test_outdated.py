"""Out of date: every page that speaks of the bundle's time shows its banner, and no other does."""

import gzip
from pathlib import Path

from tests.site.asked import write_site
from voipwatch.model.instants import seconds
from voipwatch.site.memory import TEXT_BYTES_MAX, Held, read_memory
from voipwatch.site.outdated import HIDDEN, MANIFEST, SHOWN, outdated, valid_until_s
from voipwatch.site.words import LANGUAGES

PAGE = b"<p>x</p>" + HIDDEN + b'aria-label="x"></aside>' + b" " * 999
LASTING = b"<p>x</p>" * 99
MANIFEST_BYTES = b'{"valid_until": "2016-03-03T06:00:00Z", "as_of": "x"}'


def test_every_page_of_a_real_site_that_is_not_for_ever(pages: dict[str, bytes]) -> None:
    for path, content in pages.items():
        shell = path.endswith(".html") and path.startswith(tuple(f"{lang}/" for lang in (*LANGUAGES, "zgh")))
        lasting = "/r1/" in path or "/2016-01/" in path
        assert content.count(HIDDEN) == (shell and not lasting), path


def test_the_banner_is_shown_and_the_rest_stays(tmp_path: Path) -> None:
    files = {"en/index.html": PAGE, "en/r1/index.html": LASTING, "x.json": b"{}" + HIDDEN}
    before = read_memory(write_site(tmp_path, files))
    after = outdated(before).files
    page = after["/en/"]
    assert isinstance(page, Held)
    assert page is after["/en/index.html"]
    assert page.body == PAGE.replace(HIDDEN, SHOWN)
    assert page.packed is not None
    assert gzip.decompress(page.content) == PAGE.replace(HIDDEN, SHOWN)
    old = before.files["/en/"]
    assert isinstance(old, Held)
    assert page.headers == old.headers
    assert page.plain.tag != old.plain.tag
    assert after["/en/r1/"] is before.files["/en/r1/"]
    assert after["/x.json"] is before.files["/x.json"]


def test_a_page_that_was_left_on_the_disk(tmp_path: Path) -> None:
    large = PAGE + b" " * TEXT_BYTES_MAX
    after = outdated(read_memory(write_site(tmp_path, {"en/index.html": large}))).files["/en/"]
    assert isinstance(after, Held)
    assert SHOWN in after.body


def test_until_when(tmp_path: Path) -> None:
    site = write_site(tmp_path / "a", {MANIFEST[1:]: MANIFEST_BYTES})
    assert valid_until_s(read_memory(site)) == seconds("2016-03-03T06:00:00Z")
    emulated = MANIFEST_BYTES.replace(b"{", b'{"synthetic": true, ')
    assert valid_until_s(read_memory(write_site(tmp_path / "lab", {MANIFEST[1:]: emulated}))) is None
    for number, bad in enumerate((b"{}", b"no", b'{"valid_until": "soon"}', b'{"valid_until": 3}')):
        site = write_site(tmp_path / str(number), {MANIFEST[1:]: bad})
        assert valid_until_s(read_memory(site)) is None
    assert valid_until_s(read_memory(write_site(tmp_path / "none", {}))) is None
