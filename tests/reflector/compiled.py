"""The compiled core of tests: built once a process, or what VOIPWATCH_HOT names: one that checks itself."""

import os
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.support.environment import require
from voipwatch.reflector import compiled


@cache
def hot() -> ModuleType:
    """`hot.c`, loaded; the test is skipped where it cannot be had."""
    named = os.environ.get("VOIPWATCH_HOT")
    if named:
        return compiled.load_file(Path(named))
    try:
        return compiled.load(flags=["-Wall", "-Wextra", "-Werror"])
    except compiled.UnavailableError as error:
        require(False, f"compiled code: {error}")
        raise
