"""A server on loopback that answers as a service documents, or otherwise; what it was asked is kept."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "EAAB-secret-key-0123456789"


class Reply:
    """One answer."""

    def __init__(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = headers or {}


class Served:
    """A running server."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Path and headers (lower case) of each request."""


@contextmanager
def service(answer: Callable[[str, dict[str, str]], Reply]) -> Iterator[Served]:
    """Answers every GET by a function of its path and headers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append((self.path, headers))
            reply = answer(self.path, headers)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Served(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw(*pieces: bytes, stay: bool = False) -> Iterator[str]:
    """A server that sends these bytes to whoever connects, then hangs up, or stays and says nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def run() -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(ConnectionError):  # who asked may hang up before all was sent
            connection.recv(65_536)
            for piece in pieces:
                connection.sendall(piece)
            if stay:
                over.wait(30)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


LIES: tuple[Any, ...] = (
    b"<!DOCTYPE html><html>Log in</html>", b"", b"[]", b"null", b"{", b'{"a": 1}', b"\xff\xfe",
)  # fmt: skip
"""Bodies that no service documents."""
COUNT_LIES: tuple[Any, ...] = (-5, "123", 1.5, True, None, {}, 10**12)
"""Counts that none can be, where a number is documented."""
