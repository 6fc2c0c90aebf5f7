"""`--fleet https://…`: the list as it comes, the kept one where none comes, and a real server."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.doubles import Measured, Ran, Told, run_line
from tests.cli.test_fleetuse import listed
from tests.wire.test_fleet import FIRST, NOW_S, SECOND, public
from tests.wordpress.observatory import make_certificate
from voipwatch.cli import fleetuse, machinery
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.control import Exchange
from voipwatch.probe.settings import Collector
from voipwatch.wire.fleet import sign_fleet

URL = "https://lists.example/fleets/ma.json"


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleetuse, "wall_s", lambda: NOW_S)


class Way:
    """To a server that answers as told; what it was asked."""

    def __init__(self, *answers: Exchange | Failure) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int, str, str]] = []

    def to(self, collector: Collector) -> "Way | Failure":
        """Once a run."""
        self._place = collector
        answer = self.answers[0]
        return answer if isinstance(answer, Failure) else self

    def request(
        self, method: str, target: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Exchange:
        """The next answer."""
        assert (headers, body) == ((), b"")
        self.asked.append((self._place.host, self._place.port, method, target))
        answer = self.answers[0]
        assert isinstance(answer, Exchange)
        return answer


def check(
    folder: Path, url: str = URL, *, measured: Measured | None = None, more: tuple[str, ...] = ()
) -> Ran:
    return run_line(
        "check", "--fleet", url, "--fleet-key", public(FIRST), "--yes", "--app", "sip", *more,
        environment={"XDG_DATA_HOME": str(folder / "data")}, measure=measured or Measured(),
        judge=Told(),
    )  # fmt: skip


def given(content: bytes, status: int = 200) -> Exchange:
    return Exchange(status=status, body=content)


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    made = Way(given(sign_fleet(listed(serial=5), FIRST)))
    monkeypatch.setattr(machinery, "way_to", made.to)
    return made


def test_a_list_comes_by_its_address(tmp_path: Path, way: Way) -> None:
    measured = Measured()
    ran = check(tmp_path, measured=measured)
    assert ran.status == 0
    assert way.asked == [("lists.example", 443, "GET", "/fleets/ma.json")]
    (request,) = measured.requests
    assert len(request.reflectors + request.stand_ins) == 3
    assert "No list came" not in ran.err


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Failure.DNS_NXDOMAIN, "no such name"),
        (Exchange(failure=Failure.CONNECT_TIMEOUT), "no answer to the connection"),
        (Exchange(failure=Failure.TLS_FAILED, untrusted=True), "no trusted TLS connection"),
        (given(b"", 404), "it answered 404"),
        (given(b"<html>Access to this site is blocked", 200), "no list"),
    ],
    ids=["name", "silence", "certificate", "status", "page"],
)
def test_where_none_comes_the_last_one_that_was_believed_serves(
    tmp_path: Path, way: Way, answer: Exchange | Failure, says: str
) -> None:
    measured = Measured()
    assert check(tmp_path, measured=measured).status == 0
    way.answers = [answer]
    ran = check(tmp_path, measured=measured)
    assert ran.status == 0
    first, again = measured.requests
    assert (first.reflectors, first.stand_ins) == (again.reflectors, again.stand_ins)
    assert "No list came from lists.example" in ran.err
    assert says in ran.err
    empty = tmp_path / "empty"
    none = check(empty)
    assert none.status == 70
    assert "none is kept from before" in none.err
    assert says in none.err


def test_a_kept_list_that_has_expired_is_none(
    tmp_path: Path, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(tmp_path).status == 0
    way.answers = [Failure.DNS_NXDOMAIN]
    monkeypatch.setattr(fleetuse, "wall_s", lambda: NOW_S + 400 * 86_400)
    ran = check(tmp_path)
    assert ran.status == 64
    assert "has expired" in ran.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (sign_fleet(listed(serial=5), FIRST).replace(b"r3.example", b"r3.exampel"), "was altered"),
        (sign_fleet(listed(serial=4), FIRST), "older than the list"),
        (sign_fleet(listed(serial=6), SECOND), "neither you nor an earlier list"),
    ],
    ids=["altered", "older", "stranger"],
)
def test_a_list_that_is_not_to_be_believed_is_told_and_not_replaced_in_silence(
    tmp_path: Path, way: Way, content: bytes, says: str
) -> None:
    assert check(tmp_path).status == 0
    way.answers = [given(content)]
    ran = check(tmp_path)
    assert ran.status == 64
    assert says in " ".join(ran.err.split())


@pytest.mark.parametrize(
    "url",
    ["http://lists.example/a", "https://", "https://u:p@lists.example/a", "https://lists.example/a?b=c"],
)
def test_another_address_is_misuse(tmp_path: Path, way: Way, url: str) -> None:
    ran = check(tmp_path, url)
    assert ran.status == 64
    assert way.asked == []


def test_a_way_is_refused_before_anything_is_asked(tmp_path: Path, way: Way) -> None:
    ran = check(tmp_path, more=("--via", "wg0", "--yes-via"))
    assert ran.status == 64
    assert way.asked == []


@contextmanager
def https_server(folder: Path, content: bytes) -> Iterator[str]:
    """A real one on loopback, and its address; what vouches for it is FOLDER/observatory.pem."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/fleet.json" else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(make_certificate(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/fleet.json"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_real_server_that_an_authority_vouches_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured()
    with https_server(tmp_path, sign_fleet(listed(serial=7), FIRST)) as url:
        distrusted = check(tmp_path, url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "observatory.pem"))
        trusted = check(tmp_path, url, measured=measured)
    assert (distrusted.status, "No list came from 127.0.0.1" in distrusted.err) == (70, True)
    assert (trusted.status, len(measured.requests)) == (0, 1)
    gone = check(tmp_path, url, measured=measured)
    assert gone.status == 0
    assert "connection refused" in gone.err
    assert measured.requests[0].reflectors == measured.requests[1].reflectors
