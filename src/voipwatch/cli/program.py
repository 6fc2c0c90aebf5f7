"""Where this program is, for a unit file that starts it."""

import shutil
import sys
from pathlib import Path


def program() -> str:
    """The program that was started, by its whole path."""
    started = Path(sys.argv[0])
    if started.name == "voipwatch" and started.exists():
        return str(started.absolute())
    beside = Path(sys.executable).with_name("voipwatch")
    return str(beside) if beside.exists() else shutil.which("voipwatch") or str(beside)
