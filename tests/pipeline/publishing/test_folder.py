"""The old bundle stays whole, wherever the new one is cut off."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipeline.publishing.support import contents, request, store_of, votes
from voipwatch.pipeline.publishing import folder
from voipwatch.pipeline.publishing.checking import check_bundle
from voipwatch.pipeline.publishing.folder import (
    NotABundleError,
    current_manifest,
    digest_and_size,
    write_bundle,
)
from voipwatch.pipeline.publishing.publish import publish

OLD = {"manifest.json": b"old", "a/b.txt": b"same", "c.txt": b"old"}
NEW = {"manifest.json": b"new", "a/b.txt": b"same", "c.txt": b"new", "d/e.txt": b"more"}
CUT = 77


def put(out: Path, files: dict[str, bytes], *, step: folder.Step = lambda _: None) -> None:
    digests = {path: digest_and_size(content) for path, content in files.items()}
    digest = digest_and_size(files["manifest.json"])[0]
    write_bundle(out, files, digests=digests, digest=digest, step=step)


def steps() -> list[str]:
    return ["write", *sorted(NEW), "sync", "rename", "link", "clean"]


def killed_at(out: Path, files: dict[str, bytes], name: str) -> int:
    """Write in a child that ends at a step as if the power had gone; its exit status."""
    child = os.fork()
    if child == 0:
        put(out, files, step=lambda step: os._exit(CUT) if step == name else None)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_steps_are_all_of_them(tmp_path: Path) -> None:
    put(tmp_path / "out", OLD)
    told: list[str] = []
    put(tmp_path / "out", NEW, step=told.append)
    assert told == steps()
    assert contents(tmp_path / "out") == NEW


@pytest.mark.parametrize("name", steps())
def test_a_cut_at_any_step_leaves_one_whole_bundle(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    put(out, OLD)
    assert killed_at(out, NEW, name) == CUT
    assert contents(out) == (NEW if name == "clean" else OLD)
    put(out, NEW)
    assert contents(out) == NEW
    left = {path.name for path in tmp_path.iterdir()}
    assert len([each for each in left if each.endswith(".part")]) == 0


def test_the_first_bundle_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "deep/out"
    assert killed_at(out, OLD, "link") == CUT
    assert not out.exists()
    put(out, OLD)
    assert contents(out) == OLD


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    put(out, OLD)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        put(out, NEW)
    assert contents(out) == OLD


def test_what_is_the_same_is_linked_unless_it_was_tampered_with(tmp_path: Path) -> None:
    out = tmp_path / "out"
    put(out, OLD)
    (out / "c.txt").write_bytes(b"OLD")
    put(out, OLD | {"manifest.json": b"third"})
    assert contents(out) == OLD | {"manifest.json": b"third"}
    assert (out / "a/b.txt").stat().st_nlink == 2
    assert (out / "c.txt").stat().st_nlink == 1


def test_the_bundle_before_is_kept_and_older_ones_go(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for number in range(4):
        put(out, {"manifest.json": str(number).encode()})
    folders = [path for path in tmp_path.iterdir() if not path.is_symlink()]
    assert sorted((each / "manifest.json").read_bytes() for each in folders) == [b"2", b"3"]


def test_what_is_not_ours_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0/mine").touch()
    (tmp_path / "1").touch()
    for name in ("0", "1"):
        with pytest.raises(NotABundleError):
            put(tmp_path / name, OLD)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "0")
    with pytest.raises(NotABundleError):
        put(link, OLD)
    assert (tmp_path / "0/mine").exists()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert current_manifest(empty) is None
    put(empty, OLD)
    assert current_manifest(empty) == b"old"


def test_names_with_stars_clean_only_their_own(tmp_path: Path) -> None:
    put(tmp_path / "bundle", OLD)
    for number in range(4):
        put(tmp_path / "bun*", {"manifest.json": str(number).encode()})
    assert contents(tmp_path / "bundle") == OLD


def test_publish_cut_at_every_step_leaves_the_old_bundle_or_the_new_one(tmp_path: Path) -> None:
    """Every write of the memory, before and after its rename, and every step on disk: the power goes at each
    of them in turn, and whoever publishes next makes the bundle that would have been.
    """
    said = store_of(votes(12))
    old = publish(said, request(tmp_path, 10)).digest
    before = contents(tmp_path / "bundle")
    publish(said, request(tmp_path / "whole", 10))
    done: list[str] = []
    with told_of_every_write(done.append):
        expected = publish(said, request(tmp_path / "whole", 12), disk=done.append).digest
    after = contents(tmp_path / "whole/bundle")
    assert len(done) > 30
    assert {"write", "manifest.json", "rename", "link", "clean", "publication.json: renamed"} <= set(done)
    for number, name in enumerate(done):
        shutil.rmtree(tmp_path / "try", ignore_errors=True)
        place = tmp_path / "try"
        for part in ("bundle", "memory"):
            shutil.copytree(tmp_path / part, place / part, symlinks=True, copy_function=os.link)
        (place / "bundle").rename(place / f".bundle-{old[:16]}")
        (place / "bundle").symlink_to(f".bundle-{old[:16]}")
        child = os.fork()
        if child == 0:
            left = number

            def cut(_step: str) -> None:
                nonlocal left
                if left == 0:
                    os._exit(CUT)
                left -= 1

            with told_of_every_write(cut):
                publish(said, request(place, 12), disk=cut)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == CUT, name
        there = contents(place / "bundle")
        assert there == (after if name in {"bundle: renamed", "clean"} else before), name
        if name in {"publication.json", "publication.json: renamed", "2016-01.csv: renamed", "manifest.json"}:
            assert publish(said, request(place, 12)).digest == expected, name
            assert not [each for each in check_bundle(place / "bundle") if each.holds is False]


@contextlib.contextmanager
def told_of_every_write(step: Callable[[str], None]) -> Iterator[None]:
    """Of the memory: before a file is renamed into its place, and after that."""
    with pytest.MonkeyPatch.context() as patch:
        replace = os.replace

        def watched(source: Path, target: Path) -> None:
            step(Path(target).name)
            replace(source, target)
            step(f"{Path(target).name}: renamed")

        patch.setattr(os, "replace", watched)
        yield
