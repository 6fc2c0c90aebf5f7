"""One page of a site that a stranger has named: whatever he names, and whatever answers."""

import ast
import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import dns.exception
import dns.resolver
import pytest

from tests.site.campaigns.wall.sites import HTML, PUBLIC_ADDRESS, Net, Tried, net_of
from tests.support.environment import REPOSITORY
from tests.support.services import Reply, raw, service
from voipwatch.site.campaigns.wall import fetching
from voipwatch.site.campaigns.wall.fetching import (
    BODY_BYTES_MAX,
    PUBLIC,
    REDIRECTS_MAX,
    Doors,
    Got,
    Missed,
    Why,
    fetch,
)

HOSTS = frozenset({"one.example", "www.one.example"})
URL = "http://one.example/a"
AGENT = "voipwatch-wall/1 (+https://watch.example/)"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def get(url: str, net: Net, **options: object) -> Got | Missed:
    return fetch(url, hosts=HOSTS, agent=AGENT, doors=net.doors, **options)  # type: ignore[arg-type]  # as given


def why(url: str, net: Net, **options: object) -> Why:
    found = get(url, net, **options)
    assert isinstance(found, Missed)
    return found.why


def closed(names: dict[str, Sequence[str]] | Callable[[str], Sequence[str]] | None = None) -> Net:
    """Nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return Net(free.getsockname()[1], names)


def test_a_page_and_what_was_sent() -> None:
    with service(lambda path, headers: Reply(b"<p>", headers=HTML)) as served:
        net = net_of(served)
        found = get("http://one.example/a%20b?c=d", net)
    assert found == Got(
        url="http://one.example/a%20b?c=d", status=200, kind="text/html", body=b"<p>", cut=False
    )
    ((path, headers),) = served.asked
    assert path == "/a%20b?c=d"
    assert headers == {
        "host": "one.example", "user-agent": AGENT, "accept-encoding": "gzip", "connection": "close",
        "accept": "text/html, application/xhtml+xml, text/plain",
    }  # fmt: skip
    assert net.tried == [Tried(PUBLIC_ADDRESS, 80)]
    assert net.asked == ["one.example"]


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fd00::1", "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1", "no address",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_with_a_private_address_is_never_connected_to(address: str) -> None:
    for addresses in ([address], [PUBLIC_ADDRESS, address], [address, PUBLIC_ADDRESS]):
        net = closed({"one.example": addresses})
        assert why(URL, net) is Why.PRIVATE
        assert net.tried == []


@pytest.mark.parametrize("address", PRIVATE)
def test_a_redirect_to_a_name_with_a_private_address_is_refused(address: str) -> None:
    with service(lambda path, headers: Reply(b"", 302, {"Location": "http://www.one.example/"})) as served:
        net = net_of(served, {"one.example": [PUBLIC_ADDRESS], "www.one.example": [address]})
        assert why(URL, net) is Why.PRIVATE
    assert [each.address for each in net.tried] == [PUBLIC_ADDRESS]


def test_a_name_that_answers_otherwise_a_moment_later_gains_nothing() -> None:
    """DNS rebinding: the connection goes to the address that was judged, and each hop is judged anew."""
    answers = iter([[PUBLIC_ADDRESS], ["127.0.0.1"]])
    with service(lambda path, headers: Reply(b"", 302, {"Location": "/again"})) as served:
        net = net_of(served)
        net.names = lambda _: next(answers)
        assert why(URL, net) is Why.PRIVATE
    assert net.tried == [Tried(PUBLIC_ADDRESS, 80)]
    assert len(served.asked) == 1


def test_the_connection_is_made_to_the_address_and_never_to_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def create(place: object, timeout: float) -> socket.socket:
        asked.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create)
    doors = Doors(
        resolve=lambda name, left: [PUBLIC_ADDRESS], connect=fetching.connect, secure=fetching.secure
    )
    found = fetch(URL, hosts=HOSTS, agent=AGENT, doors=doors)
    assert found == Missed(Why.UNREACHABLE)
    assert asked == [(PUBLIC_ADDRESS, 80)]


def test_production_reaches_the_network_by_its_own_doors_alone() -> None:
    """`doors` is given by nobody but `looking`, which hands on its own default."""
    assert Doors(resolve=fetching.resolve, connect=fetching.connect, secure=fetching.secure) == PUBLIC
    assert (fetch.__kwdefaults__ or {})["doors"] is PUBLIC
    given = []
    for file in (REPOSITORY / "src").rglob("*.py"):
        source = file.read_text("utf-8")
        for node in ast.walk(ast.parse(source)) if "oors" in source else ():
            if isinstance(node, ast.Call):
                names = {each.arg for each in node.keywords} | {getattr(node.func, "id", "")}
                if names & {"doors", "Doors"}:
                    given.append((file.name, ast.unparse(node.func)))
    assert sorted(given) == [("fetching.py", "Doors"), ("looking.py", "fetch")]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://two.example/", Why.ELSEWHERE),
        ("http://one.example.evil.example/", Why.ELSEWHERE),
        ("http://www.www.one.example/", Why.ELSEWHERE),
        ("http://127.0.0.1/", Why.ELSEWHERE),
        ("http://[::1]/", Why.ELSEWHERE),
        ("ftp://one.example/", Why.PLACE),
        ("file:///etc/passwd", Why.PLACE),
        ("http://one.example:8080/", Why.PLACE),
        ("http://one.example:443/", Why.PLACE),
        ("https://one.example:80/", Why.PLACE),
        ("http://user@one.example/", Why.PLACE),
        ("http://one.example@two.example/", Why.PLACE),
        ("http://one.example\\@two.example/", Why.PLACE),
        ("http://one.example/a b", Why.PLACE),
        ("http://one.example/a\r\nX: y", Why.PLACE),
        ("http://one.example/é", Why.PLACE),
        ("http://one.example:x/", Why.PLACE),
        ("http://[/", Why.PLACE),
        ("http://one.example/" + "a" * 2000, Why.PLACE),
    ],
)
def test_places_that_are_not_asked_first_or_by_a_redirect(url: str, wanted: Why) -> None:
    net = closed()
    assert why(url, net) is wanted
    assert (net.asked, net.tried) == ([], [])
    if "\n" in url or "é" in url:
        return  # no header can hold it
    with service(lambda path, headers: Reply(b"", 301, {"Location": url})) as served:
        net = net_of(served)
        assert why(URL, net) in {wanted, Why.PLACE}
    assert len(net.tried) == 1


def test_redirects_within_the_site_are_followed_as_far_as_five() -> None:
    def answer(path: str, headers: dict[str, str]) -> Reply:
        number = int(path.removeprefix("/") or 0)
        host = "www.one.example" if number % 2 else "one.example"
        return Reply(b"end") if number == 5 else Reply(b"x", 308, {"Location": f"//{host}/{number + 1}#x"})

    with service(answer) as served:
        net = net_of(served)
        found = get("http://one.example/0", net)
        assert isinstance(found, Got)
        assert (found.url, found.body) == ("http://one.example/5", b"end")
        assert len(net.asked) == REDIRECTS_MAX + 1
        assert why("http://one.example/-1", net) is Why.LOOP


def test_a_redirect_to_tls_is_followed_and_one_away_from_it_is_not() -> None:
    with service(
        lambda path, headers: (
            Reply(b"", 301, {"Location": "https://one.example/b"}) if path == "/a" else Reply(b"x")
        )
    ) as served:
        net = net_of(served)
        assert isinstance(get(URL, net), Got)
        assert net.tried == [Tried(PUBLIC_ADDRESS, 80), Tried(PUBLIC_ADDRESS, 443)]
        assert net.secured == ["one.example"]
    with service(lambda path, headers: Reply(b"", 301, {"Location": "http://one.example/b"})) as served:
        net = net_of(served)
        assert why("https://one.example/a", net) is Why.PLACE
        assert len(served.asked) == 1


def test_a_redirect_without_a_place_and_other_statuses_are_answers() -> None:
    for status in (302, 304, 404, 503):
        with service(partial(lambda status, path, headers: Reply(b"", status), status)) as served:
            found = get(URL, net_of(served))
        assert isinstance(found, Got)
        assert found.status == status


def test_every_place_is_asked_about_before_it_is_asked() -> None:
    judged: list[str] = []

    def may(url: str) -> bool:
        judged.append(url)
        return len(judged) < 2

    with service(lambda path, headers: Reply(b"", 302, {"Location": "/b"})) as served:
        assert why(URL, net_of(served), may=may) is Why.FORBIDDEN
    assert judged == [URL, "http://one.example/b"]
    assert len(served.asked) == 1


def test_what_is_too_long_is_cut() -> None:
    with service(lambda path, headers: Reply(b"x" * (BODY_BYTES_MAX + 1))) as served:
        found = get(URL, net_of(served))
        assert isinstance(found, Got)
        assert (len(found.body), found.cut) == (BODY_BYTES_MAX, True)
        exact = get(URL, net_of(served), most_bytes=BODY_BYTES_MAX + 1)
        assert isinstance(exact, Got)
        assert not exact.cut


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
def test_packed_pages_are_unpacked_no_further_than_is_kept(coding: str) -> None:
    headers = HTML | {"Content-Encoding": coding}
    with service(lambda path, _: Reply(gzip.compress(b"<p>" * 100), headers=headers)) as served:
        found = get(URL, net_of(served))
    assert isinstance(found, Got)
    assert (found.body, found.cut) == (b"<p>" * 100, False)
    bomb = gzip.compress(bytes(8 << 20))
    assert len(bomb) < 10_000
    with service(lambda path, _: Reply(bomb, headers=headers)) as served:
        found = get(URL, net_of(served))
    assert isinstance(found, Got)
    assert (len(found.body), found.cut) == (BODY_BYTES_MAX, True)


def test_a_bomb_is_not_unpacked_beyond_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = zlib.decompressobj

    class Counting:
        def __init__(self, bits: int) -> None:
            self._real = real(bits)

        @property
        def eof(self) -> bool:
            return self._real.eof

        def decompress(self, data: bytes, most: int = 0) -> bytes:
            plain = self._real.decompress(data, most)
            made.append(len(plain))
            return plain

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    bomb = gzip.compress(bytes(8 << 20))
    with service(lambda path, _: Reply(bomb, headers={"Content-Encoding": "gzip"})) as served:
        get(URL, net_of(served), most_bytes=1000)
    assert 0 < sum(made) <= 1001


PACKED = OK + b"Content-Encoding: gzip\r\n\r\n"


@pytest.mark.parametrize(
    "behind",
    [b"garbage", gzip.compress(b"<p>more", mtime=0), b"x" * 20_000],
    ids=["garbage", "packed", "long"],
)
def test_what_follows_a_packed_page_is_not_read(behind: bytes) -> None:
    """The server stays and says no more: who read on would wait for its end."""
    with raw(PACKED + gzip.compress(b"<p>page"), stay=True) as home:
        found = get(URL, Net(int(home.rpartition(":")[2])), deadline_s=5.0)
    assert isinstance(found, Got)
    assert (found.body, found.cut) == (b"<p>page", False)
    with service(
        lambda path, _: Reply(gzip.compress(b"<p>page") + behind, headers={"Content-Encoding": "gzip"})
    ) as served:
        found = get(URL, net_of(served))
    assert isinstance(found, Got)
    assert (found.body, found.cut) == (b"<p>page", False)


def test_a_packed_page_that_never_says_anything_is_cut() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    nothing = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    more = b"\x00\x00\x00\xff\xff"  # an empty stored block (RFC 1951, section 3.2.4)
    assert zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(nothing + more * 9) == b""
    with raw(PACKED + nothing + more * 900, stay=True) as home:
        found = get(URL, Net(int(home.rpartition(":")[2])), most_bytes=1000, deadline_s=5.0)
    assert isinstance(found, Got)
    assert (found.body, found.cut) == (b"", True)
    with raw(PACKED + nothing + more * 9) as home:
        assert why(URL, Net(int(home.rpartition(":")[2])), most_bytes=1000) is Why.BROKEN


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        ({"Content-Encoding": "br"}, b"x", Why.CODING),
        ({"Content-Encoding": "gzip, gzip"}, b"x", Why.CODING),
        ({"Content-Encoding": "zstd"}, b"x", Why.CODING),
        ({"Content-Encoding": "deflate"}, b"x", Why.CODING),
        ({"Content-Encoding": "gzip"}, b"no gzip", Why.BROKEN),
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(range(256)))[:-20], Why.BROKEN),
    ],
)
def test_what_cannot_be_unpacked(headers: dict[str, str], body: bytes, wanted: Why) -> None:
    with service(lambda path, _: Reply(body, headers=headers)) as served:
        assert why(URL, net_of(served)) is wanted


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n",),
        (OK,),
        (OK + b"Content-Length: 10\r\n\r\nabc",),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",),
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",),
        (b"\x16\x03\x01\x00\xff" * 50 + b"\r\n\r\n",),
        (OK + b"a: b\r\n" * 20_000,),
    ],
)
def test_what_is_no_answer(pieces: tuple[bytes, ...]) -> None:
    with raw(*pieces) as home:
        assert why(URL, Net(int(home.rpartition(":")[2]))) is Why.BROKEN


def test_an_informational_answer_is_not_the_answer() -> None:
    with raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"\r\n<p>") as home:
        found = get(URL, Net(int(home.rpartition(":")[2])))
    assert isinstance(found, Got)
    assert (found.status, found.body) == (200, b"<p>")


def test_silence_and_drops_have_one_deadline_together() -> None:
    with raw(OK, stay=True) as home:
        assert why(URL, Net(int(home.rpartition(":")[2])), deadline_s=0.2) is Why.TIMEOUT
    ticks = count()
    with raw(OK + b"Content-Length: 99\r\n\r\n", b"a", b"b", stay=True) as home:
        net = Net(int(home.rpartition(":")[2]))
        assert why(URL, net, deadline_s=4.5, clock=lambda: float(next(ticks))) is Why.TIMEOUT
    with service(lambda path, headers: Reply(b"", 302, {"Location": "/b"})) as served:
        ticks = count()
        net = net_of(served)
        assert why(URL, net, deadline_s=7.5, clock=lambda: float(next(ticks))) is Why.TIMEOUT
    assert 1 <= len(served.asked) < REDIRECTS_MAX


def test_nobody_there_and_no_such_name() -> None:
    assert why(URL, closed()) is Why.UNREACHABLE
    assert why(URL, closed({})) is Why.NAME
    assert why(URL, closed({"one.example": []})) is Why.NAME


def test_the_next_address_is_tried_and_no_more_than_four() -> None:
    addresses = [f"198.41.0.{number}" for number in range(1, 10)]
    net = closed({"one.example": addresses})
    assert why(URL, net) is Why.UNREACHABLE
    assert [each.address for each in net.tried] == addresses[:4]


def test_a_name_server_that_is_silent_is_a_time_out() -> None:
    def silent(_name: str) -> Sequence[str]:
        raise TimeoutError

    assert why(URL, closed(silent)) is Why.TIMEOUT


def test_names_are_asked_of_dns_with_a_bound_and_no_search_list(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, object]]] = []

    class Answers:
        def addresses(self) -> list[str]:
            return [PUBLIC_ADDRESS]

    class Resolver:
        def resolve_name(self, name: str, **options: object) -> Answers:
            asked.append((name, options))
            if name == "slow.example.":
                raise dns.exception.Timeout
            if name != "one.example.":
                raise dns.resolver.NXDOMAIN
            return Answers()

    monkeypatch.setattr(dns.resolver, "Resolver", Resolver)
    assert fetching.resolve("one.example", 3.0) == [PUBLIC_ADDRESS]
    assert asked == [("one.example.", {"lifetime": 3.0, "search": False})]
    with pytest.raises(TimeoutError):
        fetching.resolve("slow.example", 3.0)
    with pytest.raises(OSError, match="NXDOMAIN"):
        fetching.resolve("none.example", 3.0)


def test_a_request_that_cannot_be_written_is_no_page() -> None:
    with service(lambda path, headers: Reply(b"x")) as served:
        found = fetch(URL, hosts=HOSTS, agent="a\r\nX: y", doors=net_of(served).doors)
    assert (found, served.asked) == (Missed(Why.BROKEN), [])


def test_tls_has_the_time_that_the_connection_left() -> None:
    left: list[float | None] = []

    def secure(sock: socket.socket, name: str) -> socket.socket:
        left.append(sock.gettimeout())
        return sock

    now = [0.0]
    with service(lambda path, headers: Reply(b"x")) as served:
        net = net_of(served)

        def connect(address: str, port: int, left_s: float) -> socket.socket:
            now[0] += 15.0
            return net.doors.connect(address, port, left_s)

        doors = Doors(resolve=net.doors.resolve, connect=connect, secure=secure)
        found = fetch("https://one.example/", hosts=HOSTS, agent=AGENT, doors=doors, clock=lambda: now[0])
    assert isinstance(found, Got)
    assert left == [5.0]


def test_a_certificate_of_nobody_is_refused(tmp_path: Path) -> None:
    """Real TLS: the server's certificate is its own."""
    with tls_server(tmp_path) as port:
        net = Net(port)
        doors = Doors(resolve=net.doors.resolve, connect=net.doors.connect, secure=fetching.secure)
        found = fetch("https://one.example/", hosts=HOSTS, agent=AGENT, doors=doors)
        assert found == Missed(Why.TLS)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        doors = Doors(
            resolve=net.doors.resolve,
            connect=net.doors.connect,
            secure=lambda sock, name: trusting.wrap_socket(sock, server_hostname=name),
        )
        found = fetch("https://one.example/", hosts=HOSTS, agent=AGENT, doors=doors)
        assert isinstance(found, Got)
        assert found.body == b"<p>"
        assert fetch("https://www.one.example/", hosts=HOSTS, agent=AGENT, doors=doors) == Missed(Why.TLS)


def tls_server(folder: Path) -> "TlsServer":
    return TlsServer(folder)


class TlsServer:
    """Answers over TLS with a certificate of one.example that nobody signed."""

    def __init__(self, folder: Path) -> None:
        from cryptography import x509  # noqa: PLC0415 -- this server's alone
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 -- the same
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 -- the same

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "one.example")])
        now = datetime.now(tz=UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("one.example")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def __enter__(self) -> int:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return int(self._listening.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as sock:
                    sock.recv(65_536)
                    sock.sendall(OK + b"Content-Length: 3\r\n\r\n<p>")
            except OSError:
                plain.close()
