"""Set-ups: every different exchange once, each answer with its request."""

from tests.apps.imported.support import call, captured, check, noise, packet
from voipwatch.apps.imported.exchanges import add_rounds
from voipwatch.apps.imported.items import items_of
from voipwatch.apps.imported.plan import Plan
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.wire.pcap import PcapPacket
from voipwatch.wire.stun import StunAttribute
from voipwatch.wire.stun_build import build_stun


def planned(packets: list[PcapPacket], most: int = 10) -> Plan:
    plan = Plan()
    add_rounds(plan, items_of(next(iter(captured(packets).flows.values()))), Scrub(), [], most=most)
    return plan


def test_equal_exchanges_are_played_once() -> None:
    plan = planned(call())
    assert [(r.request, r.replies, r.stage) for r in plan.rounds] == [("stun-up-1", ["stun-down-2"], "setup")]
    assert set(plan.messages) == {"stun-up-1", "stun-down-2"}


def test_an_answer_belongs_to_its_transaction() -> None:
    one, other = check(0), check(1)
    longer = build_stun(0x0003, one[0][8:20], [StunAttribute(0x0019, b"\x11\0\0\0")])
    refused = build_stun(0x0113, one[0][8:20], [StunAttribute(0x0009, b"\0\0\4\1")])
    plan = planned(
        [
            packet(0, True, longer),
            packet(1, True, other[0]),
            packet(2, False, refused),
            packet(3, False, other[1]),
        ]
    )
    assert [(r.request, r.replies) for r in plan.rounds] == [
        ("stun-up-1", ["stun-down-2"]),
        ("stun-up-3", ["stun-down-4"]),
    ]


def test_an_unknown_answer_belongs_to_what_it_repeats() -> None:
    asked, pinged = b"\5\1" + noise("a", 60), b"\5\2" + noise("b", 40)
    told = b"\6\1" + asked[10:22] + noise("c", 30)
    plan = planned(
        [
            packet(0, True, asked),
            packet(1, True, pinged),
            packet(2, False, told),
            packet(3, False, b"\6\2" + noise("d", 28)),
        ]
    )
    assert [(r.request, len(r.replies)) for r in plan.rounds] == [("other-up-1", 1), ("other-up-3", 1)]
    assert "echo = [10, 12]" in "\n".join(plan.messages["other-down-2"].lines)


def test_a_request_too_small_for_a_token_is_played_from_the_other_end() -> None:
    asked = b"\x6a\x0d\0\0" + noise("a", 100)
    plan = planned([packet(0, True, asked), packet(1, True, bytes.fromhex("0902dc9a020000000000"))])
    assert [(r.request, len(r.replies)) for r in plan.rounds] == [("other-up-1", 1)]
    assert plan.messages["other-down-2"].size == 10


def test_requests_without_an_answer_are_left_out_unless_the_capture_has_one_direction() -> None:
    asked, told = check(0)
    other = build_stun(0x0004, noise("t", 12), [])
    assert len(planned([packet(0, True, asked), packet(1, False, told), packet(2, True, other)]).rounds) == 1
    plan = planned([packet(0, True, asked), packet(1, True, other)])
    assert plan.synthetic
    assert [r.replies for r in plan.rounds] == [["stun-up-1-answer"], ["stun-up-2-answer"]]
    assert "type = 0x0101" in plan.messages["stun-up-1-answer"].lines


def test_there_are_at_most_so_many() -> None:
    packets = []
    for n in range(8):
        asked = build_stun(0x0001, noise(f"t{n}", 12), [StunAttribute(0x0022, bytes(8))] * (n + 1))
        packets += [
            packet(10 * n, True, asked),
            packet(10 * n + 1, False, build_stun(0x0101, asked[8:20], [])),
        ]
    plan = planned(packets, most=3)
    assert len(plan.rounds) == 3
    assert plan.left_out == ["exchanges after the first 3"]
