"""Part tables: every kind is read, and what is wrong with one is told at its key."""

from typing import Any

import pytest

from voipwatch.apps.messages import BuildContext
from voipwatch.apps.part_tables import PART_KINDS, read_part, read_parts
from voipwatch.apps.schema import Findings, Table

EVERY: dict[str, tuple[dict[str, Any], int]] = {
    "hex": ({"hex": "00ff"}, 2),
    "text": ({"text": "abc"}, 3),
    "zero": ({"zero": 4}, 4),
    "random": ({"random": 5}, 5),
    "text_random": ({"text_random": 6}, 6),
    "constant": ({"constant": 7, "key": "shared"}, 7),
    "text_constant": ({"text_constant": 8}, 8),
    "counter": ({"counter": 2, "start": 5, "step": 2, "little": True}, 2),
    "length": ({"length": 2, "of": "all", "plus": -2, "little": True}, 2),
    "echo": ({"echo": [4, 9]}, 9),
    "copy": ({"copy": [0, 2]}, 2),
    "address": ({"address": 4}, 4),
    "address_text": ({"address_text": 16}, 16),
    "port": ({"port": True, "little": True}, 2),
    "time": ({"time": 8}, 8),
    "fill": ({"fill": "random"}, 0),
}


def table(data: dict[str, Any]) -> Table:
    return Table(data, "here", Findings("test", {}))


def test_every_kind_has_its_case() -> None:
    assert set(EVERY) | {"message"} == set(PART_KINDS)


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind_is_read(kind: str) -> None:
    data, size = EVERY[kind]
    found = table(data)
    part, inner = read_part(found, "label")
    found.close()
    assert found.findings.problems == []
    assert part is not None
    assert (part.size, inner) == (size, "")
    assert part.kind == {"text": "hex", "zero": "hex"}.get(kind, kind)  # all three are fixed bytes
    assert part.is_fill == (kind == "fill")


def test_a_part_that_carries_a_message_ends_the_list() -> None:
    layout, inner = read_parts(table({"parts": [{"hex": "60"}, {"message": "rtp"}]}), "parts", "label")
    assert (layout.fixed_bytes, inner) == (1, "rtp")
    after = table({"parts": [{"message": "rtp"}, {"hex": "60"}]})
    read_parts(after, "parts", "label")
    assert [problem.field for problem in after.findings.problems] == ["here.parts[1]"]


def test_constants_share_a_key_or_have_their_own() -> None:
    ctx = BuildContext(bytes(32), bytes(16), b"", 0)

    def made(label: str, **data: Any) -> bytes:
        layout, _ = read_parts(table({"parts": [{"constant": 8, **data}]}), "parts", label)
        return layout.assemble(ctx, 8)

    assert made("one", key="k") == made("two", key="k")
    assert made("one") != made("two")
    assert made("one") == made("one")


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({}, "here", "exactly one of"),
        ({"hex": "00", "random": 1}, "here", "here hex, random"),
        ({"random": 0}, "here.random", "from 1 to 1400"),
        ({"hex": "0"}, "here.hex", "hexadecimal"),
        ({"echo": [1]}, "here.echo", "an offset and a number of bytes"),
        ({"echo": [1, 0]}, "here.echo", "an offset and a number of bytes"),
        ({"counter": 9}, "here.counter", "from 1 to 8"),
        ({"port": False}, "here.port", "true or absent"),
        ({"fill": "ones"}, "here.fill", "'ones' is not one of random, zero"),
        ({"constant": 4, "key": "Bad Key"}, "here.key", "not of the form"),
        ({"length": 2, "of": "most"}, "here.of", "not one of rest, all"),
    ],
)
def test_what_is_wrong_is_told_at_its_key(data: dict[str, Any], field: str, message: str) -> None:
    found = table(data)
    read_part(found, "label")
    assert field in {problem.field for problem in found.findings.problems}
    assert any(message in problem.message for problem in found.findings.problems)


def test_lists_of_parts_have_limits() -> None:
    two = table({"parts": [{"fill": "random"}, {"fill": "zero"}]})
    read_parts(two, "parts", "label")
    assert "at most one part" in two.findings.problems[0].message
    long = table({"parts": [{"zero": 1000}, {"zero": 1000}]})
    read_parts(long, "parts", "label")
    assert "the parts make 2000 bytes" in long.findings.problems[0].message
