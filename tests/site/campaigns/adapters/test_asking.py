"""One GET: whole answers, and every way in which there is none."""

import socket
import ssl
from itertools import count

import pytest

from tests.support.services import KEY, Reply, raw, service
from voipwatch.site.campaigns.adapters.answers import Answer, Unfetched, Why
from voipwatch.site.campaigns.adapters.asking import BODY_MAX_BYTES, AddressError, ask, require_address
from voipwatch.site.campaigns.adapters.keys import Key

OK = b"HTTP/1.1 200 OK\r\n"


def why(url: str, **options: float) -> Why:
    found = ask(url, {}, **options)  # type: ignore[arg-type]  # one option, a number
    assert isinstance(found, Unfetched)
    return found.why


def test_an_answer_with_its_headers_and_what_was_sent() -> None:
    with service(lambda path, headers: Reply({"a": 1}, headers={"X-Two": "2"})) as served:
        found = ask(f"{served.home}/v1/page?fields=a,b", Key(KEY).bearer())
    assert isinstance(found, Answer)
    assert (found.status, found.body, found.headers["x-two"]) == (200, b'{"a": 1}', "2")
    ((path, headers),) = served.asked
    assert path == "/v1/page?fields=a,b"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["user-agent"] == "voipwatch"
    assert "cookie" not in headers


def test_a_status_is_an_answer_and_a_redirect_is_not_followed() -> None:
    with service(lambda path, headers: Reply(b"", 302, {"Location": "http://127.0.0.1:1/"})) as served:
        found = ask(served.home, {})
    assert isinstance(found, Answer)
    assert found.status == 302
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ((), Why.CLOSED),
        ((OK,), Why.CLOSED),
        ((OK + b"Content-Length: 10\r\n\r\nabc",), Why.CLOSED),
        ((OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",), Why.CLOSED),
        ((b"SSH-2.0-OpenSSH_9\r\n\r\n",), Why.NOT_HTTP),
        ((b"\x16\x03\x01\x00\xff" * 50 + b"\r\n\r\n",), Why.NOT_HTTP),
        ((OK + b"a: b\r\n" * 20_000,), Why.NOT_HTTP),
        ((OK + b"Content-Length: -1\r\n\r\n",), Why.NOT_HTTP),
    ],
)
def test_what_is_no_answer(pieces: tuple[bytes, ...], wanted: Why) -> None:
    with raw(*pieces) as url:
        assert why(url) in {wanted, Why.UNREACHABLE if pieces and len(pieces[0]) > 60_000 else wanted}


def test_an_answer_until_the_end_of_the_connection() -> None:
    with raw(OK + b"\r\n{}") as url:
        found = ask(url, {})
    assert isinstance(found, Answer)
    assert found.body == b"{}"


def test_an_answer_that_does_not_end() -> None:
    with service(lambda path, headers: Reply(b"x" * (BODY_MAX_BYTES + 1))) as served:
        assert why(served.home) is Why.TOO_LONG


def test_silence_and_drops_have_one_deadline_together() -> None:
    with raw(OK, stay=True) as url:
        assert why(url, deadline_s=0.2) is Why.TIMEOUT
    ticks = count()
    with raw(OK + b"Content-Length: 9\r\n\r\n", b"a", b"b", stay=True) as url:
        found = ask(url, {}, deadline_s=2.5, clock=lambda: float(next(ticks)))
    assert isinstance(found, Unfetched)
    assert found.why is Why.TIMEOUT


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert why(f"http://127.0.0.1:{port}") is Why.UNREACHABLE
    assert why("https://no-such-host.invalid") is Why.UNREACHABLE


def test_no_tls_where_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw(OK + b"\r\n") as url:
        assert why(url.replace("http://127.0.0.1", "https://localhost")) in {Why.TLS, Why.UNREACHABLE}

    def refuse(*_: object, **__: object) -> ssl.SSLSocket:
        raise ssl.SSLCertVerificationError("self-signed")

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    with raw() as url:
        assert why(url.replace("http:", "https:")) is Why.TLS


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.facebook.com", "ftp://127.0.0.1", "graph.facebook.com", "https://", "http://10.0.0.1",
        "https://user:pass@example.org", "https://example.org?key=1", "https://exämple.org",
        "http://127.0.0.1:99999", "https://[::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_asked(url: str) -> None:
    with pytest.raises(AddressError):
        require_address(url)


def test_addresses_that_are() -> None:
    assert require_address("https://graph.facebook.com/") == "https://graph.facebook.com"
    for url in ("http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:1/proxy"):
        assert require_address(url) == url
    with pytest.raises(AddressError):
        ask("http://example.org/x", {})
