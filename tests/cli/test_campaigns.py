"""The folder of campaigns: what is wrong with it is said in one line."""

import os
from pathlib import Path

import pytest

from tests.site.campaigns.instance import folder_of
from voipwatch.cli.campaigns import campaigns_of, machine_account, opened_desk
from voipwatch.cli.errors import Misuse, Trouble


@pytest.mark.parametrize("fault", [KeyError("uid not found"), OSError("No username set")])
def test_who_acts_where_the_machine_has_no_name_for_it(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def nobody() -> str:
        raise fault

    monkeypatch.setattr("getpass.getuser", nobody)
    assert machine_account() == f"uid {os.getuid()}"
    monkeypatch.setattr("getpass.getuser", lambda: "amina")
    assert machine_account() == "amina"


def test_no_command_asks_for_the_name_otherwise(repository: Path) -> None:
    folder = repository / "src/voipwatch/cli"
    assert [file.name for file in folder.rglob("*.py") if "getuser" in file.read_text("utf-8")] == [
        "campaigns.py"
    ]


def test_settings_of_a_folder(tmp_path: Path) -> None:
    assert campaigns_of(folder_of(tmp_path / "c").folder).folder == tmp_path / "c"
    with pytest.raises(Misuse) as refused:
        campaigns_of(tmp_path)
    assert refused.value.key == "petition.no_settings"
    assert str(refused.value.values["path"]).endswith("campaigns.toml")
    (tmp_path / "campaigns.toml").write_bytes(b"\xff")
    with pytest.raises(Misuse) as refused:
        campaigns_of(tmp_path)
    assert refused.value.key == "petition.settings"
    assert refused.value.values["field"] == "file"


@pytest.mark.parametrize(
    ("database", "key"),
    [
        ("mysql://h/d", "petition.database.url"),
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/d", "petition.database.unreachable"),
    ],
)
def test_a_database_that_cannot_be_used(tmp_path: Path, database: str, key: str) -> None:
    campaigns = folder_of(tmp_path / "c", database=database)
    with pytest.raises(Trouble) as refused, opened_desk(campaigns.folder):
        pass
    assert refused.value.key == key
    assert "hunter2" not in repr(refused.value.values)


def test_a_folder_of_peppers_that_others_read(tmp_path: Path) -> None:
    campaigns = folder_of(tmp_path / "c")
    campaigns.secrets.mkdir(mode=0o755)
    with pytest.raises(Trouble) as refused, opened_desk(campaigns.folder):
        pass
    assert refused.value.key == "petition.database.secrets"
