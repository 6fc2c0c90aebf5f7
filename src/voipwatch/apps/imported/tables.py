"""Message tables of the profile language as text, and bytes of unknown protocols as their parts.

Constant bytes stay where they are plain; everything that could name somebody becomes random bytes of the same
length: new ones in every packet, or the flow's own where the capture repeats them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from voipwatch.apps.imported.roles import HEAD_BYTES, Exchange, Field, infer, merged
from voipwatch.apps.imported.scrub import Scrub, is_text, stretches

SIZE_MAX: Final = 1400
TOKEN_BYTES: Final = 16
LAST_STUN_BYTE: Final = 3
TRANSACTION: Final = (8, 20)
"""Where the far end looks for the token in a datagram that starts like STUN."""


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


def parts_table(
    group: Sequence[Exchange], scrub: Scrub, *, up: bool, media: bool, marks: Sequence[bytes] = ()
) -> Table:
    """The table of messages of an unknown protocol that belong together.

    What must be random for the session's token is: the last 16 bytes uplink, or bytes 8 to 19 where the first
    byte is a STUN message's (`wire.place`).

    Args:
        group: one message or more, each with what it answers.
        scrub: told what was taken out.
        up: uplink.
        media: packets of a stream, whose sizes vary.
        marks: byte strings of the capture that name somebody or something: addresses, sources.
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

    `once`: the group has one message, and what looks constant may be random as well: it is written so.
    """
    parts: list[tuple[str, int]] = []
    repeats = "random" if once else "constant"
    for field in fields:
        little = ", little = true" if field.little else ""
        if field.kind == "constant":
            made = []
            for piece, named in around(field.data, marks):
                if named:
                    scrub.took("identifier")
                    made += spread(repeats, len(piece))
                else:
                    made += constant_parts(piece, scrub, repeats=repeats)
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


def around(data: bytes, marks: Sequence[bytes]) -> list[tuple[bytes, bool]]:
    """Bytes cut at every mark in them, and whether each piece is one."""
    at, mark = min(((data.find(mark), mark) for mark in marks if mark in data), default=(-1, b""))
    if at < 0:
        return [(data, False)] if data else []
    head = [(data[:at], False)] if at else []
    return [*head, (mark, True), *around(data[at + len(mark) :], marks)]


def part_bytes(text: str) -> int:
    """Bytes that a part's text makes; 0 for a fill."""
    kind, _, value = text.removeprefix("{ ").removesuffix(" }").partition(" = ")
    first = value.split(",")[0].strip()
    if kind == "hex":
        return len(first.strip('"')) // 2
    if kind == "echo":
        return int(value.strip("[]").split(",")[1])
    return 0 if kind == "fill" else int(first)
