"""Viber, Skype, Teams, Messenger and Signal: their set-ups size by size, and beside the captures."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.apps.support import context
from voipwatch.apps import Profile, Script, compile_script, kind_table, load_profiles
from voipwatch.apps.messages import PlaceKind, build
from voipwatch.apps.scripts import compile_round
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import Arm, Media
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import decode_pcap
from voipwatch.wire.rtp import decode_rtp
from voipwatch.wire.stun import decode_stun
from voipwatch.wire.udp import decode_udp_packet

PROFILES = load_profiles()
KINDS = kind_table(PROFILES)
Golden = list[tuple[int, list[int]]]
SETUPS: dict[tuple[str, str], Golden] = {
    ("messenger", "turn"): [(28, [104]), (136, [76]), (140, [44]), (136, [100]), (148, [44])],
    ("signal", "turn"): [(20, [84]), (28, [92]), (116, [92]), (120, [60]), (132, [116]), (128, [60])],
    ("signal", "peer"): [(96, [64]), (104, [64])],
}
"""(app, leg) -> request and reply bytes of each round."""
CAPTURED: list[tuple[str, str, str, str]] = [
    *[
        ("messenger", "turn", name, "stun_40003.pcap")
        for name in (
            "allocate",
            "allocate-401",
            "allocate-signed",
            "allocate-success",
            "create-permission",
            "create-permission-success",
            "send-check",
            "data-success",
            "channel-bind",
            "channel-bind-success",
        )
    ],
    *[
        ("signal", "turn", name, "stun_signal.pcap")
        for name in (
            "binding",
            "binding-success",
            "allocate",
            "allocate-401",
            "allocate-signed",
            "allocate-success",
            "create-permission",
            "create-permission-success",
            "send-check",
            "data-success",
        )
    ],
    *[
        ("signal", "peer", name, "stun_signal.pcap")
        for name in ("check", "check-nominating", "check-success")
    ],
]
"""(app, leg, message, capture in which a message of the same layout is)."""


def profile(app: str) -> Profile:
    found = PROFILES.get(app)
    assert found is not None
    return found


def payloads(path: Path) -> Iterator[bytes]:
    for packet in decode_pcap(path.read_bytes()):
        try:
            yield decode_udp_packet(packet.data)[1].payload
        except WireError:
            continue


@cache
def built(app: str, leg: str) -> dict[str, bytes]:
    """One datagram of every set-up message of a leg, whether it is run or not."""
    found: dict[str, bytes] = {}
    lookup = profile(app).messages.__getitem__
    for spec in profile(app).leg(leg).rounds:
        item = compile_round(spec, lookup)
        request = found[item.request.name] = build(item.request, context(item.request))
        for reply in item.replies:
            found[reply.name] = build(reply, context(reply, request=request))
    return found


def script(app: str, leg: str, media: Media, replicate: int = 0) -> Script:
    kind = next(k for k in KINDS if (k.app, k.leg, k.arm, k.media) == (app, leg, Arm.A, media))
    return compile_script(PROFILES, kind, replicate, b"seed")


def layout(data: bytes) -> object:
    """Everything of a STUN message but its values, and of a DATA attribute its first four bytes too."""
    message = decode_stun(data)
    attributes = [
        (item.type, item.length, len(item.padding), item.value[:4] if item.type == 0x0013 else b"")
        for item in message.attributes
    ]
    return len(data), message.type, message.length_field, message.is_classic, attributes


@pytest.mark.parametrize(("where", "golden"), SETUPS.items(), ids=lambda item: "-".join(map(str, item))[:40])
def test_set_ups_have_the_captures_sizes(where: tuple[str, str], golden: Golden) -> None:
    app, leg = where
    lookup = profile(app).messages.__getitem__
    rounds = [compile_round(spec, lookup) for spec in profile(app).leg(leg).rounds]
    assert [(item.request.size, [reply.size for reply in item.replies]) for item in rounds] == golden


@pytest.mark.parametrize(("app", "leg", "name", "capture"), CAPTURED)
def test_messages_have_the_captures_layout(
    shared_dir: Path, app: str, leg: str, name: str, capture: str
) -> None:
    ours = built(app, leg)[name]
    same = [
        d for d in payloads(shared_dir / "captures" / capture) if (len(d), d[:2]) == (len(ours), ours[:2])
    ]
    theirs = [layout(data) for data in same]
    assert layout(ours) in theirs


@pytest.mark.parametrize(("app", "realm"), [("messenger", b"turner.facebook"), ("signal", b"signal.org")])
def test_the_relays_answer_names_the_realm(app: str, realm: bytes) -> None:
    assert realm in built(app, "turn")["allocate-401"]
    assert realm in built(app, "turn")["allocate-signed"]
    mutants = {
        item.id: compile_round(item.round, profile(app).messages.__getitem__) for item in profile(app).mutants
    }
    for item in mutants.values():
        request = build(item.request, context(item.request))
        assert realm not in request + build(item.replies[0], context(item.replies[0], request=request))


@pytest.mark.parametrize("where", [k for k in SETUPS if any((m.app, m.leg) == k for m in KINDS)])
def test_every_answer_of_a_set_up_is_attested(where: tuple[str, str]) -> None:
    for item in script(*where, Media.NONE).rounds:
        for reply in item.replies:
            assert reply.place.kind is not PlaceKind.NONE, reply.name


@pytest.mark.parametrize(
    ("app", "leg", "payload_type", "capture", "sizes"),
    [("signal", "peer", 102, "stun_signal.pcap", {140})],
)
def test_voice_has_the_captures_header_and_sizes(
    shared_dir: Path, app: str, leg: str, payload_type: int, capture: str, sizes: set[int]
) -> None:
    voice = next(item for item in profile(app).leg(leg).media if item.media is Media.VOICE)
    stream = next(item for item in voice.streams if item.name == "audio")
    theirs = [
        data
        for data in payloads(shared_dir / "captures" / capture)
        if len(data) > 12 and data[0] >> 6 == 2 and data[1] & 0x7F == payload_type
    ]
    assert {len(data) for data in theirs} & sizes == sizes
    assert {size for rhythm in stream.rhythms for size in rhythm.sizes} <= {len(data) for data in theirs}
    message = profile(app).messages[stream.message]
    assert getattr(message, "payload_type", None) == payload_type
    extension = decode_rtp(theirs[0]).extension
    assert getattr(message, "extension_profile", None) == (extension.profile if extension else None)


@pytest.mark.parametrize(
    "kind",
    [
        k
        for k in KINDS
        if k.app in {"viber", "skype", "teams", "messenger", "signal"}
        and k.arm is Arm.A
        and k.media is not Media.NONE
    ],
    ids=lambda k: f"{k.app}-{k.leg}-{k.media}",
)
def test_a_short_flow_costs_little(kind: FlowKind) -> None:
    for replicate in range(6):
        made = compile_script(PROFILES, kind, replicate, bytes([replicate]))
        assert made.bytes_up + made.bytes_down < {Media.VOICE: 20_000, Media.VIDEO: 60_000}[kind.media]
