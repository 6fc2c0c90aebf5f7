"""Waiting to better than a millisecond for whatever comes first: a datagram or a due time.

`epoll_wait` counts whole milliseconds, and late pacing would look like jitter of the line. An epoll is
itself a file that can be waited for, and ppoll(2) waits in nanoseconds: so the wait is a ppoll on the
selector, asked of the C library, since Python offers none. Not select(2), which takes no descriptor above
1023: a process that holds that many would fail, or wait coarsely. Where there is no ppoll the selector's own
wait must do: that of kqueue (macOS, the BSDs) is as fine.
"""

import ctypes
import errno
import math
import os
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any, Final

POLLIN: Final = 0x0001
"""poll.h, the same number on every system that has ppoll."""
LONGEST_S: Final = 3600.0
"""A wait without an end looks again this often."""


class _PollFd(ctypes.Structure):
    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def _find_ppoll() -> Any:  # noqa: ANN401 -- a function of the C library has no type
    if os.name != "posix":
        return None
    found = getattr(ctypes.CDLL(None, use_errno=True), "ppoll", None)
    if found is not None:
        found.argtypes = [ctypes.POINTER(_PollFd), ctypes.c_ulong, ctypes.POINTER(_TimeSpec), ctypes.c_void_p]
        found.restype = ctypes.c_int
    return found


_PPOLL: Final = _find_ppoll()


def wait_readable(descriptor: int, left_s: float) -> bool:
    """Whether the descriptor can be read before `left_s` seconds are over, or at once. Needs ppoll.

    False early where a signal came. Raises OSError.
    """
    whole_s = math.floor(left_s)
    span = _TimeSpec(whole_s, min(999_999_999, round((left_s - whole_s) * 1e9)))
    asked = _PollFd(descriptor, POLLIN, 0)
    found = _PPOLL(ctypes.byref(asked), 1, ctypes.byref(span), None)
    if found < 0 and (number := ctypes.get_errno()) != errno.EINTR:
        raise OSError(number, os.strerror(number))
    return bool(found > 0)


class PreciseSelector:
    """A selector whose wait ends when it should, whatever the numbers of its descriptors."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._selector = selectors.DefaultSelector()
        self._clock = clock
        own = getattr(self._selector, "fileno", None)
        self._fd: int | None = own() if own is not None and _PPOLL is not None else None

    def register(self, fileobj: socket.socket | int, events: int, data: object) -> None:
        """As a selector's."""
        self._selector.register(fileobj, events, data)

    def modify(self, fileobj: socket.socket | int, events: int, data: object) -> None:
        """As a selector's."""
        self._selector.modify(fileobj, events, data)

    def unregister(self, fileobj: socket.socket | int) -> None:
        """As a selector's."""
        self._selector.unregister(fileobj)

    def wait(self, until: float) -> list[object]:
        """The `data` of what is ready now, or as soon as something is, at the latest at `until`.

        `until`: by the clock; infinite for a wait without an end. Empty before that where a signal came, or
        after an hour.
        """
        left_s = min(LONGEST_S, max(0.0, until - self._clock()))
        if self._fd is None:
            return [key.data for key, _ in self._selector.select(left_s)]
        if left_s > 0 and not wait_readable(self._fd, left_s):
            return []
        return [key.data for key, _ in self._selector.select(0)]

    def close(self) -> None:
        """Give the selector back."""
        self._selector.close()
