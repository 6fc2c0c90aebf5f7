"""docs/bad-days.md names tests that there are, and every line of its tables names one."""

import re

from tests.support.environment import REPOSITORY

PAGE = REPOSITORY / "docs/bad-days.md"
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def missing(text: str) -> list[str]:
    """Tests that the text names and that are not there."""
    found = []
    for file, name in NAMED.findall(text):
        path = REPOSITORY / "tests" / file
        if not path.is_file() or f"def {name}(" not in path.read_text("utf-8"):
            found.append(f"{file}::{name}")
    return found


def rows(text: str) -> list[str]:
    """The rows of its tables, headings left out."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith(("| what", "| ---"))]


def test_every_test_that_it_names_is_there() -> None:
    text = PAGE.read_text("utf-8")
    assert missing(text) == []
    assert len(NAMED.findall(text)) > 60
    assert missing("`cli/test_serve.py::test_that_nobody_wrote`, `no/such.py::test_x`") == [
        "cli/test_serve.py::test_that_nobody_wrote",
        "no/such.py::test_x",
    ]


def test_every_row_names_a_test() -> None:
    found = rows(PAGE.read_text("utf-8"))
    assert len(found) > 40
    assert [row for row in found if not NAMED.search(row)] == []
