"""Streams of a flow and their messages."""

from tests.apps.imported.support import SSRC_UP, call, captured, check, noise, packet, rtp
from voipwatch.apps.imported.items import items_of, unknown_media
from voipwatch.apps.imported.media import add_streams
from voipwatch.apps.imported.plan import Plan
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.wire.pcap import PcapPacket


def planned(packets: list[PcapPacket]) -> Plan:
    items = items_of(next(iter(captured(packets).flows.values())))
    plan = Plan()
    add_streams(plan, items, unknown_media(items), Scrub(), [])
    return plan


def test_a_call_has_a_stream_each_way() -> None:
    plan = planned(call())
    assert [(s.name, s.up, s.both, len(s.sizes)) for s in plan.streams] == [
        ("rtp-up-1", True, False, 60),
        ("rtp-down-2", False, False, 60),
    ]
    assert plan.messages["rtp-up-1"].lines == ('codec = "rtp"', "payload_type = 111")


def test_a_capture_of_one_direction_is_played_both_ways() -> None:
    plan = planned([packet(20_000 * n, True, rtp(SSRC_UP, n)) for n in range(20)])
    assert [stream.both for stream in plan.streams] == [True]


def test_extensions_markers_and_reports() -> None:
    extended = bytearray(rtp(SSRC_UP, 0, 90))
    extended[0] |= 0x10
    extended[12:16] = b"\xbe\xde\0\2"
    packets = []
    for n in range(12):
        data = bytearray(extended)
        data[2:4] = (n + 9).to_bytes(2, "big")
        data[1] |= 0x80
        packets.append(packet(20_000 * n, True, bytes(data)))
    report = b"\x81\xc8\0\6" + SSRC_UP.to_bytes(4, "big") + noise("r", 34)
    packets += [packet(400_000 * n, True, report) for n in (1, 2, 3)]
    plan = planned(packets)
    assert "extension = { profile = 0xbede, random = 8 }" in plan.messages["rtp-up-1"].lines
    assert 'marker = "always"' in plan.messages["rtp-up-1"].lines
    assert plan.streams[1].is_report
    assert plan.messages["rtcp-up-2"].lines == ('codec = "rtcp"', "type = 200", "count = 1", "trailer = 14")


def test_what_a_channel_carries_is_a_message_of_its_own() -> None:
    asked, told = check(0)
    packets = [packet(0, True, asked), packet(1, False, told)]
    for n in range(10):
        data = rtp(SSRC_UP, n)
        packets.append(packet(20_000 * n, True, b"\x40\x07" + len(data).to_bytes(2, "big") + data))
    plan = planned(packets)
    assert plan.messages["rtp-up-1"].lines == (
        'codec = "channeldata"',
        "channel = 0x4007",
        'message = "rtp-up-1-inner"',
    )
    assert plan.messages["rtp-up-1-inner"].lines[0] == 'codec = "rtp"'


def test_an_unknown_stream_is_of_parts_and_eight_streams_are_enough() -> None:
    packets = [packet(20_000 * n, n % 2 == 0, b"\x0d" + noise(f"{n}", 80)) for n in range(40)]
    plan = planned(packets)
    assert [s.name for s in plan.streams] == ["media-up-1", "media-down-2"]
    assert plan.messages["media-up-1"].lines[0] == 'codec = "parts"'
    many = [
        packet(20_000 * n + kind, True, rtp(kind, n, payload_type=96 + kind))
        for n in range(9)
        for kind in range(12)
    ]
    plan = planned(many)
    assert len(plan.streams) == 8
    assert plan.left_out == ["streams after the first eight"]
