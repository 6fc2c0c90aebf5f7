"""Questions to servers on loopback: every answer there is, and every way not to get one."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.reflector import loopback_of
from voipwatch.apps.targets import load_targets
from voipwatch.experiment.events import AskHost, HostOutcome, NameOutcome, ResolveName
from voipwatch.experiment.questions.provider import binding_answer, binding_request
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.look import look_at
from voipwatch.probe.provider import ask_host, is_for, is_public, kind_of, resolve_name
from voipwatch.wire.stun import StunClass, message_type
from voipwatch.wire.stun_build import build_stun

HOST = loopback_of("provider")
NAME = "chat.example.net"


@cache
def certificate(name: str) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def trusting(name: str) -> Callable[[], ssl.SSLContext]:
    return lambda: ssl.create_default_context(cadata=certificate(name)[0].decode())


@contextmanager
def tcp_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server((HOST, 0)) as listener:

        def run() -> None:
            with suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with sock, suppress(OSError):
                        sock.settimeout(5)
                        serve(sock)

        threading.Thread(target=run, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(name="tls")
def tls_server(tmp_path: Path) -> Iterator[int]:
    cert, key = certificate(NAME)
    (tmp_path / "both.pem").write_bytes(cert + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")

    def serve(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as spoken:
            assert spoken.recv(10) == b"", "no byte of application data"

    with tcp_server(serve) as port:
        yield port


def ask(port: int, transport: str = "tls", *, name: str = NAME, hello: bytes = b"") -> AskHost:
    return AskHost(1, transport, HOST, port, 1.5, name if transport == "tls" else "", hello)


def test_a_certificate_for_the_name_that_somebody_vouches_for(tls: int) -> None:
    outcome = ask_host(ask(tls), context=trusting(NAME))
    assert (outcome.answer, outcome.failure) == ("certificate", None)
    assert outcome.connect_ms is not None
    assert outcome.sent_bytes > 0 < outcome.received_bytes


def test_a_certificate_that_nobody_vouches_for_is_told_from_one_for_another_name(tls: int) -> None:
    assert ask_host(ask(tls)).answer == "untrusted"
    assert ask_host(ask(tls, name="other.example.net")).answer == "other"
    assert ask_host(ask(tls, name="other.example.net"), context=trusting(NAME)).answer == "other"


def reset(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("serve", "answer", "failure"),
    [
        (reset, "", Failure.CONNECTION_RESET),
        (lambda sock: sock.recv(4096), "", Failure.CONNECTION_CLOSED),
        (lambda sock: (sock.recv(4096), sock.recv(4096)), "", Failure.READ_TIMEOUT),
        (lambda sock: (sock.recv(4096), sock.sendall(bytes.fromhex("15030300020228"))), "alert", None),
        (lambda sock: (sock.recv(4096), sock.sendall(b"HTTP/1.1 302 Found\r\n\r\n")), "garbage", None),
    ],
)
def test_what_is_no_handshake_is_told_by_its_word(
    serve: Callable[[socket.socket], None], answer: str, failure: Failure | None
) -> None:
    with tcp_server(serve) as port:
        outcome = ask_host(ask(port))
    assert (outcome.answer, outcome.failure) == (answer, failure)
    assert outcome.connect_ms is not None


def test_tcp_is_opened_and_closed_and_nothing_is_sent() -> None:
    heard: list[bytes] = []
    done = threading.Event()

    def serve(sock: socket.socket) -> None:
        heard.append(sock.recv(10))
        done.set()

    with tcp_server(serve) as port:
        assert ask_host(ask(port, "tcp")).answer == "connected"
        assert done.wait(60)
    assert heard == [b""]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_nobody_there(transport: str) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    outcome = ask_host(ask(port, transport))
    assert (outcome.connect_ms, outcome.answer, outcome.failure) == (None, "", Failure.CONNECTION_REFUSED)


def test_no_way_there_is_our_own_lack() -> None:
    outcome = ask_host(AskHost(1, "tcp", "nonsense", 443, 1.0))
    assert outcome.answer == ""
    assert outcome.failure is not None


def stun_server(lose: int) -> tuple[int, list[bytes], socket.socket]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((HOST, 0))
    heard: list[bytes] = []

    def run() -> None:
        with suppress(OSError):
            while True:
                data, source = sock.recvfrom(2048)
                heard.append(data)
                if len(heard) > lose:
                    sock.sendto(build_stun(message_type(1, StunClass.SUCCESS), data[8:20]), source)

    threading.Thread(target=run, daemon=True).start()
    return sock.getsockname()[1], heard, sock


@pytest.mark.parametrize("lose", [0, 1])
def test_a_binding_is_sent_again_until_it_is_answered(lose: int) -> None:
    port, heard, sock = stun_server(lose)
    with sock:
        outcome = ask_host(ask(port, "stun", hello=binding_request(bytes(12))))
    assert binding_answer(outcome.data, bytes(12)) == "binding"
    assert heard == [binding_request(bytes(12))] * (lose + 1)
    assert outcome.sent_bytes == 48 * (lose + 1)


def test_a_binding_to_nobody() -> None:
    port, _, sock = stun_server(0)
    sock.close()
    outcome = ask_host(ask(port, "stun", hello=binding_request(bytes(12))))
    assert (outcome.data, outcome.failure) == (b"", Failure.PORT_UNREACHABLE)


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("8.8.8.8", "public"), ("10.1.2.3", "private"), ("192.168.1.1", "private"), ("127.0.0.1", "loopback"),
        ("0.0.0.0", "unusable"), ("224.0.0.1", "unusable"), ("169.254.1.1", "link-local"),
        ("100.64.3.4", "cgnat"), ("198.51.100.7", "private"), ("157.240.1.1", "expected"),
        ("2001:4860:4860::8888", "public"), ("::1", "loopback"), ("fe80::1%eth0", "link-local"),
        ("fd00::1", "private"), ("64:ff9b::808:808", "nat64"), ("64:ff9b::a01:203", "private"),
        ("::ffff:10.0.0.1", "private"), ("", "unusable"), ("name", "unusable"),
    ],
)  # fmt: skip
def test_the_kind_of_an_address(ip: str, kind: str) -> None:
    assert kind_of(ip, ("157.240.0.0/16",)) == kind
    assert is_public(ip) == (kind in {"public", "nat64", "expected"})


def test_a_name_is_asked_of_the_system_and_a_failure_kept() -> None:
    asked: list[str] = []

    def resolve(name: str) -> list[str] | Failure:
        asked.append(name)
        return ["8.8.8.8", "10.0.0.1"] if name == NAME else Failure.DNS_NXDOMAIN

    assert resolve_name(ResolveName(1, NAME, ()), resolve) == NameOutcome(
        ("8.8.8.8", "10.0.0.1"), ("public", "private"), None
    )
    assert resolve_name(ResolveName(1, "no", ()), resolve).failure is Failure.DNS_NXDOMAIN
    assert asked == [NAME, "no"]


def test_names_in_certificates() -> None:
    der = x509.load_pem_x509_certificate(certificate("*.example.net")[0])
    plain = der.public_bytes(serialization.Encoding.DER)
    assert is_for(plain, "chat.example.net")
    assert not is_for(plain, "a.chat.example.net")
    assert not is_for(plain, "example.net")
    assert not is_for(b"nonsense", "example.net")


def test_a_canary_looks_at_public_addresses_of_both_ip_versions_and_at_few() -> None:
    target = load_targets(datetime(2026, 12, 1, tzinfo=UTC).date()).get("meet.stun")
    assert target is not None
    known = ("10.0.0.1", "8.8.8.8", "8.8.4.4", "8.8.8.9", "2001:4860:4860::8888")
    asked: list[str] = []

    def ask(question: AskHost) -> HostOutcome:
        asked.append(question.address)
        assert (question.transport, question.port) == ("stun", 19302)
        alive = question.address != "8.8.4.4"
        data = build_stun(message_type(1, StunClass.SUCCESS), question.hello[8:20]) if alive else b""
        return HostOutcome(None, "", None, data)

    view = look_at(target, resolve=lambda q: NameOutcome(known, tuple(map(kind_of, known)), None), ask=ask)
    assert sorted(asked) == ["2001:4860:4860::8888", "8.8.4.4", "8.8.8.8"]
    assert set(view.alive) == {"8.8.8.8", "2001:4860:4860::8888"}
    assert "10.0.0.1" not in view.resolved
