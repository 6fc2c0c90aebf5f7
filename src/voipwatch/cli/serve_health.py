"""Health of one `voipwatch serve`, for whoever sends it work: `/live` and `/ready` over plain HTTP.

A proxy in front asks `/ready` and sends nobody here while the answer is 503: while a part starts or has died,
and from the moment that the process is told to stop, before it stops.
"""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from typing import Final

import msgspec

LIVE: Final = "/live"
READY: Final = "/ready"
REQUEST_S: Final = 5.0
"""For one question: an answer is a line."""


class Health(msgspec.Struct, frozen=True):
    """What is answered; 200 where `ready`, else 503."""

    ready: bool
    draining: bool
    parts: Mapping[str, str]
    """Role -> ready, starting, or the word of its store."""


class HealthServer:
    """Answers until `close`, from threads of its own: a busy loop does not look like a dead process.

    `state` is called from them, and only reads. Raises OSError where the port cannot be had.
    """

    def __init__(self, bind: str, port: int, state: Callable[[], Health]) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = REQUEST_S

            def do_GET(self) -> None:
                health = state()
                known = self.path in {LIVE, READY}
                content = msgspec.json.encode(health) if known else b'{"error":"/live, /ready"}'
                status = 404 if not known else 200 if health.ready or self.path == LIVE else 503
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
                """Nobody who asks is written down."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            address_family = AF_INET6 if ":" in bind else ThreadingHTTPServer.address_family

            def handle_error(self, request: object, client_address: object) -> None:
                """Who goes away before the answer is nobody's trouble."""

        self._server = Server((bind, port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True, name="health").start()

    def close(self) -> None:
        """No answers any more."""
        self._server.shutdown()
        self._server.server_close()
