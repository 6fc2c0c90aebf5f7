"""What each packet of a flow is: which protocol, whether a channel carries it, which are a stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voipwatch.apps.imported.dtlstables import dtls_shape
from voipwatch.apps.imported.flows import Flow, Sample
from voipwatch.apps.imported.rtpstreams import is_rtcp, looks_like_rtp, rtp_streams
from voipwatch.apps.imported.siptext import sip_key
from voipwatch.apps.imported.stuntables import stun_shape
from voipwatch.wire.demux import Kind, demultiplex

STREAM_PACKETS_MIN: Final = 8
"""Of an unknown protocol."""
KINDS_OF_BYTE_MAX: Final = 6


@dataclass(slots=True)
class Item:
    """One packet, and what it is."""

    sample: Sample
    kind: str
    """stun, dtls, sip, rtp, rtcp, channel-rtp, channel-rtcp, channel, other."""
    inner: bytes
    """What a channel carries, else the packet."""


def items_of(flow: Flow) -> list[Item]:
    """Every kept packet; ChannelData (RFC 8656 section 12.4) counts where the flow speaks STUN too."""
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
    items = []
    for index, sample in enumerate(carried):
        inner = sample.data
        kind = _kind(inner, believed, up=sample.up)
        if index in channels:
            kind = f"channel-{kind}" if kind in {"rtp", "rtcp"} else "channel"
        items.append(Item(flow.packets[index], kind, inner))
    return items


def _kind(data: bytes, believed: set[tuple[bool, bytes, int]], *, up: bool) -> str:
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


def unknown_media(items: Sequence[Item]) -> dict[int, tuple[object, ...]]:
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
