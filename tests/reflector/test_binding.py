"""Which ports are had, which are not, and what is said of both."""

import socket

import pytest

from tests.reflector.core.support import make_core
from tests.support.reflector import loopback_of
from voipwatch.reflector.binding import bind_all, ready_line
from voipwatch.reflector.options import ReflectorOptions

HOST = loopback_of(__name__)
UDP, TCP = (34781, 34782), (34783, 34784)


def test_what_is_taken_is_told_and_the_rest_is_had() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken, socket.create_server((HOST, TCP[0])):
        taken.bind((HOST, UDP[1]))
        bound = bind_all(ReflectorOptions(bind=(HOST,), control_port=0), udp=UDP, tcp_trials=TCP)
        try:
            assert set(bound.unbound) == {f"udp/{UDP[1]}", f"tcp/{TCP[0]}"}
            assert all(reason == "Address already in use" for reason in bound.unbound.values())
            assert bound.ports("udp", UDP) == UDP[:1]
            assert bound.ports("tcp", TCP) == TCP[1:]
        finally:
            bound.close()
    for each in (*(udp.sock for udp in bound.udp), *bound.trials, *bound.controls):
        assert each.fileno() == -1


def test_a_port_that_the_control_channel_has_is_no_port_of_calls() -> None:
    bound = bind_all(ReflectorOptions(bind=(HOST,), control_port=TCP[1]), udp=(), tcp_trials=TCP)
    try:
        assert (bound.own, bound.unbound) == (f"tcp/{TCP[1]}", {})
        assert bound.ports("tcp", TCP) == TCP[:1]
    finally:
        bound.close()


def test_without_a_control_channel_nothing_is_kept() -> None:
    with socket.create_server((HOST, TCP[0])), pytest.raises(OSError, match="in use"):
        bind_all(ReflectorOptions(bind=(HOST,), control_port=TCP[0]), udp=UDP, tcp_trials=())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((HOST, UDP[0]))


def test_shared_ports_are_had_twice_and_others_once() -> None:
    options = ReflectorOptions(bind=(HOST,), control_port=TCP[0])
    first = bind_all(options, udp=UDP, tcp_trials=(), shared=True)
    try:
        second = bind_all(options, udp=UDP, tcp_trials=(), shared=True)
        assert (second.unbound, len(second.udp)) == ({}, 2)
        second.close()
        with pytest.raises(OSError, match="in use"):
            bind_all(options, udp=UDP, tcp_trials=())
    finally:
        first.close()


def test_the_line_names_every_place() -> None:
    bound = bind_all(ReflectorOptions(bind=(HOST,), control_port=0), udp=(), tcp_trials=())
    try:
        port = bound.controls[0].getsockname()[1]
        bound.unbound["udp/5060"] = "Permission denied"
        core = make_core()
        line, key = ready_line(bound, core, "ab" * 32), core.offer.key.hex()
    finally:
        bound.close()
    assert line.startswith(
        f"voipwatch reflector ready control={HOST}:{port} pin={'ab' * 32} log_key={key} udp=3478,"
    )
    assert line.endswith(" unbound=udp/5060")
