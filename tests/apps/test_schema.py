"""Getters of tables: what is wrong is noted with its path, and reading goes on."""

import math
import re
from typing import Any

import pytest

from voipwatch.apps.schema import PROBLEMS_MAX, Findings, Problem, ProfileError, Table


def table(data: dict[str, Any]) -> Table:
    return Table(data, "outer", Findings("file.toml", {"outer": 3, "outer.a": 4, "outer.list[1]": 6}))


def messages(found: Table) -> list[str]:
    return [f"{problem.line}:{problem.field}: {problem.message}" for problem in found.findings.problems]


def test_right_values_are_given_as_they_are() -> None:
    found = table(
        {
            "t": "x",
            "c": "b",
            "i": 5,
            "n": 2.5,
            "b": False,
            "h": "0a 0B",
            "ts": ["p"],
            "ns": [1, 2.5],
            "is": [3],
            "s": {"k": 1},
        }
    )
    assert found.text("t") == "x"
    assert found.choice("c", ("a", "b")) == "b"
    assert found.integer("i", 1, 9) == 5
    assert found.number("n", 0, 3) == 2.5
    assert found.boolean("b", default=True) is False
    assert found.hex("h") == b"\x0a\x0b"
    assert found.texts("ts") == ("p",)
    assert found.numbers("ns", 0, 3) == (1, 2.5)
    assert found.integers("is", 0, 3) == (3,)
    inner = found.table("s")
    assert inner is not None
    assert inner.integer("k", 0, 1) == 1
    found.close()
    inner.close()
    assert messages(found) == []


def test_absent_values_give_their_defaults_or_a_problem() -> None:
    found = table({})
    assert found.text("t", "d") == "d"
    assert found.integer("i", 1, 9, 7) == 7
    assert found.number("n", 0, 1, 0.5) == 0.5
    assert found.boolean("b", default=True)
    assert found.numbers("ns", 0, 9, (4,)) == (4,)
    assert found.table("s") is None
    assert messages(found) == []
    found.text("t")
    found.integer("i", 1, 9)
    found.tables("l", required=True)
    assert messages(found) == ["3:outer.t: missing", "3:outer.i: missing", "3:outer.l: missing"]


@pytest.mark.parametrize("value", [True, 1.0, "1", 10, 0, -1, [], {}, 16**5000], ids=type)
def test_what_is_no_whole_number_in_range_is_noted(value: object) -> None:
    found = table({"a": value})
    assert found.integer("a", 1, 9) == 1
    assert re.match(r"4:outer\.a: must be a whole number from 1 to 9, not ", messages(found)[0])


@pytest.mark.parametrize("value", [True, math.nan, math.inf, "1", 3.01, -0.1])
def test_what_is_no_number_in_range_is_noted(value: object) -> None:
    found = table({"a": value, "list": [1, value]})
    assert found.number("a", 0, 3) == 0
    assert found.numbers("list", 0, 3) == (1,)
    assert [problem.field for problem in found.findings.problems] == ["outer.a", "outer.list[1]"]
    assert found.findings.problems[1].line == 6


def test_wrong_types_are_named() -> None:
    found = table({"a": 1, "b": "x", "c": {}, "d": [1, "x"], "e": "zz", "f": "", "g": "q"})
    assert found.text("a") == ""
    assert found.boolean("b", default=True) is True
    assert found.texts("c") == ()
    assert found.tables("d") == []
    assert found.hex("e") == b""
    assert found.text("f", "d") == "d"
    assert found.choice("g", ("one", "two")) == "one"
    assert found.table("a") is None
    assert messages(found) == [
        "4:outer.a: must be text, not a number",
        "3:outer.b: must be true or false, not text",
        "3:outer.c: must be a list, not a table",
        "3:outer.d[0]: must be a table, not a number",
        "3:outer.d[1]: must be a table, not text",
        "3:outer.e: must be pairs of hexadecimal digits, not 'zz'",
        "3:outer.f: must have 1 to 4000 characters",
        "3:outer.g: 'q' is not one of one, two",
        "4:outer.a: must be a table, not a number",
    ]


def test_lists_of_text_are_checked_one_by_one() -> None:
    found = table({"a": ["ok", "no", 3, ""]})
    assert found.texts("a", options=("ok",)) == ("ok",)
    assert found.texts("a", pattern=re.compile("o.")) == ("ok",)
    assert len(found.findings.problems) == 6
    many = table({"a": ["x"] * 65})
    assert len(many.texts("a")) == 64
    assert "at most 64" in messages(many)[0]


def test_a_float_is_no_whole_number_in_a_list_and_a_list_is_not_empty() -> None:
    found = table({"a": [1.0], "b": []})
    found.integers("a", 0, 9)
    found.numbers("b", 0, 9)
    assert messages(found) == ["4:outer.a[0]: must be a whole number", "3:outer.b: must not be empty"]


def test_keys_that_nobody_asked_for_are_unknown() -> None:
    found = table({"known": 1, "odd": 2})
    found.integer("known", 0, 9)
    found.close()
    assert messages(found) == ["3:outer.odd: unknown key; known here: known"]


def test_names_of_tables_are_checked() -> None:
    found = table({"a": {"good-name": {}, "Bad": {}, "plain": 1}})
    assert list(found.named_tables("a")) == ["good-name"]
    assert [problem.field for problem in found.findings.problems] == ["outer.a.Bad", "outer.a.plain"]


def test_problems_are_kept_up_to_a_limit_and_read_like_a_compilers() -> None:
    found = table({})
    for number in range(PROBLEMS_MAX + 50):
        found.wrong(f"k{number}", "bad")
    assert len(found.findings.problems) == PROBLEMS_MAX
    error = ProfileError([Problem("f.toml", 3, "a.b", "bad"), Problem("f.toml", None, "", "worse")])
    assert str(error) == "f.toml:3: a.b: bad\nf.toml: worse"
