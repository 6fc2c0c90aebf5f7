"""Lines of keys, against lines marked in the document itself, and against the standard parser."""

import re
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import SMALL
from voipwatch.apps.library import load_profiles
from voipwatch.apps.toml_lines import key_lines, line_of

MARKED = '''\
title = "a # no comment" # line: title
"quoted key" = 1
a.b = 2 # line: a.b
[table] # line: table
text = """
[not.a.header]
x = "1" \\""" still
""" # ends
after = 5 # line: table.after
raw = \'\'\'
]]] = {
\'\'\'
list = [ # line: table.list
  1, # line: table.list[0]
  { x = 1, y = [ # line: table.list[1].y
    "z", # line: table.list[1].y[0]
  ] }, # comment ]
  "last]", # line: table.list[2]
]
[[legs]]
id = "one" # line: legs[0].id
[[legs.rounds]]
stage = "x" # line: legs[0].rounds[0].stage
[[legs]]
id = "two" # line: legs[1].id
[[legs.rounds]]
[[legs.rounds]]
stage = "y" # line: legs[1].rounds[1].stage
[legs.voice]
short_s = 1.5 # line: legs[1].voice.short_s
date = 1979-05-27T07:32:00Z
end = true # line: legs[1].voice.end'''


def test_every_marked_line_is_found() -> None:
    lines = key_lines(MARKED)
    marked = {
        found[1]: number
        for number, line in enumerate(MARKED.split("\n"), start=1)
        if (found := re.search(r"# line: (\S+)$", line))
    }
    assert len(marked) == 15
    assert {path: lines.get(path) for path in marked} == marked


def test_windows_line_ends_count_once() -> None:
    assert key_lines("a = 1\r\nb = 2\r\n")["b"] == 2


def test_the_nearest_thing_around_a_missing_key_stands_in_for_it() -> None:
    lines = key_lines(MARKED)
    assert line_of(lines, "legs[1].voice.missing") == lines["legs[1].voice"]
    assert line_of(lines, "legs[1].rounds[1].stage.deeper[3]") == lines["legs[1].rounds[1].stage"]
    assert line_of(lines, "legs[7].id") == lines["legs"]
    assert line_of(lines, "nothing") is None
    assert line_of(lines, "") is None


def paths(value: Any, path: str = "") -> set[str]:
    """Every path of a parsed document."""
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found |= paths(item, f"{path}[{index}]")
    return found


def test_the_scanner_and_the_parser_agree_on_every_path() -> None:
    document = tomllib.loads(SMALL)
    assert paths(document) == set(key_lines(SMALL))
    assert load_profiles().profiles  # the packaged files go through the scanner too


@given(st.text(alphabet="ab.=[]{}\"'#\n\\ ,1", max_size=60))
def test_no_text_makes_the_scanner_fail(text: str) -> None:
    for line in key_lines(text).values():
        assert 1 <= line <= text.count("\n") + 1


def test_a_list_without_values_ends() -> None:
    assert key_lines("a=[}") == {"a": 1, "a[0]": 1}


def test_deep_nesting_gives_coarser_lines_and_no_error() -> None:
    assert "a" in key_lines("a = " + "[" * 50_000)
