from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import hostile
from voipwatch.lab.policy import DROP, PASS, Packet, Reject, make_policy
from voipwatch.lab.policy.names import dns_addresses, dns_answer, dns_name, dns_query, server_name
from voipwatch.lab.policy.packet import TCP, UDP, Inject
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.tls import build_tls_client_hello

NEAR, PROVIDER, RESOLVER = "192.0.2.2", "198.51.100.10", "192.0.2.53"


def packet(payload: bytes, *, proto: str = TCP, dst: str = PROVIDER, dport: int = 443) -> Packet:
    return Packet(proto, NEAR, 40_000, dst, dport, payload, len(payload) + 40)


def hello(name: str) -> bytes:
    return build_tls_client_hello(bytes(32), filler=bytes(64), server_name=name)


def act(table: Mapping[str, object], seen: Packet, direction: Direction = Direction.UP) -> object:
    policy = make_policy(table)
    return policy(direction, seen, policy.start(b"x"), 0.0)


def test_names_are_read_where_they_stand() -> None:
    assert server_name(hello("chat.signal.org")) == "chat.signal.org"
    assert server_name(build_tls_client_hello(bytes(32), filler=bytes(64))) is None
    query = dns_query("g.whatsapp.net")
    assert dns_name(query) == "g.whatsapp.net"
    assert dns_addresses(dns_answer(query, ("198.51.100.1", "198.51.100.2"))) == (
        "198.51.100.1",
        "198.51.100.2",
    )
    assert dns_addresses(dns_answer(query, ())) == ()


@given(
    st.binary(max_size=120)
    | hostile([hello("a.example"), hello("a.example")[3:], dns_query("g.whatsapp.net")])
)
def test_no_bytes_fail(data: bytes) -> None:
    """What comes out is a name that stands in the bytes, where a hello or a question starts as one does."""
    for stream in (data, b"\x16\x03\x01" + data):
        name = server_name(stream)
        if name is not None:
            assert (stream[0], stream[5]) == (22, 1)
            assert name in stream.decode("ascii", "replace").lower()
    asked = dns_name(data)
    if asked is not None:
        assert int.from_bytes(data[4:6]) >= 1
        end = 13 + len(asked)
        assert (data[12] in range(1, 64), data[end]) == (True, 0)
        stands = data[13:end].decode("ascii", "replace").lower()
        assert all(said in {there, "."} for said, there in zip(asked, stands, strict=True))


@pytest.mark.parametrize(("addresses", "said"), [(["10.0.0.1"], ("10.0.0.1",)), ([], ())])
def test_dns_is_answered_by_the_box(addresses: list[str], said: tuple[str, ...]) -> None:
    table = {"policy": "dns-forge", "names": ["whatsapp.net"], "addresses": addresses}
    seen = packet(dns_query("g.whatsapp.net"), proto=UDP, dst=RESOLVER, dport=53)
    action = act(table, seen)
    assert isinstance(action, Inject)
    ((way, forged),) = action.packets
    assert (way, forged.src, forged.dport, action.original) == (Direction.DOWN, RESOLVER, 40_000, False)
    assert dns_addresses(forged.payload) == said
    assert act(table, packet(dns_query("whatsapp.net.example"), proto=UDP, dport=53)) is PASS
    assert act(table, packet(dns_query("notwhatsapp.net"), proto=UDP, dport=53)) is PASS
    assert act(table, packet(dns_query("g.whatsapp.net"), proto=UDP, dport=54)) is PASS
    assert act(table, seen, Direction.DOWN) is PASS


def test_a_hello_is_stopped_for_what_it_says() -> None:
    table = {"policy": "tls-name", "names": ["signal.org"]}
    assert act(table, packet(hello("chat.signal.org"))) == Reject()
    assert act({**table, "drop": True}, packet(hello("chat.signal.org"))) is DROP
    assert act(table, packet(hello("www.example.com"))) is PASS
    assert act(table, packet(b"")) is PASS


def test_addresses_are_stopped_whatever_goes_there() -> None:
    table = {"policy": "address-drop", "networks": ["198.51.100.8/30"]}
    assert act(table, packet(b"")) is DROP
    assert act(table, packet(b"", proto=UDP)) is DROP
    assert act({**table, "proto": "tcp"}, packet(b"", proto=UDP)) is PASS
    assert act({**table, "reject": True}, packet(b"")) == Reject()
    assert act(table, packet(b"", dst="198.51.100.12")) is PASS
