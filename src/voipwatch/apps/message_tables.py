"""Message tables: `[messages.NAME]` of a profile, one reader a codec.

The language, with every key, is documented in docs/profiles.md.
"""

import re
from collections.abc import Callable
from typing import Final

from voipwatch.apps.codecs.binary import PartsSpec
from voipwatch.apps.codecs.dtls import CONTENTS, HANDSHAKES, DtlsRecordSpec, DtlsSpec
from voipwatch.apps.codecs.rtcp import RtcpSpec
from voipwatch.apps.codecs.rtp import MARKERS, RtpSpec
from voipwatch.apps.codecs.sip import SipSpec
from voipwatch.apps.codecs.stun import StunAttributeSpec, StunSpec
from voipwatch.apps.codecs.use import MessageSpec
from voipwatch.apps.messages import UDP_PAYLOAD_MAX
from voipwatch.apps.part_tables import PART_KINDS, read_part, read_parts
from voipwatch.apps.parts import Layout, fixed, length
from voipwatch.apps.schema import NAME, Table
from voipwatch.wire.stun_registry import Attribute

_PLACE = re.compile(r"auto|integrity|none|0x[0-9a-fA-F]{4}")
_SPECIAL: Final = {
    "xor_mapped": ("xor-address", Attribute.XOR_MAPPED_ADDRESS),
    "mapped": ("address", Attribute.MAPPED_ADDRESS),
    "integrity": ("integrity", Attribute.MESSAGE_INTEGRITY),
    "fingerprint": ("fingerprint", Attribute.FINGERPRINT),
}


def read_message(name: str, table: Table) -> MessageSpec:
    """One message; problems go to the table's findings."""
    codec = table.choice("codec", tuple(_READERS))
    spec = _READERS[codec](name, table)
    table.close()
    return spec


def _size(table: Table) -> int:
    """UDP payload bytes; 0, as when absent: what the parts make."""
    return table.integer("size", 0, UDP_PAYLOAD_MAX, 0)


def _read_binary(name: str, table: Table) -> MessageSpec:
    layout, inner = read_parts(table, "parts", f"{name}")
    place: tuple[int, int] | None = None
    if "place" in table:
        values = table.integers("place", 0, UDP_PAYLOAD_MAX)
        if len(values) != 2 or not 8 <= values[1] <= 52 or inner:
            table.wrong("place", "is an offset and 8 to 52 bytes, of a message that carries no other")
        else:
            place = (values[0], values[1])
    return PartsSpec(name, layout, _size(table), inner, place)


def _read_channeldata(name: str, table: Table) -> MessageSpec:
    """ChannelData (RFC 8656 section 12.4): a channel number, a length, another message."""
    channel = table.integer("channel", 0x4000, 0x4FFF, 0x4000)
    inner = table.text("message", pattern=NAME)
    layout = Layout.of((fixed(channel.to_bytes(2, "big")), length(2, "rest", 0, little=False)))
    return PartsSpec(name, layout, _size(table), inner)


def _read_stun(name: str, table: Table) -> MessageSpec:
    type_field = table.integer("type", 1, 0x3FFF)
    unaligned = table.boolean("unaligned", default=False)
    attributes = tuple(
        _read_attribute(item, f"{name}/{index}") for index, item in enumerate(table.tables("attributes"))
    )
    span = table.integers("place_span", 0, UDP_PAYLOAD_MAX) if "place_span" in table else None
    if span is not None and (len(span) != 2 or span[1] < 8):
        table.wrong("place_span", "is an offset and a number of bytes, 8 or more")
        span = None
    return StunSpec(
        name=name,
        type=type_field,
        attributes=attributes,
        size=_size(table),
        unaligned=unaligned,
        classic=table.boolean("classic", default=False),
        place=table.text("place", "auto", pattern=_PLACE),
        place_span=(span[0], span[1]) if span is not None else None,
    )


def _read_attribute(table: Table, label: str) -> StunAttributeSpec:
    """`{ type = 0x0006, random = 8 }`, `{ fingerprint = true }`, `{ type = .., value = [ parts ] }`."""
    for key, (kind, default_type) in _SPECIAL.items():
        if key in table:
            if not table.boolean(key, default=True):
                table.wrong(key, "is true or absent")
            # An integrity elsewhere than at 0x0008 could not be computed, an address can be.
            has_type = kind in {"xor-address", "address"}
            number = table.integer("type", 1, 0xFFFF, default_type) if has_type else int(default_type)
            table.close()
            return StunAttributeSpec(number, kind)
    number = table.integer("type", 1, 0xFFFF)
    if "value" in table:
        layout, inner = read_parts(table, "value", label)
        if inner:
            table.wrong("value", "an attribute carries no message")
    elif any(kind in table for kind in PART_KINDS):
        part, inner = read_part(table, label)
        if inner:
            table.wrong("message", "an attribute carries no message")
        layout = Layout.of((part,) if part else ())
    else:
        layout = Layout.of(())
    table.close()
    return StunAttributeSpec(number, "parts", layout)


def _read_rtp(name: str, table: Table) -> MessageSpec:
    payload_type = table.integer("payload_type", 0, 127)
    if 64 <= payload_type <= 95:
        table.wrong("payload_type", "64 to 95 reads as RTCP (RFC 5761 section 4)")
    marker = table.choice("marker", MARKERS, "never")
    extension = table.table("extension")
    if extension is None:
        return RtpSpec(name, payload_type, marker)
    profile = extension.integer("profile", 0, 0xFFFF)
    data = extension.hex("hex", "")
    random_bytes = extension.integer("random", 0, 256, 0)
    if (len(data) + random_bytes) % 4:
        extension.wrong("random", f"{len(data) + random_bytes} bytes: an extension is a multiple of four")
    extension.close()
    return RtpSpec(name, payload_type, marker, profile, data, random_bytes)


def _read_rtcp(name: str, table: Table) -> MessageSpec:
    return RtcpSpec(
        name,
        packet_type=table.integer("type", 192, 223),
        count=table.integer("count", 0, 31, 1),
        about=table.text("about", "", pattern=NAME) if "about" in table else "",
        trailer=table.integer("trailer", 0, 64, 0),
    )


def _read_sip(name: str, table: Table) -> MessageSpec:
    return SipSpec(name, table.text("text"), table.integer("size", 100, UDP_PAYLOAD_MAX))


def _read_dtls(name: str, table: Table) -> MessageSpec:
    records = tuple(
        _read_record(item, f"{name}/{index}")
        for index, item in enumerate(table.tables("records", required=True))
    )
    if not records:
        table.wrong("records", "a datagram has at least one record")
        records = (DtlsRecordSpec(content="alert"),)
    return DtlsSpec(
        name,
        records,
        size=_size(table),
        first_sequence=table.integer("first_sequence", 0, 1000, 0),
        first_message=table.integer("first_message", 0, 1000, 0),
    )


def _read_record(table: Table, label: str) -> DtlsRecordSpec:
    handshake = table.choice("handshake", tuple(HANDSHAKES), "") if "handshake" in table else ""
    content = "" if handshake else table.choice("content", tuple(CONTENTS))
    version = table.integer("version", 0xFE00, 0xFEFF, 0xFEFD)
    epoch = table.integer("epoch", 0, 3, 0)
    suites: tuple[int, ...] = ()
    extensions: tuple[tuple[int, Layout], ...] = ()
    session_id = 0
    body = Layout.of(())
    if handshake in {"client_hello", "server_hello"}:
        suites = table.integers("cipher_suites", 0, 0xFFFF)
        session_id = table.integer("session_id", 0, 32, 0)
        extensions = tuple(
            _read_extension(item, f"{label}/{index}") for index, item in enumerate(table.tables("extensions"))
        )
    elif "body" in table:
        body, inner = read_parts(table, "body", label)
        if inner:
            table.wrong("body", "a record carries no message")
    table.close()
    return DtlsRecordSpec(
        handshake=handshake,
        content=content,
        version=version,
        epoch=epoch,
        body=body,
        cipher_suites=suites,
        session_id_bytes=session_id,
        extensions=extensions,
    )


def _read_extension(table: Table, label: str) -> tuple[int, Layout]:
    number = table.integer("type", 0, 0xFFFF)
    layout = Layout.of(())
    if any(kind in table for kind in PART_KINDS):
        part, inner = read_part(table, label)
        if inner:
            table.wrong("message", "an extension carries no message")
        layout = Layout.of((part,) if part else ())
    table.close()
    return number, layout


_READERS: Final[dict[str, Callable[[str, Table], MessageSpec]]] = {
    "parts": _read_binary,
    "stun": _read_stun,
    "rtp": _read_rtp,
    "rtcp": _read_rtcp,
    "sip": _read_sip,
    "dtls": _read_dtls,
    "channeldata": _read_channeldata,
}
