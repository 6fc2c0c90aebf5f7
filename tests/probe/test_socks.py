"""Associations and connections through a SOCKS 5 server of the test's own, written apart from the client."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.reflector import loopback_of, needs_ipv6
from tests.support.socks5 import Manners, Socks5Server, socks5_server
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import ProxyError
from voipwatch.probe.path import Path
from voipwatch.probe.socks import Association, RelayedSocket, connect_through, located, proxy_problem
from voipwatch.probe.via import Proxy
from voipwatch.wire.socks5 import HEADER_BYTES

IP = loopback_of(__name__)
FAR = loopback_of(__name__ + " far")


@pytest.fixture
def server() -> Iterator[Socks5Server]:
    with socks5_server(IP) as running:
        yield running


@pytest.fixture
def far() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((FAR, 0))
        sock.settimeout(5)
        yield sock


def proxy_of(server: Socks5Server, credentials: tuple[bytes, bytes] | None = None) -> Proxy:
    return Proxy(server.host, server.port, credentials)


def relayed(server: Socks5Server, ip: str = FAR) -> RelayedSocket:
    proxy = proxy_of(server)
    return RelayedSocket.open(Path(ip, via=proxy), Association.open(proxy))


def awaited(opened: RelayedSocket) -> list[bytes]:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        if batch := opened.receive():
            return batch
    return []


def test_datagrams_go_and_come_without_their_headers(server: Socks5Server, far: socket.socket) -> None:
    opened = relayed(server)
    opened.send(far.getsockname()[1], b"up")
    data, source = far.recvfrom(99)
    assert data == b"up"
    far.sendto(b"down", source)
    assert awaited(opened) == [b"down"]
    assert opened.overhead_bytes == 2 * HEADER_BYTES[4]
    assert (opened.lost, opened.failures) == (False, [])
    opened.close()


def test_each_flow_has_its_own_port_behind_the_proxy(server: Socks5Server, far: socket.socket) -> None:
    sources = set()
    for opened in (relayed(server), relayed(server)):
        opened.send(far.getsockname()[1], b"x")
        sources.add(far.recvfrom(9)[1])
        opened.close()
    assert len(sources) == 2


@needs_ipv6
def test_a_far_end_by_ipv6_behind_a_proxy_by_ipv4(server: Socks5Server) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as far:
        far.bind(("::1", 0))
        far.settimeout(5)
        opened = relayed(server, "::1")
        opened.send(far.getsockname()[1], b"six")
        data, source = far.recvfrom(9)
        far.sendto(data, source)
        assert awaited(opened) == [b"six"]
        assert opened.overhead_bytes == 2 * HEADER_BYTES[6]
        opened.close()


def test_a_datagram_too_large_with_its_header_is_a_failure_of_the_datagram(server: Socks5Server) -> None:
    opened = relayed(server)
    opened.send(9, bytes(65_507))
    assert opened.take_failures() == [Failure.MESSAGE_TOO_LONG]
    assert not opened.lost
    opened.close()


def test_a_datagram_without_a_header_is_nobodys(server: Socks5Server) -> None:
    opened = relayed(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        opened.send(9, b"to get a port")
        stranger.sendto(b"\x80\x6f forged", (FAR, opened.sock.getsockname()[1]))
        time.sleep(0.05)
        assert opened.receive() == []
    opened.close()


def test_a_proxy_that_dies_is_lost_and_no_failure_of_the_far_ends(server: Socks5Server) -> None:
    opened = relayed(server)
    server.die()
    give_up_at = time.monotonic() + 60
    while not opened.lost and time.monotonic() < give_up_at:
        opened.send(9, b"x")
    assert opened.lost
    assert opened.take_failures() == []
    opened.close()


@pytest.mark.parametrize(
    ("manners", "failure"),
    [
        (Manners(udp_reply=7), Failure.PROXY_NO_UDP),
        (Manners(udp_reply=2), Failure.PROXY_REFUSED),
        (Manners(user=b"bob", password=b"pw"), Failure.PROXY_AUTH),
        (Manners(greeting=b"HTTP/1.1 400 Bad Request\r\n"), Failure.PROXY_FAILED),
        (Manners(greeting=b""), Failure.PROXY_FAILED),
    ],
)
def test_why_there_is_no_association(manners: Manners, failure: Failure) -> None:
    with socks5_server(IP, manners) as server, pytest.raises(ProxyError) as caught:
        Association.open(proxy_of(server))
    assert caught.value.failure is failure
    assert str(server.port) not in str(caught.value)
    assert server.host not in str(caught.value)


def test_user_and_password() -> None:
    with socks5_server(IP, Manners(user=b"bob", password=b"s3cret")) as server:
        Association.open(proxy_of(server, (b"bob", b"s3cret"))).close()
        with pytest.raises(ProxyError) as caught:
            Association.open(proxy_of(server, (b"bob", b"wrong")))
    assert caught.value.failure is Failure.PROXY_AUTH


@pytest.mark.parametrize("said", ["0.0.0.0", None])
def test_a_proxy_that_does_not_know_its_own_address(said: str | None, far: socket.socket) -> None:
    with socks5_server(IP, Manners(relay_host=said)) as server:
        opened = relayed(server)
        opened.send(far.getsockname()[1], b"x")
        assert far.recv(9) == b"x"
        opened.close()


def test_connections_and_what_the_proxy_says_of_the_far_end(server: Socks5Server) -> None:
    with socket.create_server((FAR, 0)) as listener:
        port = listener.getsockname()[1]
        with connect_through(proxy_of(server), FAR, port, 5) as near, listener.accept()[0] as end:
            end.sendall(b"at once")
            near.settimeout(5)
            assert near.recv(99) == b"at once"
    with pytest.raises(ProxyError) as caught:
        connect_through(proxy_of(server), FAR, port, 5)
    assert caught.value.failure is Failure.CONNECTION_REFUSED


def test_nobody_there_and_a_silent_one() -> None:
    with socket.create_server((IP, 0)) as silent:
        proxy = Proxy(IP, silent.getsockname()[1])
        with pytest.raises(ProxyError) as caught:
            Association.open(proxy, timeout_s=0.2)
    assert caught.value.failure is Failure.PROXY_FAILED
    with pytest.raises(ProxyError):
        Association.open(proxy)


def test_a_proxy_by_name_is_looked_up_once() -> None:
    assert located(Proxy("proxy.example", 1080), lambda _: [FAR]) == Proxy(FAR, 1080)
    assert located(Proxy("proxy.example", 1080), lambda _: Failure.DNS_NXDOMAIN) is None


def test_a_refused_port_of_the_proxy_is_no_refusal_of_the_far_end() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((IP, 0))
        port = free.getsockname()[1]
    control, other = socket.socketpair()
    control.setblocking(False)
    opened = RelayedSocket.open(Path(FAR), Association(control, Path(IP), port))
    give_up_at = time.monotonic() + 60
    while not opened.lost and time.monotonic() < give_up_at:
        opened.send(9, b"x")
        opened.receive()
    assert opened.lost
    assert opened.take_failures() == []
    opened.close()
    other.close()


def test_what_keeps_a_proxy_from_being_used_has_a_word_each(server: Socks5Server) -> None:
    proxy = proxy_of(server)
    assert proxy_problem(proxy) is None
    server.manners.udp_reply = 7
    assert proxy_problem(proxy) is None, "TCP alone can be tried"
    server.manners.user = b"somebody"
    assert proxy_problem(proxy) == "auth"
    server.manners.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert proxy_problem(proxy) == "no_socks"
    with socket.create_server((IP, 0)) as silent:
        proxy = Proxy(IP, silent.getsockname()[1])
        assert proxy_problem(proxy, timeout_s=0.1) == "no_socks"
    assert proxy_problem(proxy) == "refused"
    for failure in (Failure.DNS_NXDOMAIN, Failure.DNS_TIMEOUT):
        assert proxy_problem(Proxy("p.invalid", 1), lambda _, why=failure: why) == "name"  # type: ignore[misc]
