"""Which captured flow each profile's media is to be like, and that flow's media packets.

A capture holds more than media: checks, probes, the other end's silence. What is taken of a flow, and what is
left out for which reason, stands here and in the table of docs/profiles.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from voipwatch.apps.imported.flows import Sample
from voipwatch.apps.imported.rtpstreams import looks_like_rtp, rtp_streams
from voipwatch.model.vocabulary import Media
from voipwatch.stats.likeness import Trace, joined, trace_of
from voipwatch.wire.capture import network_packet, read_capture
from voipwatch.wire.errors import WireError
from voipwatch.wire.udp import decode_udp_packet

Ends = tuple[tuple[bytes, int], tuple[bytes, int]]
"""Host and port of who sent a flow's first packet, and of the other end."""
Take = Callable[[Sequence[Sample]], list[Sample]]
"""The media packets of a flow's packets."""


def rtp(*payload_types: int, least_bytes: int = 0) -> Take:
    """RTP of these payload types whose sources can be believed, from a size on; a packet counts once."""

    def take(packets: Sequence[Sample]) -> list[Sample]:
        sources = {
            (stream.up, stream.ssrc, stream.payload_type)
            for stream in rtp_streams(packets)
            if stream.payload_type in payload_types
        }
        taken: list[Sample] = []
        last: dict[tuple[bool, bytes], bytes] = {}
        for packet in packets:
            data = packet.data
            if looks_like_rtp(data) and (packet.up, data[8:12], data[1] & 0x7F) in sources:
                source = (packet.up, data[8:12])
                if last.get(source) != data[2:4] and len(data) >= least_bytes:
                    taken.append(packet)
                last[source] = data[2:4]
        return taken

    return take


def zoom_speech(packets: Sequence[Sample]) -> list[Sample]:
    """Zoom's frames of type 05 with sound (15), without those of silence, which have 88 bytes."""
    return [p for p in packets if p.data[:1] == b"\5" and p.data[8:9] == b"\x0f" and len(p.data) != 88]


def ciphertext(packets: Sequence[Sample]) -> list[Sample]:
    """Libtgvoip's voice: whole blocks of 16 bytes, from 144 bytes on; what is smaller is set-up."""
    return [p for p in packets if len(p.data) >= 144 and len(p.data) % 16 == 0]


def imo_sound(packets: Sequence[Sample]) -> list[Sample]:
    """Frames of type 0D from 140 to 300 bytes: a length of two bytes of seven bits, then the type."""
    return [p for p in packets if 140 <= len(p.data) <= 300 and p.data[2:3] == b"\x0d"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A leg's media and the captured flow it is to be like."""

    app: str
    dialect: str
    leg: str
    media: Media
    capture: str
    """A file's name without its ending."""
    ports: tuple[tuple[int, int], ...]
    """Of the two ends of each flow; 0 stands for any."""
    take: Take
    streams: tuple[str, ...]
    """Those of the profile's streams that the flow has."""
    _: KW_ONLY
    ways: str = "both"
    """up or down (from who sent the flow's first packet): the direction compared, where the other way carries
    something else."""
    since_s: float = 0.0
    """Part of the flow, from its first packet."""
    until_s: float = float("inf")
    together: bool = False
    """Whether several flows are one call at one time, instead of one after the other."""
    pause_ms: float = float("inf")
    """A longer silence parts what comes before it from what comes after."""
    plus_bytes: int = 0
    """What the profile's packets have around them that the capture's have not."""
    own: bool = True
    """False: this app's media is in no capture, and the profile says that it borrows this one's."""
    note: str = ""
    """Which part of the flow is compared, and why."""


def flows_of(path: Path) -> dict[Ends, list[Sample]]:
    """Every UDP flow of a capture, whole."""
    flows: dict[Ends, list[Sample]] = {}
    with path.open("rb") as file:
        for packet in read_capture(file.read):
            try:
                ip, udp = decode_udp_packet(network_packet(packet))
            except WireError:
                continue
            one, other = (ip.source, udp.source_port), (ip.destination, udp.destination_port)
            ends = (other, one) if (other, one) in flows else (one, other)
            flows.setdefault(ends, []).append(Sample(packet.ts_us, ends == (one, other), udp.payload))
    return flows


def captured_trace(pair: Pair, flows: dict[Ends, list[Sample]]) -> Trace:
    """The media packets that a pair compares.

    Raises:
        ValueError: the capture has none.
    """
    found: list[list[tuple[int, bool, int]]] = []
    for (near, far), packets in flows.items():
        ends = {0, near[1], far[1]}
        if not any(set(ports) <= ends for ports in pair.ports):
            continue
        start = packets[0].at_us
        media = [
            (packet.at_us, packet.up, len(packet.data) + pair.plus_bytes)
            for packet in pair.take(packets)
            if pair.since_s <= (packet.at_us - start) / 1e6 < pair.until_s
            and pair.ways in {"both", "up" if packet.up else "down"}
        ]
        found += _parted(media, pair.pause_ms)
    if pair.together:
        return trace_of([packet for media in found for packet in media])
    return joined([trace_of(media) for media in found])


def _parted(media: list[tuple[int, bool, int]], pause_ms: float) -> list[list[tuple[int, bool, int]]]:
    """Ascending packets, cut at each pause."""
    parts: list[list[tuple[int, bool, int]]] = []
    for packet in media:
        if parts and packet[0] - parts[-1][-1][0] <= 1000 * pause_ms:
            parts[-1].append(packet)
        else:
            parts.append([packet])
    return parts


_VOICE, _VIDEO = Media.VOICE, Media.VIDEO
_WA = ("whatsapp", "2015", "relay-2015")
_DIRECT = ("whatsapp", "2015", "peer")
_WEHE = ("wehe_skype_2024", ((0, 63308),))
_LOGIN = "whatsapp_login_call"
_MUTE = "the far end alone sends sound"
_BORROWED = "libwebrtc's picture"
PAIRS = (
    Pair(*_WA, _VOICE, "wa_voice", ((0, 32704),), rtp(120), ("audio",), note="frames of 160 ms"),
    Pair(
        *(*_WA, _VOICE, _LOGIN, ((0, 9344),), rtp(120), ("audio",)),
        until_s=4.6,
        note="first frames, of 160 ms",
    ),
    Pair(
        *(*_WA, _VOICE, _LOGIN, ((0, 9344),), rtp(120), ("audio",)),
        since_s=6.54,
        note="frames of 20 ms; the far end is silent, with 23 bytes, which are 28 here: a token needs that",
    ),
    Pair(
        *(*_WA, _VOICE, _LOGIN, ((0, 9665),), rtp(120), ("audio",)),
        since_s=5.2,
        until_s=6.9,
        ways="up",
        note="frames of 20 ms, until the near end falls silent; the far end has those of 160 ms",
    ),
    Pair(*(*_WA, _VOICE, _LOGIN, ((0, 9665),), rtp(120), ("audio",)), ways="down", note="frames of 160 ms"),
    Pair(
        *(*_WA, _VOICE, "wa_video", ((0, 3478),), rtp(120), ("audio",)),
        since_s=10.5,
        ways="up",
        note="frames of 60 ms, those beside video; the far end's came in bursts out of a queue",
    ),
    Pair(
        *(*_WA, _VIDEO, "wa_video", ((0, 3478),), rtp(120, 102, 103), ("audio", "picture", "repair")),
        ways="up",
        note="the near end alone sends a picture",
    ),
    Pair(
        *(*_WA, _VIDEO, "wa_video", ((0, 32641),), rtp(120, 102, 103), ("audio", "picture", "repair")),
        ways="up",
        note="down 26 packets",
    ),
    Pair(*_DIRECT, _VOICE, "wa_voice", ((0, 32704),), rtp(120), ("audio",), note="frames of 160 ms"),
    Pair(
        *(*_DIRECT, _VOICE, _LOGIN, ((0, 9344),), rtp(120), ("audio",)),
        since_s=6.54,
        note="frames of 20 ms; the far end is silent",
    ),
    Pair("skype", "2024", "peer-2024", _VOICE, *_WEHE, rtp(111), ("audio",), ways="down", note=_MUTE),
    Pair(
        *("skype", "2024", "peer-2024", _VIDEO, *_WEHE, rtp(111, 102), ("audio", "picture")),
        ways="down",
        note="repair is six packets down",
    ),
    Pair(
        *("skype", "2024", "peer-2024", _VIDEO, *_WEHE, rtp(102, 103), ("picture", "repair")),
        ways="up",
        note="the near end is mute",
    ),
    Pair(
        *("skype", "2017", "peer-2017", _VOICE, "skype-conference-call", ((0, 60642),), rtp(104)),
        ("audio",),
        ways="up",
        note="the far end sends no sound yet; probing by RTCP left out",
    ),
    Pair("teams", "2020", "relay-2020", _VOICE, "teams", ((16332, 0),), rtp(104), ("audio",), plus_bytes=12),
    Pair("teams", "2020", "peer-2020", _VOICE, "teams", ((16332, 0),), rtp(104), ("audio",)),
    Pair(
        *("teams", "2024", "relay-2024", _VOICE, *_WEHE, rtp(111), ("audio",)),
        ways="down",
        plus_bytes=12,
        own=False,
        note="Skype's of 2024, in a frame of 12 bytes",
    ),
    Pair(
        *("teams", "2024", "relay-2024", _VIDEO, *_WEHE, rtp(111, 102), ("audio", "picture")),
        ways="down",
        plus_bytes=12,
        own=False,
        note="Skype's of 2024, in a frame of 12 bytes",
    ),
    Pair(
        *("teams", "2024", "relay-2024", _VIDEO, *_WEHE, rtp(102, 103), ("picture", "repair")),
        ways="up",
        plus_bytes=12,
        own=False,
        note="Skype's of 2024, in a frame of 12 bytes",
    ),
    *(
        Pair(
            *(app, dialect, leg, _VIDEO, *_WEHE, rtp(102), ("picture",)),
            ways="down",
            plus_bytes=4,
            own=False,
            note=f"{_BORROWED}, in a channel",
        )
        for app, dialect, leg in (
            ("viber", "2024", "turn"),
            ("messenger", "turn", "turn"),
            ("signal", "ringrtc", "turn"),
        )
    ),
    *(
        Pair(
            *(app, "libwebrtc", leg, _VIDEO, *_WEHE, rtp(102), ("picture",)),
            ways="up",
            own=False,
            note=_BORROWED,
        )
        for app, leg in (("meet", "meet-19305"), ("webrtc", "server"))
    ),
    Pair("signal", "ringrtc", "peer", _VOICE, "stun_signal", ((0, 61156),), rtp(102), ("audio",)),
    Pair(
        *("telegram", "libtgvoip", "reflector-529", _VOICE, "telegram", ((28150, 529), (28150, 533))),
        *(ciphertext, ("audio-up", "audio-down")),
        together=True,
        note="one call, which goes up through one reflector and down through another",
    ),
    Pair(
        *("telegram", "libtgvoip", "reflector-529", _VOICE, "telegram", ((23174, 521),)),
        *(ciphertext, ("audio-up", "audio-down")),
    ),
    Pair(
        *("telegram", "libtgvoip", "peer-ciphertext", _VOICE, "telegram", ((23174, 31480),)),
        *(ciphertext, ("audio-up", "audio-down")),
    ),
    Pair(
        *("zoom", "sfu", "sfu-audio", _VOICE, "zoom2", ((58117, 8801),), zoom_speech, ("audio-down",)),
        ways="down",
        pause_ms=60,
        note="three talk spurts, so that limits are wide; up only 21 packets. Silence, half of what the flow "
        "holds (88 bytes every 100 ms), is not played",
    ),
    Pair(
        *("meet", "libwebrtc", "meet-19305", _VOICE, "stun_google_meet", ((0, 19305),), rtp(111), ("audio",)),
        note="two calls that end after 0.2 s",
    ),
    Pair(
        *("meet", "libwebrtc", "meet-3478", _VOICE, "stun_google_meet", ((38152, 3478),)),
        *(rtp(111, least_bytes=46), ("audio",)),
        note="as many packets of 45 bytes are left out: a microphone that hears nothing, which is not played",
    ),
    Pair(
        *("discord", "rtp", "discord-server", _VOICE, "discord", ((0, 50004),), rtp(120)),
        ("audio-up", "audio-down"),
        note="32 beginnings of calls, 15 packets kept of each",
    ),
    Pair("discord", "rtp", "discord-server", _VIDEO, "discord", ((0, 50001),), rtp(103), ("picture",)),
    Pair(
        *("imo", "udp", "imo-peer", _VOICE, "imo_57604", ((0, 57604),), imo_sound, ("audio",)),
        note="ends 0.1 s after the media's start",
    ),
    Pair(
        *("sip", "rfc3261", "media", _VOICE, "skinny", ((0, 0),), rtp(0), ("audio",)),
        ways="up",
        note="five flows, 20 ms; captured twice, counted once",
    ),
    Pair(
        *("sip", "rfc3261", "media", _VOICE, "sipp_g711a", ((0, 2006),), rtp(8), ("audio",)),
        ways="up",
        note="30 ms; one way alone is captured",
    ),
)
"""Every captured flow that some profile's media is like, or says it is."""

_2015 = "no capture of this dialect: 2015's, four bytes longer"
_SYNTHETIC = "synthetic: no capture of the app exists"
_SET_UP = "the captures hold the set-up alone; libwebrtc's sound"
_CIPHERTEXT = "this dialect is described only; what it sends is the reflector's of 2020"
_RANGES = "no capture of a server's call; sound in the range of the libwebrtc calls above"
NO_CAPTURE = {
    ("whatsapp", "relay-2023"): _2015,
    ("viber", "turn"): _SET_UP,
    ("viber", "relay-2018"): "the captures hold the set-up alone; sizes and rhythm are ours",
    ("teams", "peer-2024"): "Skype's of 2024, above",
    ("messenger", "turn"): _SET_UP,
    ("facetime", "facetime-relay"): _SYNTHETIC,
    ("facetime", "facetime-peer"): _SYNTHETIC,
    ("imo", "imo-relay"): "the capture is of a direct leg, and of sound alone",
    ("signal", "turn"): "no capture of a relayed call: the direct leg's sound, four bytes longer",
    ("telegram", "turn-1400"): "this dialect is described only",
    ("telegram", "reflector-597"): _CIPHERTEXT,
    ("zoom", "sfu-video"): "the large packets at hand are a capacity probe's",
    ("zoom", "zoom-peer"): "described only",
    ("webrtc", "server"): _RANGES,
    ("webrtc", "turn"): _RANGES,
}
"""Why a leg's media, or one kind of it, is in no row above."""
