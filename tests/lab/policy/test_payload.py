"""Raw-payload rules as data: what they stop, by hand; and in the kernel's words."""

import pytest

from voipwatch.lab.nft import ruleset
from voipwatch.lab.policy import PASS, Packet, make_policy
from voipwatch.lab.policy.catalogue import UnknownPolicyError
from voipwatch.lab.policy.packet import DROP, TCP, UDP
from voipwatch.lab.policy.payload import Pattern
from voipwatch.model.vocabulary import Direction

NEAR, FAR = ("192.0.2.2", 50_050), ("203.0.113.2", 8801)


def packet(payload: bytes, *, up: bool = True, proto: str = UDP, port: int = FAR[1]) -> Packet:
    src, dst = (NEAR, (FAR[0], port)) if up else ((FAR[0], port), NEAR)
    return Packet(proto, src[0], src[1], dst[0], dst[1], payload, len(payload) + 28)


def stopped(table: dict[str, object], payload: bytes, *, up: bool = True, **more: object) -> bool:
    policy = make_policy({"policy": "payload", "any": [table]})
    way = Direction.UP if up else Direction.DOWN
    action = policy(way, packet(payload, up=up, **more), policy.start(b""), 0.0)  # type: ignore[arg-type]  # keywords of packet
    assert action in (DROP, PASS)
    return action is DROP


DISCOVERY = {"size": 74, "at": [[0, "00010046"]]}


@pytest.mark.parametrize(
    ("table", "payload", "dies"),
    [
        (DISCOVERY, bytes.fromhex("00010046") + bytes(70), True),
        (DISCOVERY, bytes.fromhex("00010046") + bytes(71), False),
        (DISCOVERY, bytes.fromhex("00020046") + bytes(70), False),
        ({"at": [[16, "ff" * 12]]}, bytes(16) + b"\xff" * 12, True),
        ({"at": [[16, "ff" * 12]]}, bytes(16) + b"\xff" * 11, False),
        ({"at": [[0, "0801"], [4, "2112a442"]]}, bytes.fromhex("080100002112a442"), True),
        ({"at": [[0, "0801"], [4, "2112a442"]]}, bytes.fromhex("080100002112a443"), False),
        ({"size": 3}, b"abc", True),
        ({"size": 3}, b"", False),
    ],
)
def test_bytes_and_size_must_all_fit(table: dict[str, object], payload: bytes, dies: bool) -> None:
    assert stopped(table, payload) == dies
    assert stopped(table, payload, up=False) == dies, "both ways"
    assert not stopped(table, payload, proto=TCP)


def test_a_port_is_the_far_ends_whichever_way_the_datagram_goes() -> None:
    table = {"at": [[0, "05"]], "ports": [[8801, 8810]]}
    for up in (True, False):
        assert stopped(table, b"\x05", up=up)
        assert not stopped(table, b"\x05", up=up, port=8811)


def test_any_pattern_will_do() -> None:
    policy = make_policy({"policy": "payload", "any": [{"size": 1}, {"at": [[1, "62"]]}]})
    said = [policy(Direction.UP, packet(p), policy.start(b""), 0.0) for p in (b"x", b"ab", b"ba")]
    assert said == [DROP, DROP, PASS]


@pytest.mark.parametrize(
    "table",
    [
        {"at": []},
        {"at": [[0, ""]]},
        {"at": [[-1, "00"]]},
        {"at": [[0, "zz"]]},
        {"at": [[0, "00" * 17]]},
        {"bytes": 1},
    ],
    ids=str,
)
def test_a_pattern_that_means_nothing_or_everything_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(UnknownPolicyError):
        make_policy({"policy": "payload", "any": [table]})
    with pytest.raises(UnknownPolicyError):
        make_policy({"policy": "payload", "any": []})


def test_the_kernel_says_the_same() -> None:
    text = ruleset(
        make_policy({"policy": "payload", "any": [DISCOVERY, {"at": [[0, "05"]], "ports": [[8801, 8810]]}]})
    )
    assert text is not None
    assert "udp length 82 @th,64,32 0x00010046 drop" in text
    assert 'iifname "line0" udp dport { 8801-8810 } udp length >= 9 @th,64,8 0x05 drop' in text
    assert 'iifname "net0" udp sport { 8801-8810 } udp length >= 9 @th,64,8 0x05 drop' in text


def test_a_pattern_knows_how_long_a_payload_must_be() -> None:
    assert Pattern(at=((16, "ffff"), (0, "00"))).size_min == 18
