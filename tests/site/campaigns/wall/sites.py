"""Sites of supporters on this machine: names and addresses of the internet, answered on loopback."""

import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.support.services import Served
from voipwatch.site.campaigns.wall.fetching import Doors

WATCH = "https://watch.example"
PUBLIC_ADDRESS = "198.41.0.4"
MARK = "AbCdEfGhIjKlMnOpQrSt_-"
META = f'<meta name="voipwatch-supporter" content="{MARK}">'
PICTURE = f'<img src="{WATCH}/counter/fr/MA.svg" alt="x">'
HTML = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Type": "text/plain"}


class Tried(NamedTuple):
    """One connection."""

    address: str
    port: int


class Net:
    """Doors onto loopback: whatever address is let through, `port` of this machine answers.

    The addresses themselves are judged as ever: nothing here makes a private one pass.
    """

    def __init__(
        self, port: int, names: dict[str, Sequence[str]] | Callable[[str], Sequence[str]] | None = None
    ) -> None:
        self.port = port
        self.names = names
        self.asked: list[str] = []
        self.tried: list[Tried] = []
        self.secured: list[str] = []

    @property
    def doors(self) -> Doors:
        return Doors(resolve=self._resolve, connect=self._connect, secure=self._secure)

    def _resolve(self, name: str, left_s: float) -> Sequence[str]:
        assert left_s > 0
        self.asked.append(name)
        if callable(self.names):
            return self.names(name)
        if self.names is None:
            return [PUBLIC_ADDRESS]
        if name not in self.names:
            raise OSError("NXDOMAIN")
        return self.names[name]

    def _connect(self, address: str, port: int, left_s: float) -> socket.socket:
        self.tried.append(Tried(address, port))
        return socket.create_connection(("127.0.0.1", self.port), timeout=left_s)

    def _secure(self, sock: socket.socket, name: str) -> socket.socket:
        self.secured.append(name)
        return sock  # the servers of the tests speak plainly; `test_fetching` has TLS of its own


def net_of(served: Served, names: dict[str, Sequence[str]] | None = None) -> Net:
    """Of a `tests.support.services.service`."""
    return Net(int(served.home.rpartition(":")[2]), names)
