import sys
from pathlib import Path

import pytest

from voipwatch.cli.program import program


def test_the_program_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "voipwatch"
    own.write_text("", "utf-8")
    monkeypatch.setattr(sys, "argv", [str(own)])
    assert program() == str(own)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert Path(program()).is_absolute()
    assert Path(program()).name == "voipwatch"
