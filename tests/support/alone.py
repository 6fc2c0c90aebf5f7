"""A second try, alone, of tests that wait for something real: `scripts/unit.sh` gives it to what failed.

Servers, browsers and the kernel's networks keep times of their own, and four processes on two cores may upset
them. What waits for nothing has no second try; and what passes alone only is named, for it is to be mended.
"""

import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Final

import pytest

OPTION: Final = "--alone"
MOST: Final = 3
"""So many may fail in company; more are no bad luck."""
REAL_MODULES: Final = frozenset(
    {
        "subprocess",
        "tests.support.browser",
        "tests.support.civic_database",
        "tests.support.clickhouse_server",
        "tests.support.collecting",
        "tests.support.dante",
        "tests.support.haproxy",
        "tests.support.nats_cluster",
        "tests.support.postgresql",
        "tests.support.reflector",
        "tests.support.registers",
        "tests.support.serving",
    }
)
"""A test file that uses one of them starts something real."""
REAL_FIXTURES: Final = frozenset({"chromium"})


def is_real(item: pytest.Item) -> bool:
    """Whether it waits for a process, a browser or a kernel's network that it started."""
    if item.get_closest_marker("kernel") is not None or REAL_FIXTURES & set(
        getattr(item, "fixturenames", ())
    ):
        return True
    module = getattr(item, "module", None)
    used = vars(module).values() if isinstance(module, ModuleType) else ()
    return any(_home(value) in REAL_MODULES for value in used)


def _home(value: object) -> str | None:
    """The module that it is, or comes from."""
    if isinstance(value, ModuleType):
        return value.__name__
    return getattr(value, "__module__", None) if inspect.isclass(value) or callable(value) else None


def refuse(items: Sequence[pytest.Item]) -> str | None:
    """Why these have no second try, if so."""
    if len(items) > MOST:
        return f"{len(items)} tests are too many for a second try: {MOST} at most have one"
    unreal = [item.nodeid for item in items if not is_real(item)]
    return f"no second try where nothing real is waited for: {', '.join(unreal)}" if unreal else None
