"""One page of a site that a stranger has named, by GET over HTTP/1.1: hardened, because he may name anything.

The name is resolved here, every address of the answer must be public (`publicnets`), and the connection goes
to the very address that was judged: a name that answers otherwise a moment later (DNS rebinding) gains
nothing. Each redirect is a new place under the same rules, and must stay on the declared site or its `www`.
Ports are 80 and 443 alone. One deadline holds for names, connections, TLS, redirects and answers together;
heads and bodies are bounded, unpacked ones too. No cookie, no referrer, no credential is sent, no proxy used.
"""

import socket
import ssl
import zlib
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from time import monotonic
from typing import Final
from urllib.parse import urljoin, urlsplit

import dns.exception
import dns.resolver
import h11
import msgspec

from voipwatch.site.campaigns.wall.publicnets import is_public

DEADLINE_S: Final = 20.0
BODY_BYTES_MAX: Final = 1 << 20
RAW_TIMES_MAX: Final = 4
"""Bytes that are received of a body, as a multiple of those that are kept unpacked."""
HEAD_BYTES_MAX: Final = 64 << 10
REDIRECTS_MAX: Final = 5
"""As RFC 9309, section 2.3.1.2, asks for robots.txt."""
ADDRESSES_MAX: Final = 4
"""Of one name that are tried."""
URL_CHARACTERS_MAX: Final = 2_000
"""Of a redirect's target: longer ones are no pages."""
PIECE_BYTES: Final = 65_536
_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Why(StrEnum):
    """Why there is no page."""

    NAME = "name"
    """DNS has no address of it, or does not answer."""
    PRIVATE = "private"
    """An address of it is none of the public internet."""
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    """No HTTP, cut off in the middle, or packed wrongly."""
    CODING = "coding"
    """Packed in a way that was not asked for and is not read."""
    PLACE = "place"
    """No http or https address of ours to ask: another scheme, port, or with a name and a password."""
    ELSEWHERE = "elsewhere"
    """It leads to another site."""
    LOOP = "loop"
    """More redirects than are followed."""
    FORBIDDEN = "forbidden"
    """`may` said no."""


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    url: str
    """After redirects."""
    status: int
    kind: str
    """Media type in lower case, without parameters; empty where none is named."""
    body: bytes
    """Unpacked; of what was longer than asked for its beginning."""
    cut: bool


class Missed(msgspec.Struct, frozen=True):
    """No answer, and why. Nothing of the site's is in it."""

    why: Why


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """How the network is reached. Tests give their own, for servers on this machine; nothing else does."""

    resolve: Callable[[str, float], Sequence[str]]
    """Name and seconds left -> addresses. Raises OSError, TimeoutError."""
    connect: Callable[[str, int, float], socket.socket]
    """Address, port and seconds left -> a connection. Raises OSError, TimeoutError."""
    secure: Callable[[socket.socket, str], socket.socket]
    """The same under TLS with a certificate of that name. Raises ssl.SSLError."""


class _StopError(Exception):
    """There is no page."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def resolve(name: str, left_s: float) -> list[str]:
    """Addresses of a name, by DNS alone: this machine's own list of hosts is not asked."""
    try:
        found = dns.resolver.Resolver().resolve_name(f"{name}.", lifetime=left_s, search=False)
    except dns.exception.Timeout:
        raise TimeoutError from None
    except dns.exception.DNSException as error:
        raise OSError(type(error).__name__) from None
    return list(found.addresses())


def connect(address: str, port: int, left_s: float) -> socket.socket:
    """A connection to that address: a numeric one, so that no name is asked again."""
    return socket.create_connection((address, port), timeout=left_s)


def secure(sock: socket.socket, name: str) -> socket.socket:
    """TLS with the system's trust."""
    return ssl.create_default_context().wrap_socket(sock, server_hostname=name)


PUBLIC: Final = Doors(resolve=resolve, connect=connect, secure=secure)


def fetch(
    url: str,
    *,
    hosts: frozenset[str],
    agent: str,
    may: Callable[[str], bool] = lambda _: True,
    most_bytes: int = BODY_BYTES_MAX,
    deadline_s: float = DEADLINE_S,
    doors: Doors = PUBLIC,
    clock: Callable[[], float] = monotonic,
) -> Got | Missed:
    """Ask for a page and follow its redirects.

    Args:
        url: ASCII, http or https.
        hosts: names that may be asked.
        agent: User-Agent, ASCII.
        may: asked before each request, with its address.
        most_bytes: of the unpacked body that are kept.
        deadline_s: for everything.
        doors: how the network is reached.
        clock: monotonic, seconds.
    """
    until_s = clock() + deadline_s
    try:
        for _ in range(REDIRECTS_MAX + 1):
            _require_place(url, hosts)
            if not may(url):
                return Missed(Why.FORBIDDEN)
            got, target = _ask(url, agent, most_bytes, doors, lambda: _above_zero(until_s - clock()))
            if target is None:
                return got
            url = _redirected(url, target)
    except _StopError as stop:
        return Missed(stop.why)
    except TimeoutError:
        return Missed(Why.TIMEOUT)
    return Missed(Why.LOOP)


def _require_place(url: str, hosts: frozenset[str]) -> None:
    """Raises _StopError for whatever may not be asked."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _StopError(Why.PLACE) from None
    plain = url.isascii() and len(url) <= URL_CHARACTERS_MAX and not any(c <= " " or c == "\x7f" for c in url)
    if not plain or parts.scheme not in _PORTS or "@" in parts.netloc or "\\" in url:
        raise _StopError(Why.PLACE)
    if port not in {None, _PORTS[parts.scheme]}:
        raise _StopError(Why.PLACE)
    if host not in hosts:
        raise _StopError(Why.ELSEWHERE)


def _redirected(url: str, target: str) -> str:
    """Where a redirect leads. Raises _StopError; the place itself is judged before it is asked."""
    try:
        found = urljoin(url, target.strip()).partition("#")[0]
        down = url.startswith("https:") and urlsplit(found).scheme == "http"
    except ValueError:
        raise _StopError(Why.PLACE) from None
    if down:  # from here on anybody on the way could say what the site carries
        raise _StopError(Why.PLACE)
    return found


def _ask(
    url: str, agent: str, most_bytes: int, doors: Doors, left_s: Callable[[], float]
) -> tuple[Got, str | None]:
    """One request: the answer, and where it redirects to."""
    parts = urlsplit(url)
    with _connected(parts.scheme, parts.hostname or "", doors, left_s) as sock:
        try:
            head, body = _exchange(sock, _request(url, agent), most_bytes, left_s)
        except ssl.SSLError:
            raise _StopError(Why.TLS) from None
        except TimeoutError:
            raise
        except (h11.ProtocolError, OSError, zlib.error):
            raise _StopError(Why.BROKEN) from None
    names = _headers(head)
    got = Got(
        url=url,
        status=head.status_code,
        kind=names.get("content-type", "").partition(";")[0].strip().lower(),
        body=bytes(body.kept),
        cut=body.cut,
    )
    target = names.get("location") if head.status_code in _REDIRECTS else None
    return got, target


def _connected(scheme: str, host: str, doors: Doors, left_s: Callable[[], float]) -> socket.socket:
    """A connection to an address that was judged. Raises _StopError, TimeoutError."""
    try:
        addresses = doors.resolve(host, left_s())
    except TimeoutError:
        raise
    except (OSError, UnicodeError):
        raise _StopError(Why.NAME) from None
    if not addresses:
        raise _StopError(Why.NAME)
    if not all(is_public(each) for each in addresses):
        # Also where only one of several is private: nobody's public site has an address in a private network.
        raise _StopError(Why.PRIVATE)
    for address in addresses[:ADDRESSES_MAX]:
        try:
            sock = doors.connect(address, _PORTS[scheme], left_s())
        except OSError as error:
            if isinstance(error, TimeoutError):
                left_s()  # raises where nothing is left; else the next address may answer
            continue
        if scheme == "http":
            return sock
        try:
            sock.settimeout(left_s())  # what the connection took is not given once more
            return doors.secure(sock, host)
        except TimeoutError:
            sock.close()
            raise
        except (OSError, ValueError):
            sock.close()
            raise _StopError(Why.TLS) from None
    raise _StopError(Why.UNREACHABLE)


def _request(url: str, agent: str) -> h11.Request:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "host": parts.hostname or "",
        "accept": "text/html, application/xhtml+xml, text/plain",
        "accept-encoding": "gzip",
        "user-agent": agent,
        "connection": "close",
    }
    return h11.Request(method="GET", target=target, headers=list(headers.items()))


class _Body:
    """What is kept of a body, unpacked no further than that."""

    def __init__(self, coding: str, most_bytes: int) -> None:
        if coding not in {"", "identity", "gzip", "x-gzip"}:
            raise _StopError(Why.CODING)
        self._unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in coding else None
        self._most = most_bytes
        self._raw = 0
        self.kept = bytearray()
        self.cut = False

    @property
    def over(self) -> bool:
        """Whether whatever comes is of no interest: enough is kept, or the packed page has ended."""
        return self.cut or (self._unpack is not None and self._unpack.eof)

    def add(self, data: bytes) -> None:
        """Raises zlib.error."""
        self._raw += len(data)
        room = self._most - len(self.kept)
        # One byte more than there is room for tells whether there is more.
        plain = data if self._unpack is None else self._unpack.decompress(data, room + 1)
        # Packed, a page may go on for ever and be nothing: what arrives is bounded too.
        self.cut = len(plain) > room or self._raw > RAW_TIMES_MAX * self._most
        self.kept += plain[:room]

    def end(self) -> None:
        """Raises zlib.error where the packed body ended too early."""
        if self._unpack is not None and self._raw and not self._unpack.eof:
            raise zlib.error("cut off")


def _exchange(
    sock: socket.socket, request: h11.Request, most_bytes: int, left_s: Callable[[], float]
) -> tuple[h11.Response, _Body]:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
    sock.settimeout(left_s())
    sock.sendall(connection.send(request) + connection.send(h11.EndOfMessage()))
    head: h11.Response | None = None
    body = _Body("", 0)
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            sock.settimeout(left_s())
            connection.receive_data(sock.recv(PIECE_BYTES))
        elif isinstance(event, h11.Response):
            head = event
            if head.status_code in _REDIRECTS:  # whatever it says besides is read by nobody
                return head, body
            body = _Body(_headers(head).get("content-encoding", "").strip().lower(), most_bytes)
        elif isinstance(event, h11.Data):
            body.add(bytes(event.data))
            if body.over and head is not None:
                return head, body
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            body.end()
            return head, body
        elif not isinstance(event, h11.InformationalResponse):
            raise _StopError(Why.BROKEN)


def _headers(head: h11.Response) -> Mapping[str, str]:
    """Names in lower case; of several of one name the last."""
    return {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}


def _above_zero(left_s: float) -> float:
    if left_s <= 0:
        raise TimeoutError
    return left_s
