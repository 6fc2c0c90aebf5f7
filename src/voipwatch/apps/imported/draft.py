"""One flow of a capture as a private profile: set-up rounds, streams, and the TOML text that says them.

The text is loaded by the ordinary loader before it is handed out; a round or stream that the loader refuses (no
room for the session's token) is left out, and the draft says so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from voipwatch.apps.imported.flows import Candidate, Capture, Flow, Sample
from voipwatch.apps.imported.roles import Exchange, infer
from voipwatch.apps.imported.rtpstreams import is_rtcp, looks_like_rtp, rtp_streams
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.shapes import (
    SIZE_MAX,
    Table,
    dtls_shape,
    dtls_table,
    part_bytes,
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
BEFORE_ROUNDS_MAX: Final = 4
"""Of the leg before: enough for a recogniser to know it; both legs together have 15 at most."""
UNKNOWN_ROUNDS_MAX: Final = 6
STREAMS_MAX: Final = 8
MEDIA_PACKETS_MIN: Final = 3
STREAM_PACKETS_MIN: Final = 8
"""Of an unknown protocol."""
KINDS_OF_BYTE_MAX: Final = 6
OPENING_PACKETS: Final = 30
"""Packets of an unknown protocol after these are not played as a set-up: recognisers have decided by then."""
UP_MIN: Final = 17
"""Bytes of an uplink datagram that has room for a token; smaller ones are played from the other end."""
SPARE_PORTS: Final = (16384, 10000, 3478)
"""Ports of packaged profiles that stand for any: RTP's usual first one, and two of relays."""
TRIES: Final = 40
"""How often a draft is made again without what the loader refused."""
_ROUND: Final = re.compile(r"legs\[(\d)\]\.rounds\[(\d+)\](?:\.(request|replies)(?:\[(\d+)\])?)?")
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
    synthetic: bool = False
    """Whether answers were made up that the capture, of one direction, does not hold."""
    port: int = 0
    prefix: str = ""
    """Of messages' names."""


def draft_profile(
    candidate: Candidate,
    capture: Capture,
    *,
    call_names: Sequence[str] = ("unknown",),
    served: frozenset[int] = frozenset(),
) -> Draft:
    """The profile of one flow.

    Args:
        candidate: the flow, of `capture.candidates()`.
        capture: where it comes from: the addresses that must not be in the profile.
        call_names: what a recogniser calls the flow, if the caller knows.
        served: UDP ports that reflectors serve; another one is replaced. Empty: every port stays.

    Raises:
        NoCallError: nothing of it can be played.
    """
    flow = candidate.flow
    scrub = Scrub()
    marks = _marks(capture)
    before = None
    found = capture.opened_before(flow)
    if found is not None:
        local, relay = found
        flow, relay = flow.seen_from(local), relay.seen_from(local)
        before = _plan_before(relay, scrub, marks) if relay.far[1] != flow.far[1] else None
    plan = _plan(flow, scrub, marks)
    _serve(plan, before, served)
    for _ in range(TRIES):
        if not plan.rounds and not plan.streams:
            raise NoCallError("nothing of this flow can be played")
        if before is not None and not before.rounds:
            before = None
        text = _write(plan, before, candidate, call_names)
        try:
            profile = load_profile_file("private", text.encode())
        except ProfileError as error:
            _leave_out(plan, before, error)
        else:
            return _draft(text, profile, scrub, plan, before)
    raise NoCallError("nothing of this flow can be played")


def _serve(plan: _Plan, before: _Plan | None, served: frozenset[int]) -> None:
    """Replace ports that no reflector serves: a call between two phones has any port, and could not be measured."""
    taken: set[int] = set()
    for each, spare in ((plan, SPARE_PORTS), (before, SPARE_PORTS[::-1])):
        if each is None or not served:
            continue
        if each.port not in served or each.port in taken:
            port = next(port for port in spare if port not in taken)
            plan.left_out.append(f"port {each.port}: no reflector serves it, {port} is used")
            each.port = port
        taken.add(each.port)


def _draft(text: str, profile: Profile, scrub: Scrub, plan: _Plan, before: _Plan | None) -> Draft:
    left_out = [*plan.left_out, *(before.left_out if before is not None else [])]
    raised = sum(stream.raised() for stream in plan.streams)
    if raised:
        left_out.append(f"sizes of {raised} packets: made larger, so that the session's token fits")
    if not plan.streams:
        left_out.append(
            "media: there is none in the flow; a check can find a block of the set-up, and never say ok"
        )
    rounds = len(plan.rounds) + (len(before.rounds) if before is not None else 0)
    return Draft(text, profile, dict(scrub.counts), tuple(dict.fromkeys(left_out)), rounds, len(plan.streams))


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
    plan = _Plan(port=flow.far[1])
    items = _items(flow)
    if flow.near[0]:
        scrub.took("address", 2)
    media_like = _unknown_media(items)
    _add_rounds(plan, items, scrub, marks)
    _add_streams(plan, items, media_like, scrub, marks)
    return plan


def _plan_before(flow: Flow, scrub: Scrub, marks: Sequence[bytes]) -> _Plan:
    """The set-up of the leg that comes before: its first exchanges."""
    plan = _Plan(prefix="before-", port=flow.far[1])
    _add_rounds(plan, _items(flow), scrub, marks, most=BEFORE_ROUNDS_MAX)
    plan.rounds = [item for item in plan.rounds if item.stage == "setup"]
    return plan


def _unknown_media(items: Sequence[_Item]) -> dict[int, tuple[object, ...]]:
    """Packets of unknown protocols that are a stream, by index: eight or more of one direction and one kind.

    The kind is told by those of the first four bytes that take few values in the flow: types and flags, not
    counters, lengths or ciphertext.
    """
    unknown = [(n, item) for n, item in enumerate(items) if item.kind in {"other", "channel"}]
    telling = [
        at
        for at in range(4)
        if 0 < len({item.inner[at : at + 1] for _, item in unknown}) <= KINDS_OF_BYTE_MAX
    ]
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, item in unknown:
        kind = bytes(item.inner[at] for at in telling if at < len(item.inner))
        groups.setdefault((item.kind, item.sample.up, kind), []).append(index)
    return {
        index: key
        for key, members in groups.items()
        if len(members) >= STREAM_PACKETS_MIN
        for index in members
    }


def _add_rounds(
    plan: _Plan, items: Sequence[_Item], scrub: Scrub, marks: Sequence[bytes], *, most: int = ROUNDS_MAX
) -> None:
    """Every different exchange, in the order of the capture: a request, and what came down before the next."""
    names: dict[tuple[object, ...], str] = {}
    seen: set[tuple[object, ...]] = set()
    unknown = 0
    turns = _with_answers(_turns(items), items)
    for request, replies in turns:
        if len(plan.rounds) >= most:
            plan.left_out.append(f"exchanges after the first {most}")
            break
        shape = (_shape(request), *(_shape(reply) for reply in replies[:1]))
        if shape in seen or (request.kind == "other" and unknown >= UNKNOWN_ROUNDS_MAX):
            continue
        seen.add(shape)
        asked = _message(plan, names, request, None, items, scrub, marks)
        answered = [
            _message(plan, names, reply, request, items, scrub, marks) for reply in replies[:REPLIES_MAX]
        ]
        kept = [name for name in answered if name is not None]
        if not replies and asked is not None:
            kept = [f"{asked}-answer"]
            plan.messages[kept[0]] = _standard_answer(request)
            plan.synthetic = True
        if asked is None or not kept:
            continue
        unknown += request.kind == "other"
        stage = "handshake" if request.kind == "dtls" else "setup"
        plan.rounds.append(_Round(asked, list(dict.fromkeys(kept)), stage))


def _turns(items: Sequence[_Item]) -> list[tuple[_Item, list[_Item]]]:
    """Requests up, each with what answers it; in the order of the capture."""
    turns: list[tuple[_Item, list[_Item]]] = []
    answered_below = _asked(items, up=False)
    for index, item in enumerate(items):
        if item.kind not in {"stun", "dtls", "sip", "other", "channel"}:
            continue
        if item.kind in {"other", "channel"} and index >= OPENING_PACKETS:
            continue
        if item.kind == "dtls" and item.inner[3:5] != b"\0\0":
            continue  # encrypted data from the first record on: content
        small = item.kind == "other" and len(item.inner) < UP_MIN
        if item.sample.up and not small:
            if not (item.kind == "stun" and item.inner[0] & 1 and item.inner[4:20] in answered_below):
                turns.append((item, []))
            continue
        target = _answered(turns, item)
        if target is not None:
            target.append(item)
    return turns


def _with_answers(
    turns: list[tuple[_Item, list[_Item]]], items: Sequence[_Item]
) -> list[tuple[_Item, list[_Item]]]:
    """In a capture of one direction alone, requests whose protocol says how they are answered keep their turn."""
    if any(not item.sample.up for item in items):
        return [turn for turn in turns if turn[1]]
    return [
        turn
        for turn in turns
        if (turn[0].kind == "stun" and not turn[0].inner[0] & 1)
        or (turn[0].kind == "dtls" and turn[0].inner[13:14] == b"\x01")
    ]


def _standard_answer(request: _Item) -> Table:
    """The answer that a standard asks for: STUN success (RFC 8489 section 6.3.1), a ServerHello (RFC 6347)."""
    if request.kind == "stun":
        number = int.from_bytes(request.inner[:2], "big") | 0x0100
        return table(
            "stun", 56, type=f"0x{number:04x}", attributes="[{ xor_mapped = true }, { integrity = true }]"
        )
    return table("dtls", 0, records='[{ handshake = "server_hello", cipher_suites = [0xc02b] }]')


def _asked(items: Sequence[_Item], *, up: bool) -> set[bytes]:
    return {i.inner[4:20] for i in items if i.kind == "stun" and i.sample.up is up and not i.inner[0] & 1}


def _answered(turns: list[tuple[_Item, list[_Item]]], item: _Item) -> list[_Item] | None:
    """The replies of the turn that an item belongs to.

    By transaction; else of the turns of its kind, the last, unless it repeats more of one before that has no
    answer; else the last turn of all.
    """
    if item.kind == "stun":
        for request, replies in reversed(turns):
            if request.kind == "stun" and request.inner[4:20] == item.inner[4:20]:
                return replies
    same = [turn for turn in turns if turn[0].kind == item.kind]
    if item.kind == "other" and len(same) > 1:
        waiting = [turn for turn in same[-4:] if not turn[1]]
        echoes = [(_echoed(turn[0].inner, item.inner), turn) for turn in waiting]
        best = max(echoes, key=lambda found: found[0], default=(0, same[-1]))
        if best[0] >= 4:
            return best[1][1]
    return same[-1][1] if same else turns[-1][1] if turns else None


def _echoed(request: bytes, reply: bytes) -> int:
    """Bytes of a reply that repeat its request, by the inferred roles."""
    return sum(field.size for field in infer([Exchange(reply, request)]) if field.kind == "echo")


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
    name = f"{plan.prefix}{item.kind}-{'up' if request is None else 'down'}-{len(names) + 1}"
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
            made = parts_table(exchanges, scrub, up=request is None, media=False, marks=marks)
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
    plan: _Plan,
    items: Sequence[_Item],
    media_like: Mapping[int, tuple[object, ...]],
    scrub: Scrub,
    marks: Sequence[bytes],
) -> None:
    groups: dict[tuple[object, ...], list[_Item]] = {}
    for index, item in enumerate(items):
        data = item.inner
        if item.kind.endswith("rtp"):
            groups.setdefault((item.kind, item.sample.up, data[1] & 0x7F), []).append(item)
        elif item.kind.endswith("rtcp"):
            groups.setdefault((item.kind, item.sample.up, data[1], data[0] & 0x1F), []).append(item)
        elif index in media_like:
            groups.setdefault(media_like[index], []).append(item)
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
    name = f"{'media' if kind in {'other', 'channel'} else kind.replace('channel-', '')}-{'up' if up else 'down'}-{number}"
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
        stream.least = max(17, wrap + _fixed(made) + TOKEN_DOWN)
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
    return sum(part_bytes(text) for text in re.findall(r"\{ [^{}]*? \}", "\n".join(made.lines)))


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


def _write(plan: _Plan, before: _Plan | None, candidate: Candidate, call_names: Sequence[str]) -> str:
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
        f"port = {plan.port}",
        *(['after = "before"'] if before is not None else []),
        *_round_lines(plan),
    ]
    for media, streams, seconds in (("voice", voice, 1.0), ("video", video, 0.5)):
        if streams:
            start = min(stream.at_us[0] for stream in streams)
            lines += ["", f"[legs.{media}]", f"short_s = {seconds}"]
            for stream in streams:
                lines += ["", f"[[legs.{media}.streams]]", *stream.lines(start)]
    if before is not None:
        lines += [
            "",
            "[[legs]]",
            'id = "before"',
            'name = "opened before, from the same port"',
            'role = "relay"',
        ]
        lines += [f"port = {before.port}", *_round_lines(before)]
    for each in (plan, before):
        used = _used(each) if each is not None else set()
        for name, made in each.messages.items() if each is not None else ():
            if name in used:
                lines += ["", f"[messages.{name}]", *made.lines]
    if plan.synthetic:
        lines += [
            "",
            "[[provenance]]",
            'facts = "answers, of which the capture holds none"',
            'status = "synthetic"',
        ]
        lines += ['source = "as the standards ask for"']
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


def _round_lines(plan: _Plan) -> list[str]:
    lines: list[str] = []
    for item in plan.rounds:
        replies = ", ".join(f'"{name}"' for name in item.replies)
        lines += [
            "",
            "[[legs.rounds]]",
            f'stage = "{item.stage}"',
            f'request = "{item.request}"',
            f"replies = [{replies}]",
        ]
    return lines


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


def _leave_out(plan: _Plan, before: _Plan | None, error: ProfileError) -> None:
    """Take out what the loader's first problem is about.

    Raises:
        NoCallError: the problem is of the profile as a whole: a mistake of ours, said as what it is.
    """
    problem = error.problems[0]
    if found := _ROUND.match(problem.field):
        owner = before if found[1] == "1" and before is not None else plan
        item = owner.rounds[int(found[2])]
        if found[3] == "replies" and found[4] and len(item.replies) > 1:
            del item.replies[int(found[4])]
        else:
            owner.rounds.remove(item)
        plan.left_out.append(f"{item.request}: {problem.message}")
    elif found := _STREAM.match(problem.field):
        voice, video = _carried(plan.streams)
        stream = (voice if found[1] == "voice" else video)[int(found[2])]
        plan.streams.remove(stream)
        plan.left_out.append(f"{stream.message}: {problem.message}")
    elif found := _MESSAGE.match(problem.field):
        name = found[1].removesuffix("-inner")
        for owner in (plan, *([before] if before is not None else [])):
            owner.rounds = [r for r in owner.rounds if name != r.request and name not in r.replies]
            owner.streams = [s for s in owner.streams if s.message != name]
            owner.messages.pop(found[1], None)
        plan.left_out.append(f"{name}: {problem.message}")
    else:
        raise NoCallError(str(problem))
