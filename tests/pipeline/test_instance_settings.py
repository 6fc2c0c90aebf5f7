"""Settings are whole, of their version, and never guessed where they are damaged."""

from pathlib import Path

import pytest

from voipwatch.pipeline.instance_settings import (
    SETTINGS_FILE,
    InstanceSettings,
    SettingsDamagedError,
    read_settings,
    write_settings,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none") == InstanceSettings(publisher="voipwatch", notice_hours=48)
    mine = InstanceSettings(publisher="مرصد", contact="a@x.example", notice_hours=0)
    write_settings(tmp_path / "new", mine)
    assert read_settings(tmp_path / "new") == mine


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[]", b'{"schema":"other/1"}', b'{"notice_hours":-1}', b'{"notice_hours":"1"}',
     b'{"publisher":" "}', b'{"publisher":3}'],
)  # fmt: skip
def test_damage_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(SettingsDamagedError, match=r"settings\.json"):
        read_settings(tmp_path)
