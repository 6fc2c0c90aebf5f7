"""The wait ends when it should, at once when something is there, and whatever the descriptors' numbers."""

import ctypes
import errno
import math
import os
import resource
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from voipwatch.probe import clock
from voipwatch.probe.clock import PreciseSelector, wait_readable

FD_SETSIZE = 1024
needs_ppoll = pytest.mark.skipif(clock._PPOLL is None, reason="this system's C library has no ppoll")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """As in a busy server: every number below 1024 is taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * FD_SETSIZE)), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while taken[-1] < FD_SETSIZE:
            taken.append(os.dup(taken[0]))
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_is_ready_is_told_by_its_data(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    waiting = PreciseSelector(lambda: 0.0)
    waiting.register(left, selectors.EVENT_READ, "left")
    assert waiting.wait(0.0) == []
    right.send(b"x")
    assert waiting.wait(1000.0) == ["left"]
    assert waiting.wait(math.inf) == ["left"]
    waiting.modify(left, selectors.EVENT_WRITE, "writable")
    assert waiting.wait(1000.0) == ["writable"]
    waiting.unregister(left)
    assert waiting.wait(0.0) == []
    waiting.close()


@needs_ppoll
def test_the_wait_is_asked_for_in_microseconds_whatever_the_descriptor(
    many_descriptors: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, float]] = []

    def wait(descriptor: int, left_s: float) -> bool:
        asked.append((descriptor, left_s))
        return False

    monkeypatch.setattr(clock, "wait_readable", wait)
    waiting = PreciseSelector(lambda: 100.0)
    assert waiting.wait(100.000_123) == []
    assert waiting.wait(99.0) == []  # late already: no wait at all
    assert waiting.wait(math.inf) == []
    waiting.close()
    assert [left_s for _, left_s in asked] == [pytest.approx(0.000_123), clock.LONGEST_S]
    assert min(number for number, _ in asked) >= FD_SETSIZE


def test_a_datagram_ends_the_wait_above_the_descriptors_of_select(many_descriptors: None) -> None:
    left, right = socket.socketpair()
    waiting = PreciseSelector(lambda: 0.0)
    waiting.register(left, selectors.EVENT_READ, "left")
    with left, right:
        assert left.fileno() >= FD_SETSIZE
        assert waiting.wait(0.000_001) == []
        right.send(b"x")
        assert waiting.wait(1000.0) == ["left"]
    waiting.close()


@needs_ppoll
@pytest.mark.parametrize(
    ("left_s", "seconds", "nanoseconds"),
    [(0.000_3, 0, 300_000), (1.5, 1, 500_000_000), (3600.0, 3600, 0), (2 - 1e-12, 1, 999_999_999)],
)
def test_the_system_is_asked_for_nanoseconds(
    left_s: float, seconds: int, nanoseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, int]] = []

    def ppoll(fds: Any, _count: int, span: Any, _mask: None) -> int:
        asked.append((fds._obj.fd, span._obj.seconds, span._obj.nanoseconds))
        return 0

    monkeypatch.setattr(clock, "_PPOLL", ppoll)
    assert not wait_readable(7, left_s)
    assert asked == [(7, seconds, nanoseconds)]


@needs_ppoll
def test_the_systems_own_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    assert not wait_readable(left.fileno(), 0.000_1)
    right.send(b"x")
    assert wait_readable(left.fileno(), 1000.0)


@needs_ppoll
def test_a_signal_ends_the_wait_and_another_error_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    number = errno.EINTR

    def ppoll(*_: Any) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(clock, "_PPOLL", ppoll)
    assert not wait_readable(0, 1.0)
    number = errno.ENOMEM
    with pytest.raises(OSError, match=os.strerror(errno.ENOMEM)):
        wait_readable(0, 1.0)


@pytest.mark.parametrize("lacking", ["fileno", "ppoll"])
def test_a_selector_without_a_file_or_a_system_without_ppoll_waits_by_itself(
    lacking: str, pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking == "fileno":
        monkeypatch.setattr(selectors, "DefaultSelector", selectors.PollSelector)
    else:
        monkeypatch.setattr(clock, "_PPOLL", None)
    left, right = pair
    waiting = PreciseSelector(lambda: 0.0)
    waiting.register(left, selectors.EVENT_READ, 7)
    right.send(b"x")
    assert waiting.wait(5.0) == [7]
    waiting.close()
