"""Waiting to better than a millisecond for whatever comes first: a datagram or a due time.

`epoll_wait` counts whole milliseconds, and late pacing would look like jitter of the line. An epoll
is itself a file that can be waited for, and `select` waits in microseconds: so the wait is a `select`
on the selector. Where a selector has no file (Windows), its own wait must do.
"""

import select
import selectors
import socket
import time
from collections.abc import Callable
from typing import Final

FD_SETSIZE: Final = 1024
"""select(2) takes no higher descriptor: the selector is made before any flow's socket."""


class PreciseSelector:
    """A selector whose wait ends when it should."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._selector = selectors.DefaultSelector()
        self._clock = clock
        number = getattr(self._selector, "fileno", lambda: FD_SETSIZE)()
        self._fd = number if number < FD_SETSIZE else None

    def register(self, fileobj: socket.socket, events: int, data: object) -> None:
        """As a selector's."""
        self._selector.register(fileobj, events, data)

    def modify(self, fileobj: socket.socket, events: int, data: object) -> None:
        """As a selector's."""
        self._selector.modify(fileobj, events, data)

    def unregister(self, fileobj: socket.socket) -> None:
        """As a selector's."""
        self._selector.unregister(fileobj)

    def wait(self, until: float) -> list[object]:
        """The `data` of what is ready now, or as soon as something is, at the latest at `until`."""
        left_s = max(0.0, until - self._clock())
        if self._fd is None:
            return [key.data for key, _ in self._selector.select(left_s)]
        if left_s > 0:
            ready, _, _ = select.select([self._fd], [], [], left_s)
            if not ready:
                return []
        return [key.data for key, _ in self._selector.select(0)]

    def close(self) -> None:
        """Give the selector back."""
        self._selector.close()
