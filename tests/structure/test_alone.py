"""The second try: who has one, who has none, and what the script makes of the first."""

import os
import subprocess
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from tests.support import alone
from tests.support.environment import REPOSITORY
from tests.support.nats_cluster import nats_cluster


class Item:
    """As much of pytest's as is asked."""

    def __init__(
        self, name: str, *, marks: tuple[str, ...] = (), fixtures: tuple[str, ...] = (), **used: object
    ) -> None:
        self.nodeid, self.fixturenames, self._marks = name, fixtures, marks
        self.module = ModuleType(name)
        vars(self.module).update(used)

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self._marks else None


def items(*made: Item) -> list[pytest.Item]:
    return cast("list[pytest.Item]", list(made))


PURE = Item("pure", path=Path, text="subprocess")
REAL = (
    Item("marked", marks=("kernel",)),
    Item("browser", fixtures=("tmp_path", "chromium")),
    Item("module", subprocess=subprocess),
    Item("function", cluster=nats_cluster),
)


@pytest.mark.parametrize("item", REAL, ids=lambda item: item.nodeid)
def test_what_waits_for_something_real_is_tried_again(item: Item) -> None:
    assert alone.refuse(items(item)) is None


def test_what_waits_for_nothing_is_not() -> None:
    assert alone.refuse(items(REAL[0], PURE)) == "no second try where nothing real is waited for: pure"


def test_many_are_not() -> None:
    assert alone.refuse(items(*REAL[:3])) is None
    assert alone.refuse(items(*REAL)) == "4 tests are too many for a second try: 3 at most have one"


@pytest.mark.parametrize(
    ("codes", "tries", "code"),
    [((0, 9), 1, 0), ((1, 0), 2, 0), ((1, 1), 2, 1), ((2, 0), 1, 2), ((3, 0), 1, 3)],
)
def test_the_script_tries_again_where_tests_failed_and_then_only(
    tmp_path: Path, codes: tuple[int, int], tries: int, code: int
) -> None:
    log, tool = tmp_path / "calls", tmp_path / "pytest"
    first, second = codes
    tool.write_text(
        f'#!/bin/bash\necho "$*" >>"{log}"\ncase "$1" in --alone) exit {second};; *) exit {first};; esac\n'
    )
    tool.chmod(0o755)
    ran = subprocess.run(
        [REPOSITORY / "scripts/unit.sh", "tests/some"],
        env={**os.environ, "PYTEST": str(tool)},
        capture_output=True,
        check=False,
    )
    called = log.read_text("utf-8").splitlines()
    assert (ran.returncode, len(called)) == (code, tries)
    assert all(call.endswith(" tests/some") for call in called)
    assert all("--last-failed --last-failed-no-failures none" in call for call in called[1:])
