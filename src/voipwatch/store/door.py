"""The owner's door: a Unix-domain socket through which other processes of the same user read a store.

A request is 4 bytes of length and JSON `{"sql", "parameters"}`; the answer is one byte, 8 bytes of length
and a body: `A` an Arrow stream, `E` JSON `{"reason", "detail"}`. Integers are big-endian. One connection
asks any number of questions. The owner runs them on a handle that cannot write.
"""

import contextlib
import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from voipwatch.store.engine import Engine, Parameters
from voipwatch.store.errors import StoreError

SOCKET: Final = "owner.sock"
REQUEST_MAX: Final = 1 << 20
"""Bytes; SQL of people, and parameters."""
ANSWER_TIMEOUT_S: Final = 300.0

_LENGTH: Final = struct.Struct(">I")
_HEAD: Final = struct.Struct(">cQ")


class Door:
    """Serves `engine`'s reading side from threads of its own until `close`."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """Open it. An old socket is removed: who calls this holds the lock."""
        path = folder / SOCKET
        path.unlink(missing_ok=True)
        with _short(path) as address:
            before = os.umask(0o177)
            try:
                self._server = _Server(address, _Visit)
            finally:
                os.umask(before)
        self._server.engine = engine
        self._path = path
        self._thread = threading.Thread(target=self._server.serve_forever, name="store-door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more visitors. Those inside get the answer they wait for, and are shown out."""
        self._server.shutdown()
        self._thread.join()
        self._server.show_out()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class Visitor:
    """An `Engine` that reads through another process's door."""

    writable = False
    cluster = ""

    def __init__(self, folder: Path) -> None:
        """Connect. Raises OSError where nobody serves."""
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_TIMEOUT_S)
        try:
            with _short(folder / SOCKET) as address:
                self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `Engine.select`."""
        request = json.dumps({"sql": sql, "parameters": dict(parameters or {})}).encode()
        if len(request) > REQUEST_MAX:
            raise StoreError("query", f"{len(request)} bytes of request, {REQUEST_MAX} at most")
        try:
            with self._lock:
                self._socket.sendall(_LENGTH.pack(len(request)) + request)
                kind, length = _HEAD.unpack(_exactly(self._socket, _HEAD.size))
                body = _exactly(self._socket, length)
        except OSError as error:
            raise StoreError("unreachable", f"the store's owner went away ({error})") from error
        if kind == b"E":
            told = json.loads(body)
            raise StoreError(told["reason"], told["detail"])
        return pa.ipc.open_stream(body).read_all()

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """Raises StoreError `read-only`."""
        raise StoreError("read-only", f"{sql.split(maxsplit=1)[0]} with {len(parameters or {})} parameters")

    def insert(self, table: str, rows: pa.Table, token: str = "") -> None:
        """Raises StoreError `read-only`."""
        raise StoreError("read-only", f"{rows.num_rows} rows for {table} {token}".strip())

    def export_native(self, sql: str, parameters: Parameters | None = None) -> bytes:  # noqa: ARG002 -- as declared
        """The door gives Arrow only. Raises StoreError."""
        raise StoreError("read-only", "another process owns the store: aggregate states are not handed out")

    def insert_native(self, table: str, blocks: bytes) -> None:
        """Raise StoreError: visitors write nothing."""
        raise StoreError("read-only", f"{len(blocks)} bytes for {table}")

    def close(self) -> None:
        """Leave."""
        self._socket.close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = False
    block_on_close = True
    engine: Engine

    def __init__(self, address: str, visit: type[socketserver.BaseRequestHandler]) -> None:
        self.inside: set[socket.socket] = set()
        super().__init__(address, visit)

    def show_out(self) -> None:
        """End every visit once its present question is answered."""
        for stream in list(self.inside):
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RD)


class _Visit(socketserver.BaseRequestHandler):
    server: _Server

    def setup(self) -> None:
        self.server.inside.add(self.request)

    def finish(self) -> None:
        self.server.inside.discard(self.request)

    def handle(self) -> None:
        # A visitor that goes away in the middle is nobody's loss.
        with contextlib.suppress(OSError):
            while True:
                (length,) = _LENGTH.unpack(_exactly(self.request, _LENGTH.size))
                if length > REQUEST_MAX:
                    return
                kind, body = self._answer(_exactly(self.request, length))
                self.request.sendall(_HEAD.pack(kind, len(body)) + body)

    def _answer(self, request: bytes) -> tuple[bytes, bytes]:
        try:
            asked = json.loads(request)
            table = self.server.engine.select(asked["sql"], asked["parameters"])
        except StoreError as error:
            return b"E", json.dumps({"reason": error.reason, "detail": error.detail}).encode()
        except (ValueError, KeyError, TypeError) as error:
            return b"E", json.dumps({"reason": "query", "detail": f"not a request: {error}"}).encode()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return b"A", sink.getvalue().to_pybytes()


def _exactly(stream: socket.socket, count: int) -> bytes:
    """`count` bytes. Raises ConnectionError at the end of the stream."""
    parts = bytearray()
    while len(parts) < count:
        piece = stream.recv(min(count - len(parts), 1 << 20))
        if not piece:
            raise ConnectionError("the other side closed the connection")
        parts += piece
    return bytes(parts)


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """An address of the socket that fits into 107 bytes however deep the folder lies (unix(7))."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
