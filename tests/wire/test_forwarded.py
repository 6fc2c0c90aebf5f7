"""Whose word about a sender's address is believed."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.forwarded import HEADER, is_proxy, plain_address, sender_address

OURS = (ip_network("203.0.113.0/24"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("host", "lines", "sender"),
    [
        ("192.0.2.5", ["198.51.100.9"], "192.0.2.5"),  # no proxy of ours: not believed
        ("203.0.113.1", ["198.51.100.9"], "198.51.100.9"),
        ("::ffff:203.0.113.1", ["198.51.100.9"], "198.51.100.9"),  # of a socket for both families
        ("203.0.113.1", ["192.0.2.5, 198.51.100.9"], "198.51.100.9"),  # what the sender wrote stands in front
        ("203.0.113.1", ["192.0.2.5", "198.51.100.9"], "198.51.100.9"),  # in a header of its own, too
        ("203.0.113.1", ["198.51.100.9, 203.0.113.2, fd00::1"], "198.51.100.9"),  # three proxies
        ("fd00::1", ["[2001:db8::1]"], "2001:db8::1"),
        ("203.0.113.1", [], "203.0.113.1"),
        ("203.0.113.1", ["203.0.113.7"], "203.0.113.1"),  # the proxy itself asks
        ("203.0.113.1", ["unknown"], "unknown"),  # which whoever asks has to find out
    ],
)
def test_the_last_address_that_no_proxy_of_ours_has(host: str, lines: list[str], sender: str) -> None:
    headers = [(b"accept", b"*/*"), *((HEADER, line.encode()) for line in lines)]
    assert sender_address(host, headers, OURS) == sender


@given(st.binary(max_size=80), st.text(max_size=20))
def test_without_a_declared_proxy_the_header_is_nothing(value: bytes, host: str) -> None:
    assert sender_address(host, [(HEADER, value)], ()) == host
    assert sender_address("192.0.2.5", [(HEADER, value)], OURS) == "192.0.2.5"


def test_what_is_no_address_is_no_proxy() -> None:
    assert not is_proxy("", OURS)
    assert not is_proxy("203.0.113", OURS)
    assert is_proxy("203.0.113.255", OURS)
    with pytest.raises(ValueError, match="does not appear"):
        plain_address("unknown")
