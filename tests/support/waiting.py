"""Waiting for sockets of a test, whatever their descriptors' numbers: select(2) takes none above 1023."""

import selectors
import socket
from collections.abc import Iterable


def ready_of(sockets: Iterable[socket.socket], timeout_s: float | None = None) -> list[socket.socket]:
    """Those that can be read, or are gone; waits at most so long for the first one, None: without end.

    By poll(2), not epoll: a socket that another thread closes meanwhile ends a poll.
    """
    with getattr(selectors, "PollSelector", selectors.DefaultSelector)() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ, sock)
        return [key.data for key, _ in selector.select(timeout_s)]
