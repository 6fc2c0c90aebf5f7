"""Every datagram of the published captures: what reads as a kind decodes, and comes back as it was."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import SHARED
from tests.wire.checks import comes_back
from voipwatch.wire import dtls, ms_turn, rtcp, rtp, sip, stun, turn
from voipwatch.wire.demux import Kind, demultiplex
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import UDP, decode_ip, encode_ip
from voipwatch.wire.pcap import decode_pcap, encode_pcap
from voipwatch.wire.sdp import decode_sdp, encode_sdp, sdp_media
from voipwatch.wire.sip_headers import call_id, content_length, cseq, vias
from voipwatch.wire.stun_fingerprint import verify_fingerprint
from voipwatch.wire.stun_registry import Attribute
from voipwatch.wire.udp import decode_udp, encode_udp

CAPTURES = SHARED / "captures"
FILES = sorted(path.name for path in CAPTURES.glob("*.pcap"))

pytestmark = pytest.mark.skipif(
    not FILES, reason="no shared material: the captures are not beside the repository"
)

CODECS: dict[Kind, tuple[Callable[[bytes], Any], Callable[[Any], bytes]]] = {
    Kind.STUN: (stun.decode_stun, stun.encode_stun),
    Kind.TURN_CHANNEL: (turn.decode_channel_data, turn.encode_channel_data),
    Kind.RTP: (rtp.decode_rtp, rtp.encode_rtp),
    Kind.RTCP: (rtcp.decode_rtcp, rtcp.encode_rtcp),
    Kind.DTLS: (dtls.decode_dtls, dtls.encode_dtls),
    Kind.SIP: (sip.decode_sip, sip.encode_sip),
    Kind.MS_TURN: (ms_turn.decode_multiplexed_turn, ms_turn.encode_multiplexed_turn),
}

PROTOCOLS: dict[Kind, str] = {
    Kind.STUN: "STUN",
    Kind.TURN_CHANNEL: "TURN",
    Kind.RTP: "RTP",
    Kind.RTCP: "RTCP",
    Kind.DTLS: "DTLS",
    Kind.SIP: "SIP",
    Kind.MS_TURN: "MS-TURN",
}
"""As a refusal names it."""

# How many datagrams of each kind a capture decodes to, at least.
EXPECTED: dict[str, dict[Kind, int]] = {
    "KakaoTalk_talk.pcap": {Kind.RTP: 2991, Kind.RTCP: 44},
    "discord.pcap": {Kind.RTP: 273, Kind.RTCP: 16},
    "sip.pcap": {Kind.SIP: 81, Kind.RTP: 9, Kind.RTCP: 1},
    "sipp_g711a.pcap": {Kind.RTP: 236},
    "skinny.pcap": {Kind.RTP: 135},
    "skype-conference-call.pcap": {Kind.STUN: 14, Kind.RTP: 31, Kind.RTCP: 155},
    "stun_3478.pcap": {Kind.STUN: 8},
    "stun_40003.pcap": {Kind.STUN: 57, Kind.TURN_CHANNEL: 18},
    "stun_classic.pcap": {Kind.STUN: 2, Kind.RTP: 20},
    "stun_google_meet.pcap": {Kind.STUN: 87, Kind.DTLS: 55, Kind.RTP: 191, Kind.RTCP: 29},
    "stun_signal.pcap": {Kind.STUN: 156, Kind.RTCP: 58, Kind.RTP: 16},
    "teams.pcap": {Kind.STUN: 61, Kind.RTCP: 12, Kind.MS_TURN: 2},
    "wa_video.pcap": {Kind.STUN: 120, Kind.RTCP: 84, Kind.RTP: 421},
    "wa_voice.pcap": {Kind.STUN: 71, Kind.RTCP: 41, Kind.RTP: 131},
    "wehe_skype_2024.pcap": {Kind.STUN: 35, Kind.DTLS: 5, Kind.RTCP: 108, Kind.RTP: 1994},
    "wehe_webex_2020_c2s.pcap": {Kind.STUN: 32, Kind.DTLS: 2, Kind.RTCP: 258},
    "whatsapp_login_call.pcap": {Kind.STUN: 116, Kind.RTCP: 58, Kind.RTP: 629},
    "zoom.pcap": {Kind.STUN: 18},
}


@cache
def udp_payloads(name: str) -> tuple[bytes, ...]:
    """The payload of every UDP datagram of a capture; each header on the way is checked to come back."""
    return tuple(_udp_payloads(CAPTURES / name))


def _udp_payloads(path: Path) -> Iterator[bytes]:
    for captured in decode_pcap(path.read_bytes()):
        packet = decode_ip(captured.data)
        assert encode_ip(packet) == captured.data
        if packet.protocol == UDP and not packet.is_fragment:
            datagram = decode_udp(packet.payload)
            assert encode_udp(datagram) == packet.payload
            yield datagram.payload


def of_kind(name: str, kind: Kind) -> list[bytes]:
    """The payloads of one kind."""
    return [payload for payload in udp_payloads(name) if demultiplex(payload) is kind]


@pytest.mark.parametrize("name", FILES)
def test_whatever_decodes_comes_back_byte_for_byte(name: str) -> None:
    decoded: Counter[Kind] = Counter()
    for payload in udp_payloads(name):
        kind = demultiplex(payload)
        if kind in CODECS:
            decoded[kind] += comes_back(*CODECS[kind], payload, protocol=PROTOCOLS[kind]) is not None
    for kind, least in EXPECTED.get(name, {}).items():
        assert decoded[kind] >= least, kind


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_call_s_datagrams_are_all_readable(name: str) -> None:
    """In captures of calls nothing that reads as STUN, SIP, ChannelData or MS-TURN is refused."""
    for kind in (Kind.STUN, Kind.SIP, Kind.TURN_CHANNEL, Kind.MS_TURN):
        decode, encode = CODECS[kind]
        for payload in of_kind(name, kind):
            message = comes_back(decode, encode, payload, protocol=PROTOCOLS[kind])
            assert message is not None, payload.hex()


# nDPI's packet counts of these captures, every one of which it gives to a call (the captures' README).
WHOLE_CALLS = {
    "sipp_g711a.pcap": 236,
    "skinny.pcap": 135,
    "skype-conference-call.pcap": 200,
    "stun_3478.pcap": 8,
    "stun_40003.pcap": 75,
    "stun_classic.pcap": 22,
    "stun_google_meet.pcap": 301 + 61,
    "stun_signal.pcap": 222 + 8,
    "wehe_skype_2024.pcap": 2142,
    "wehe_webex_2020_c2s.pcap": 292,
}


@pytest.mark.parametrize("name", sorted(WHOLE_CALLS))
def test_a_capture_of_a_call_alone_is_readable_to_its_last_datagram(name: str) -> None:
    decoded = sum(
        comes_back(*CODECS[kind], payload, protocol=PROTOCOLS[kind]) is not None
        for payload in udp_payloads(name)
        if (kind := demultiplex(payload)) in CODECS
    )
    assert decoded == len(udp_payloads(name)) == WHOLE_CALLS[name]


def test_capture_files_come_back() -> None:
    for name in FILES:
        data = (CAPTURES / name).read_bytes()
        again = encode_pcap(decode_pcap(data))
        assert again[24:] == data[24:], name  # the file's header has snap length and zone of its own


@pytest.mark.parametrize(
    ("name", "allocates", "alternates"),
    [("whatsapp_login_call.pcap", 32, 16), ("wa_voice.pcap", 24, 0), ("wa_video.pcap", 16, 0)],
)
def test_every_whatsapp_allocate_is_read(name: str, allocates: int, alternates: int) -> None:
    # Told by their bytes alone: type 0003, length 006a, cookie.
    raw = [payload for payload in udp_payloads(name) if payload.startswith(bytes.fromhex("0003006a2112a442"))]
    assert len(raw) == allocates
    assert {len(payload) for payload in raw} == {126}
    messages = [stun.decode_stun(payload) for payload in raw]
    assert all(len(message.attributes) == 1 and not message.is_aligned for message in messages)
    assert all(message.attributes[0].length == 0x66 for message in messages)
    assert sum(message.attributes[0].type == 0x4001 for message in messages) == alternates
    assert {message.attributes[0].type for message in messages} <= {0x4000, 0x4001}


def test_whatsapps_own_types_demultiplex_to_stun() -> None:
    types: Counter[int] = Counter()
    for name in ("wa_video.pcap", "wa_voice.pcap", "whatsapp_login_call.pcap"):
        types.update(stun.decode_stun(payload).type for payload in of_kind(name, Kind.STUN))
    assert {0x0800, 0x0801, 0x0802} <= set(types)


def test_ms_turn_is_packed_and_its_attributes_have_names() -> None:
    messages = [stun.decode_stun(payload) for payload in of_kind("teams.pcap", Kind.STUN)]
    packed = [message for message in messages if not message.is_aligned]
    assert len(packed) == 18
    for message in packed:
        assert message.attributes[0].value == bytes.fromhex("72c64bc6")
        values = {item.type for item in message.attributes}
        # What a padded reading of these messages yields by accident, and nDPI keys on, is not there.
        assert not values & {0x0038, 0x0400, 0x0800, 0x2057, 0x24DF, 0x3802}


def test_fingerprints_of_real_calls_are_right() -> None:
    verdicts: Counter[bool | None] = Counter()
    for name in ("stun_google_meet.pcap", "stun_signal.pcap", "wehe_skype_2024.pcap"):
        for payload in of_kind(name, Kind.STUN):
            verdicts[verify_fingerprint(stun.decode_stun(payload))] += 1
    # The captures' header addresses were replaced, and so were none of the bytes that the CRC covers.
    assert verdicts[False] == 0
    assert verdicts[True] == 63 + 58 + 35


def test_relayed_datagrams_of_messenger() -> None:
    messages = [stun.decode_stun(payload) for payload in of_kind("stun_40003.pcap", Kind.STUN)]
    relayed = [turn.relayed_datagram(message) for message in messages]
    assert sum(item is not None for item in relayed) == 37
    inner = [demultiplex(item.data) for item in relayed if item is not None]
    assert inner.count(Kind.STUN) >= 30
    inside_channels = [
        demultiplex(turn.decode_channel_data(payload).data)
        for payload in of_kind("stun_40003.pcap", Kind.TURN_CHANNEL)
    ]
    assert set(inside_channels) <= {Kind.STUN, Kind.RTP, Kind.RTCP}


def test_multiplexed_turn_holds_stun() -> None:
    for payload in of_kind("teams.pcap", Kind.MS_TURN):
        message = ms_turn.decode_multiplexed_turn(payload)
        inner = stun.decode_stun(message.payload)
        assert inner.attribute(Attribute.FINGERPRINT) is not None
        assert message.trailing == b""


def test_dtls_handshakes_of_meet() -> None:
    kinds: Counter[int] = Counter()
    for payload in of_kind("stun_google_meet.pcap", Kind.DTLS):
        first = dtls.first_handshake(payload)
        if first is not None:
            kinds[first.message_type] += 1
    assert kinds == {
        dtls.CLIENT_HELLO: 2,
        dtls.SERVER_HELLO: 2,
        dtls.CERTIFICATE: 2,
        dtls.NEW_SESSION_TICKET: 2,
    }


def test_sip_messages_have_what_a_call_is_followed_by() -> None:
    described = 0
    for payload in of_kind("sip.pcap", Kind.SIP):
        message = sip.decode_sip(payload)
        assert call_id(message)
        assert cseq(message)
        assert vias(message)
        if message.header("Content-Type") == "application/sdp":
            session = decode_sdp(message.body)
            assert encode_sdp(session) == message.body
            assert [sdp_media(section).kind for section in session.media] == ["audio"]
            described += content_length(message) == len(message.body)
    assert described >= 8


def test_other_protocols_are_refused_without_a_surprise() -> None:
    """DNS, IPsec, games and ciphertext that fall into a kind's range: nothing but `WireError` comes out."""
    refused: Counter[Kind] = Counter()
    for name in FILES:
        for payload in udp_payloads(name):
            kind = demultiplex(payload)
            if kind in CODECS:
                try:
                    CODECS[kind][0](payload)
                except WireError:
                    refused[kind] += 1
    assert refused[Kind.RTP] > 50
    assert refused[Kind.DTLS] > 500
    assert refused[Kind.STUN] == 0
