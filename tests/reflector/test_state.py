"""What outlives a restart, and what happens when the disk does not play along."""

import errno
import os
from pathlib import Path

import pytest

from voipwatch.reflector.certificate import CERTIFICATE_FILE, kept_certificate
from voipwatch.reflector.state import IDENTITY_FILE, DataFolder


def test_the_identity_is_kept_with_strict_modes(tmp_path: Path) -> None:
    warnings: list[str] = []
    path = tmp_path / "deep" / "data"
    first = DataFolder(path, warnings.append).identity()
    assert DataFolder(path, warnings.append).identity() == first
    assert path.stat().st_mode & 0o777 == 0o700
    assert (path / IDENTITY_FILE).stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.iterdir()] == [IDENTITY_FILE]
    assert warnings == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"private_key":"","master":"","salt":""}'])
def test_a_damaged_identity_is_replaced_and_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / IDENTITY_FILE).write_bytes(content)
    warnings: list[str] = []
    identity = DataFolder(tmp_path, warnings.append).identity()
    assert "damaged" in warnings[0]
    assert DataFolder(tmp_path, warnings.append).identity() == identity


def test_a_full_disk_is_said_once_and_the_old_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    folder = DataFolder(tmp_path, warnings.append)
    assert folder.write("tickets.json", b"old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert not folder.write("tickets.json", b"new")
    assert not folder.write("tickets.json", b"newer")
    assert len(warnings) == 1
    assert "No space left" in warnings[0]
    assert [each.name for each in tmp_path.iterdir()] == ["tickets.json"]
    monkeypatch.undo()
    assert folder.read("tickets.json") == b"old"


def test_a_folder_that_cannot_be_made_keeps_nothing_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    warnings: list[str] = []
    folder = DataFolder(tmp_path / "file" / "data", warnings.append)
    assert len(warnings) == 1
    assert folder.identity().salt
    assert not folder.write("x", b"")
    assert folder.read("x") is None


def test_without_a_folder_nothing_is_said() -> None:
    warnings: list[str] = []
    folder = DataFolder(None, warnings.append)
    assert folder.identity() != folder.identity()
    assert warnings == []


def test_the_certificate_is_kept_and_a_damaged_one_replaced(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, lambda text: None)
    first = kept_certificate(folder)
    assert kept_certificate(folder).pin == first.pin
    path = tmp_path / CERTIFICATE_FILE
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 60):
        path.write_bytes(whole[:cut])
        again = kept_certificate(folder)
        assert again.pin != first.pin
        assert kept_certificate(folder).pin == again.pin
