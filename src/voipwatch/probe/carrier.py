"""What carries a check's datagrams: this machine's own sockets, a tunnel, or a proxy's associations.

The loop (`shell`) asks it for a flow's socket, and whether it has ended: a tunnel that goes down and a proxy
that dies end the check, because what is lost then is nobody's doing on the way.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import ProxyError
from voipwatch.probe.path import Path
from voipwatch.probe.socks import ASSOCIATE_S, Association, RelayedSocket
from voipwatch.probe.udp import UdpSocket
from voipwatch.probe.via import Proxy, Tunnel

READY_COUNT: Final = 24
"""Associations held ready: a second of new flows (20 a second), and a few."""
ASKING_COUNT: Final = 8
"""Asked for at a time: 20 a second with 0.4 s each, four round trips of 100 ms."""
ASSOCIATION_BYTES: Final = 9 * 52 + 60
"""TCP of one association: nine segments with their headers, and a few tens of bytes in them."""
LOST: Final = "via-lost"
NO_UDP: Final = "via-no-udp"


class FlowSocket(Protocol):
    """One flow's socket, as the loop uses it."""

    failures: list[Failure]

    @property
    def sock(self) -> socket.socket:
        """For a selector."""
        ...

    def send(self, port: int, data: bytes) -> None:
        """Send to a port of the reflector. Cannot fail."""
        ...

    def receive(self) -> list[bytes]:
        """What is there now. Cannot fail."""
        ...

    def take_failures(self) -> list[Failure]:
        """What went wrong since the last call."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Carrier:
    """This machine's own sockets: nothing between."""

    def open(self, path: Path) -> FlowSocket | None:
        """A socket for one flow; None where there is none to be had. Raises OSError."""
        return UdpSocket.open(path)

    def ended(self, *, waiting: bool) -> str | None:
        """Why the check must end now, or None. `waiting`: TCP trials are still under way."""
        del waiting
        return None

    def overhead_bytes(self) -> int:
        """IP bytes that it cost the line beside the app's own."""
        return 0

    def close(self) -> None:
        """Give everything back."""


class TunnelCarrier(Carrier):
    """Sockets bound to a tunnel's interface."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self._opened: list[UdpSocket] = []
        self._lost = False

    def open(self, path: Path) -> FlowSocket | None:
        """None from the moment on when the tunnel is gone."""
        try:
            opened = UdpSocket.open(path)
        except OSError:
            self._lost = self._lost or isinstance(path.local_ip(), Failure)
            if self._lost:
                return None
            raise
        self._opened.append(opened)
        return opened

    def ended(self, *, waiting: bool) -> str | None:
        """A failed socket is looked into: the way itself may be gone, or only a port at its end."""
        del waiting
        if not self._lost:
            failed = next((each for each in self._opened if each.failures), None)
            self._lost = failed is not None and isinstance(failed.path.local_ip(), Failure)
        return LOST if self._lost else None


class ProxyCarrier(Carrier):
    """Associations of a proxy, asked for ahead in threads: asking takes round trips, a flow begins now."""

    def __init__(self, proxy: Proxy, *, ask: Callable[[Proxy], Association] = Association.open) -> None:
        self._proxy = proxy
        self._ask = ask
        self._ready: SimpleQueue[Association | ProxyError] = SimpleQueue()
        self._wanted = threading.Semaphore(0)
        self._closed = threading.Event()
        self._sockets: list[RelayedSocket] = []
        self._taken = 0
        self._lost = False

    def prepare(self) -> Failure | None:
        """Ask for the first; why the proxy gives none, or None and others are on their way."""
        try:
            self._ready.put(self._ask(self._proxy))
        except ProxyError as error:
            return error.failure
        for _ in range(ASKING_COUNT):
            threading.Thread(target=self._work, name="associate", daemon=True).start()
        self._want(READY_COUNT - 1)
        return None

    def _want(self, count: int) -> None:
        for _ in range(count):
            self._wanted.release()

    def _work(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closed.is_set():
                return
            try:
                got: Association | ProxyError = self._ask(self._proxy)
            except ProxyError as error:
                got = error
            except OSError:  # this machine has no socket left
                got = ProxyError(Failure.NO_BUFFERS)
            self._ready.put(got)
            if self._closed.is_set():
                self._drain()

    def open(self, path: Path) -> FlowSocket | None:
        """Waits for an association where none is ready; None from the moment on when there are no more."""
        if self._lost:
            return None
        got = self._take()
        while isinstance(got, Association) and not got.alive():  # it was given up for having been idle
            got.close()
            got = self._take()
        if isinstance(got, ProxyError):
            self._lost = True
            return None
        self._taken += 1
        opened = RelayedSocket.open(path, got)
        self._sockets.append(opened)
        return opened

    def _take(self) -> Association | ProxyError:
        self._want(1)
        try:
            return self._ready.get(timeout=ASSOCIATE_S)
        except Empty:
            return ProxyError(Failure.PROXY_FAILED)

    def ended(self, *, waiting: bool) -> str | None:
        """One flow that lost its association ends all: the proxy's trouble would look like the line's."""
        del waiting
        self._lost = self._lost or any(each.lost for each in self._sockets)
        return LOST if self._lost else None

    def overhead_bytes(self) -> int:
        """Headers of datagrams, and the associations' own connections."""
        return sum(each.overhead_bytes for each in self._sockets) + ASSOCIATION_BYTES * self._taken

    def close(self) -> None:
        """Ends the threads as soon as each has done what it is at."""
        self._closed.set()
        self._want(ASKING_COUNT)
        self._drain()

    def _drain(self) -> None:
        with suppress(Empty):
            while True:
                got = self._ready.get_nowait()
                if isinstance(got, Association):
                    got.close()


class TrialsOnly(Carrier):
    """No datagrams at all, for a proxy that carries none: the check ends when its TCP trials have."""

    def open(self, path: Path) -> FlowSocket | None:
        """None."""
        del path
        return None

    def ended(self, *, waiting: bool) -> str | None:
        """As soon as no trial is under way."""
        return None if waiting else NO_UDP
