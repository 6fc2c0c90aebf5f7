"""The control channel over real TLS: routes, limits, hostile HTTP, and who gets what."""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import h11
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reflector.core.support import HOME, make_core, tickets
from tests.support.reflector import RunningReflector, loopback_of, running_reflector
from voipwatch.model.measurement import PROTOCOL
from voipwatch.model.tickets import TicketBatch
from voipwatch.reflector import control
from voipwatch.reflector.control import Answer, Control

WAIT_S = 15.0


@pytest.fixture(scope="module")
def reflector() -> Iterator[RunningReflector]:
    with running_reflector(loopback_of(__name__)) as running:
        yield running


def speak(running: RunningReflector, sent: bytes) -> bytes:
    """Bytes over TLS, and all that comes back until the other side closes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((running.host, running.port), timeout=WAIT_S) as raw,
        context.wrap_socket(raw) as tls,
    ):
        tls.sendall(sent)
        answer = b""
        try:
            while more := tls.recv(65536):
                answer += more
        except (ssl.SSLError, ConnectionError):
            pass  # cut off: what came before counts
        return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def post(body: bytes) -> bytes:
    return b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_health(reflector: RunningReflector) -> None:
    answer = speak(reflector, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status_of(answer) == 200
    told = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])
    assert told["protocol"] == PROTOCOL
    assert b"connection: close" in answer.lower()


def test_tickets_by_hand(reflector: RunningReflector) -> None:
    answer = speak(reflector, post(b'{"protocol":1,"count":3}'))
    assert status_of(answer) == 200
    batch = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2], type=TicketBatch)
    assert len(batch.tickets) == 3
    assert batch.observed == "loopback"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post(b""), 400),
        (post(b"[]"), 400),
        (post(b'{"protocol":"one"}'), 400),
        (post(b'{"protocol":2,"count":1}'), 400),
        (post(b"\xff\xfe{"), 400),
        (post(b'{"protocol":1,"count":1' + b" " * 140_000 + b"}"), 413),
        (post(b'{"protocol":1,"count":1,"profile":"id = 7"}'), 400),
        (b"GET /v1/tickets HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"DELETE /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST /v1/sessions/1/log HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/sessions/1/log HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/sessions/999999/log HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/sessions/../log HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/sessions/1/log HTTP/1.1\r\nHost: x\r\nAuthorization: VW zz\r\n\r\n", 404),
        (b"GET /v1/sessions/1/log HTTP/1.1\r\nHost: x\r\nAuthorization: VW " + b"0" * 32 + b"\r\n\r\n", 404),
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host (RFC 9112 section 3.2)
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 100 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\na: " + b"b" * 40_000 + b"\r\n\r\n", 431),
    ],
)
def test_each_wrong_request_gets_its_status(
    reflector: RunningReflector, request_bytes: bytes, status: int
) -> None:
    answer = speak(reflector, request_bytes)
    assert status_of(answer) == status
    assert b"Traceback" not in answer


def test_a_hundred_continue_is_given(reflector: RunningReflector) -> None:
    body = b'{"protocol":1}'
    head = (
        b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    assert speak(reflector, head + body).count(b"HTTP/1.1 200") == 1


def test_plain_http_on_the_tls_port_gets_nothing(reflector: RunningReflector) -> None:
    with socket.create_connection((reflector.host, reflector.port), timeout=WAIT_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        try:
            while more := client.recv(4096):
                got += more
        except ConnectionError:
            pass
        assert not got.startswith(b"HTTP")


def test_after_all_this_it_still_answers(reflector: RunningReflector) -> None:
    assert status_of(speak(reflector, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")) == 200


# --- the exchange without sockets ---------------------------------------------------------------------


def exchange(sent: bytes) -> bytes:
    """`sent`, then the end of the stream; what the control channel writes."""

    async def talk() -> bytes:
        ours, theirs = socket.socketpair()
        with ours:
            ours.sendall(sent)
            ours.shutdown(socket.SHUT_WR)
            reader, writer = await asyncio.open_connection(sock=theirs)
            served = Control(make_core(), version="1", changed=lambda: None)
            await control.serve_connection(served, reader, writer, HOME[0])
            ours.setblocking(False)
            return await asyncio.get_running_loop().sock_recv(ours, 65_536)

    return asyncio.run(talk())


VALID = post(b'{"protocol":1,"count":1}')


@settings(max_examples=60)
@given(sent=st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: VALID[:60] + tail))
def test_any_bytes_get_one_whole_answer_or_none(sent: bytes) -> None:
    written = exchange(sent)
    assert written == b"" or written.startswith(b"HTTP/1.1 ")
    if written:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(written)
        head = client.next_event()
        assert isinstance(head, h11.Response)
        assert head.status_code >= 200


@pytest.mark.parametrize("cut", range(0, len(VALID), 3))
def test_truncated_requests_get_no_tickets(cut: int) -> None:
    written = exchange(VALID[:cut])
    assert b" 200 " not in written


def test_over_the_limit_is_429_with_a_time() -> None:
    async def ask() -> Answer:
        core = make_core()
        now = asyncio.get_running_loop().time()
        for n in range(40):
            tickets(core, 8, now=now + n / 1e6)
        served = Control(core, version="1", changed=lambda: None)
        request = h11.Request(method="POST", target="/v1/tickets", headers=[("host", "x")])
        return await served.answer(request, b'{"protocol":1,"count":1}', HOME[0])

    answer = asyncio.run(ask())
    assert answer.status == 429
    [(name, value)] = answer.headers
    assert name == "retry-after"
    assert 1 <= int(value) <= 3600
