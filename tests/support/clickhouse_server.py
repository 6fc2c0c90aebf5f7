"""A ClickHouse server for tests where none is installed: chDB's engine behind an HTTP front of our own.

`python -m tests.support.clickhouse_server FOLDER` prints its port and serves 127.0.0.1 until it is ended.
Real in it: the engine, its SQL, its tables, formats, settings, errors. Ours: the HTTP front, written
after ClickHouse's documentation of its HTTP interface and after what clickhouse-connect sends. So it
shows that the path by URL holds together with the engine's own behaviour; it cannot show what only a real
server does (users and quotas, replicas, progress headers, its own HTTP errors).

With `--cluster` it is the one shard of a cluster of that name. Real in it: Distributed, `cluster()`, the
settings. Ours: there is no Keeper, so that ON CLUSTER is left out and Replicated tables are plain ones.

What it does as the server does: `query` of the URL and the body are one statement; `param_*` are bound by
the engine; other parameters are settings, unknown ones an error; a session runs one statement at a time
(373); GET only reads; errors are 500 (403 for a wrong password, 516) with `X-ClickHouse-Exception-Code`
and the engine's text.
"""

import base64
import gzip
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import chdb
import zstandard

USER, PASSWORD = "voipwatch", "s3cret:@/ ä"
HTTP_OWN = frozenset(
    {
        "query", "database", "user", "password", "session_id", "session_timeout", "session_check", "query_id",
        "quota_key", "role", "buffer_size", "compress", "decompress", "wait_end_of_query", "default_format",
        "client_protocol_version", "enable_http_compression", "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
    }
)  # fmt: skip
"""Parameters that ClickHouse's HTTP handler keeps to itself: no settings of the engine."""
_INSERT = re.compile(r"(INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class RefusedError(Exception):
    """An answer with a code of ClickHouse's (system.errors)."""

    def __init__(self, code: int, name: str, text: str, status: int = 500) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {text}. ({name})")
        self.code = code
        self.status = status


@dataclass
class Request:
    """One statement and what came with it."""

    sql: str
    data: bytes
    parameters: dict[str, str]
    only_reads: bool


@dataclass
class Front:
    """What all requests share."""

    folder: Path
    config: str = ""
    """The engine's configuration file; empty: none."""
    engine: threading.Lock = field(default_factory=threading.Lock)
    sessions: set[str] = field(default_factory=set)
    sessions_lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def place(self) -> str:
        """As the driver wants it."""
        return f"{self.folder}?config-file={self.config}" if self.config else str(self.folder)

    def run(self, request: Request) -> tuple[bytes, str]:
        """The answer and its format. Raises RefusedError, and RuntimeError with the engine's words."""
        session = request.parameters.get("session_id", "")
        with self.sessions_lock:
            if session and session in self.sessions:
                raise RefusedError(
                    373, "SESSION_IS_LOCKED", f"Session {session} is locked by a concurrent client"
                )
            self.sessions.add(session)
        try:
            with self.engine:
                return self._answer(request)
        finally:
            with self.sessions_lock:
                self.sessions.discard(session)

    def _answer(self, request: Request) -> tuple[bytes, str]:
        connection = chdb.connect(self.place)
        try:
            database = request.parameters.get("database", "default")
            if not _NAME.fullmatch(database):
                raise RefusedError(81, "UNKNOWN_DATABASE", f"Database {database} does not exist")
            connection.query(f"USE {database}", "TabSeparated")
            settings = {
                name: value
                for name, value in request.parameters.items()
                if name not in HTTP_OWN and not name.startswith("param_")
            }
            if request.only_reads:
                settings["readonly"] = "1"
            if settings:
                connection.query(f"SET {', '.join(_assigned(settings))}", "TabSeparated")
            if request.data:
                return self._insert(connection, request), "TabSeparated"
            bound = {n.removeprefix("param_"): v for n, v in request.parameters.items() if n[:6] == "param_"}
            found = re.search(r"\bFORMAT\s+(\w+)\s*;?\s*$", request.sql, re.IGNORECASE)
            kind = found[1] if found else request.parameters.get("default_format", "TabSeparated")
            sql = without_keeper(request.sql) if self.config else request.sql
            return connection.query(sql, kind, params=bound).bytes(), kind
        finally:
            connection.close()

    def _insert(self, connection: Any, request: Request) -> bytes:
        found = _INSERT.fullmatch(request.sql.strip())
        if found is None:
            raise RefusedError(62, "SYNTAX_ERROR", "data after something that is no INSERT ... FORMAT")
        descriptor, name = tempfile.mkstemp(dir=self.folder.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(request.data)
            connection.query(f"{found[1]} FROM INFILE '{name}' FORMAT {found[2]}", "TabSeparated")
        finally:
            Path(name).unlink()
        return b""


def _assigned(settings: dict[str, str]) -> Iterator[str]:
    for name in sorted(settings, key="readonly".__eq__):  # once it only reads it takes no other
        if not _NAME.fullmatch(name):
            raise RefusedError(115, "UNKNOWN_SETTING", f"Unknown setting {name!r}")
        value = settings[name].replace("\\", "\\\\").replace("'", "\\'")
        yield f"{name} = '{value}'"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as the server does: else head and body of an answer are 40 ms apart
    front: Front

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        if target.path in {"/ping", "/"} and not target.query:
            self._send(200, b"Ok.\n", {})
        else:
            self._statement(only_reads=True)

    def do_POST(self) -> None:
        self._statement(only_reads=False)

    def _statement(self, *, only_reads: bool) -> None:
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True, strict_parsing=False))
        said = {"X-ClickHouse-Query-Id": parameters.get("query_id") or secrets.token_hex(16)}
        try:
            body = self._body(parameters)
            self._authenticate(parameters)
            answer, kind = self.front.run(_request(parameters, body, only_reads=only_reads))
        except RefusedError as error:
            self._send(error.status, f"{error}\n".encode(), {"X-ClickHouse-Exception-Code": str(error.code)})
        except RuntimeError as error:
            text = str(error)
            code = re.search(r"Code: (\d+)", text)
            said["X-ClickHouse-Exception-Code"] = code[1] if code else "1002"
            self._send(500, text.encode(), said)
        else:
            summary = '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0"}'
            said |= {
                "X-ClickHouse-Format": kind,
                "X-ClickHouse-Timezone": "UTC",
                "X-ClickHouse-Summary": summary,
            }
            if not answer:
                del said["X-ClickHouse-Format"]
            self._send(200, answer, said)

    def _body(self, parameters: dict[str, str]) -> bytes:
        body = self._raw()
        encoding = self.headers.get("content-encoding", "identity")
        if encoding == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        elif encoding == "gzip":
            body = gzip.decompress(body)
        elif encoding != "identity":
            raise RefusedError(432, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method: {encoding}")
        kind = self.headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return body
        form = message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
        for part in form.get_payload():
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]  # the same
            parameters[str(name)] = part.get_payload(decode=True).decode()  # type: ignore[union-attr]  # the same
        return b""

    def _raw(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", "0")))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _authenticate(self, parameters: dict[str, str]) -> None:
        user, password = parameters.get("user", "default"), parameters.get("password", "")
        basic = self.headers.get("authorization", "")
        if basic.startswith("Basic "):
            user, _, password = base64.b64decode(basic[6:]).decode().partition(":")
        user = self.headers.get("x-clickhouse-user", user)
        password = self.headers.get("x-clickhouse-key", password)
        if (user, password) != (USER, PASSWORD):
            text = f"{user}: Authentication failed: password is incorrect, or there is no user with such name"
            raise RefusedError(516, "AUTHENTICATION_FAILED", text, 403)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-ClickHouse-Server-Display-Name", "voipwatch's tests")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _request(parameters: dict[str, str], body: bytes, *, only_reads: bool) -> Request:
    """What is the statement and what its data: the URL's part, then the body's."""
    start = parameters.get("query", "")
    if start and _INSERT.fullmatch(start.strip()) and body:
        return Request(start, body, parameters, only_reads)
    if not start:
        head = re.match(rb"\s*(INSERT\s+INTO\s[^\n]*?\sFORMAT\s+\w+)\s*\n", body, re.IGNORECASE)
        if head:
            return Request(head[1].decode(), body[head.end() :], parameters, only_reads)
    sql = f"{start}\n{body.decode()}" if start and body else start or body.decode()
    if not sql.strip():
        raise RefusedError(62, "SYNTAX_ERROR", "Empty query")
    return Request(sql, b"", parameters, only_reads)


def without_keeper(statement: str) -> str:
    """The same on one engine: nobody is asked over there, nothing is replicated.

    In the process, nobody drops tables in the background, and DROP … SYNC would wait for that for ever.
    """
    statement = re.sub(r"^(DROP TABLE .*) SYNC$", r"\1", statement)
    statement = re.sub(r" ON CLUSTER `[^`]*`", "", statement)
    statement = re.sub(r"Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, )?", r"\1(", statement)
    return statement.replace(" replicated_dedup", " non_replicated_dedup")


CLUSTER = """<clickhouse><tcp_port>9000</tcp_port><remote_servers><{name}><shard><replica>
<host>127.0.0.1</host><port>9000</port>
</replica></shard></{name}></remote_servers></clickhouse>
"""
"""One shard, which the engine knows for itself by the port; nobody listens there."""


def main() -> None:
    """Serve until ended."""
    folder, port, cluster = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    config = folder.with_suffix(".xml") if cluster else None
    if config is not None:
        config.write_text(CLUSTER.format(name=cluster))
    Handler.front = Front(folder, str(config or ""))
    keeps_it_open = chdb.connect(Handler.front.place)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
    keeps_it_open.close()


@dataclass
class RunningServer:
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    port: int
    cluster: str = ""

    def url(self, database: str = "voipwatch", *, user: str = USER, password: str = PASSWORD) -> str:
        """As a person writes it."""
        asked = f"?cluster={self.cluster}" if self.cluster else ""
        secret = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"http://{secret}@127.0.0.1:{self.port}/{database}{asked}"


@contextmanager
def clickhouse_server(folder: Path, *, port: int = 0, cluster: str = "") -> Iterator[RunningServer]:
    """Serve an engine's folder until the end of the block."""
    here = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.clickhouse_server", str(folder), str(port), cluster],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=here,
        env=os.environ | {"PYTHONPATH": f"{here}/src:{here}"},
    )
    assert process.stdout is not None
    try:
        yield RunningServer(process, int(process.stdout.readline()), cluster)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    main()
