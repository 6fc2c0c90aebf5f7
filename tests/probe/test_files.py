"""Files that are whole or not there, folders that are one's own, and what is left after a wipe."""

import errno
import os
from pathlib import Path

import pytest

from voipwatch.probe.files import locked, make_folder, sync_folder, wipe, write_whole


def test_a_file_is_written_whole_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "a"
    write_whole(path, b"one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_names_reach_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink()))
    write_whole(tmp_path / "a", b"one")
    assert synced[-1] == tmp_path, "the folder, after the rename"
    with pytest.raises(OSError, match="No such file"):
        sync_folder(tmp_path / "none")


def test_a_folder_is_ours_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    folder = tmp_path / "a" / "b"
    assert folder.stat().st_mode & 0o777 == 0o700
    with locked(folder) as first, locked(folder) as second:
        assert (first, second) == (True, False)
    with locked(folder) as again:
        assert again
    with pytest.raises(FileNotFoundError), locked(tmp_path / "none"):
        pass


def test_nothing_is_left_after_a_wipe(tmp_path: Path) -> None:
    folder = tmp_path / "probe"
    make_folder(folder / "queue")
    write_whole(folder / "secret", b"s" * 32)
    write_whole(folder / "queue" / "r", b"r" * 5000)
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"keep me")
    assert wipe(folder) == []
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
    assert (tmp_path / "elsewhere").read_bytes() == b"keep me", "a link is removed, not followed"


def test_contents_are_overwritten_and_names_changed_before_they_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "probe"
    make_folder(folder)
    write_whole(folder / "secret", b"s" * 32)
    seen: dict[str, bytes] = {}
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        seen[path.name] = path.read_bytes()
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    wipe(folder)
    ((name, content),) = seen.items()
    assert name != "secret"
    assert content == bytes(32)


def test_what_cannot_be_removed_is_told_and_the_rest_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "probe"
    make_folder(folder)
    for name in ("a", "b"):
        write_whole(folder / name, b"x")
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path.name == "a":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    left = wipe(folder)
    assert left[0] == folder / "a"
    assert not (folder / "b").exists()


def test_a_folder_that_is_not_there_or_a_link_is_left_alone(tmp_path: Path) -> None:
    assert wipe(tmp_path / "none") == []
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert wipe(tmp_path / "link") == []
    assert (tmp_path / "real").is_dir()
