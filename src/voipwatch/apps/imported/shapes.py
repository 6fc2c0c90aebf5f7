"""Captured messages of known protocols as tables of the profile language, without what names anybody.

Kept: types, lengths, order, flags, algorithms, an app's own product name. Everything else becomes random bytes
of the same length: new ones in every packet, or the flow's own where the capture repeats them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from voipwatch.apps.codecs.dtls import CONTENTS, HANDSHAKES
from voipwatch.apps.imported.roles import HEAD_BYTES, Exchange, Field, infer, merged
from voipwatch.apps.imported.scrub import Scrub, is_product, is_text, stretches
from voipwatch.wire import dtls
from voipwatch.wire.dtls_hello import DtlsExtension, decode_client_hello, decode_server_hello
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import MAGIC_COOKIE, StunAttribute, StunMessage, decode_stun
from voipwatch.wire.stun_registry import Attribute

SIZE_MAX: Final = 1400
ATTRIBUTES_MAX: Final = 40
TOKEN_BYTES: Final = 16
LAST_STUN_BYTE: Final = 3
TRANSACTION: Final = (8, 20)
"""Where the far end looks for the token in a datagram that starts like STUN."""
_ADDRESSES: Final = frozenset(
    {0x0001, 0x0002, 0x0004, 0x0005, 0x000B, 0x0012, 0x0016, 0x0020, 0x8020, 0x8023, 0x802B, 0x802C}
)
_MAPPED: Final = frozenset({0x0001})
_XOR_MAPPED: Final = frozenset({0x0020, 0x8020})
_SECRETS: Final = frozenset({0x0007, 0x0015, 0x001B, 0x001C, 0x0022, 0x8030, 0x4000, 0xC060})
_NUMBERS: Final = frozenset(
    {0x0003, 0x000C, 0x000D, 0x0017, 0x0018, 0x0019, 0x001A, 0x0025, 0x0027, 0x8000, 0x8027, 0x000F}
)
"""Attributes whose four bytes are protocol: flags, a channel, a lifetime, a transport. 000F: MS-TURN's cookie."""
_REASONS: Final = frozenset(
    {
        "Unauthorized",
        "Unauthorised",
        "Bad Request",
        "Stale Nonce",
        "Allocation Mismatch",
        "Forbidden",
        "Unknown Attribute",
    }
)
_EXTENSIONS_KEPT: Final = frozenset({5, 10, 11, 13, 14, 15, 22, 23, 43, 45, 50, 65281})
"""TLS extensions that list algorithms and versions (IANA), and name nobody."""


@dataclass(frozen=True, slots=True)
class Table:
    """One message: the lines after its header, and the bytes that it makes."""

    lines: tuple[str, ...]
    size: int


def table(codec: str, makes: int, /, **entries: str | int | None) -> Table:
    """A message table from its keys, in this order; None leaves one out."""
    lines = [f'codec = "{codec}"']
    lines += [f"{key} = {value}" for key, value in entries.items() if value is not None]
    return Table(tuple(lines), makes)


def quoted(text: str) -> str:
    """A TOML basic string."""
    body = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in text)
    return f'"{body}"'


def listed(items: Iterable[str]) -> str:
    """A TOML list, one item a line where there is more than one."""
    found = list(items)
    if len(found) < 2:
        return f"[{', '.join(found)}]"
    return "[\n" + "".join(f"  {item},\n" for item in found) + "]"


def spread(kind: str, size: int, limit: int = 1024) -> list[str]:
    """A part of many bytes as several: one holds `limit` at most."""
    return [f"{{ {kind} = {min(limit, size - at)} }}" for at in range(0, size, limit)]


# --- bytes whose meaning nobody told ----------------------------------------------------------------------------------


def plain_parts(values: Sequence[bytes], scrub: Scrub, *, repeats: str = "constant") -> list[str]:
    """Parts for values of one length seen in several messages: plain constants stay, the rest is random."""
    size = len(values[0])
    if not size:
        return []
    parts: list[str] = []
    run = b""
    steady = [len({value[at] for value in values}) == 1 for at in range(size)]
    at = 0
    while at < size:
        end = at
        while end < size and steady[end] == steady[at]:
            end += 1
        run = values[0][at:end]
        parts += constant_parts(run, scrub, repeats=repeats) if steady[at] else spread("random", end - at)
        if not steady[at]:
            scrub.took("payload")
        at = end
    return parts


def constant_parts(run: bytes, scrub: Scrub, *, repeats: str = "constant") -> list[str]:
    """Parts for bytes that were the same in every message: kept where plain, else the flow's own."""
    parts: list[str] = []
    kept = b""
    for piece, names in [*stretches(run), (b"", True)]:
        if not names:
            kept += piece
            continue
        if kept:
            parts.append(f'{{ hex = "{kept.hex()}" }}' if any(kept) else f"{{ zero = {len(kept)} }}")
            kept = b""
        if piece:
            scrub.took("text" if is_text(piece) else "identifier")
            kind = "text_constant" if is_text(piece) and repeats == "constant" else repeats
            parts += spread(kind, len(piece))
    return parts


# --- STUN and TURN ----------------------------------------------------------------------------------------------------


def read_stun(data: bytes) -> StunMessage:
    """A STUN message; where it reads as very many attributes, as one without padding.

    A run of zeros reads as empty attributes (WhatsApp's probe of 512 bytes pads itself with them).

    Raises:
        WireError: it is none.
    """
    message = decode_stun(data)
    if len(message.attributes) <= ATTRIBUTES_MAX:
        return message
    attributes: list[StunAttribute] = []
    at = 20
    while at + 4 <= len(data):
        number, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 + size > len(data) or len(attributes) > ATTRIBUTES_MAX:
            raise WireError("STUN", "attributes", at, detail="read neither with padding nor without")
        attributes.append(StunAttribute(number, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return msgspec.structs.replace(message, attributes=tuple(attributes), trailing=b"")


def stun_shape(data: bytes) -> tuple[object, ...] | None:
    """What two messages must share to be one of the profile: type, attributes and their lengths."""
    try:
        message = read_stun(data)
    except WireError:
        return None
    return (message.type, len(data), tuple((a.type, a.length) for a in message.attributes))


def stun_table(group: Sequence[bytes], scrub: Scrub, *, up: bool, label: str) -> Table:
    """The table of STUN messages of one shape.

    Raises:
        WireError: it is no STUN message.
    """
    messages = [read_stun(data) for data in group]
    first = messages[0]
    scrub.took("identifier")  # the transaction's
    items: list[str] = []
    count = len(first.attributes)
    for number, attribute in enumerate(first.attributes):
        values = [m.attributes[number].value for m in messages if len(m.attributes) == count]
        rest = {a.type for a in first.attributes[number + 1 :]}
        items.append(_attribute(attribute, values, scrub, up=up, rest=rest, label=f"{label}-{number}"))
    place = None if up else _place(first)
    size = len(group[0])
    if first.trailing:
        size -= len(first.trailing)
    return table(
        "stun",
        size,
        type=f"0x{first.type:04x}",
        size=size if any("fill" in item for item in items) else None,
        unaligned="true" if not _aligned(first) else None,
        classic="true" if first.is_classic else None,
        place=f'"{place}"' if place else None,
        attributes=listed(items),
    )


def _aligned(message: StunMessage) -> bool:
    """Whether attributes are padded to four bytes; no attribute's own length needs it then, or all have it."""
    return all(a.length % 4 == 0 or len(a.padding) == -a.length % 4 for a in message.attributes)


def _place(message: StunMessage) -> str | None:
    """Where a reply's token may ride: not needed where there is an integrity, the last attribute of its kind."""
    kinds = [a.type for a in message.attributes]
    if Attribute.MESSAGE_INTEGRITY in kinds and _ends_well(kinds):
        return None
    for attribute in message.attributes:
        kept = attribute.type in _NUMBERS | _ADDRESSES or attribute.type in {
            0x0008,
            0x8028,
            0x0009,
            0x0014,
            0x8022,
        }
        if attribute.length >= 8 and not kept and attribute.type != Attribute.DATA and attribute.length <= 52:
            return f"0x{attribute.type:04x}"
    return None


def _ends_well(kinds: Sequence[int]) -> bool:
    """Whether only FINGERPRINT follows MESSAGE-INTEGRITY, once."""
    at = kinds.index(Attribute.MESSAGE_INTEGRITY)
    return all(kind == Attribute.FINGERPRINT for kind in kinds[at + 1 :])


def _attribute(
    attribute: StunAttribute, values: Sequence[bytes], scrub: Scrub, *, up: bool, rest: set[int], label: str
) -> str:
    number, size = attribute.type, attribute.length
    head = f"type = 0x{number:04x}"
    if number == Attribute.FINGERPRINT and size == 4 and not rest:
        return "{ fingerprint = true }"
    if number == Attribute.MESSAGE_INTEGRITY and size == 20:
        scrub.took("secret")
        return "{ integrity = true }" if rest <= {Attribute.FINGERPRINT} else f"{{ {head}, random = 20 }}"
    if number in _ADDRESSES:
        return _address(number, values, scrub, up=up, head=head)
    if not size:
        return f"{{ {head} }}"
    parts = _value(number, values, scrub, label=label)
    if len(parts) == 1:
        return f"{{ {head}, {parts[0][2:-2]} }}"
    return f"{{ {head}, value = [{', '.join(parts)}] }}"


def _address(number: int, values: Sequence[bytes], scrub: Scrub, *, up: bool, head: str) -> str:
    scrub.took("address")
    size = len(values[0])
    if not up and size == 8 and number in _XOR_MAPPED:
        return "{ xor_mapped = true }" if number == 0x0020 else f"{{ xor_mapped = true, {head} }}"
    if not up and size == 8 and number in _MAPPED:
        return "{ mapped = true }"
    if size > 2:
        family = values[0][:2] if values[0][:1] == b"\0" else b""
        parts = [f'{{ hex = "{family.hex()}" }}'] if family else []
        return f"{{ {head}, value = [{', '.join([*parts, f'{{ constant = {size - len(family)} }}'])}] }}"
    return f"{{ {head}, random = {size} }}" if size else f"{{ {head} }}"


def _value(number: int, values: Sequence[bytes], scrub: Scrub, *, label: str) -> list[str]:
    """The parts of an attribute's value."""
    first, size = values[0], len(values[0])
    if number == Attribute.USERNAME:
        return _username(first, scrub)
    if number in {Attribute.REALM, Attribute.SOFTWARE}:
        text = first.decode("utf-8", "replace").rstrip("\0")
        if is_product(text) and len(text.encode()) == size:
            return [f"{{ text = {quoted(text)} }}"]
        scrub.took("text")
        return [f"{{ text_constant = {size} }}"]
    if number == Attribute.ERROR_CODE and size >= 4:
        reason = first[4:].decode("utf-8", "replace")
        if reason in _REASONS:
            return [f'{{ hex = "{first[:4].hex()}" }}', f"{{ text = {quoted(reason)} }}"]
        return [
            f'{{ hex = "{first[:4].hex()}" }}',
            *([f"{{ text_constant = {size - 4} }}"] if size > 4 else []),
        ]
    if number in _NUMBERS and size <= 4:
        return [f'{{ hex = "{first.hex()}" }}']
    if number == Attribute.NONCE:
        scrub.took("secret")
        return spread("text_random", size)
    if number == Attribute.DATA:
        return relayed_parts(first, scrub)
    if number == Attribute.PRIORITY and size == 4:
        scrub.took("identifier")
        return [f'{{ hex = "{first[:1].hex()}" }}', "{ constant = 3 }"]
    if number in {Attribute.ICE_CONTROLLED, Attribute.ICE_CONTROLLING}:
        scrub.took("identifier")
        return [f"{{ constant = {size} }}"]
    if number in _SECRETS:
        scrub.took("secret")
        lead = 1 if number == 0x4000 and size > 8 else 0  # WhatsApp's relay token has a version before it
        return [*([f'{{ hex = "{first[:1].hex()}" }}'] if lead else []), *spread("constant", size - lead)]
    if not any(first) and size >= 64:
        return ['{ fill = "zero" }']
    return plain_parts(values, scrub) or ["{ zero = 1 }"]


def _username(value: bytes, scrub: Scrub) -> list[str]:
    scrub.took("username")
    pieces = value.rstrip(b"\0").split(b":")
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        if index:
            parts.append('{ text = ":" }')
        if piece:
            parts.append(
                f"{{ {'text_constant' if is_text(piece.ljust(4, b'a')) else 'constant'} = {len(piece)} }}"
            )
    zeros = len(value) - len(value.rstrip(b"\0"))
    return [*parts, *([f"{{ zero = {zeros} }}"] if zeros else [])]


def relayed_parts(data: bytes, scrub: Scrub) -> list[str]:
    """A datagram inside a TURN message: its protocol's first bytes, the rest random."""
    scrub.took("payload")
    if len(data) >= 20 and data[4:8] == MAGIC_COOKIE:
        return [f'{{ hex = "{data[:8].hex()}" }}', *spread("random", len(data) - 8)]
    kept = 2 if len(data) > 2 and data[0] >> 6 == 2 else 1
    return (
        [f'{{ hex = "{data[:kept].hex()}" }}', *spread("random", len(data) - kept)]
        if len(data) > 2
        else spread("random", len(data))
    )


# --- DTLS -------------------------------------------------------------------------------------------------------------


def dtls_shape(data: bytes) -> tuple[object, ...] | None:
    """Contents and lengths of the records."""
    try:
        records = dtls.decode_dtls(data)
    except WireError:
        return None
    found = []
    for record in records:
        if not isinstance(record, dtls.DtlsRecord):
            return None
        clear = record.content_type == dtls.HANDSHAKE and record.epoch == 0 and record.fragment
        found.append(
            (record.content_type, record.epoch, len(record.fragment), record.fragment[0] if clear else -1)
        )
    return tuple(found)


def dtls_table(data: bytes, scrub: Scrub) -> Table:
    """The table of one DTLS datagram.

    Raises:
        WireError: it holds what is no DTLS record, or a kind of record that the profile language lacks.
    """
    contents = {number: name for name, number in CONTENTS.items()}
    items: list[str] = []
    sequence, message_number = None, None
    for record in dtls.decode_dtls(data):
        if not isinstance(record, dtls.DtlsRecord) or record.content_type not in contents:
            raise WireError("DTLS", "record", 0, detail="a kind of record that no profile can say")
        if record.epoch == 0 and sequence is None:
            sequence = record.sequence
        version = "" if record.version == dtls.DTLS_1_2 else f", version = 0x{record.version:04x}"
        epoch = f", epoch = {min(record.epoch, 3)}" if record.epoch else ""
        if record.content_type == dtls.HANDSHAKE and record.epoch == 0:
            made, number = _handshakes(record.fragment, version, scrub)
            items += made
            message_number = number if message_number is None else message_number
            continue
        if record.content_type == dtls.CHANGE_CIPHER_SPEC:
            body = '[{ hex = "01" }]'
        else:
            scrub.took("payload")
            body = f"[{', '.join(spread('random', len(record.fragment)))}]"
        items.append(f'{{ content = "{contents[record.content_type]}"{version}{epoch}, body = {body} }}')
    return table(
        "dtls",
        len(data),
        first_sequence=sequence if sequence and sequence <= 1000 else None,
        first_message=message_number if message_number and message_number <= 1000 else None,
        records=listed(items),
    )


def _handshakes(fragment: bytes, version: str, scrub: Scrub) -> tuple[list[str], int | None]:
    names = {number: name for name, number in HANDSHAKES.items()}
    messages = dtls.decode_handshake(fragment)
    items: list[str] = []
    for message in messages:
        name = names.get(message.message_type)
        whole = message.fragment_offset == 0 and len(message.body) == message.length
        if name in {"client_hello", "server_hello"} and whole:
            items.append(_hello(name, message.body, version, scrub))
        elif name is not None and whole:
            body = _handshake_body(name, message.body, scrub)
            items.append(f'{{ handshake = "{name}"{version}{body} }}')
        else:
            scrub.took("payload")
            head = fragment[:12].hex() if len(messages) == 1 else dtls.encode_handshake(message)[:12].hex()
            rest = ", ".join(spread("random", max(1, len(message.body))))
            items.append(f'{{ content = "handshake"{version}, body = [{{ hex = "{head}" }}, {rest}] }}')
    return items, messages[0].message_sequence if messages else None


def _handshake_body(name: str, body: bytes, scrub: Scrub) -> str:
    if not body:
        return ""
    if name == "certificate" and len(body) > 10 and body[6:8] == b"\x30\x82":
        scrub.took("identifier")
        rest = ", ".join(spread("random", len(body) - 10))
        return f', body = [{{ length = 3 }}, {{ length = 3 }}, {{ hex = "3082" }}, {{ length = 2 }}, {rest}]'
    if name == "certificate_request" and len(body) <= 64 and body[-2:] == b"\0\0":
        return f', body = [{{ hex = "{body.hex()}" }}]'
    scrub.took("secret")
    return f", body = [{', '.join(spread('random', len(body)))}]"


def _hello(name: str, body: bytes, version: str, scrub: Scrub) -> str:
    hello = decode_client_hello(body) if name == "client_hello" else decode_server_hello(body)
    scrub.took("identifier")
    suites = getattr(hello, "cipher_suites", None) or (getattr(hello, "cipher_suite", 0),)
    extensions = ", ".join(_extension(item, scrub) for item in hello.extensions or ())
    session = f", session_id = {len(hello.session_id)}" if hello.session_id else ""
    listed_suites = ", ".join(f"0x{suite:04x}" for suite in suites[:64])
    more = f", extensions = [{extensions}]" if extensions else ""
    return f'{{ handshake = "{name}"{version}, cipher_suites = [{listed_suites}]{session}{more} }}'


def _extension(item: DtlsExtension, scrub: Scrub) -> str:
    if not item.data:
        return f"{{ type = {item.type} }}"
    if item.type in _EXTENSIONS_KEPT and len(item.data) <= 256:
        return f'{{ type = {item.type}, hex = "{item.data.hex()}" }}'
    scrub.took("identifier")
    return f"{{ type = {item.type}, random = {len(item.data)} }}"


# --- anything else ----------------------------------------------------------------------------------------------------


def parts_table(
    group: Sequence[Exchange], scrub: Scrub, *, up: bool, media: bool, marks: Sequence[bytes] = ()
) -> Table:
    """The table of messages of an unknown protocol that belong together.

    What must be random for the session's token is: the last 16 bytes uplink, or bytes 8 to 19 where the first byte
    is a STUN message's (`wire.place`).

    Args:
        group: one message or more, each with what it answers.
        scrub: told what was taken out.
        up: uplink.
        media: packets of a stream, whose sizes vary.
        marks: byte strings of the capture that name somebody (addresses); a constant that holds one is scrubbed.
    """
    sizes = [len(item.data) for item in group]
    size = min(SIZE_MAX, max(sizes))
    shortest = min(*sizes, SIZE_MAX) if len(sizes) > 1 else size
    in_front = up and not media and group[0].data[0] <= LAST_STUN_BYTE and size >= 20
    room = 0 if in_front or not (up or media) else TOKEN_BYTES
    varies = media or shortest < size
    head = max(1 if media else 0, min(HEAD_BYTES if varies else SIZE_MAX, shortest - room))
    fields = infer(group, head_bytes=head)
    if in_front:
        fields = overlaid(fields, *TRANSACTION)
    parts = field_parts(fields, scrub, marks=marks, once=len(group) == 1)
    place = None if up or media else _free_place(parts, size)
    covered = sum(piece for _, piece in parts)
    lines = [text for text, _ in parts]
    if covered < size or varies:
        scrub.took("payload")
        lines.append('{ fill = "random" }')
    return table("parts", size, size=None if media else size, place=place, parts=listed(lines))


def overlaid(fields: Sequence[Field], start: int, end: int) -> list[Field]:
    """The fields with random bytes from `start` to `end`; what a field has on both sides of it is kept."""
    out: list[Field] = []
    at = 0
    for field in fields:
        stop = at + field.size
        if stop <= start or at >= end:
            out.append(field)
        else:
            if at < start and field.kind in {"constant", "random"}:
                out.append(Field(field.kind, start - at, field.data[: start - at]))
            elif at < start:
                out.append(Field("random", start - at))
            inside = min(stop, end) - max(at, start)
            out.append(Field("random", inside))
            if stop > end:
                rest = field.data[end - at :]
                kind = field.kind if field.kind == "constant" else "random"
                out.append(Field(kind, stop - end, rest))
        at = stop
    return merged(out)


def _free_place(parts: Sequence[tuple[str, int]], size: int) -> str | None:
    """Where a reply's token may ride if not at the end: the longest run of eight random bytes or more."""
    found: list[tuple[int, int]] = []
    at = 0
    for text, piece in parts:
        if text.startswith("{ random"):
            if found and sum(found[-1]) == at:
                found[-1] = (found[-1][0], found[-1][1] + piece)
            else:
                found.append((at, piece))
        at += piece
    if at < size or not found or (sum(found[-1]) == size and found[-1][1] >= 8):
        return None  # the end is random: a token rides there
    start, count = max(found, key=lambda run: run[1])
    return f"[{start}, {min(count, 52)}]" if count >= 8 else None


def field_parts(
    fields: Sequence[Field], scrub: Scrub, *, marks: Sequence[bytes], once: bool = False
) -> list[tuple[str, int]]:
    """Parts of inferred fields, with the bytes that each makes.

    `once`: the group has one message, so that what looks constant may be random as well: it is written as random.
    """
    parts: list[tuple[str, int]] = []
    repeats = "random" if once else "constant"
    for field in fields:
        little = ", little = true" if field.little else ""
        if field.kind == "constant":
            if any(mark in field.data for mark in marks):
                scrub.took("address")
                made = spread(repeats, field.size)
            else:
                made = constant_parts(field.data, scrub, repeats=repeats)
        elif field.kind == "echo":
            made = [f"{{ echo = [{field.start}, {field.size}] }}"]
        elif field.kind == "counter":
            made = [f"{{ counter = {field.size}, step = {field.step}{little} }}"]
        elif field.kind == "length":
            plus = f", plus = {field.plus}" if field.plus else ""
            made = [f'{{ length = {field.size}, of = "{field.of}"{plus}{little} }}']
        else:
            scrub.took("payload")
            made = spread("random", field.size)
        parts += [(text, part_bytes(text)) for text in made]
    return parts


def part_bytes(text: str) -> int:
    """Bytes that a part's text makes; 0 for a fill."""
    kind, _, value = text.removeprefix("{ ").removesuffix(" }").partition(" = ")
    first = value.split(",")[0].strip()
    if kind == "hex":
        return len(first.strip('"')) // 2
    if kind == "echo":
        return int(value.strip("[]").split(",")[1])
    return 0 if kind == "fill" else int(first)
