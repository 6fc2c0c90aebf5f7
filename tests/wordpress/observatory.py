"""A fake observatory: HTTPS on loopback, answers as told, and remembers who asked for what."""

import datetime as dt
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TODAY = "TODAY-IS-DAY-326"
"""In every headline: it must never stand in what PHP writes."""


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What one path answers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass
class Observatory:
    """The server: its address, its answers by path, the requests so far."""

    url: str
    certificate: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def says(self, name: str, document: dict[str, Any] | bytes, **how: Any) -> None:
        """From now on the counter `name` is `document`."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers[f"/counter/{name}.json"] = Answer(body, **how)

    def by_server(self) -> list[Asked]:
        """The requests that PHP sent."""
        return [each for each in self.asked if "Mozilla" not in each.headers.get("User-Agent", "")]

    def by_browser(self) -> list[Asked]:
        """The requests that a browser sent."""
        return [each for each in self.asked if "Mozilla" in each.headers.get("User-Agent", "")]


def instant(at: dt.datetime) -> str:
    """An instant as the schema writes it."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def petition(name: str = "calls", **other: Any) -> dict[str, Any]:
    """A petition of a counter's document, as of 28 December 2016."""
    texts = {
        "en": "8,120 or a few more confirmed signatures, as of 28 December 2016",
        "fr": "8 120 signatures confirmées ou quelques-unes de plus, au 28 décembre 2016",
        "ar": "8.120 أو أكثر بقليل من التوقيعات، في 28 دجنبر 2016",
    }
    address = "https://observatory.example/campaigns"
    return {
        "id": name,
        "count": 8120,
        "as_of": "2016-12-28T00:00:00Z",
        "closed": False,
        "url": {lang: f"{address}/{lang}/{name}/" for lang in texts},
        "texts": texts,
    } | other


def counter(name: str = "MA", *, age_h: float = 1.0, valid_h: float = 48.0, **other: Any) -> dict[str, Any]:
    """A document of voipwatch.counter/1 as of `age_h` hours ago, valid for `valid_h` hours from then."""
    as_of = dt.datetime.now(tz=dt.UTC) - dt.timedelta(hours=age_h)
    french = {
        "headline": f"Les appels sont bloqués : {TODAY}",
        "start": "Du 5 janvier 2016, au 28 décembre 2016",
        "counted": f"Compté le {TODAY}",
        "label": "Compteur : Maroc",
        "dismiss": "Fermer",
        "details": "Preuves et détails",
        "dated": "Bloqués depuis le 5 janvier 2016, au 28 décembre 2016",
        "source": "Mesuré par voipwatch",
        "emulated": "",
        "dir": "ltr",
    }
    english = french | {
        "headline": f"Calls are blocked: {TODAY}",
        "dated": "Blocked since 5 January 2016, as of 28 December 2016",
        "source": "Measured by voipwatch",
    }
    arabic = french | {
        "headline": f"المكالمات محجوبة: {TODAY}",
        "dated": "محجوبة منذ 5 يناير 2016، إلى غاية 28 دجنبر 2016",
        "source": "قياس voipwatch",
        "dir": "rtl",
    }
    document: dict[str, Any] = {
        "schema": "voipwatch.counter/1",
        "id": name,
        "country": "MA",
        "incident": "MA-2016-01-a",
        "revision": 3,
        "reviewed": True,
        "synthetic": False,
        "instance": "",
        "state": "active",
        "live": True,
        "day": {"low": 326, "high": 326},
        "last_known": None,
        "began": {
            "earliest": "2016-01-02",
            "latest": "2016-01-05",
            "source": {"kind": "measured", "title": "Series", "url": "https://observatory.example/s"},
        },
        "ended": None,
        "zone": "Africa/Casablanca",
        "as_of": instant(as_of),
        "valid_until": instant(as_of + dt.timedelta(hours=valid_h)),
        "next_change_at": instant(dt.datetime.now(tz=dt.UTC) + dt.timedelta(hours=6)),
        "page": {
            lang: f"https://observatory.example/{lang}/incidents/MA-2016-01-a/" for lang in ("en", "fr", "ar")
        },
        "texts": {"en": english, "fr": french, "ar": arabic},
    }
    return document | other


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake observatory")])
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "observatory.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


class Handler(BaseHTTPRequestHandler):
    """Answers from the table; anything else is 404."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        observatory = self.server.observatory
        observatory.asked.append(Asked(self.path, dict(self.headers.items())))
        answer = observatory.answers.get(self.path, Answer(b"none", status=404))
        time.sleep(answer.delay_s)  # a slow server is the thing tested
        try:
            self.send_response(answer.status)
            defaults = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
            for name, value in (defaults | answer.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True  # the far side had enough: so it should

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        pass


class Server(ThreadingHTTPServer):
    """Handshakes in the connection's own thread, and quiet about those that fail."""

    daemon_threads = True
    context: ssl.SSLContext
    observatory: Observatory

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(10)
        try:
            wrapped = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def run_observatory(folder: Path) -> Iterator[Observatory]:
    """A fake observatory for the time of a `with`."""
    certificate = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Handler)
    server.context = context
    server.observatory = Observatory(f"https://127.0.0.1:{server.server_address[1]}", certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.observatory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
