"""The set-up of a flow: every different exchange once, in the order of the capture."""

from collections.abc import Sequence
from typing import Final

from voipwatch.apps.imported.dtlstables import dtls_shape, dtls_table
from voipwatch.apps.imported.items import Item
from voipwatch.apps.imported.plan import Plan, Round
from voipwatch.apps.imported.roles import Exchange, infer
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.siptext import sip_key, sip_table
from voipwatch.apps.imported.stuntables import stun_shape, stun_table
from voipwatch.apps.imported.tables import SIZE_MAX, Table, parts_table, table
from voipwatch.model.flows import REPLIES_MAX
from voipwatch.wire.errors import WireError

ROUNDS_MAX: Final = 10
"""Different exchanges of a set-up; the longest in the captures at hand has eight."""
UNKNOWN_ROUNDS_MAX: Final = 6
OPENING_PACKETS: Final = 30
"""Packets of an unknown protocol after these are not played as a set-up: recognisers have decided by then."""
UP_MIN: Final = 17
"""Bytes of an uplink datagram that has room for a token; smaller ones are played from the other end."""


def add_rounds(
    plan: Plan, items: Sequence[Item], scrub: Scrub, marks: Sequence[bytes], *, most: int = ROUNDS_MAX
) -> None:
    """Every different exchange: a request, and what came down before the next."""
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
        plan.rounds.append(Round(asked, list(dict.fromkeys(kept)), stage))


def _turns(items: Sequence[Item]) -> list[tuple[Item, list[Item]]]:
    """Requests up, each with what answers it; in the order of the capture."""
    turns: list[tuple[Item, list[Item]]] = []
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
    turns: list[tuple[Item, list[Item]]], items: Sequence[Item]
) -> list[tuple[Item, list[Item]]]:
    """Turns that have an answer; in a capture of one direction, those whose protocol says how they end."""
    if any(not item.sample.up for item in items):
        return [turn for turn in turns if turn[1]]
    return [
        turn
        for turn in turns
        if turn[1]
        or (turn[0].kind == "stun" and not turn[0].inner[0] & 1)
        or (turn[0].kind == "dtls" and turn[0].inner[13:14] == b"\x01")
    ]


def _standard_answer(request: Item) -> Table:
    """What a standard asks for: STUN success (RFC 8489 section 6.3.1), a ServerHello (RFC 6347)."""
    if request.kind == "stun":
        number = int.from_bytes(request.inner[:2], "big") | 0x0100
        return table(
            "stun", 56, type=f"0x{number:04x}", attributes="[{ xor_mapped = true }, { integrity = true }]"
        )
    return table("dtls", 0, records='[{ handshake = "server_hello", cipher_suites = [0xc02b] }]')


def _asked(items: Sequence[Item], *, up: bool) -> set[bytes]:
    return {i.inner[4:20] for i in items if i.kind == "stun" and i.sample.up is up and not i.inner[0] & 1}


def _answered(turns: list[tuple[Item, list[Item]]], item: Item) -> list[Item] | None:
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


def _shape(item: Item) -> tuple[object, ...]:
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
    plan: Plan,
    names: dict[tuple[object, ...], str],
    item: Item,
    request: Item | None,
    items: Sequence[Item],
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
            made: Table | None = stun_table([other.inner for other in group], scrub, up=up)
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
