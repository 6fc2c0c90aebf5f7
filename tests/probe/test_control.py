"""The probe's half of the control channel: the pin comes first, and every lie is a failure."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reflector import RunningReflector, loopback_of, running_reflector
from voipwatch.apps.targets import Target
from voipwatch.experiment.events import CanaryView
from voipwatch.model.tickets import ReflectorOffer, Ticket, TicketBatch
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import control
from voipwatch.probe.control import (
    Channel,
    Exchange,
    Trust,
    request_log,
    request_reach,
    request_tickets,
)
from voipwatch.probe.path import Path
from voipwatch.reflector.certificate import make_certificate

WAIT_S = 10.0
CERTIFICATE = make_certificate(datetime.now(tz=UTC))


@pytest.fixture(scope="module")
def reflector() -> Iterator[RunningReflector]:
    with running_reflector(loopback_of(__name__)) as running:
        yield running


def channel(running: RunningReflector, trust: Trust) -> Channel:
    return Channel(Path(running.host), running.host, running.port, trust)


def test_the_right_pin_gets_tickets_and_the_cost_is_counted(reflector: RunningReflector) -> None:
    answer = request_tickets(channel(reflector, Trust(pin=reflector.pin.upper())), 2)
    assert answer.failure is None
    assert answer.batch is not None
    assert len(answer.batch.tickets) == 2
    assert 2_000 < answer.cost_bytes < 10_000


def test_insecure_takes_any_certificate(reflector: RunningReflector) -> None:
    assert request_tickets(channel(reflector, Trust(insecure=True)), 1).batch is not None


def test_without_a_pin_a_self_signed_certificate_is_no_good(reflector: RunningReflector) -> None:
    answer = request_tickets(channel(reflector, Trust()), 1)
    assert (answer.batch, answer.failure, answer.untrusted) == (None, Failure.TLS_FAILED, True)


def test_an_unknown_session_is_refused(reflector: RunningReflector) -> None:
    answer = request_log(channel(reflector, Trust(pin=reflector.pin)), 5, "VW " + "00" * 16)
    assert (answer.log, answer.failure) == (None, Failure.TICKET_REFUSED)


# --- the canary ---------------------------------------------------------------------------------------


def test_a_canary_tells_of_its_own_list_and_of_nothing_else() -> None:
    looked: list[str] = []

    def look(target: Target) -> CanaryView:
        looked.append(target.name)
        return CanaryView(("8.8.8.8", "10.0.0.1"), ("8.8.8.8", "10.0.0.1"), 0.0)

    with running_reflector(loopback_of("canary"), look=look) as running:
        ways = channel(running, Trust(pin=running.pin))
        ids = ("whatsapp.web", "evil.example", "127.0.0.1")
        outcome = request_reach(ways, ids, 600.0, usable=lambda ip: not ip.startswith("10."))
        empty = ways.request("POST", "/v1/reach", body=b"{}")
        get = ways.request("GET", "/v1/reach")
    assert looked == ["web.whatsapp.com"]
    assert outcome.failure is None
    assert outcome.cost_bytes > 2_000
    ((name, view),) = outcome.views.items()
    assert name == "whatsapp.web"
    assert (view.resolved, view.alive) == (("8.8.8.8",), ("8.8.8.8",)), "no way into the probe's own network"
    assert 0 <= view.age_s < 10
    assert (empty.status, get.status) == (400, 405)


def test_a_reflector_without_a_canary_says_so(reflector: RunningReflector) -> None:
    outcome = request_reach(
        channel(reflector, Trust(pin=reflector.pin)), ("whatsapp.web",), 600.0, usable=lambda _: True
    )
    assert (dict(outcome.views), outcome.failure) == ({}, Failure.BAD_ANSWER)


@pytest.mark.parametrize(
    "told",
    [
        b"", b"[]", b'{"schema":"x"}', b'{"schema":"x","targets":{"whatsapp.web":{"resolved":1}}}', b"\xff",
    ],
)  # fmt: skip
def test_an_answer_of_nonsense_is_no_canary(told: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Channel, "request", lambda *_, **__: Exchange(status=200, body=told))
    outcome = request_reach(
        Channel(Path("127.0.0.1"), "x", 1), ("whatsapp.web",), 600.0, usable=lambda _: True
    )
    assert (dict(outcome.views), outcome.failure) == ({}, Failure.BAD_ANSWER)


def test_targets_that_were_not_asked_for_and_impossible_ages_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = {"resolved": ["8.8.8.8"] * 99, "alive": ["8.8.8.8"] * 99, "age_s": 1.0}
    document = {"schema": "x", "targets": {"a.b": view, "c.d": {**view, "age_s": -1.0}, "e.f": view}}
    body = msgspec.json.encode(document)
    monkeypatch.setattr(Channel, "request", lambda *_, **__: Exchange(status=200, body=body))
    outcome = request_reach(Channel(Path("127.0.0.1"), "x", 1), ("a.b", "c.d"), 600.0, usable=lambda _: True)
    assert list(outcome.views) == ["a.b"]
    assert len(outcome.views["a.b"].alive) == control.ADDRESSES_MAX


# --- a far end that lies ------------------------------------------------------------------------------

Behaviour = Callable[[ssl.SSLSocket], None]


@contextmanager
def tls_server(behave: Behaviour) -> Iterator[tuple[int, list[bytes]]]:
    """One TLS connection, handled by `behave`; the list gets what the client sent after the handshake."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT_S)

        def serve() -> None:
            try:
                raw, _ = listener.accept()
                raw.settimeout(WAIT_S)
                with raw, CERTIFICATE.context().wrap_socket(raw, server_side=True) as tls:
                    got.append(tls.recv(65536))
                    behave(tls)
            except OSError:
                pass  # the client left, as it should

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], got
        finally:
            thread.join(WAIT_S)


def say(data: bytes) -> Behaviour:
    return lambda tls: tls.sendall(data)


def response(body: bytes, status: str = "200 OK", extra: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + extra + b"\r\n" + body


def near(port: int, **changes: float) -> Channel:
    trust = Trust(pin=CERTIFICATE.pin)
    return Channel(Path("127.0.0.1"), "127.0.0.1", port, trust, **changes)


OFFER = ReflectorOffer(1, "9", bytes(32), bytes(16), "d", [3478], [21873], [443])
BATCH = TicketBatch(OFFER, [Ticket(5, bytes(32), 2**31)])


def encoded(**changes: object) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(BATCH, **changes))


def offered(**changes: object) -> bytes:
    return encoded(offer=msgspec.structs.replace(OFFER, **changes))


def test_a_wrong_pin_is_found_before_a_byte_of_the_request_is_sent() -> None:
    with tls_server(say(b"")) as (port, got):
        wrong = Channel(Path("127.0.0.1"), "127.0.0.1", port, Trust(pin="00" * 32))
        answer = request_tickets(wrong, 1)
    assert (answer.failure, answer.untrusted) == (Failure.PIN_MISMATCH, True)
    assert got in ([], [b""])


@pytest.mark.parametrize(
    ("sent", "failure"),
    [
        (response(encoded()), None),
        (response(b"{}"), Failure.BAD_ANSWER),
        (response(b"\xff"), Failure.BAD_ANSWER),
        (response(encoded(tickets=[])), Failure.BAD_ANSWER),
        (response(encoded(tickets=[Ticket(70_000, bytes(32), 1)])), Failure.BAD_ANSWER),
        (response(encoded(tickets=[Ticket(1, bytes(31), 1)])), Failure.BAD_ANSWER),
        (response(offered(key=b"short")), Failure.BAD_ANSWER),
        (response(offered(udp_ports=[0])), Failure.BAD_ANSWER),
        (response(offered(protocol=2)), Failure.VERSION_MISMATCH),
        (response(b'{"offer":{"protocol":3},"other":"shape"}'), Failure.VERSION_MISMATCH),
        (response(b'{"error":"version","protocol":2}', "400 Bad Request"), Failure.VERSION_MISMATCH),
        (response(b'{"error":"limit"}', "429 Too Many", b"Retry-After: 60\r\n"), Failure.TICKET_REFUSED),
        (response(b"", "503 Busy"), Failure.TICKET_REFUSED),
        (response(b"<html>log in</html>"), Failure.BAD_ANSWER),
        (response(b"", "302 Found", b"Location: http://portal/\r\n"), Failure.BAD_ANSWER),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Failure.BAD_ANSWER),
        (b"", Failure.CONNECTION_CLOSED),
        (response(encoded())[:-5], Failure.CONNECTION_CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + bytes(100), Failure.CONNECTION_CLOSED),
    ],
)
def test_each_answer_has_its_failure(sent: bytes, failure: Failure | None) -> None:
    with tls_server(say(sent)) as (port, _):
        answer = request_tickets(near(port), 1)
    assert answer.failure is failure
    assert (answer.batch is not None) == (failure is None)


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "ANSWER_BYTES_MAX", 10_000)
    flood = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(200_000)
    with tls_server(say(flood)) as (port, _):
        assert request_tickets(near(port), 1).failure is Failure.BAD_ANSWER


def test_a_far_end_that_says_nothing_is_a_timeout() -> None:
    done = threading.Event()
    with tls_server(lambda _: (done.wait(WAIT_S), None)[1]) as (port, _):
        answer = request_tickets(near(port, request_s=0.3), 1)
        done.set()
    assert answer.failure is Failure.READ_TIMEOUT


def test_a_far_end_that_dribbles_is_a_timeout_all_the_same() -> None:
    done = threading.Event()

    def dribble(tls: ssl.SSLSocket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" * 1000:
            if done.wait(0.02):
                return
            tls.sendall(bytes([byte]))

    with tls_server(dribble) as (port, _):
        answer = request_tickets(near(port, request_s=0.3), 1)
        done.set()
    assert answer.failure is Failure.READ_TIMEOUT


def test_a_port_where_nobody_listens_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = request_tickets(near(unused.getsockname()[1]), 1)
    assert answer.failure is Failure.CONNECTION_REFUSED
    assert 0 < answer.cost_bytes < 500


def test_something_that_is_no_tls_is_a_tls_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        answer = request_tickets(near(listener.getsockname()[1]), 1)
        thread.join(WAIT_S)
    assert (answer.failure, answer.untrusted) == (Failure.TLS_FAILED, False)  # it may be a blocked channel


def test_a_log_is_a_signature_and_a_payload() -> None:
    with tls_server(say(response(b"s" * 64 + b"payload"))) as (port, got):
        answer = request_log(near(port), 7, "VW abc")
    assert answer.log is not None
    assert (answer.log.signature, answer.log.payload) == (b"s" * 64, b"payload")
    assert got[0].startswith(b"GET /v1/sessions/7/log HTTP/1.1\r\n")
    assert b"authorization: VW abc" in got[0]
    with tls_server(say(response(b"s" * 64))) as (port, _):
        assert request_log(near(port), 7, "VW abc").failure is Failure.BAD_ANSWER


@given(body=st.binary(max_size=100), status=st.sampled_from([200, 400, 404, 429, 500]))
def test_any_body_is_tickets_or_a_failure(body: bytes, status: int) -> None:
    batch, failure = control._read_tickets(Exchange(status=status, body=body))
    assert (batch is None) == (failure is not None)
    assert batch is None
