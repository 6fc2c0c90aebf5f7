"""Secrets in files."""

import stat
from pathlib import Path

import pytest

from voipwatch.store.civic.opening import DatabaseError
from voipwatch.store.civic.peppers import INSTANCE, Peppers

DRAWN = bytes(range(32))


def test_a_pepper_is_its_owners_and_is_there_until_it_is_destroyed(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    peppers = Peppers(folder)
    assert peppers.of("p") is None
    peppers.create("p", DRAWN)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [(each.name, stat.S_IMODE(each.stat().st_mode)) for each in folder.iterdir()] == [
        ("p.pepper", 0o600)
    ]
    assert Peppers(folder).of("p") == DRAWN
    with pytest.raises(FileExistsError):
        peppers.create("p", bytes(32))
    assert peppers.of("p") == DRAWN


def test_destroying_overwrites_first_and_is_seen_by_all(tmp_path: Path) -> None:
    peppers, other = Peppers(tmp_path / "s"), Peppers(tmp_path / "s")
    peppers.create("p", DRAWN)
    (tmp_path / "link").hardlink_to(tmp_path / "s" / "p.pepper")
    assert other.of("p") == DRAWN
    assert peppers.destroy("p")
    assert not peppers.destroy("p")
    assert other.of("p") is None
    assert (tmp_path / "link").read_bytes() == bytes(32)


def test_a_half_destroyed_or_cut_one_is_none(tmp_path: Path) -> None:
    peppers = Peppers(tmp_path / "s")
    for content in (bytes(32), DRAWN[:31], b""):
        (tmp_path / "s" / "p.pepper").write_bytes(content)
        assert peppers.of("p") is None


def test_the_instances_own_stays(tmp_path: Path) -> None:
    assert Peppers(tmp_path / "s").instance(DRAWN) == DRAWN
    assert Peppers(tmp_path / "s").instance(bytes(reversed(DRAWN))) == DRAWN


def test_an_accounts_secret_is_no_petitions(tmp_path: Path) -> None:
    peppers = Peppers(tmp_path / "s")
    peppers.create("amina", bytes(reversed(DRAWN)))
    peppers.create_account("amina", DRAWN)
    with pytest.raises(FileExistsError):
        peppers.create_account("amina", DRAWN)
    assert peppers.account("amina") == DRAWN
    assert stat.S_IMODE((tmp_path / "s" / "amina.account").stat().st_mode) == 0o600
    assert peppers.destroy_account("amina")
    assert not peppers.destroy_account("amina")
    assert peppers.account("amina") is None
    assert peppers.of("amina") is not None


def test_a_folder_that_others_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir(mode=0o755)
    with pytest.raises(DatabaseError, match="chmod 700"):
        Peppers(folder)
    with pytest.raises(DatabaseError, match="secrets"):
        Peppers(_file(tmp_path))


def _file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "below"


@pytest.mark.parametrize("left", [b"", b"x" * 31, bytes(32)], ids=["empty", "short", "zeroed"])
def test_the_instances_own_that_was_damaged_is_said_and_never_drawn_anew(tmp_path: Path, left: bytes) -> None:
    Peppers(tmp_path / "s").instance(DRAWN)
    (tmp_path / "s" / INSTANCE).write_bytes(left)
    with pytest.raises(DatabaseError, match="damaged"):
        Peppers(tmp_path / "s").instance(DRAWN)
    assert (tmp_path / "s" / INSTANCE).read_bytes() == left
