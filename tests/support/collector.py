"""A small collector over TLS for the probe's tests: it keeps what it acknowledges, or misbehaves as told."""

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.model.submission import RECEIPT_SCHEMA, Receipt
from voipwatch.reflector.certificate import make_certificate

CERTIFICATE = make_certificate(datetime.now(tz=UTC))


@dataclass
class Books:
    """What the collector knows; without a socket it answers `take` itself."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    kept: dict[str, bytes] = field(default_factory=dict)
    """By report id."""
    takes: int = 0
    """Submissions that came, duplicates too."""
    enrolled: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    stop: dict[str, str] | None = None
    requests: list[str] = field(default_factory=list)
    interfere: Callable[[str], tuple[int, dict[str, str], bytes] | None] = lambda _: None
    """An answer to `METHOD /path` instead of the honest one."""

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def signed_stop(self) -> dict[str, str] | None:
        """The stop as it stands in an answer."""
        if self.stop is None:
            return None
        document = {"schema": "voipwatch.stop/1", "collector": self.public, **self.stop}
        signed = document["schema"].encode() + b"\0" + msgspec.json.encode(document, order="sorted")
        return {"signature": self.key.sign(signed).hex(), **document}

    def receipt(self, body: bytes, report_id: str) -> Receipt:
        bare = Receipt(report_id, sha256(body).hexdigest(), "2026-11-05T12:00:00Z", self.public)
        document = msgspec.to_builtins(bare)
        del document["signature"]
        signed = RECEIPT_SCHEMA.encode() + b"\0" + msgspec.json.encode(document, order="sorted")
        return msgspec.structs.replace(bare, signature=self.key.sign(signed).hex())

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(f"{method} {path}")
        odd = self.interfere(f"{method} {path}")
        if odd is not None:
            return odd
        if path.endswith("/api/v1/enrolments"):
            asked = msgspec.json.decode(body)
            self.enrolled.append((asked["pseudonym"], asked["month"]))
            return self._json(200, {**asked, "token": sha256(body).hexdigest()})
        if method == "DELETE":
            return self._delete(path.rpartition("/")[2], msgspec.json.decode(body)["deletion_key"])
        return self._take(body)

    def _take(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.takes += 1
        document = msgspec.json.decode(body)
        report_id = report_id_of(document)
        status = "duplicate" if report_id in self.kept else "accepted"
        first = self.kept.setdefault(report_id, body)
        row = {"status": status, "receipt": self.receipt(first, report_id), "field": None, "reason": None}
        code = 201 if status == "accepted" else 200
        return self._json(
            code, {"schema": "voipwatch.answer/1", "results": [row], "stop": self.signed_stop()}
        )

    def _delete(self, report_id: str, key: str) -> tuple[int, dict[str, str], bytes]:
        kept = self.kept.get(report_id)
        if kept is None:
            return self._json(404, {"error": "unknown"})
        wanted = msgspec.json.decode(kept)["probe"]["deletion_hash"]
        if sha256(bytes.fromhex(key)).hexdigest() != wanted:
            return self._json(403, {"error": "key"})
        self.deleted.append(report_id)
        return self._json(200, {"deleted": True})

    @staticmethod
    def _json(status: int, document: Any) -> tuple[int, dict[str, str], bytes]:
        return status, {"content-type": "application/json"}, msgspec.json.encode(document)


def report_id_of(document: Any) -> str:
    """From the signed sessions in a submission, however it is wrapped."""
    logs = [facts["log"] for facts in document["report"]["measurement"]["reflectors"] if facts["log"]]
    return sha256(msgspec.json.encode(logs)).hexdigest()[:32]


@dataclass
class RunningCollector:
    """Where it listens."""

    books: Books
    port: int
    pin: str

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@contextmanager
def running_collector(books: Books | None = None) -> Iterator[RunningCollector]:
    """Serve on a free port of loopback until the end of the block."""
    known = books or Books()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            path = re.sub(r"\?.*", "", self.path)
            status, headers, answer = known.answer(self.command, path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_DELETE = do_GET = _any  # noqa: N815 -- the library's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that left is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = CERTIFICATE.context().wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield RunningCollector(known, server.server_address[1], CERTIFICATE.pin)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
