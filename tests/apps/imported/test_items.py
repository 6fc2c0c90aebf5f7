"""What each packet of a flow is."""

from tests.apps.imported.support import FAR, NEAR, call, captured, check, noise, packet, rtp
from voipwatch.apps.imported.flows import Flow
from voipwatch.apps.imported.items import items_of, unknown_media
from voipwatch.wire.pcap import PcapPacket


def flow_of(packets: list[PcapPacket]) -> Flow:
    return next(iter(captured(packets).flows.values()))


def test_a_call_is_stun_and_rtp() -> None:
    kinds = [item.kind for item in items_of(flow_of(call(media=5)))]
    assert kinds == ["stun"] * 4 + ["rtp"] * 10


def test_channels_count_beside_stun_alone() -> None:
    wrapped = [b"\x40\x01" + len(data).to_bytes(2, "big") + data for data in (rtp(7, n) for n in range(6))]
    carried = [packet(1000 * n, True, data) for n, data in enumerate(wrapped)]
    asked, told = check(0)
    relayed = [packet(0, True, asked), packet(1, False, told), *carried]
    assert [item.kind for item in items_of(flow_of(relayed))][2:] == ["channel-rtp"] * 6
    assert items_of(flow_of(relayed))[2].inner == wrapped[0][4:]
    assert {item.kind for item in items_of(flow_of(carried))} == {"other"}


def test_kinds_of_unknown_packets_are_told_by_the_bytes_that_take_few_values() -> None:
    packets = []
    for n in range(20):
        packets.append(packet(20_000 * n, True, bytes((5, n)) + b"\x0f" + noise(f"a{n}", 80)))
        packets.append(packet(20_000 * n + 9, True, bytes((5, n)) + b"\x10" + noise(f"b{n}", 900)))
    packets.append(packet(500_000, False, b"\1\2\3" + bytes(30)))
    items = items_of(flow_of(packets))
    groups = unknown_media(items)
    assert len(set(groups.values())) == 2
    assert len(groups) == 40
    assert {len(items[index].inner) for index, key in groups.items() if key == groups[0]} == {83}


def test_ciphertext_is_one_stream_each_way() -> None:
    packets = [packet(20_000 * n, n % 2 == 0, noise(f"{n}", 90)) for n in range(40)]
    assert len(set(unknown_media(items_of(flow_of(packets))).values())) == 2
    assert (NEAR.port, FAR.port) == (flow_of(packets).near[1], flow_of(packets).far[1])
