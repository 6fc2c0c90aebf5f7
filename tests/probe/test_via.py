import socket

import pytest

from tests.support.reflector import loopback_of
from voipwatch.probe.via import Proxy, Tunnel, tunnel_problem


def test_nothing_of_it_is_in_a_repr() -> None:
    for via in (Tunnel("wg-secret"), Proxy("proxy-secret.example", 1080, (b"user-secret", b"pw-secret"))):
        assert "secret" not in repr(via)
        assert "secret" not in str([via])
        assert "1080" not in repr(via)


def test_a_socket_bound_to_the_loopback_reaches_it_and_nothing_else() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near,
    ):
        far.bind((loopback_of(__name__), 0))
        far.settimeout(5)
        Tunnel("lo").bind(near)
        near.sendto(b"hello", far.getsockname())
        assert far.recv(9) == b"hello"


@pytest.mark.parametrize("name", ["no-such-if0", "a" * 40, "", "a\0b", "\udcff"])
def test_an_interface_that_is_not_there(name: str) -> None:
    assert tunnel_problem(name) == "missing"


def test_an_interface_that_is_there() -> None:
    assert tunnel_problem("lo") is None


def test_one_that_only_root_may_bind_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Tunnel, sock: socket.socket) -> None:
        raise PermissionError

    monkeypatch.setattr(Tunnel, "bind", refuse)
    assert tunnel_problem("lo") == "forbidden"
