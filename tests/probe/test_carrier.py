"""Whole checks through a proxy or a tunnel on loopback, and the bad days of both."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path as Folder

import pytest

from tests.probe.test_check import far_and_near
from tests.support.dante import danted
from tests.support.reflector import RunningReflector, loopback_of, running_reflector
from tests.support.socks5 import Manners, socks5_server
from voipwatch.experiment import check as core_module
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import CheckOptions, Target, Trust, check, fetch_tickets, run_check
from voipwatch.probe.carrier import LOST, NO_UDP, Carrier, ProxyCarrier, TrialsOnly, TunnelCarrier
from voipwatch.probe.failures import ProxyError
from voipwatch.probe.path import Path
from voipwatch.probe.socks import Association
from voipwatch.probe.ticketstore import TicketStore
from voipwatch.probe.via import Proxy, Tunnel, Via

IP = loopback_of(__name__)
PROXY = loopback_of(__name__ + " proxy")


@pytest.fixture(scope="module")
def reflector() -> Iterator[RunningReflector]:
    with running_reflector(IP) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_late_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """On loopback little comes late: two seconds less a check."""
    monkeypatch.setattr(core_module, "LATE_S", 1.0)


def measured_via(
    running: RunningReflector,
    via: Via,
    *,
    apps: tuple[str, ...] = (),
    tickets: Folder | None = None,
) -> Measurement:
    target = Target(running.host, running.port, Trust(pin=running.pin))
    options = CheckOptions(targets=(target,), apps=apps, tickets=tickets, seed=bytes(32), via=via)
    return run_check(options)


def test_through_a_proxy_both_ends_see_the_same(reflector: RunningReflector, tmp_path: Folder) -> None:
    with socks5_server(PROXY) as server:
        measured = measured_via(reflector, Proxy(server.host, server.port), tickets=tmp_path)
    far_and_near(measured)
    assert (measured.interrupted, measured.notes) == (None, [])
    assert measured.tcp
    assert all(trial.answered for trial in measured.tcp)
    assert server.datagrams_up == sum(len(flow.sent.seq) for flow in measured.flows) > 0
    assert (reflector.host, reflector.port) in server.connects, "the control channel goes through it"
    assert len(server.connects) == 2 + len(measured.tcp)
    assert (measured.line.tunnel, measured.line.local_hop, measured.line.nat) == (None, None, None)
    assert (
        TicketStore(tmp_path).count(reflector.host, reflector.port, wall_s=0.0, trust=reflector.pin) == 0
    ), "none is kept"
    assert list(tmp_path.iterdir()) == []


def test_headers_are_costs_and_not_the_apps_bytes(reflector: RunningReflector) -> None:
    with socks5_server(PROXY) as server:
        through = measured_via(reflector, Proxy(server.host, server.port))
    direct = measured_via(reflector, Tunnel("lo"))
    more = through.costs["line"].bytes - direct.costs["line"].bytes
    headers = 10 * (server.datagrams_up + server.datagrams_down)
    assert headers < more < headers + 8_000  # associations and CONNECTs
    assert [f.sent.size_bytes for f in through.flows] == [f.sent.size_bytes for f in direct.flows]


def test_through_debians_own_proxy(reflector: RunningReflector, tmp_path: Folder) -> None:
    with danted(tmp_path, PROXY) as port:
        measured = measured_via(reflector, Proxy(PROXY, port))
    far_and_near(measured)
    assert all(trial.answered for trial in measured.tcp)
    assert measured.interrupted is None


def test_debians_own_proxy_that_forbids_udp(reflector: RunningReflector, tmp_path: Folder) -> None:
    with danted(tmp_path, PROXY, udp=False) as port:
        measured = measured_via(reflector, Proxy(PROXY, port))
    assert measured.notes == [NO_UDP]
    assert (measured.flows, measured.decisions, measured.interrupted) == ([], [], None)
    assert all(trial.answered for trial in measured.tcp)


def test_a_proxy_without_udp_has_its_tcp_tried(reflector: RunningReflector) -> None:
    with socks5_server(PROXY, Manners(udp_reply=7)) as server:
        measured = measured_via(reflector, Proxy(server.host, server.port), apps=("whatsapp",))
    assert measured.notes == [NO_UDP]
    assert (measured.flows, measured.interrupted) == ([], None)
    assert {trial.name for trial in measured.tcp} >= {"tcp-443", "tls-443"}
    assert all(trial.answered for trial in measured.tcp)
    assert measured.costs["whatsapp"].bytes == 0


def test_a_proxy_that_dies_in_mid_check_ends_it(reflector: RunningReflector) -> None:
    with socks5_server(PROXY) as server:
        timer = threading.Timer(1.2, server.die)
        timer.start()
        measured = measured_via(reflector, Proxy(server.host, server.port))
        timer.join()
    assert measured.interrupted is not None
    assert measured.interrupted.reason == LOST
    assert all(flow.failures == [] for flow in measured.flows), "none is the reflector's or the line's"


def test_a_proxy_that_gives_too_few_associations_ends_it(reflector: RunningReflector) -> None:
    with socks5_server(PROXY, Manners(associations_max=1)) as server:
        measured = measured_via(reflector, Proxy(server.host, server.port))
    assert measured.interrupted is not None
    assert measured.interrupted.reason == LOST


@pytest.mark.parametrize(
    ("manners", "credentials", "failure"),
    [
        (Manners(user=b"bob", password=b"right"), (b"bob", b"wrong"), Failure.PROXY_AUTH),
        (Manners(user=b"bob", password=b"right"), None, Failure.PROXY_AUTH),
        (Manners(connect_reply=2), None, Failure.PROXY_REFUSED),
        (Manners(greeting=b"HTTP"), None, Failure.PROXY_FAILED),
    ],
)
def test_a_proxy_that_does_not_let_us_through(
    reflector: RunningReflector,
    manners: Manners,
    credentials: tuple[bytes, bytes] | None,
    failure: Failure,
) -> None:
    with socks5_server(PROXY, manners) as server:
        measured = measured_via(reflector, Proxy(server.host, server.port, credentials))
    [facts] = measured.reflectors
    assert (facts.control, facts.failure) == ("failed", failure)
    assert (measured.flows, measured.tcp) == ([], [])


def test_a_kept_ticket_is_not_used_through_it(reflector: RunningReflector, tmp_path: Folder) -> None:
    target = Target(reflector.host, reflector.port, Trust(pin=reflector.pin))
    assert fetch_tickets(target, 1, tmp_path).kept == 1
    with socks5_server(PROXY, Manners(connect_reply=2)) as server:
        measured = measured_via(reflector, Proxy(server.host, server.port), tickets=tmp_path)
    assert measured.reflectors[0].control == "failed"
    assert TicketStore(tmp_path).count(reflector.host, reflector.port, wall_s=0.0, trust=reflector.pin) == 1


def test_a_proxy_that_cannot_be_found(reflector: RunningReflector) -> None:
    with socket.socket() as free:
        free.bind((PROXY, 0))
        port = free.getsockname()[1]
    [facts] = measured_via(reflector, Proxy(PROXY, port)).reflectors
    assert (facts.control, facts.failure) == ("failed", Failure.PROXY_FAILED)
    [facts] = measured_via(reflector, Proxy("no-such-proxy.invalid", 1080)).reflectors
    assert (facts.control, facts.failure) == ("failed", Failure.PROXY_FAILED)


def test_through_an_interface_that_everything_goes_through(reflector: RunningReflector) -> None:
    measured = measured_via(reflector, Tunnel("lo"))
    far_and_near(measured)
    assert measured.notes == [check.DEFAULT_ROUTE]
    assert measured.line.tunnel is True
    assert measured.line.local_hop is None


def test_an_interface_that_has_gone(reflector: RunningReflector) -> None:
    [facts] = measured_via(reflector, Tunnel("gone0")).reflectors
    assert facts.control == "failed"


def test_a_tunnel_that_goes_in_mid_check(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = TunnelCarrier(Tunnel("lo"))
    opened = carrier.open(Path("127.0.0.1", via=Tunnel("lo")))
    assert opened is not None
    assert carrier.ended(waiting=False) is None
    opened.failures.append(Failure.PORT_UNREACHABLE)
    assert carrier.ended(waiting=False) is None, "a port at its end, not the tunnel"
    monkeypatch.setattr(Path, "local_ip", lambda _: Failure.NETWORK_UNREACHABLE)
    assert carrier.ended(waiting=False) == LOST
    assert TunnelCarrier(Tunnel("gone0")).open(Path("127.0.0.1", via=Tunnel("gone0"))) is None
    opened.close()


def test_without_anything_between_there_is_nothing_to_end() -> None:
    carrier = Carrier()
    assert (carrier.ended(waiting=True), carrier.overhead_bytes()) == (None, 0)
    assert (TrialsOnly().ended(waiting=True), TrialsOnly().ended(waiting=False)) == (None, NO_UDP)
    assert TrialsOnly().open(Path("127.0.0.1")) is None


def test_an_association_given_up_while_it_waited_is_not_used() -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    for near, _ in pairs:
        near.setblocking(False)
    pairs[0][1].close()
    left = [Association(near, Path("127.0.0.1"), 9) for near, _ in pairs]
    lock = threading.Lock()

    def ask(_: Proxy) -> Association:
        with lock:
            if left:
                return left.pop(0)
        raise ProxyError(Failure.PROXY_REFUSED)

    carrier = ProxyCarrier(Proxy("127.0.0.1", 1), ask=ask)
    assert carrier.prepare() is None
    opened = carrier.open(Path("127.0.0.1"))
    assert opened is not None
    assert carrier.open(Path("127.0.0.1")) is None
    assert carrier.ended(waiting=False) == LOST
    opened.close()
    carrier.close()
    pairs[1][1].close()
