"""Builds and loads `hot.c` where a compiler and Python's headers are: the reflector works without.

It is built anew at every start, into a folder of this process alone that is gone once the code is loaded: a
library left lying about could be another's, or of another Python.
"""

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

SOURCE: Final = Path(__file__).with_name("hot.c")
NAME: Final = "voipwatch_hot"
COMPILERS: Final = ("cc", "gcc", "clang")
FLAGS: Final = ("-O3", "-fPIC", "-shared", "-fwrapv", "-fno-strict-aliasing", "-ffp-contract=off")
"""The last: a time in microseconds must be what Python's arithmetic makes of it, on every machine."""
BUILD_S: Final = 120.0


class UnavailableError(Exception):
    """Compiled code cannot be had here; the text says why."""


def load(*, flags: Sequence[str] = ()) -> ModuleType:
    """The module of `hot.c`: its class `Hot` is what `ReflectorCore.hasten` takes.

    Takes seconds. `flags`: more for the compiler.

    Raises:
        UnavailableError: no compiler, no headers, another system than Linux, or the build failed.
    """
    if sys.platform != "linux" or sys.implementation.name != "cpython":
        raise UnavailableError("only CPython on Linux has it")
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise UnavailableError("no C compiler")
    headers = Path(sysconfig.get_paths()["include"])
    if not (headers / "Python.h").is_file():
        raise UnavailableError("Python's headers are not installed")
    try:
        with tempfile.TemporaryDirectory(prefix="voipwatch-") as folder:  # mode 0700
            library = Path(folder) / f"{NAME}.so"
            command = [compiler, *FLAGS, *flags, f"-I{headers}", str(SOURCE), "-o", str(library)]
            subprocess.run(command, check=True, capture_output=True, timeout=BUILD_S)
            return load_file(library)
    except (OSError, ImportError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"the build failed: {error}") from error


def load_file(library: Path) -> ModuleType:
    """A built `hot.c`. Raises ImportError."""
    loader = importlib.machinery.ExtensionFileLoader(NAME, str(library))
    spec = importlib.util.spec_from_file_location(NAME, library, loader=loader)
    if spec is None:
        raise ImportError(f"{library} is no extension")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
