"""The packaged profiles, size by size, and message by message against the captures they were written from."""

import pytest

from tests.apps.support import context
from voipwatch.apps import compile_script, kind_table, load_profiles
from voipwatch.apps.messages import Message, PlaceKind, answers, build, read_down
from voipwatch.apps.scripts import Round
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import LINE, Arm, Media
from voipwatch.wire.place import uplink_place

PROFILES = load_profiles()
KINDS = kind_table(PROFILES)


def rounds(leg: str, mutant: str = "") -> tuple[Round, ...]:
    kind = next(k for k in KINDS if k.leg == leg and k.mutant == mutant and k.arm in (Arm.A, Arm.D))
    return compile_script(PROFILES, kind, 0, b"seed").rounds


def golden(leg: str, mutant: str = "") -> list[tuple[str, int, int, list[int]]]:
    """(stage, copies, request bytes, reply bytes) of each round."""
    return [
        (str(r.stage), r.copies, r.request.size, [reply.size for reply in r.replies])
        for r in rounds(leg, mutant)
    ]


def test_whatsapp_2015() -> None:
    assert golden("relay-2015") == [("setup", 2, 126, [44]), ("setup", 1, 512, [45])]


def test_whatsapp_2023() -> None:
    assert golden("relay-2023") == [("setup", 2, 212, [68]), ("setup", 1, 272, [68])]


def test_sip() -> None:
    assert golden("signalling") == [
        ("setup", 1, 680, [660]),
        ("setup", 1, 860, [600]),
        ("setup", 1, 900, [480, 600, 900]),
    ]
    assert golden("media") == []


def test_webrtc() -> None:
    assert golden("server") == [
        ("setup", 1, 120, [64]),
        ("handshake", 1, 157, [1203]),
        ("handshake", 1, 545, [570]),
    ]


@pytest.mark.parametrize("app", ["whatsapp", "webrtc"])
def test_mutants_are_generic_and_no_amplifiers(app: str) -> None:
    leg = {"whatsapp": "relay-2015", "webrtc": "server"}[app]
    assert golden(leg, "stun-binding") == [("setup", 1, 68, [64])]
    assert golden(leg, "turn-allocate") == [("setup", 1, 92, [88])]
    for mutant in ("stun-binding", "turn-allocate"):
        for message in (rounds(leg, mutant)[0].request, *rounds(leg, mutant)[0].replies):
            data = build(message, context(message))
            assert not any(bytes([0x40, low]) in data[20:24] for low in range(8))


def exercised(kind: FlowKind) -> list[tuple[Message, int, bytes]]:
    """Every message of a flow in every size it comes in, with the request it answers."""
    script = compile_script(PROFILES, kind, 1, b"seed")
    found: list[tuple[Message, int, bytes]] = []
    for item in script.rounds:
        found.append((item.request, item.request.size, b""))
        request = build(item.request, context(item.request))
        found += [(reply, reply.size, request) for reply in item.replies]
    found += [(packet.message, packet.size, b"") for packet in (*script.up, *script.down)]
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.leg}-{kind.arm}-{kind.mutant or kind.media}")
def test_every_message_of_every_kind_carries_its_token_where_the_other_end_looks(kind: FlowKind) -> None:
    for message, size, request in exercised(kind):
        ctx = context(
            message, size, request=request, source=("203.0.113.77", 45_678), host="reflector.example"
        )
        data = build(message, ctx)
        assert len(data) == size
        assert build(message, ctx) == data
        if message.direction == "up":
            assert uplink_place(data) == ctx.token
        else:
            assert read_down(message, data, request) == ctx.token
            assert not request or answers(message, request, data)


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k.app != LINE and k.arm is Arm.A], ids=lambda kind: kind.leg
)
def test_replies_of_one_try_do_not_answer_another(kind: FlowKind) -> None:
    for item in compile_script(PROFILES, kind, 0, b"seed").rounds:
        one = build(item.request, context(item.request))
        token = b"\x55" * item.request.room(item.request.size)
        other = build(item.request, context(item.request, token=token, entropy=b"another packet's"))
        for reply in item.replies:
            data = build(reply, context(reply, request=one))
            assert answers(reply, one, data)
            if reply.place.kind is not PlaceKind.RANDOM and item.stage == "setup":
                assert not answers(reply, other, data)


def test_media_rates_are_those_of_calls() -> None:
    """Payload kbit/s one way over ten seconds; voice 5 to 125 (Discord has the most), video 100 to 600."""
    for kind in KINDS:
        if kind.arm is not Arm.A or kind.media is Media.NONE:
            continue
        script = compile_script(PROFILES, kind, 28, b"seed")
        for packets in (script.up, script.down):
            rate = sum(packet.size for packet in packets) * 8 / script.media_s / 1000
            low, high = {Media.VOICE: (5, 125), Media.VIDEO: (100, 600)}[kind.media]
            assert low <= rate <= high, (kind, rate)


def test_every_profile_says_where_its_facts_come_from() -> None:
    for profile in PROFILES.profiles:
        least = {"reported", "synthetic"} if profile.synthetic else {"seen", "synthetic"}
        assert {item.status for item in profile.provenance} >= least
        assert "provider-address" in profile.not_testable
        assert "longer-call" in profile.not_testable
