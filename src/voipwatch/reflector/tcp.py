"""TCP ports of the fallback and messaging arms: a keyed hello gets its answer, all else not a byte.

What was sent is read before the connection is closed, so that a refused one ends by FIN and not by
the RST that a kernel sends when unread bytes are thrown away: a reset of ours would look like a censor's.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from voipwatch.reflector.core import ReflectorCore
from voipwatch.reflector.steering import share_port

HELLO_S: Final = 5.0
"""From connection to whole hello; a 3G line's first round trip may take two seconds."""
LINGER_S: Final = 5.0
CONNECTIONS_MAX: Final = 512
CONNECTIONS_PER_ADDRESS_MAX: Final = 32
HELLO_READ_BYTES: Final = 2048
DRAIN_BYTES_MAX: Final = 65_536
BACKLOG: Final = 128
EXHAUSTED_S: Final = 0.2


def listen(ip: str, port: int, *, shared: bool = False) -> socket.socket:
    """A non-blocking listening socket. Raises OSError when the port is taken or not ours to bind.

    `shared`: with others of ours.
    """
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if shared:
            share_port(sock)
        sock.bind((ip, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


class Doors:
    """Counts open connections, in all and by address; never keeps an address longer than that."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._open: Counter[str] = Counter()

    def enter(self, ip: str) -> bool:
        """True when one more may come in."""
        if self._open.total() >= self._most or self._open[ip] >= self._most_per_address:
            return False
        self._open[ip] += 1
        return True

    def leave(self, ip: str) -> None:
        """A connection that `enter` let in is over."""
        self._open[ip] -= 1
        if self._open[ip] <= 0:
            del self._open[ip]


async def accept_forever(
    listener: socket.socket, doors: Doors, handle: "Callable[[socket.socket, str], asyncio.Task[None]]"
) -> None:
    """Give every connection that the doors let in to `handle`, which owns the socket from then on."""
    loop = asyncio.get_running_loop()

    def left(ip: str) -> Callable[[object], None]:
        return lambda _: doors.leave(ip)

    while True:
        try:
            sock, raw = await loop.sock_accept(listener)
        except (ConnectionError, InterruptedError):
            continue
        except OSError:
            # out of descriptors: what is open must close first
            await asyncio.sleep(EXHAUSTED_S)
            continue
        ip = raw[0]
        if not doors.enter(ip):
            sock.close()
            continue
        handle(sock, ip).add_done_callback(left(ip))


Hand = Callable[[int, socket.socket, bytes], bool]
"""Gives a connection with what it said to another worker; False: it could not be given."""


async def serve_trial(
    core: ReflectorCore, sock: socket.socket, ip: str, *, hello: bytes = b"", hand: Hand | None = None
) -> None:
    """One connection to a trial port, from hello to close.

    Args:
        core: that knows tickets.
        sock: it is closed at the end.
        ip: where it came from.
        hello: what was read of it already, by another worker.
        hand: to another worker, for a hello that is his to answer.
    """
    try:
        local_port, source = sock.getsockname()[1], (ip, sock.getpeername()[1])
        async with asyncio.timeout(HELLO_S):
            hello, whole = await _read_hello(core, sock, local_port, source, hello)
        answer = None
        if whole:
            answer = core.tcp_answer(source, local_port, hello, asyncio.get_running_loop().time())
        if answer is None and hand is not None:
            owner = core.tcp_owner(local_port, hello)
            if owner is not None and hand(owner, sock, hello):
                return
        async with asyncio.timeout(LINGER_S):
            await _end(sock, answer or b"")
    except (OSError, TimeoutError):
        pass  # whatever happened to the connection, the near end saw it too
    finally:
        sock.close()


async def _read_hello(
    core: ReflectorCore, sock: socket.socket, local_port: int, source: tuple[str, int], hello: bytes
) -> tuple[bytes, bool]:
    """What was read, and whether that is a whole hello: not where it can be none, or the near end left."""
    loop = asyncio.get_running_loop()
    while True:
        needed = core.peek_tcp(local_port, hello, source=source)
        if needed is None:
            return hello, False
        if hello and needed <= len(hello):
            return hello, True
        more = await loop.sock_recv(sock, HELLO_READ_BYTES)
        if not more:
            return hello, False
        hello += more


async def _end(sock: socket.socket, answer: bytes) -> None:
    """Say the answer, if any, and no more; then wait until the near end has closed too."""
    loop = asyncio.get_running_loop()
    if answer:
        await loop.sock_sendall(sock, answer)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
    left_bytes = DRAIN_BYTES_MAX
    while left_bytes > 0 and (more := await loop.sock_recv(sock, HELLO_READ_BYTES)):
        left_bytes -= len(more)
