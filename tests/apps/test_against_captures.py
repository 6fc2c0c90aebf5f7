"""The profiles' messages beside those of the captures: same layout, and none of their bytes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.support import context
from tests.support.environment import REPOSITORY
from voipwatch.apps import compile_script, kind_table, load_profiles
from voipwatch.apps.messages import build
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


def payloads(shared_dir: Path, name: str) -> Iterator[bytes]:
    for packet in decode_pcap((shared_dir / "captures" / name).read_bytes()):
        try:
            yield decode_udp_packet(packet.data)[1].payload
        except WireError:
            continue


def built(leg: str, media: Media = Media.NONE) -> dict[str, bytes]:
    """One datagram of every message of a leg, by name."""
    kind = FlowKind(
        *next((k.app, k.dialect) for k in kind_table(PROFILES) if k.leg == leg), leg, Arm.A, "", media
    )
    script = compile_script(PROFILES, kind, 0, b"seed")
    found: dict[str, bytes] = {}
    for item in script.rounds:
        request = found[item.request.name] = build(item.request, context(item.request))
        for reply in item.replies:
            found[reply.name] = build(reply, context(reply, request=request))
    for packet in script.up:
        found.setdefault(packet.message.name, build(packet.message, context(packet.message, packet.size)))
    return found


def stun_layout(data: bytes) -> tuple[object, ...]:
    """Everything of a STUN message but its values."""
    message = decode_stun(data)
    attributes = [(item.type, item.length, len(item.padding)) for item in message.attributes]
    return len(data), message.type, message.length_field, message.is_classic, attributes


@pytest.mark.parametrize(
    ("name", "type_field", "capture"),
    [
        ("allocate-2015", 0x0003, "whatsapp_login_call.pcap"),
        ("allocate-success-2015", 0x0103, "whatsapp_login_call.pcap"),
        ("probe-reply", 0x0802, "wa_video.pcap"),
    ],
)
def test_whatsapps_messages_have_the_captures_layout(
    shared_dir: Path, name: str, type_field: int, capture: str
) -> None:
    ours = stun_layout(built("relay-2015")[name])
    start = type_field.to_bytes(2, "big")
    theirs = [
        stun_layout(data)
        for data in payloads(shared_dir, capture)
        if data[:2] == start and data[4:8] == b"\x21\x12\xa4\x42"
    ]
    assert ours in theirs


def test_whatsapps_probe_has_the_captures_layout(shared_dir: Path) -> None:
    # Its zeros read as attributes padded to four bytes too, so the layout is compared byte by byte.
    ours = built("relay-2015")["probe"]
    theirs = next(data for data in payloads(shared_dir, "wa_video.pcap") if data[:2] == b"\x08\x01")
    assert len(ours) == len(theirs)
    assert ours[:8] == theirs[:8]
    assert ours[20:28] == theirs[20:28]  # 4003, nine bytes, a one and zeros first
    assert ours[33:37] == theirs[33:37]  # 4004, 475 bytes, without padding before it
    assert ours[37:-16] == theirs[37:-16] == bytes(459)


def test_webrtcs_check_and_success_have_the_captures_layout(shared_dir: Path) -> None:
    ours = built("server")
    theirs = [
        d for d in payloads(shared_dir, "stun_google_meet.pcap") if d[:1] in (b"\0", b"\1") and len(d) > 40
    ]
    assert stun_layout(ours["check-success"]) in [stun_layout(data) for data in theirs]
    # The order of USE-CANDIDATE and PRIORITY, and a USERNAME of 31 bytes, are the captured client's.
    assert stun_layout(ours["check"]) in [stun_layout(data) for data in theirs]


def flight(data: bytes) -> list[tuple[int, int, int, int]]:
    """(content, epoch, sequence, handshake type or -1) of each record."""
    found = []
    for record in dtls.decode_dtls(data):
        assert isinstance(record, dtls.DtlsRecord)
        clear = record.content_type == dtls.HANDSHAKE and record.epoch == 0
        found.append(
            (record.content_type, record.epoch, record.sequence, record.fragment[0] if clear else -1)
        )
    return found


def test_the_dtls_flights_have_the_captures_records(shared_dir: Path) -> None:
    theirs = [d for d in payloads(shared_dir, "stun_google_meet.pcap") if d[:1] == b"\x16"]
    ours = built("server")
    for name in ("client-hello", "server-flight", "client-flight", "server-finished"):
        same = [d for d in theirs if len(d) == len(ours[name])]
        assert flight(ours[name]) in [flight(d) for d in same], name
    one, other = (
        decode_client_hello(data[25:])
        for data in (ours["client-hello"], next(d for d in theirs if len(d) == 157))
    )
    assert one.cipher_suites == other.cipher_suites
    assert one.extensions == other.extensions


@pytest.mark.parametrize(
    ("leg", "media", "name", "capture"),
    [
        ("relay-2015", Media.VOICE, "audio-2015", "whatsapp_login_call.pcap"),
        ("relay-2015", Media.VIDEO, "video-2015", "wa_video.pcap"),
        ("relay-2015", Media.VIDEO, "fec-2015", "wa_video.pcap"),
        ("relay-2015", Media.VIDEO, "audio-in-video-2015", "wa_video.pcap"),
        ("server", Media.VOICE, "opus", "wehe_skype_2024.pcap"),
    ],
)
def test_media_has_the_captures_header(
    shared_dir: Path, leg: str, media: Media, name: str, capture: str
) -> None:
    ours = decode_rtp(built(leg, media)[name])
    first = built(leg, media)[name][0]
    theirs = next(
        decode_rtp(data)
        for data in payloads(shared_dir, capture)
        if len(data) > 12 and data[0] == first and data[1] & 0x7F == ours.payload_type
    )
    assert (theirs.extension is None) == (ours.extension is None)
    if ours.extension is not None and theirs.extension is not None:
        assert theirs.extension.profile == ours.extension.profile


def runs(data: bytes) -> set[bytes]:
    """Every run of twelve bytes that is not mostly one value."""
    found = {data[at : at + 12] for at in range(len(data) - 11)}
    return {run for run in found if len(set(run)) > 6}


ALGORITHMS = "00120403080404010503080505010806060102010000"
LIBRARY = bytes.fromhex(f"000d0014{ALGORITHMS}") + bytes.fromhex(f"020140{ALGORITHMS}")
"""BoringSSL's signature algorithms, as its hello and its certificate request list them: the same for all."""


def test_no_captured_payload_is_in_the_package(shared_dir: Path) -> None:
    """No run of twelve bytes that a capture holds is in a profile's file or in what is built from it.

    Exempt are headers (twenty bytes, of a DTLS certificate's framing 48) and the DTLS library's constants.
    """
    ours: set[bytes] = set()
    for path in (REPOSITORY / "src/voipwatch/apps/catalogue").glob("*.toml"):
        for digits in re.findall(r'"([0-9a-f ]{24,})"', path.read_text("utf-8")):
            ours |= runs(bytes.fromhex(digits))
    for leg in ("relay-2015", "relay-2023", "server", "media"):
        for name, data in built(leg, Media.VOICE).items():
            if name not in {"client-hello", "server-flight"}:
                ours |= runs(data[48 if name == "client-flight" else 20 :])
    ours -= runs(LIBRARY)
    assert len(ours) > 1000
    for capture in ("whatsapp_login_call", "wa_voice", "wa_video", "stun_google_meet", "sip", "sipp_g711a"):
        for data in payloads(shared_dir, f"{capture}.pcap"):
            seen = {data[at : at + 12] for at in range(20, len(data) - 11)}
            assert sorted(run.hex() for run in ours & seen) == [], capture
