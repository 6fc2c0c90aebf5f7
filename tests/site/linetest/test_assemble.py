"""What the line test is put together of, and what it says of what is missing."""

from pathlib import Path

import pytest

from voipwatch.site.linetest import assemble as assemble_module
from voipwatch.site.linetest import turn
from voipwatch.site.linetest.assemble import LineTestOptions, assemble
from voipwatch.site.linetest.turn import TurnOptions

TURN = TurnOptions(address="127.0.0.1", far_end="127.0.0.1")


def test_without_anything_asked_there_is_a_far_end_alone() -> None:
    with assemble(LineTestOptions("127.0.0.1"), locate=lambda _: (None, None), clock=lambda: 0.0) as made:
        config = made.app.config()
    assert (config.far_end, config.turn, config.takes_reports) == (True, None, False)
    assert (made.problems, made.turn_pid) == ((), None)


def test_what_is_not_installed_is_said_and_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(turn, "which", lambda _: None)
    monkeypatch.setattr(assemble_module, "is_installed", lambda: False)
    options = LineTestOptions("127.0.0.1", TURN, tmp_path / "reports")
    with assemble(options, locate=lambda _: (None, None), clock=lambda: 0.0) as made:
        config = made.app.config()
    assert (config.far_end, config.turn, config.takes_reports) == (False, None, True)
    first, second = made.problems
    assert "aiortc" in first
    assert "coturn" in second
