"""Part tables: `{ random = 8 }`, `{ counter = 2, little = true }` and their like in a profile."""

from collections.abc import Callable
from typing import Final

from voipwatch.apps import parts
from voipwatch.apps.messages import UDP_PAYLOAD_MAX
from voipwatch.apps.parts import Layout, Part
from voipwatch.apps.schema import NAME, Table

_CONSTANT_MAX: Final = 1024


def read_parts(table: Table, key: str, label: str) -> tuple[Layout, str]:
    """A list of parts, and the name of the message that the last one carries, if it does."""
    found: list[Part] = []
    inner = ""
    items = table.tables(key, required=True)
    for index, item in enumerate(items):
        part, name = read_part(item, f"{label}/{index}")
        item.close()
        if inner:
            item.findings.add(item.path, "nothing follows a part that carries a message")
        if name:
            inner = name
        if part is not None:
            found.append(part)
    layout = Layout.of(found)
    if sum(part.is_fill for part in found) > 1:
        table.wrong(key, "at most one part fills what is left")
    if layout.fixed_bytes > UDP_PAYLOAD_MAX:
        table.wrong(key, f"the parts make {layout.fixed_bytes} bytes, at most {UDP_PAYLOAD_MAX} are allowed")
    return layout, inner


def read_part(table: Table, label: str) -> tuple[Part | None, str]:
    """One part, or the name of the message that it carries; the caller closes the table."""
    kinds = [kind for kind in PART_KINDS if kind in table]
    if len(kinds) != 1:
        known = ", ".join(PART_KINDS)
        table.findings.add(
            table.path, f"a part has exactly one of {known}; here {', '.join(kinds) or 'none'}"
        )
        for kind in kinds:
            table.skip(kind)
        return None, ""
    kind = kinds[0]
    if kind == "message":
        return None, table.text("message", pattern=NAME)
    return PART_KINDS[kind](table, label), ""


def _key(table: Table, label: str) -> str:
    """The label of a flow's constant: its own, or a shared one named by `key`."""
    return f"key/{table.text('key', pattern=NAME)}" if "key" in table else label


def _text(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.fixed(table.text("text").encode())


def _hex(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.fixed(table.hex("hex"))


def _zero(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.fixed(bytes(table.integer("zero", 1, UDP_PAYLOAD_MAX)))


def _random(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.random(table.integer("random", 1, UDP_PAYLOAD_MAX))


def _text_random(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.random_text(table.integer("text_random", 1, _CONSTANT_MAX))


def _constant(table: Table, label: str) -> Part:
    return parts.constant(
        table.integer("constant", 1, _CONSTANT_MAX),
        _key(table, label),
        without_ff=table.boolean("without_ff", default=False),
    )


def _text_constant(table: Table, label: str) -> Part:
    return parts.constant_text(table.integer("text_constant", 1, _CONSTANT_MAX), _key(table, label))


def _counter(table: Table, label: str) -> Part:
    size = table.integer("counter", 1, 8)
    start = table.integer("start", 0, 2**63 - 1) if "start" in table else None
    step = table.integer("step", -(2**31), 2**31, 1)
    return parts.counter(
        size, start, step, little=table.boolean("little", default=False), label=_key(table, label)
    )


def _length(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.length(
        table.integer("length", 1, 4),
        table.choice("of", ("rest", "all"), "rest"),
        table.integer("plus", -1400, 1400, 0),
        little=table.boolean("little", default=False),
        seven_bit=table.boolean("seven_bit", default=False),
    )


def _span(table: Table, key: str) -> tuple[int, int]:
    values = table.integers(key, 0, UDP_PAYLOAD_MAX)
    if len(values) != 2 or values[1] < 1:
        table.wrong(key, "is an offset and a number of bytes")
        return 0, 1
    return values[0], values[1]


def _echo(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.echo(*_span(table, "echo"))


def _copy(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.copy(*_span(table, "copy"))


def _address(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.address(table.integer("address", 1, 16))


def _address_text(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.address_text(table.integer("address_text", 8, 64))


def _port(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    if not table.boolean("port", default=True):
        table.wrong("port", "is true or absent")
    return parts.port(little=table.boolean("little", default=False))


def _time(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.time(table.integer("time", 2, 8))


def _fill(table: Table, label: str) -> Part:  # noqa: ARG001 -- one signature for all
    return parts.fill(zero=table.choice("fill", ("random", "zero")) == "zero")


PART_KINDS: Final[dict[str, Callable[[Table, str], Part]]] = {
    "hex": _hex,
    "text": _text,
    "zero": _zero,
    "random": _random,
    "text_random": _text_random,
    "constant": _constant,
    "text_constant": _text_constant,
    "counter": _counter,
    "length": _length,
    "echo": _echo,
    "copy": _copy,
    "address": _address,
    "address_text": _address_text,
    "port": _port,
    "time": _time,
    "fill": _fill,
    "message": _text,
}
"""Key of a part -> its reader; `message` is read by the caller."""
