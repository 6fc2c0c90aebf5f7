"""A world on a real cable, in virtual time: frames in, frames out."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.payloads import rtp, stun
from tests.lab.test_ip import make
from voipwatch.lab.cable import Cable, CableOrder, WorldClock
from voipwatch.lab.ip import read_ip, write_ip
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.nat import NatCondition
from voipwatch.lab.policy.names import DNS_PORT, dns_addresses, dns_query
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.ip import decode_ip
from voipwatch.wire.udp import decode_udp

MACS = bytes.fromhex("02000000000a02000000000b")
TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
OPEN = {"policy": "open"}


def frame(
    payload: bytes,
    *,
    version: int = 4,
    down: bool = False,
    target: tuple[str, int] | None = None,
    port: int | None = None,
) -> bytes:
    raw = make(version, payload)
    if port is not None:
        datagram = read_ip(raw)
        assert datagram is not None
        raw = write_ip(raw, datagram, msgspec.structs.replace(datagram.packet, dport=port))
    if down:
        datagram = read_ip(raw)
        assert datagram is not None
        p = datagram.packet
        dst, dport = target or (p.src, p.sport)
        back = msgspec.structs.replace(p, src=p.dst, sport=p.dport, dst=dst, dport=dport)
        raw = write_ip(raw, datagram, back)
    return MACS + TYPES[version] + raw


def cable(policy: dict[str, object] | None = None, **line: object) -> Cable:
    condition = msgspec.convert(line, LineCondition)
    return Cable(CableOrder(condition, policy or OPEN, seed=1))


@pytest.mark.parametrize("version", [4, 6])
def test_frames_come_out_later_and_unchanged(version: int) -> None:
    wire = cable(up={"delay_ms": 30}, down={"delay_ms": 10})
    up, down = frame(b"up", version=version), frame(b"down", version=version, down=True)
    wire.take(Direction.UP, up, 1.0)
    wire.take(Direction.DOWN, down, 1.0)
    assert wire.next_time() == pytest.approx(1.01)
    assert wire.due(1.02) == [(Direction.DOWN, down)]
    assert wire.due(1.04) == [(Direction.UP, up)]
    assert wire.next_time() is None


def test_what_is_not_ip_is_part_of_the_cable() -> None:
    wire = cable(up={"delay_ms": 1000, "loss_ratio": 0.9})
    arp = MACS + b"\x08\x06" + bytes(28)
    solicitation = MACS + TYPES[6] + bytes.fromhex("6000000000183aff") + bytes(32) + bytes((135,)) + bytes(23)
    for talk in (arp, solicitation):
        wire.take(Direction.UP, talk, 0.0)
        assert wire.due(0.0) == [(Direction.UP, talk)]


def test_the_policy_drops_refuses_and_rewrites() -> None:
    wire = cable({"policy": "stun-cookie"})
    wire.take(Direction.UP, frame(stun(1)), 0.0)
    assert wire.due(1.0) == []
    wire.take(Direction.UP, frame(rtp(8, 100)), 1.0)
    assert len(wire.due(1.0)) == 1

    wire = cable({"policy": "port-reject", "ports": [[3478, 3478]]})
    wire.take(Direction.UP, frame(b"x"), 0.0)
    ((direction, answer),) = wire.due(0.0)
    assert direction is Direction.DOWN
    assert answer[:12] == MACS[6:] + MACS[:6], "back to the sender's card"
    assert (answer[14 + 9], answer[14 + 20]) == (1, 3)

    wire = cable({"policy": "port-reject", "ports": [[443, 443]], "proto": "tcp"})
    wire.take(Direction.UP, MACS + b"\x08\x00" + make(4, b"hello", tcp=True), 0.0)
    ((direction, answer),) = wire.due(0.0)
    assert (direction, answer[14 + 9], answer[14 + 20 + 13] & 0x04) == (Direction.DOWN, 6, 0x04), "a reset"

    wire = cable({"policy": "sip-alg", "ports": [3478]})
    wire.take(
        Direction.UP, frame(b"OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z\r\n\r\n"), 0.0
    )
    ((_, rewritten),) = wire.due(0.0)
    datagram = read_ip(rewritten[14:])
    assert datagram is not None
    assert b"UDP 198.51.100.10;branch=z" in datagram.packet.payload
    assert datagram.packet.size == len(rewritten) - 14


@pytest.mark.parametrize(("version", "external"), [(4, "198.51.100.64"), (6, "2001:db8:2::64")])
def test_a_translator_rewrites_both_ways_and_forgets(version: int, external: str) -> None:
    wire = Cable(CableOrder(LineCondition(nat=NatCondition(rebind_at_s=(5.0,))), OPEN, seed=1))
    wire.take(Direction.UP, frame(b"first", version=version), 100.0)  # the world begins here
    ((_, out),) = wire.due(100.0)
    datagram = read_ip(out[14:])
    assert datagram is not None
    outer = (datagram.packet.src, datagram.packet.sport)
    assert outer[0] == external
    back = frame(b"back", version=version, down=True, target=outer)
    wire.take(Direction.DOWN, back, 104.9)
    ((_, into),) = wire.due(104.9)
    assert into == frame(b"back", version=version, down=True)
    wire.take(Direction.DOWN, back, 105.0)
    assert wire.due(105.0) == [], "rebound five seconds after the world began"


def test_a_dead_reflector_is_behind_a_silent_cable() -> None:
    wire = cable(far_dies_at_s=3.0)
    wire.take(Direction.UP, frame(b"x"), 50.0)
    wire.take(Direction.UP, frame(b"x"), 52.9)
    assert len(wire.due(53.0)) == 2
    wire.take(Direction.UP, frame(b"x"), 53.0)
    wire.take(Direction.DOWN, frame(b"x", down=True), 53.0)
    assert wire.due(60.0) == []


def test_a_worlds_time_begins_with_the_first_datagram() -> None:
    clock = WorldClock(100.0)
    assert clock.at(7.0) == 100.0
    assert clock.at(8.0, begin=True) == 100.0
    assert clock.at(10.5) == 102.5
    assert clock.at(11.0, begin=True) == 103.0


@given(
    st.lists(st.tuples(st.sampled_from(Direction), st.binary(max_size=80), st.floats(0, 1)), max_size=20),
    st.sampled_from(["open", "stun-cookie", "unknown-udp", "sip-alg", "match-then-kill"]),
)
def test_no_frame_breaks_it(frames: list[tuple[Direction, bytes, float]], policy: str) -> None:
    line = LineCondition(up=LinkCondition(loss_ratio=0.2, duplicate_ratio=0.5), nat=NatCondition(capacity=3))
    wire = Cable(CableOrder(line, {"policy": policy}, seed=1))
    now = 0.0
    for direction, data, gap_s in frames:
        if direction is not Direction.BOTH:
            now += gap_s
            wire.take(direction, data, now)
            wire.take(direction, MACS + TYPES[4] + data, now)
            wire.take(direction, frame(data), now)
        wire.due(now)
    wire.due(now + 10)
    assert wire.next_time() is None


@pytest.mark.parametrize("version", [4, 6])
def test_a_question_is_answered_in_the_resolvers_place(version: int) -> None:
    forge: dict[str, object] = {"policy": "dns-forge", "names": ["a.example"], "addresses": ["10.0.0.1"]}
    wire = cable(forge, up={"delay_ms": 10}, down={"delay_ms": 20})
    asked, other = (
        frame(dns_query(name), version=version, port=DNS_PORT) for name in ("a.example", "b.example")
    )
    wire.take(Direction.UP, asked, 0.0)
    wire.take(Direction.UP, other, 0.0)
    assert wire.due(0.011) == [(Direction.UP, other)]
    ((way, answer),) = wire.due(0.031)
    assert way is Direction.DOWN
    assert answer[:12] == asked[6:12] + asked[:6]
    question, told = read_ip(asked[14:]), read_ip(answer[14:])
    assert question is not None
    assert told is not None
    there, back = question.packet, told.packet
    assert (back.src, back.sport, back.dst, back.dport) == (there.dst, there.dport, there.src, there.sport)
    assert dns_addresses(back.payload) == ("10.0.0.1",)
    assert decode_udp(decode_ip(answer[14:]).payload).checksum != 0
