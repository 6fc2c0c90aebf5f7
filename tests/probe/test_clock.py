"""The wait ends when it should, and at once when something is there."""

import select
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from voipwatch.probe.clock import PreciseSelector


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def test_what_is_ready_is_told_by_its_data(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    waiting = PreciseSelector(lambda: 0.0)
    waiting.register(left, selectors.EVENT_READ, "left")
    assert waiting.wait(0.0) == []
    right.send(b"x")
    assert waiting.wait(1000.0) == ["left"]
    waiting.modify(left, selectors.EVENT_WRITE, "writable")
    assert waiting.wait(1000.0) == ["writable"]
    waiting.unregister(left)
    assert waiting.wait(0.0) == []
    waiting.close()


def test_the_wait_is_asked_for_in_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def wait(readers: list[int], *rest: Any) -> tuple[list[int], list[int], list[int]]:
        asked.append(rest[-1])
        return [], [], []

    monkeypatch.setattr(select, "select", wait)
    waiting = PreciseSelector(lambda: 100.0)
    assert waiting.wait(100.000_123) == []
    assert waiting.wait(99.0) == []  # late already: no wait at all
    waiting.close()
    assert asked == [pytest.approx(0.000_123)]


def test_a_selector_without_a_file_waits_by_itself(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
    left, right = pair
    waiting = PreciseSelector(lambda: 0.0)
    waiting.register(left, selectors.EVENT_READ, 7)
    right.send(b"x")
    assert waiting.wait(5.0) == [7]
    waiting.close()
