"""The log on disk survives cuts, two writers and lost keys; the keys never leave their folder."""

from pathlib import Path

import pytest

from tests.chronicle.writing import NOON, found_incident
from voipwatch.chronicle.log import LogError, complete_lines, public_key_of
from voipwatch.model.acts import ClaimNote, EntryKind, KeyRole, Withdrawal
from voipwatch.pipeline.chronicle_folder import (
    KEYS_FILE,
    ChronicleFolder,
    ChronicleKeysError,
    chronicle_folder,
)

NOTE = (EntryKind.CLAIM_NOTE, ClaimNote("c", "gone", "2017"))


def said(folder: ChronicleFolder) -> list[str]:
    return [entry.kind.value for entry in folder.entries()]


def test_keys_are_announced_when_they_first_sign(tmp_path: Path) -> None:
    folder = ChronicleFolder(tmp_path / "chronicle")
    assert folder.state().newest == {}
    folder.add([(EntryKind.INCIDENT, found_incident())], at=NOON, role=KeyRole.INSTANCE)
    assert said(folder) == ["key", "incident"]
    folder.add([NOTE], at=NOON, role=KeyRole.EDITOR)
    folder.add([NOTE], at=NOON, role=KeyRole.EDITOR)
    assert said(folder) == ["key", "incident", "key", "claim-note", "claim-note"]
    assert (folder.path / KEYS_FILE).stat().st_mode & 0o777 == 0o600


def test_two_writers_continue_each_other(tmp_path: Path) -> None:
    one, two = ChronicleFolder(tmp_path), ChronicleFolder(tmp_path)
    for folder in (one, two, one, two):
        folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    assert len(one.entries()) == 5
    assert len(one.state().claim_notes) == len(two.state().claim_notes) == 4


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_that_a_power_cut_tore_is_written_again(tmp_path: Path, cut: int) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    whole = folder.log.read_bytes()
    folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    after = folder.log.read_bytes()
    folder.log.write_bytes(after[: len(whole) + cut])
    again = ChronicleFolder(tmp_path)
    assert len(again.entries()) == 2
    again.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    assert folder.log.read_bytes() == after
    assert complete_lines(after)[1] == b""


def test_what_may_not_be_said_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    before = folder.log.read_bytes()
    with pytest.raises(LogError):
        folder.add(
            [NOTE, (EntryKind.WITHDRAWAL, Withdrawal("x", incident="none"))], at=NOON, role=KeyRole.EDITOR
        )
    assert folder.log.read_bytes() == before


def test_a_log_that_does_not_hold_is_said_each_time(tmp_path: Path) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE, NOTE], at=NOON, role=KeyRole.INSTANCE)
    folder.log.write_bytes(folder.log.read_bytes().replace(b"gone", b"here", 1))
    broken = ChronicleFolder(tmp_path)
    for _ in range(2):
        with pytest.raises(LogError, match="line 2"):
            broken.state()
    with pytest.raises(LogError, match="line 2"):
        broken.add([NOTE], at=NOON, role=KeyRole.INSTANCE)


@pytest.mark.parametrize("role", list(KeyRole))
@pytest.mark.parametrize("lost", [False, True])
def test_a_key_is_replaced_and_the_old_one_signs_no_more(
    tmp_path: Path, role: KeyRole, *, lost: bool
) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.EDITOR)
    old = public_key_of(folder.keys().signer(role))
    folder.rotate(role, at=NOON, lost=lost)
    new = public_key_of(folder.keys().signer(role))
    assert new != old
    folder.add([NOTE], at=NOON, role=role)
    assert folder.entries()[-1].key == new
    assert folder.state().keyring.keys[old].until_line is not None


def test_a_cut_between_the_log_and_the_keys_loses_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    kept = ChronicleFolder._keep
    calls: list[int] = []

    def cut(self: ChronicleFolder, keys: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("power")
        kept(self, keys)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(ChronicleFolder, "_keep", cut)
    with pytest.raises(OSError, match="power"):
        folder.rotate(KeyRole.INSTANCE, at=NOON)
    monkeypatch.undo()
    after = ChronicleFolder(tmp_path)
    after.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    assert said(after) == ["key", "claim-note", "key", "claim-note"]


def test_damaged_keys_are_not_replaced_in_silence(tmp_path: Path) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)
    (tmp_path / KEYS_FILE).write_bytes(b"{}")
    with pytest.raises(ChronicleKeysError, match="damaged"):
        folder.add([NOTE], at=NOON, role=KeyRole.INSTANCE)


def test_missing_keys_are_not_made_anew_in_silence(tmp_path: Path) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.EDITOR)
    before = folder.log.read_bytes()
    (tmp_path / KEYS_FILE).unlink()
    for role in KeyRole:
        with pytest.raises(ChronicleKeysError, match="missing") as caught:
            folder.add([NOTE], at=NOON, role=role)
        assert (caught.value.reason, caught.value.path) == ("missing", tmp_path / KEYS_FILE)
        with pytest.raises(ChronicleKeysError, match="missing"):
            folder.rotate(role, at=NOON)
    assert not (tmp_path / KEYS_FILE).exists()
    assert folder.log.read_bytes() == before


@pytest.mark.parametrize("left", [None, b"", b"{}", b"\xff"])
def test_lost_keys_are_replaced_when_that_is_said(tmp_path: Path, left: bytes | None) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.EDITOR)
    path = tmp_path / KEYS_FILE
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    folder.rotate(KeyRole.INSTANCE, at=NOON, lost=True)
    folder.rotate(KeyRole.EDITOR, at=NOON, lost=True)
    for role in KeyRole:
        folder.add([NOTE], at=NOON, role=role)
    assert ChronicleFolder(tmp_path).entries()[-1].key == public_key_of(folder.keys().signer(KeyRole.EDITOR))
    aside = tmp_path / f"{KEYS_FILE}.damaged"
    assert (aside.read_bytes() if aside.exists() else None) == left


def test_damaged_keys_stay_where_they_are_while_their_loss_may_not_be_said(tmp_path: Path) -> None:
    """The editor's loss is said by the instance's key, which is lost with it: that one comes first."""
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE], at=NOON, role=KeyRole.EDITOR)
    path = tmp_path / KEYS_FILE
    path.write_bytes(b"{}")
    with pytest.raises(LogError):
        folder.rotate(KeyRole.EDITOR, at=NOON, lost=True)
    assert path.read_bytes() == b"{}"


def test_a_shorter_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    folder = ChronicleFolder(tmp_path)
    folder.add([NOTE, NOTE], at=NOON, role=KeyRole.INSTANCE)
    lines = folder.log.read_bytes().splitlines(keepends=True)
    folder.log.write_bytes(b"".join(lines[:-1]))
    assert len(folder.state().claim_notes) == 1


def test_an_emulations_name_leads_nowhere_else(tmp_path: Path) -> None:
    assert chronicle_folder(tmp_path) == tmp_path / "chronicle"
    assert chronicle_folder(tmp_path, "morocco-2016").name == "morocco-2016"
    sly = chronicle_folder(tmp_path, "../../etc")
    assert sly.parent == tmp_path / "chronicle" / "emulated"
    assert ".." not in sly.name
