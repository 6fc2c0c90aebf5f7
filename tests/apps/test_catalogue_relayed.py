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
from voipwatch.wire import dtls
from voipwatch.wire.dtls_hello import decode_client_hello
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
    ("skype", "peer-2024"): [(112, [64]), (100, [80]), (157, [1191]), (546, [570])],
    ("skype", "peer-2017"): [(104, [72]), (108, [72])],
    ("teams", "relay-2024"): [(68, [187]), (214, [153]), (272, [156]), (236, [132])],
    ("teams", "relay-2020"): [(68, [187]), (214, [153]), (272, [156]), (236, [132])],
    ("teams", "peer-2020"): [(112, [88]), (116, [88]), (108, [80])],
    ("viber", "relay-2018"): [(257, [76]), (20, [34])],
    ("viber", "turn"): [
        (28, [84]),
        (124, [84]),
        (128, [52]),
        (132, [108]),
        (192, [1248]),
        (584, [616]),
        (136, [52]),
    ],
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
    *[
        ("skype", "peer-2024", name, "wehe_skype_2024.pcap")
        for name in ("check-2024", "success-libwebrtc", "check-libwebrtc", "success-2024")
    ],
    *[
        ("skype", "peer-2017", name, "skype-conference-call.pcap")
        for name in ("check-2017", "check-nominating-2017", "success-2017")
    ],
    *[
        ("teams", "relay-2020", name, "teams.pcap")
        for name in (
            "allocate",
            "allocate-401",
            "allocate-signed",
            "allocate-success",
            "send-check",
            "send-success",
        )
    ],
    *[
        ("teams", "peer-2020", name, "teams.pcap")
        for name in (
            "check-2020",
            "check-nominating-2020",
            "success-2020",
            "check-last-2020",
            "success-last-2020",
        )
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


@pytest.mark.parametrize(
    ("app", "realm"), [("messenger", b"turner.facebook"), ("signal", b"signal.org"), ("viber", b"viber.com")]
)
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
    [
        ("signal", "peer", 102, "stun_signal.pcap", {140}),
        ("skype", "peer-2024", 111, "wehe_skype_2024.pcap", {68, 71}),
        ("skype", "peer-2017", 104, "skype-conference-call.pcap", {85, 87}),
        ("teams", "peer-2020", 104, "teams.pcap", {73, 74}),
    ],
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


def test_teams_data_indications_have_the_captures_layout_but_for_the_last_hmac(shared_dir: Path) -> None:
    """The captured HMAC has 20 bytes and a checksum of 8 after it; ours has 28, which a token can ride in."""
    for name in ("data-check", "data-success"):
        ours = built("teams", "relay-2020")[name]
        theirs = next(
            data
            for data in payloads(shared_dir / "captures" / "teams.pcap")
            if data[:2] == b"\x01\x15" and len(data) == len(ours)
        )
        assert stun_shape(ours[:-32]) == stun_shape(theirs[:-32])
        assert ours[4:8] != b"\x21\x12\xa4\x42"  # old STUN: the relay's own messages have no cookie
        assert ours[-32:-28] == b"\0\x08\0\x1c"
        assert theirs[-32:-28] == b"\0\x08\0\x14"


def stun_shape(data: bytes) -> list[bytes]:
    """Type and length; cookie, addresses' and DATA's headers; the inner message's types and lengths."""
    at = 20
    found = [data[:4]]
    while at + 4 <= len(data):
        kind, size = data[at : at + 2], int.from_bytes(data[at + 2 : at + 4], "big")
        found.append(data[at : at + 4])
        if kind == b"\0\x13":
            found.append(data[at + 4 : at + 12])
            at += 4 + 20
        else:
            at += 4 + size + -size % 4
    return found


def test_media_through_teams_relay_is_framed_as_ms_turn_says() -> None:
    """FF10, the bytes that follow the length field, eight of session; 2.2.3 of MS-TURN."""
    made = script("teams", "relay-2024", Media.VOICE)
    first, second = made.up[0], made.up[1]
    one, other = (
        build(item.message, context(item.message, item.size, index=item.index)) for item in (first, second)
    )
    for data, item in ((one, first), (other, second)):
        assert len(data) == item.size
        assert data[:2] == b"\xff\x10"
        assert int.from_bytes(data[2:4], "big") == len(data) - 4
        assert decode_rtp(data[12:]).payload_type == 111
    assert one[4:12] == other[4:12]


def test_vibers_own_protocol_is_the_captures_where_that_is_not_random(shared_dir: Path) -> None:
    theirs = {
        size: [d for d in payloads(shared_dir / "captures" / "viber_7985.pcap") if len(d) == size]
        for size in (257, 76, 20, 34)
    }
    ours = built("viber", "relay-2018")
    hello, reply, ping, pong = (ours[name] for name in ("hello", "hello-reply", "ping", "ping-reply"))
    for start, end in ((2, 6), (18, 20), (24, 34), (42, 46), (66, 93), (221, 241)):
        assert hello[start:end] == theirs[257][0][start:end], (start, end)
    assert hello[2:6] == b"\1\0\5\0"
    for start, end in ((2, 4), (4, 6), (28, 60)):
        assert reply[start:end] == theirs[76][0][start:end], (start, end)
    for one, other in ((reply, hello), (theirs[76][0], theirs[257][0])):
        assert (one[:2], one[4:6], one[6:14], one[20:28]) == (
            other[:2],
            other[32:34],
            other[6:14],
            other[34:42],
        )
    assert ping[2:4] == theirs[20][0][2:4] == b"\x09\0"
    assert pong[2:4] == theirs[34][0][2:4] == b"\x0b\0"
    assert pong[4:12] == ping[4:12]
    assert theirs[34][0][4:12] in {data[4:12] for data in theirs[20]}


def test_vibers_request_counts_its_tries() -> None:
    item = script("viber", "relay-2018", Media.NONE).rounds[0]
    for number in range(3):
        data = build(item.request, context(item.request, index=number))
        assert data[32:34] == (number + 1).to_bytes(2, "little")


def test_vibers_dtls_inside_the_relay_is_whole() -> None:
    """What Send and Data carry reads as DTLS, with lengths that end where the message ends."""
    for name, kinds in (
        ("send-client-hello", [22]),
        ("data-server-flight", [22, 22]),
        ("send-client-flight", [22, 20, 22]),
        ("data-server-finished", [22, 20, 22]),
    ):
        message = decode_stun(built("viber", "turn")[name])
        data = next(item.value for item in message.attributes if item.type == 0x0013)
        records = dtls.decode_dtls(data)
        assert [record.content_type for record in records if isinstance(record, dtls.DtlsRecord)] == kinds
        assert len(records) == len(kinds)
    hello = next(
        item.value
        for item in decode_stun(built("viber", "turn")["send-client-hello"]).attributes
        if item.type == 0x0013
    )
    assert len(decode_client_hello(hello[25:]).cipher_suites) == 11


def test_skypes_dtls_flights_have_the_captures_records(shared_dir: Path) -> None:
    theirs = [d for d in payloads(shared_dir / "captures" / "wehe_skype_2024.pcap") if d[:1] == b"\x16"]
    for name in ("client-hello", "client-flight", "server-finished"):
        ours = built("skype", "peer-2024")[name]
        assert contents(ours) in [contents(data) for data in theirs if len(data) == len(ours)], name


def contents(data: bytes) -> list[tuple[int, int, int]]:
    """(content, epoch, sequence) of each record."""
    return [
        (record.content_type, record.epoch, record.sequence)
        for record in dtls.decode_dtls(data)
        if isinstance(record, dtls.DtlsRecord)
    ]


TEXTS = (
    b"The request did not contain a Message-Integrity attribute",
    b"Unauthorized",
    b"unauthorized",
    b"turner.facebook",
    b"signal.org",
    b"rtcmedia",
    b"2.0.1.211",
    b"None",
)
"""What every message of the protocol says: no payload of anybody's."""


def runs(data: bytes) -> set[bytes]:
    """Every run of twelve bytes that is not mostly headers and small numbers, texts left out."""
    for text in TEXTS:
        data = data.replace(text, bytes(len(text)))
    every = {data[at : at + 12] for at in range(len(data) - 11)}
    return {run for run in every if sum(byte >= 0x20 and byte not in b"\x80\x21\xa4\x42" for byte in run) > 6}


@pytest.mark.parametrize(
    ("app", "capture"),
    [
        ("viber", "viber_7985.pcap"),
        ("skype", "wehe_skype_2024.pcap"),
        ("skype", "skype-conference-call.pcap"),
        ("teams", "teams.pcap"),
        ("messenger", "stun_40003.pcap"),
        ("signal", "stun_signal.pcap"),
    ],
)
def test_no_ids_or_payloads_of_the_captures_are_in_the_messages(
    shared_dir: Path, app: str, capture: str
) -> None:
    """Twelve bytes in a row that a capture holds are headers, small numbers and the protocol's texts."""
    seen = {run for data in payloads(shared_dir / "captures" / capture) for run in runs(data)}
    for leg in profile(app).legs:
        for name, data in built(app, leg.id).items():
            if data[:1] != b"\x16":  # DTLS is held against its library's constants in test_against_captures
                assert sorted(run.hex() for run in runs(data) & seen) == [], name
