"""The streams of a flow: RTP and RTCP by source, unknown protocols by kind, in channels or bare."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from voipwatch.apps.imported.items import Item
from voipwatch.apps.imported.plan import Plan
from voipwatch.apps.imported.roles import Exchange
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.streams import Stream, commonest, marker_of
from voipwatch.apps.imported.tables import Table, part_bytes, parts_table, table
from voipwatch.wire.errors import WireError
from voipwatch.wire.rtp import decode_rtp

STREAMS_MAX: Final = 8
MEDIA_PACKETS_MIN: Final = 3
TOKEN_DOWN: Final = 16
CHANNEL_BYTES: Final = 4


def add_streams(
    plan: Plan,
    items: Sequence[Item],
    media_like: Mapping[int, tuple[object, ...]],
    scrub: Scrub,
    marks: Sequence[bytes],
) -> None:
    """The streams of a flow, those with most packets first; RTP of three packets is one."""
    groups: dict[tuple[object, ...], list[Item]] = {}
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


def _stream(plan: Plan, kind: str, members: list[Item], scrub: Scrub, marks: Sequence[bytes]) -> Stream:
    up = members[0].sample.up
    number = len(plan.streams) + 1
    word = "media" if kind in {"other", "channel"} else kind.removeprefix("channel-")
    name = f"{word}-{'up' if up else 'down'}-{number}"
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
