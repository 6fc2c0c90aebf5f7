import gzip
import os
from pathlib import Path

import pytest

from tests.site.asked import write_site
from voipwatch.site import memory as module
from voipwatch.site.memory import (
    HELD_BYTES_MAX,
    MARKER,
    TEXT_BYTES_MAX,
    BadSiteError,
    Held,
    OnDisk,
    read_memory,
    stamp_of,
)

PAGE = b"<p>page</p>" * 200


def test_pages_are_packed_and_under_the_path_of_their_folder(tmp_path: Path) -> None:
    found = read_memory(write_site(tmp_path, {"en/index.html": PAGE, "a.png": b"\x89" * 900})).files
    page = found["/en/"]
    assert page is found["/en/index.html"]
    assert isinstance(page, Held)
    assert page.packed is not None
    assert gzip.decompress(page.content) == page.body == PAGE
    assert len(page.content) < len(PAGE), "held once"
    assert page.plain.tag != page.packed.tag
    picture = found["/a.png"]
    assert isinstance(picture, Held)
    assert picture.packed is None
    assert picture.content == picture.body == b"\x89" * 900
    assert f"/{MARKER}" not in found


def test_what_is_large_stays_on_the_disk(tmp_path: Path) -> None:
    files = {
        "a.parquet": bytes(HELD_BYTES_MAX + 1),
        "b.parquet": bytes(HELD_BYTES_MAX),
        "c.html": b"x" * (HELD_BYTES_MAX + 1),
        "d.csv": b"x" * (TEXT_BYTES_MAX + 1),
    }
    found = read_memory(write_site(tmp_path, files)).files
    assert {path for path, file in found.items() if isinstance(file, OnDisk)} == {"/a.parquet", "/d.csv"}


def test_memory_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY_BYTES_MAX", 1500)
    found = read_memory(write_site(tmp_path, {"a.png": bytes(1000), "b.png": bytes(1000)}))
    assert isinstance(found.files["/a.png"], Held)
    assert isinstance(found.files["/b.png"], OnDisk)
    assert found.held_bytes == 1000


def test_half_a_site_and_none_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadSiteError) as caught:
        read_memory(tmp_path / "none")
    assert caught.value.why == "missing"
    (tmp_path / "index.html").write_bytes(PAGE)
    with pytest.raises(BadSiteError) as caught:
        read_memory(tmp_path)
    assert caught.value.why == "unfinished"


def test_links_out_of_the_folder_and_hidden_files_are_not_served(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    site = write_site(tmp_path / "site", {"index.html": PAGE, ".hidden": b"x"})
    (site / "out.txt").symlink_to(tmp_path / "secret")
    (site / "in.txt").symlink_to(site / "index.html")
    os.mkfifo(site / "pipe")
    assert set(read_memory(site).files) == {"/", "/index.html", "/in.txt"}


def test_a_turned_link_and_a_new_marker_are_another_state(tmp_path: Path) -> None:
    one = write_site(tmp_path / "1", {"index.html": PAGE})
    two = write_site(tmp_path / "2", {"index.html": PAGE})
    link = tmp_path / "site"
    link.symlink_to(one)
    first = stamp_of(link)
    assert read_memory(link).stamp == first == stamp_of(link)
    link.unlink()
    link.symlink_to(two)
    assert stamp_of(link) != first
    write_site(two, {}, b"{ }")
    assert stamp_of(link) not in {first, stamp_of(one)}


def test_what_is_packed_is_not_packed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = write_site(tmp_path, {"a.html": PAGE, "b.html": PAGE + b"b"})
    before = read_memory(site)
    write_site(site, {"b.html": PAGE + b"c"}, b"{ }")
    packed: list[bytes] = []
    real = gzip.compress

    def watched(body: bytes, *arguments: int, **named: int) -> bytes:
        packed.append(body)
        return real(body, *arguments, **named)

    monkeypatch.setattr(gzip, "compress", watched)
    after = read_memory(site, before)
    assert packed == [PAGE + b"c"]
    assert after.files["/a.html"] == before.files["/a.html"]
