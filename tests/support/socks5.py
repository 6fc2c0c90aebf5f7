"""A SOCKS 5 server by RFC 1928 and RFC 1929, in threads of the test: written apart from the client's code.

It can be told to be bad: to refuse UDP, to want a password, to die, to be silent.
"""

import ipaddress
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.waiting import ready_of

READ_BYTES = 65_535


@dataclass
class Manners:
    """How the server behaves; may be changed while it runs."""

    user: bytes | None = None
    password: bytes = b""
    udp_reply: int = 0
    """REP of a UDP ASSOCIATE; 0 grants it."""
    connect_reply: int = 0
    relay_host: str | None = None
    """BND.ADDR of an association in place of the true one."""
    swallow_udp: bool = False
    greeting: bytes | None = None
    """Said in place of the method, then closed."""
    associations_max: int = 10_000


@dataclass
class Socks5Server:
    """A running server, and what it has seen."""

    host: str
    port: int
    manners: Manners
    listener: socket.socket
    open_sockets: set[socket.socket] = field(default_factory=set)
    associations: int = 0
    datagrams_up: int = 0
    datagrams_down: int = 0
    connects: list[tuple[str, int]] = field(default_factory=list)
    fragments: int = 0
    ending: bool = False

    def serve(self) -> None:
        while not self.ending:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.open_sockets.add(client)
            threading.Thread(target=self._client, args=(client,), daemon=True).start()

    def die(self) -> None:
        """Every connection is gone at once, and nobody listens."""
        self.ending = True
        for each in [self.listener, *list(self.open_sockets)]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _client(self, client: socket.socket) -> None:
        with (
            suppress(OSError, EOFError, struct.error, ValueError),
            client,
        ):  # closed
            if self._welcome(client):
                self._request(client)
        self.open_sockets.discard(client)

    def _welcome(self, client: socket.socket) -> bool:
        version, count = exactly(client, 2)
        methods = exactly(client, count)
        assert version == 5
        if self.manners.greeting is not None:
            client.sendall(self.manners.greeting)
            return False
        wanted = 0 if self.manners.user is None else 2
        if wanted not in methods:
            client.sendall(b"\x05\xff")
            return False
        client.sendall(bytes([5, wanted]))
        if wanted == 0:
            return True
        assert exactly(client, 1) == b"\x01"
        user = exactly(client, exactly(client, 1)[0])
        password = exactly(client, exactly(client, 1)[0])
        right = (user, password) == (self.manners.user, self.manners.password)
        client.sendall(b"\x01\x00" if right else b"\x01\x01")
        return right

    def _request(self, client: socket.socket) -> None:
        version, command, reserved, kind = exactly(client, 4)
        assert (version, reserved) == (5, 0)
        host = self._host(client, kind)
        (port,) = struct.unpack("!H", exactly(client, 2))
        if command == 1:
            self._connect(client, host, port)
        elif command == 3:
            self._associate(client)
        else:
            client.sendall(reply(7))

    @staticmethod
    def _host(client: socket.socket, kind: int) -> str:
        if kind == 3:
            return exactly(client, exactly(client, 1)[0]).decode()
        return str(ipaddress.ip_address(exactly(client, {1: 4, 4: 16}[kind])))

    def _connect(self, client: socket.socket, host: str, port: int) -> None:
        self.connects.append((host, port))
        if self.manners.connect_reply:
            client.sendall(reply(self.manners.connect_reply))
            return
        try:
            far = socket.create_connection((host, port), 5)
        except ConnectionRefusedError:
            client.sendall(reply(5))
            return
        except OSError:
            client.sendall(reply(4))
            return
        self.open_sockets.add(far)
        with far:
            client.sendall(reply(0, *far.getsockname()[:2]))
            ends = {client: far, far: client}
            while True:
                for end in ready_of([client, far]):
                    data = end.recv(READ_BYTES)
                    if not data:
                        return
                    ends[end].sendall(data)

    def _associate(self, client: socket.socket) -> None:
        self.associations += 1
        if self.manners.udp_reply or self.associations > self.manners.associations_max:
            client.sendall(reply(self.manners.udp_reply or 1))
            return
        near = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
        near.bind((self.host, 0))
        fars: dict[int, socket.socket] = {}
        with near:
            port = near.getsockname()[1]
            client.sendall(reply(0, self.manners.relay_host or self.host, port))
            try:
                self._relay(client, near, fars)
            finally:
                for far in fars.values():
                    far.close()

    def _relay(self, client: socket.socket, near: socket.socket, fars: dict[int, socket.socket]) -> None:
        back: tuple[str, int] = ("", 0)
        while True:
            for end in ready_of([client, near, *fars.values()]):
                if end is client:
                    if not client.recv(READ_BYTES):
                        return
                elif end is near:
                    data, back = near.recvfrom(READ_BYTES)
                    self._up(data, fars)
                else:
                    data, source = end.recvfrom(READ_BYTES)
                    self.datagrams_down += 1
                    near.sendto(b"\0\0\0" + address(source[0], source[1]) + data, back)

    def _up(self, data: bytes, fars: dict[int, socket.socket]) -> None:
        if data[:2] != b"\0\0" or data[2]:
            self.fragments += 1
            return
        size = {1: 4, 4: 16}[data[3]]
        ip = ipaddress.ip_address(data[4 : 4 + size])
        (port,) = struct.unpack("!H", data[4 + size : 6 + size])
        self.datagrams_up += 1
        if self.manners.swallow_udp:
            return
        if ip.version not in fars:
            family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
            fars[ip.version] = socket.socket(family, socket.SOCK_DGRAM)
        with suppress(OSError):
            fars[ip.version].sendto(data[6 + size :], (str(ip), port))


def exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def address(host: str, port: int) -> bytes:
    ip = ipaddress.ip_address(host)
    return bytes([1 if ip.version == 4 else 4]) + ip.packed + struct.pack("!H", port)


def reply(code: int, host: str = "0.0.0.0", port: int = 0) -> bytes:
    return bytes([5, code, 0]) + address(host, port)


@contextmanager
def socks5_server(host: str = "127.0.0.1", manners: Manners | None = None) -> Iterator[Socks5Server]:
    """Serve until the end of the block."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((host, 0))
    listener.listen(64)
    server = Socks5Server(host, listener.getsockname()[1], manners or Manners(), listener)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.die()
        thread.join(10)
