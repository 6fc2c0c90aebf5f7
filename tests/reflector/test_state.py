"""What outlives a restart, and what happens when the disk does not play along."""

import errno
import os
from pathlib import Path

import pytest

from tests.reflector.core.support import WALL_S, make_core, tickets
from voipwatch.reflector.certificate import CERTIFICATE_FILE, kept_certificate
from voipwatch.reflector.core import ALONE, Part
from voipwatch.reflector.state import IDENTITY_FILE, DataFolder, tickets_file


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


def numbers(folder: DataFolder, part: Part) -> set[int]:
    """Tickets that a worker of this part takes back."""
    kept = folder.read(tickets_file(part))
    core = make_core(part=part)
    if kept is not None:
        core.import_state(kept, 0.0, WALL_S)
    return {number for number, _ in core.live_tickets()}


def test_kept_tickets_go_to_as_many_workers_as_there_are(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, print)
    core = make_core()
    issued = {
        ticket.number for n in range(6) for ticket in tickets(core, 8, source=(f"192.0.{n}.1", 1)).tickets
    }
    folder.write(tickets_file(ALONE), core.export_state())
    for workers in (3, 3, 2, 1, 4):
        folder.deal_tickets(workers)
        parts = [Part(worker, workers) for worker in range(workers)]
        assert {path.name for path in tmp_path.glob("tickets*")} == {tickets_file(part) for part in parts}
        found = [numbers(folder, part) for part in parts]
        assert set().union(*found) == issued
        assert sum(map(len, found)) == len(issued), "each with one"


def test_a_damaged_file_of_tickets_takes_no_other_with_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, print)
    core = make_core(part=Part(1, 2))
    issued = {ticket.number for ticket in tickets(core, 8).tickets}
    folder.write(tickets_file(Part(0, 2)), b"{")
    folder.write(tickets_file(Part(1, 2)), core.export_state())
    folder.deal_tickets(1)
    assert numbers(folder, ALONE) == issued
    DataFolder(None, print).deal_tickets(2)
