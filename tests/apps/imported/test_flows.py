"""Which flows are kept, in how much memory, and which looks like a call."""

import pytest

from tests.apps.imported.support import FAR, NEAR, START_US, call, captured, noise, packet
from voipwatch.apps.imported import flows
from voipwatch.apps.imported.flows import KEPT_PACKETS_MAX, Capture, rate
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.pcap import LINKTYPE_RAW, PcapPacket

OTHER = TransportAddress("198.51.100.7", 9999)


def test_a_call_is_one_flow_with_both_directions_and_its_first_packets() -> None:
    kept = captured(call(media=300))
    (flow,) = kept.flows.values()
    assert (flow.near[1], flow.far[1]) == (NEAR.port, FAR.port)
    assert flow.counts == [302, 302]
    assert len(flow.packets) == KEPT_PACKETS_MAX
    assert sum(flow.sizes[0].values()) == 302
    assert sum(flow.gaps[1].values()) == 301
    candidate = kept.candidates()[0]
    assert candidate.is_call
    assert candidate.protocols == ("stun", "rtp")


def test_what_is_no_whole_udp_datagram_is_counted_and_left() -> None:
    kept = captured(
        [PcapPacket(0, 1, b"short"), PcapPacket(0, LINKTYPE_RAW, b""), PcapPacket(0, 105, bytes(60))]
    )
    cut = packet(0, True, b"x" * 40)
    kept.add(PcapPacket(0, LINKTYPE_RAW, cut.data, original_bytes=900))
    assert (kept.packets, kept.other, kept.flows) == (4, 4, {})


def test_the_call_comes_first_and_equal_flows_keep_their_order() -> None:
    noise_flow = [packet(1000 * n, n % 2 == 0, noise(f"{n}", 12), OTHER) for n in range(6)]
    ranked = captured([*noise_flow, *call()]).candidates()
    assert [c.flow.far[1] for c in ranked] == [FAR.port, OTHER.port]
    assert [c.is_call for c in ranked] == [True, False]


def encrypted(port: int, count: int = 80, gap_us: int = 20_000) -> Capture:
    far = TransportAddress("198.51.100.7", port)
    return captured(
        [
            packet(gap_us * n, n % 3 > 0, bytes((0xD7,)) + noise(f"{n}", 90 + n % 30), far)
            for n in range(count)
        ]
    )


@pytest.mark.parametrize(
    ("port", "count", "gap_us", "is_call"),
    [
        (40_000, 80, 20_000, True),
        (443, 80, 20_000, False),
        (53, 80, 20_000, False),
        (40_000, 20, 20_000, False),
        (40_000, 80, 900_000, False),
    ],
)
def test_an_unknown_protocol_is_a_call_if_it_is_steady_long_and_on_no_known_port(
    port: int, count: int, gap_us: int, is_call: bool
) -> None:
    assert encrypted(port, count, gap_us).candidates()[0].is_call is is_call


@pytest.mark.parametrize(
    "first",
    [
        b"\1\0\0\0" + bytes(144),
        b"\xc3" + bytes(1250),
        bytes.fromhex("0500ffff00fefefefefdfdfdfd12345678"),
        b"d1:ad2:id",
    ],
)
def test_tunnels_games_and_quic_are_no_calls(first: bytes) -> None:
    far = TransportAddress("198.51.100.7", 443 if first[0] == 0xC3 else 40_000)
    packets = [packet(20_000 * n, n % 2 == 0, first if n < 2 else noise(f"{n}", 100), far) for n in range(80)]
    assert not captured(packets).candidates()[0].is_call


def test_a_file_transfer_is_no_call() -> None:
    packets = [
        packet(1000 * n, n % 2 == 0, b"\0\3" + bytes(514) if n % 2 == 0 else b"\0\4ab", OTHER)
        for n in range(90)
    ]
    assert not captured(packets).candidates()[0].is_call


def test_memory_is_bounded_and_the_call_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "FLOWS_MAX", 16)
    strangers = [packet(n, True, b"x" * 30, TransportAddress("198.51.100.7", 1000 + n)) for n in range(200)]
    kept = captured([*call(), *strangers])
    assert len(kept.flows) <= 16
    assert kept.dropped_flows > 100
    assert kept.candidates()[0].flow.far[1] == FAR.port
    monkeypatch.setattr(flows, "KEPT_BYTES_MAX", 5_000)
    kept = captured([*call(), *strangers])
    assert sum(flow.kept_bytes for flow in kept.flows.values()) <= 5_000 + 60 * 200


def test_a_flow_seen_from_its_other_end() -> None:
    (flow,) = captured(call()).flows.values()
    turned = flow.seen_from(flow.far)
    assert turned.near == flow.far
    assert [s.up for s in turned.packets] == [not s.up for s in flow.packets]
    assert turned.counts == flow.counts[::-1]
    assert flow.seen_from(flow.near) is flow


def test_the_relays_flow_from_the_same_port_came_before() -> None:
    peer = TransportAddress("198.51.100.200", 50_123)
    direct = [packet(3_000_000 + each.ts_us - START_US, True, each.data[28:], peer) for each in call()[::2]]
    direct += [packet(3_000_500 + 20_000 * n, False, noise(f"{n}", 90), peer) for n in range(40)]
    kept = captured([*call(), *direct])
    flow = next(flow for flow in kept.flows.values() if flow.far[1] == peer.port)
    found = kept.opened_before(flow)
    assert found is not None
    local, before = found
    assert local == flow.near
    assert before.far[1] == FAR.port
    assert captured(call()).opened_before(next(iter(captured(call()).flows.values()))) is None


def test_rating_cannot_fail_on_any_first_packet() -> None:
    for size in range(1, 40):
        kept = captured([packet(0, True, bytes((200,)) * size)])
        assert not rate(next(iter(kept.flows.values()))).is_call
