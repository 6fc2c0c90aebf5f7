"""Ways to a reflector: literals, names, failures, and IPv4 through NAT64."""

import socket
import threading

import pytest

from voipwatch.model.vocabulary import Failure
from voipwatch.probe import path as module
from voipwatch.probe.path import Path, Resolver, find_paths, is_literal, resolve_by_system


def resolver(**names: "list[str] | Failure") -> Resolver:
    return lambda name: names.get(name.replace(".", "_"), Failure.DNS_NXDOMAIN)


def lines(monkeypatch: pytest.MonkeyPatch, *, ipv4: bool, ipv6: bool) -> None:
    """A machine with these families."""

    def local_ip(way: Path) -> str | Failure:
        works = ipv4 if way.ip_version == 4 else ipv6
        return "local" if works else Failure.NETWORK_UNREACHABLE

    monkeypatch.setattr(Path, "local_ip", local_ip)


def test_a_literal_is_its_own_path() -> None:
    assert find_paths("127.0.0.1") == [Path("127.0.0.1")]
    assert Path("127.0.0.1").address(5) == ("127.0.0.1", 5)
    assert Path("::1").address(5) == ("::1", 5, 0, 0)
    assert Path("fe80::1%7").address(5) == ("fe80::1", 5, 0, 7)
    assert Path("fe80::1%no-such").address(5) == ("fe80::1", 5, 0, 0)
    assert (Path("::1").family, Path("::1").ip_version) == (socket.AF_INET6, 6)
    assert is_literal("fe80::1%eth0")
    assert not is_literal("example.org")


def test_a_name_gives_its_addresses_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(monkeypatch, ipv4=True, ipv6=True)
    found = find_paths("r.example", resolver(r_example=["2001:db8::1", "192.0.2.1"]))
    assert found == [Path("2001:db8::1"), Path("192.0.2.1")]


def test_addresses_without_a_route_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(monkeypatch, ipv4=True, ipv6=False)
    found = find_paths("r.example", resolver(r_example=["2001:db8::1", "192.0.2.1"]))
    assert found == [Path("192.0.2.1")]


@pytest.mark.parametrize("failure", [Failure.DNS_NXDOMAIN, Failure.DNS_TIMEOUT])
def test_a_name_that_does_not_resolve_is_a_failure(failure: Failure) -> None:
    assert find_paths("r.example", resolver(r_example=failure)) is failure


def test_no_network_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(monkeypatch, ipv4=False, ipv6=False)
    assert find_paths("192.0.2.1", resolver()) is Failure.NETWORK_UNREACHABLE


def test_ipv4_is_reached_through_nat64_on_an_ipv6_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(monkeypatch, ipv4=False, ipv6=True)
    answers = resolver(ipv4only_arpa=["64:ff9b::192.0.0.170", "64:ff9b::192.0.0.171"])
    assert find_paths("192.0.2.33", answers) == [Path("64:ff9b::c000:221", nat64=True)]


def test_an_ipv6_line_without_nat64_says_that_ipv4_has_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(monkeypatch, ipv4=False, ipv6=True)
    assert find_paths("192.0.2.33", resolver()) is Failure.NETWORK_UNREACHABLE
    assert find_paths("192.0.2.33", resolver(ipv4only_arpa=["2001:db8::1"])) is Failure.NETWORK_UNREACHABLE


def test_nat64_is_not_asked_for_where_ipv4_works(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(monkeypatch, ipv4=True, ipv6=True)

    def refuse(name: str) -> list[str] | Failure:
        raise AssertionError(name)

    assert find_paths("192.0.2.33", refuse) == [Path("192.0.2.33")]


def test_the_systems_resolver_knows_this_machine() -> None:
    found = resolve_by_system("localhost")
    assert not isinstance(found, Failure)
    assert {"127.0.0.1", "::1"} & set(found)


def test_the_systems_resolver_fails_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    assert resolve_by_system("x.example") is Failure.DNS_NXDOMAIN


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(60) and [])
    monkeypatch.setattr(module, "RESOLVE_S", 0.01)
    assert resolve_by_system("x.example") is Failure.DNS_TIMEOUT
    release.set()


def test_a_name_that_is_no_name_is_a_failure() -> None:
    assert resolve_by_system("a" * 300) is Failure.DNS_NXDOMAIN


def test_where_a_way_begins() -> None:
    assert Path("127.0.0.1").local_ip() == "127.0.0.1"
