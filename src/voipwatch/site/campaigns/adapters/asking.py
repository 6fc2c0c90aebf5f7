"""One GET by HTTP/1.1 and TLS: a deadline for all of it, a bound on the answer, no redirect, no proxy, no
cookie.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

import h11

from voipwatch.site.campaigns.adapters.answers import Answer, Unfetched, Why

DEADLINE_S: Final = 20.0
"""For name, connection, TLS and answer together; a count that takes longer is asked again tomorrow."""
BODY_MAX_BYTES: Final = 1 << 20
"""The documented answers have some hundred bytes."""
HEAD_MAX_BYTES: Final = 64 << 10
Ask = Callable[[str, Mapping[str, str]], Answer | Unfetched]
"""An address and headers, sent; the shape of `ask`."""


class AddressError(ValueError):
    """An address that is not asked: no https, or http to another machine."""


def require_address(url: str) -> str:
    """The address, without a slash at its end. Raises AddressError.

    http is for a test server or a proxy on this machine: a key does not go through the open.
    """
    try:
        place = urlsplit(url)
        place.port  # noqa: B018 -- raises for what is no port
    except ValueError:
        raise AddressError("not an address") from None
    host = place.hostname or ""
    if not host or place.username is not None or place.query or place.fragment or not url.isascii():
        raise AddressError("not an address of a service, such as https://graph.facebook.com")
    if place.scheme == "https" or (place.scheme == "http" and _is_here(host)):
        return url.rstrip("/")
    raise AddressError("not https")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ask(
    url: str,
    headers: Mapping[str, str],
    *,
    deadline_s: float = DEADLINE_S,
    clock: Callable[[], float] = monotonic,
) -> Answer | Unfetched:
    """Send a GET and take the answer.

    Args:
        url: ASCII, https, or http to this machine.
        headers: further ones; values printable ASCII.
        deadline_s: for everything.
        clock: monotonic, seconds.

    Raises:
        AddressError: as `require_address`.
    """
    place = urlsplit(url)
    require_address(f"{place.scheme}://{place.netloc}")
    until_s = clock() + deadline_s
    try:
        with _connected(place.scheme, place.hostname or "", place.port, until_s - clock()) as sock:
            return _exchange(sock, _request(place.netloc, url, headers), lambda: until_s - clock())
    except TimeoutError:
        return Unfetched(why=Why.TIMEOUT)
    except ssl.SSLError:
        return Unfetched(why=Why.TLS)
    except h11.RemoteProtocolError:
        return Unfetched(why=Why.NOT_HTTP)
    except (OSError, UnicodeError):
        return Unfetched(why=Why.UNREACHABLE)


def _connected(scheme: str, host: str, port: int | None, left_s: float) -> socket.socket:
    sock = socket.create_connection((host, port or (443 if scheme == "https" else 80)), timeout=left_s)
    if scheme == "http":
        return sock
    try:
        return ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def _request(host: str, url: str, headers: Mapping[str, str]) -> h11.Request:
    target = url.split("//", 1)[1]
    path = "/" + target.partition("/")[2] if "/" in target else "/"
    fixed = {"host": host, "accept": "application/json", "user-agent": "voipwatch", "connection": "close"}
    return h11.Request(method="GET", target=path, headers=list({**fixed, **headers}.items()))


def _exchange(sock: socket.socket, request: h11.Request, left_s: Callable[[], float]) -> Answer | Unfetched:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX_BYTES)
    sock.settimeout(_above_zero(left_s()))
    sock.sendall(connection.send(request) + connection.send(h11.EndOfMessage()))
    head: h11.Response | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            sock.settimeout(_above_zero(left_s()))
            data = sock.recv(65_536)
            if not data and (head is None or connection.their_state is not h11.SEND_BODY):
                return Unfetched(why=Why.CLOSED)
            try:
                connection.receive_data(data)
            except h11.RemoteProtocolError:
                return Unfetched(why=Why.CLOSED)
            if not data:
                try:
                    event = connection.next_event()
                except h11.RemoteProtocolError:
                    return Unfetched(why=Why.CLOSED)  # fewer bytes than it had promised
        if isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > BODY_MAX_BYTES:
                return Unfetched(why=Why.TOO_LONG, status=head.status_code if head else 0)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            names = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
            return Answer(status=head.status_code, headers=names, body=bytes(body))
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            return Unfetched(why=Why.CLOSED)


def _above_zero(left_s: float) -> float:
    if left_s <= 0:
        raise TimeoutError
    return left_s
