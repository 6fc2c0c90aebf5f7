"""One flow of a capture as a private profile: set-up rounds, streams, and the TOML text that says them.

The text is loaded by the ordinary loader before it is handed out; a round or stream that the loader refuses (no
room for the session's token) is left out, and the draft says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from voipwatch.apps.imported.flows import Candidate, Capture, Flow, Sample
from voipwatch.apps.imported.roles import Exchange
from voipwatch.apps.imported.rtpstreams import is_rtcp, looks_like_rtp, rtp_streams
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.shapes import (
    SIZE_MAX,
    Table,
    dtls_shape,
    dtls_table,
    listed,
    parts_table,
    stun_shape,
    stun_table,
    table,
)
from voipwatch.apps.imported.siptext import sip_key, sip_table
from voipwatch.apps.imported.streams import Stream, commonest, marker_of
from voipwatch.apps.loader import load_profile_file
from voipwatch.apps.profile import Profile
from voipwatch.apps.schema import ProfileError
from voipwatch.model.flows import REPLIES_MAX
from voipwatch.model.vocabulary import PRIVATE
from voipwatch.wire.demux import Kind, demultiplex
from voipwatch.wire.errors import WireError
from voipwatch.wire.rtp import decode_rtp

ROUNDS_MAX: Final = 10
"""Different exchanges of a set-up; the longest in the captures at hand has eight."""
UNKNOWN_ROUNDS_MAX: Final = 6
STREAMS_MAX: Final = 8
MEDIA_PACKETS_MIN: Final = 3
TRIES: Final = 40
"""How often a draft is made again without what the loader refused."""
_ROUND: Final = re.compile(r"legs\[0\]\.rounds\[(\d+)\](?:\.(request|replies)(?:\[(\d+)\])?)?")
_STREAM: Final = re.compile(r"legs\[0\]\.(voice|video)\.streams\[(\d+)\]")
_MESSAGE: Final = re.compile(r"messages\.([a-z0-9-]+)")


class NoCallError(ValueError):
    """Nothing of the flow can be played."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile made from a capture."""

    text: str
    """TOML."""
    profile: Profile
    scrubbed: dict[str, int]
    """Kind of thing -> how many were taken out (`scrub.KINDS`)."""
    left_out: tuple[str, ...]
    """What of the flow is not played, and why."""
    rounds: int
    streams: int


@dataclass(slots=True)
class _Item:
    """One packet, and what it is."""

    sample: Sample
    kind: str
    """stun, dtls, sip, rtp, rtcp, channel-rtp, channel-rtcp, channel, other."""
    inner: bytes
    """What a channel carries, else the packet."""


@dataclass(slots=True)
class _Round:
    request: str
    replies: list[str]
    stage: str
    synthetic: bool = False


@dataclass(slots=True)
class _Plan:
    """What is to be written."""

    rounds: list[_Round] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    messages: dict[str, Table] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def draft_profile(candidate: Candidate, capture: Capture, *, call_names: Sequence[str] = ("unknown",)) -> Draft:
    """The profile of one flow.

    Args:
        candidate: the flow, of `capture.candidates()`.
        capture: where it comes from: the addresses that must not be in the profile.
        call_names: what a recogniser calls the flow, if the caller knows.

    Raises:
        NoCallError: nothing of it can be played.
    """
    flow = candidate.flow
    scrub = Scrub()
    plan = _plan(flow, scrub, _marks(capture))
    for _ in range(TRIES):
        if not plan.rounds and not plan.streams:
            raise NoCallError("nothing of this flow can be played")
        text = _write(plan, flow, candidate, call_names)
        try:
            profile = load_profile_file("private", text.encode())
        except ProfileError as error:
            _leave_out(plan, error)
        else:
            return Draft(
                text, profile, dict(scrub.counts), tuple(dict.fromkeys(plan.left_out)), len(plan.rounds), len(plan.streams)
            )
    raise NoCallError("nothing of this flow can be played")


def _marks(capture: Capture) -> list[bytes]:
    """Every address of the capture, in both byte orders."""
    addresses = {address for flow in capture.flows.values() for address, _ in (flow.near, flow.far)}
    found = {mark for address in addresses for mark in (address, address[::-1])}
    return sorted(mark for mark in found if any(mark))


# --- what each packet is ----------------------------------------------------------------------------------------------


def _items(flow: Flow) -> list[_Item]:
    channels = {
        index: sample.data[4:]
        for index, sample in enumerate(flow.packets)
        if demultiplex(sample.data) is Kind.TURN_CHANNEL
    }
    has_stun = any(demultiplex(s.data) is Kind.STUN for s in flow.packets)
    if not has_stun or len(channels) < 2:
        channels = {}
    carried = [Sample(s.at_us, s.up, channels.get(n, s.data)) for n, s in enumerate(flow.packets)]
    believed = {(s.up, s.ssrc, s.payload_type) for s in rtp_streams(carried)}
    sources = {ssrc for _, ssrc, _ in believed}
    items = []
    for index, sample in enumerate(carried):
        inner = sample.data
        kind = _kind(inner, believed, sources, sample.up)
        if index in channels:
            kind = f"channel-{kind}" if kind in {"rtp", "rtcp"} else "channel"
        items.append(_Item(flow.packets[index], kind, inner))
    return items


def _kind(data: bytes, believed: set[tuple[bool, bytes, int]], sources: set[bytes], up: bool) -> str:
    if looks_like_rtp(data) and (up, data[8:12], data[1] & 0x7F) in believed:
        return "rtp"
    if is_rtcp(data):
        return "rtcp"
    kind = demultiplex(data)
    if kind is Kind.STUN and stun_shape(data) is not None:
        return "stun"
    if kind is Kind.DTLS and data[1:2] == b"\xfe" and dtls_shape(data) is not None:
        return "dtls"
    if kind is Kind.SIP and sip_key(data) is not None:
        return "sip"
    return "other"


# --- set-up -----------------------------------------------------------------------------------------------------------


def _plan(flow: Flow, scrub: Scrub, marks: Sequence[bytes]) -> _Plan:
    plan = _Plan()
    items = _items(flow)
    if flow.near[0]:
        scrub.took("address", 2)
    media_like = _unknown_media(items)
    _add_rounds(plan, items, media_like, scrub, marks)
    _add_streams(plan, items, media_like, scrub, marks)
    return plan


def _unknown_media(items: Sequence[_Item]) -> set[int]:
    """Indices of packets of unknown protocols that are a stream: many in one direction with one first byte."""
    groups: dict[tuple[bool, int], list[int]] = {}
    for index, item in enumerate(items):
        if item.kind in {"other", "channel"}:
            groups.setdefault(_group_of(item, items), []).append(index)
    return {index for members in groups.values() if len(members) >= 8 for index in members}


def _group_of(item: _Item, items: Sequence[_Item]) -> tuple[bool, int]:
    """Direction and first byte; bytes that vary without end are one group (an encrypted protocol)."""
    firsts = {other.inner[0] for other in items if other.kind == item.kind and other.sample.up == item.sample.up}
    return item.sample.up, item.inner[0] if len(firsts) <= 8 else -1


def _add_rounds(
    plan: _Plan, items: Sequence[_Item], media_like: set[int], scrub: Scrub, marks: Sequence[bytes]
) -> None:
    """Every different exchange, in the order of the capture: a request, and what came down before the next."""
    names: dict[tuple[object, ...], str] = {}
    seen: set[tuple[object, ...]] = set()
    unknown = 0
    turns = _turns(items, media_like)
    for request, replies in turns:
        if len(plan.rounds) >= ROUNDS_MAX:
            plan.left_out.append(f"exchanges after the first {ROUNDS_MAX}")
            break
        shape = (_shape(request), *(_shape(reply) for reply in replies[:1]))
        if shape in seen or (request.kind == "other" and unknown >= UNKNOWN_ROUNDS_MAX):
            continue
        if not replies:
            continue
        seen.add(shape)
        asked = _message(plan, names, request, None, items, scrub, marks)
        answered = [_message(plan, names, reply, request, items, scrub, marks) for reply in replies[:REPLIES_MAX]]
        kept = [name for name in answered if name is not None]
        if asked is None or not kept:
            continue
        unknown += request.kind == "other"
        stage = "handshake" if request.kind == "dtls" else "setup"
        plan.rounds.append(_Round(asked, list(dict.fromkeys(kept)), stage))


def _turns(items: Sequence[_Item], media_like: set[int]) -> list[tuple[_Item, list[_Item]]]:
    turns: list[tuple[_Item, list[_Item]]] = []
    for index, item in enumerate(items):
        if item.kind not in {"stun", "dtls", "sip", "other", "channel"}:
            continue
        if index in media_like and len(turns) >= 2:
            continue
        if item.sample.up:
            if not (item.kind == "stun" and item.inner[0] & 1 and item.inner[4:20] in _asked(items, up=False)):
                turns.append((item, []))
            continue
        target = _answered(turns, item)
        if target is not None:
            target.append(item)
    return turns


def _asked(items: Sequence[_Item], *, up: bool) -> set[bytes]:
    return {i.inner[4:20] for i in items if i.kind == "stun" and i.sample.up is up and not i.inner[0] & 1}


def _answered(turns: list[tuple[_Item, list[_Item]]], item: _Item) -> list[_Item] | None:
    """The replies of the turn that an item down belongs to: by transaction, else the last one."""
    if item.kind == "stun":
        for request, replies in reversed(turns):
            if request.kind == "stun" and request.inner[4:20] == item.inner[4:20]:
                return replies
    return turns[-1][1] if turns else None


def _shape(item: _Item) -> tuple[object, ...]:
    data = item.inner
    known: object = None
    if item.kind == "stun":
        known = stun_shape(data)
    elif item.kind == "dtls":
        known = dtls_shape(data)
    elif item.kind == "sip":
        known = sip_key(data)
    else:
        known = (len(data), data[:1])
    return (item.kind, item.sample.up, known)


def _message(
    plan: _Plan,
    names: dict[tuple[object, ...], str],
    item: _Item,
    request: _Item | None,
    items: Sequence[_Item],
    scrub: Scrub,
    marks: Sequence[bytes],
) -> str | None:
    """The name of an item's message, made at its first use; None if the profile language has none for it."""
    key = (*_shape(item), _shape(request) if request is not None and item.kind == "other" else None)
    if key in names:
        return names[key]
    up = item.sample.up
    group = [other for other in items if other.kind == item.kind and _shape(other) == _shape(item)]
    name = f"{item.kind}-{'up' if up else 'down'}-{len(names) + 1}"
    try:
        if item.kind == "stun":
            made: Table | None = stun_table([other.inner for other in group], scrub, up=up, label=name)
        elif item.kind == "dtls":
            made = dtls_table(item.inner, scrub)
        elif item.kind == "sip":
            made = sip_table(item.inner, scrub, up=up)
        else:
            asked = request.sample.data if request is not None else b""
            exchanges = [Exchange(item.sample.data, asked)]
            made = parts_table(exchanges, scrub, up=up, media=False, marks=marks)
    except WireError as error:
        plan.left_out.append(f"a {item.kind} message: {error.field}")
        return None
    if made is None or made.size > SIZE_MAX:
        plan.left_out.append(f"a {item.kind} message of {len(item.inner)} bytes")
        return None
    plan.messages[name] = made
    names[key] = name
    return name


# --- media ------------------------------------------------------------------------------------------------------------


def _add_streams(
    plan: _Plan, items: Sequence[_Item], media_like: set[int], scrub: Scrub, marks: Sequence[bytes]
) -> None:
    groups: dict[tuple[object, ...], list[_Item]] = {}
    for index, item in enumerate(items):
        data = item.inner
        if item.kind.endswith("rtp"):
            groups.setdefault((item.kind, item.sample.up, data[1] & 0x7F), []).append(item)
        elif item.kind.endswith("rtcp"):
            groups.setdefault((item.kind, item.sample.up, data[1], data[0] & 0x1F), []).append(item)
        elif index in media_like:
            groups.setdefault((item.kind, *_group_of(item, items)), []).append(item)
    ranked = sorted(groups.items(), key=lambda entry: -len(entry[1]))
    ways = {key[1] for key in groups}
    for key, members in ranked:
        kind = str(key[0])
        if len(members) < MEDIA_PACKETS_MIN and not kind.endswith("rtp"):
            continue
        if len(plan.streams) >= STREAMS_MAX:
            plan.left_out.append("streams after the first eight")
            break
        stream = _stream(plan, kind, members, scrub, marks)
        stream.both = len(ways) == 1
        plan.streams.append(stream)


def _stream(plan: _Plan, kind: str, members: list[_Item], scrub: Scrub, marks: Sequence[bytes]) -> Stream:
    up = members[0].sample.up
    number = len(plan.streams) + 1
    name = f"{kind.replace('channel-', '')}-{'up' if up else 'down'}-{number}"
    stream = Stream(name, name, up, is_report=kind.endswith("rtcp"))
    stream.at_us = [item.sample.at_us for item in members]
    stream.sizes = [len(item.sample.data) for item in members]
    scrub.took("payload", len(members))
    wrap = 4 if kind.startswith("channel") else 0
    if kind.endswith("rtp"):
        scrub.took("identifier")
        made, head = _rtp_table([item.inner for item in members])
        stream.stamps = [int.from_bytes(item.inner[4:8], "big") for item in members]
        stream.least = wrap + head + TOKEN_DOWN
    elif kind.endswith("rtcp"):
        scrub.took("identifier")
        made, head = _rtcp_table([item.inner for item in members]), 8
        stream.least = wrap + head + TOKEN_DOWN
    else:
        made = parts_table([Exchange(item.inner) for item in members], scrub, up=up, media=True, marks=marks)
        stream.least = wrap + min(64, min(len(item.inner) for item in members)) + TOKEN_DOWN
        stream.least = max(17, min(stream.least, wrap + _fixed(made) + TOKEN_DOWN))
    if wrap:
        inner = f"{name}-inner"
        plan.messages[inner] = made
        channel = int.from_bytes(members[0].sample.data[:2], "big")
        made = table("channeldata", 0, channel=f"0x{channel:04x}", message=f'"{inner}"')
    plan.messages[name] = made
    return stream


TOKEN_DOWN: Final = 16


def _fixed(made: Table) -> int:
    """Bytes of a parts table without its fill."""
    sizes = re.findall(r"\{ (hex = \"([0-9a-f]*)\"|(?:zero|random|constant|text_constant|counter|length) = (\d+))", "\n".join(made.lines))
    return sum(len(digits) // 2 if digits else int(number) for _, digits, number in sizes)


def _rtp_table(packets: Sequence[bytes]) -> tuple[Table, int]:
    """RTP of one payload type, and the bytes of its header and extension."""
    decoded = []
    for data in packets:
        try:
            decoded.append(decode_rtp(data))
        except WireError:
            continue
    payload_type = packets[0][1] & 0x7F
    marker = marker_of([data[1] >= 0x80 for data in packets])
    extensions = [(p.extension.profile, len(p.extension.data)) if p.extension else None for p in decoded]
    usual = commonest(extensions) if extensions else None
    extension, head = None, 12
    if isinstance(usual, tuple):
        profile, size = usual
        size = min(size, 256)
        extension = f"{{ profile = 0x{profile:04x}{f', random = {size}' if size else ''} }}"
        head = 16 + size
    made = table(
        "rtp",
        0,
        payload_type=payload_type,
        marker=f'"{marker}"' if marker != "never" else None,
        extension=extension,
    )
    return made, head


def _rtcp_table(packets: Sequence[bytes]) -> Table:
    trailers = [len(data) - 4 - 4 * int.from_bytes(data[2:4], "big") for data in packets]
    trailer = commonest(trailers)
    return table(
        "rtcp",
        0,
        type=packets[0][1],
        count=packets[0][0] & 0x1F,
        trailer=trailer if isinstance(trailer, int) and 0 < trailer <= 64 else None,
    )


# --- the text ---------------------------------------------------------------------------------------------------------


def _write(plan: _Plan, flow: Flow, candidate: Candidate, call_names: Sequence[str]) -> str:
    voice, video = _carried(plan.streams)
    role = "media" if not plan.rounds else "signalling" if candidate.protocols == ("sip",) else "relay"
    names = ", ".join(f'"{name}"' for name in call_names)
    lines = [
        "# A private profile, made from a capture of one's own call. No address, name, identifier or content of the",
        "# capture is in it: sizes, times and the protocol's own bytes are.",
        "",
        f'id = "{PRIVATE}"',
        'name = "private"',
        'version = "2026.1"',
        'default_dialect = "captured"',
        f"call_names = [{names}]",
        'not_testable = ["provider-address", "sni-or-name", "longer-call", "account"]',
        "",
        "[[dialects]]",
        'id = "captured"',
        'name = "as captured"',
        "",
        "[[legs]]",
        'id = "captured"',
        'name = "as captured"',
        f'role = "{role}"',
        f"port = {flow.far[1]}",
    ]
    for item in plan.rounds:
        lines += [
            "",
            "[[legs.rounds]]",
            f'stage = "{item.stage}"',
            f'request = "{item.request}"',
            f"replies = {listed(f'{chr(34)}{name}{chr(34)}' for name in item.replies)}",
        ]
    for media, streams, seconds in (("voice", voice, 1.0), ("video", video, 0.5)):
        if streams:
            start = min(stream.at_us[0] for stream in streams)
            lines += ["", f"[legs.{media}]", f"short_s = {seconds}"]
            for stream in streams:
                lines += ["", f"[[legs.{media}.streams]]", *stream.lines(start)]
    used = _used(plan)
    for name, made in plan.messages.items():
        if name in used:
            lines += ["", f"[messages.{name}]", *made.lines]
    lines += [
        "",
        "[[provenance]]",
        'facts = "sizes, spacing, order and roles of bytes"',
        'status = "seen"',
        'source = "own capture"',
        "",
        "[[provenance]]",
        'facts = "every identifier, address, name and payload is random"',
        'status = "synthetic"',
        'source = "scrubbed at the import"',
        "",
    ]
    return "\n".join(lines)


def _carried(streams: list[Stream]) -> tuple[list[Stream], list[Stream]]:
    """Streams of a voice call, and of a video call where there are pictures beside voice."""
    voice = [stream for stream in streams if not stream.is_picture]
    if all(stream.is_report for stream in voice):
        return streams, []
    return voice, streams if len(voice) < len(streams) else []


def _used(plan: _Plan) -> set[str]:
    names = {item.request for item in plan.rounds} | {name for item in plan.rounds for name in item.replies}
    names |= {stream.message for stream in plan.streams}
    return names | {f"{name}-inner" for name in names}


def _leave_out(plan: _Plan, error: ProfileError) -> None:
    """Take out what the loader's first problem is about.

    Raises:
        NoCallError: the problem is of the profile as a whole: a mistake of ours, said as what it is.
    """
    problem = error.problems[0]
    if found := _ROUND.match(problem.field):
        item = plan.rounds[int(found[1])]
        if found[2] == "replies" and found[3] and len(item.replies) > 1:
            del item.replies[int(found[3])]
        else:
            plan.rounds.remove(item)
        plan.left_out.append(f"{item.request}: {problem.message}")
    elif found := _STREAM.match(problem.field):
        voice, video = _carried(plan.streams)
        stream = (voice if found[1] == "voice" else video)[int(found[2])]
        plan.streams.remove(stream)
        plan.left_out.append(f"{stream.message}: {problem.message}")
    elif found := _MESSAGE.match(problem.field):
        name = found[1].removesuffix("-inner")
        plan.rounds = [r for r in plan.rounds if name != r.request and name not in r.replies]
        plan.streams = [s for s in plan.streams if s.message != name]
        plan.messages.pop(found[1], None)
        plan.left_out.append(f"{name}: {problem.message}")
    else:
        raise NoCallError(str(problem))
