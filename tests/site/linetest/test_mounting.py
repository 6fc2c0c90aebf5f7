"""The line test beside the site: one coturn, a far end in each process."""

import os
from pathlib import Path

import pytest

from voipwatch.site.linetest import mounting, turn
from voipwatch.site.linetest.mounting import LineTestOrder, line_test, nowhere, with_turn

ORDER = LineTestOrder(address="127.0.0.1")


def test_without_anything_asked_there_is_a_far_end_alone() -> None:
    said: list[str] = []
    with with_turn(ORDER, said.append) as order:
        config = line_test(order).config()
    assert (config.far_end, config.turn, config.takes_reports) == (True, None, False)
    assert (said, order) == ([], ORDER)
    assert nowhere("192.0.2.1") == (None, None)


def test_what_is_not_installed_is_said_and_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(turn, "which", lambda _: None)
    monkeypatch.setattr(mounting, "is_installed", lambda: False)
    said: list[str] = []
    wanted = LineTestOrder(address="127.0.0.1", turn=True, reports=str(tmp_path / "reports"))
    with with_turn(wanted, said.append) as order:
        config = line_test(order).config()
    assert (config.far_end, config.turn, config.takes_reports) == (False, None, True)
    assert ["aiortc" in said[0], "coturn" in said[1], len(said)] == [True, True, 2]


@pytest.mark.skipif(not turn.is_installed() and not os.environ.get("CI"), reason="coturn is not installed")
def test_the_relay_of_another_process_is_offered_with_its_secret() -> None:
    """The process that starts coturn hands the secret on; those that serve make credentials of it."""
    said: list[str] = []
    with with_turn(LineTestOrder(address="127.0.0.1", turn=True), said.append) as order:
        offered = line_test(order).config().turn
    assert said == []
    assert offered is not None
    assert set(offered.uris) == {"turn-udp", "turn-tcp"}, "without a certificate there is no TLS"
    when = int(offered.username.partition(":")[0])
    assert turn.credential(order.turn_secret, when - turn.CREDENTIAL_S) == (
        offered.username,
        offered.credential,
    )
