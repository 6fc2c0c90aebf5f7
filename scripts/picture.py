"""Make docs/images/check.svg: what a real run printed, drawn by rich. Nothing in it is typed by hand.

python scripts/picture.py            # runs the command and draws what it prints
python scripts/picture.py --look     # prints it, and leaves the picture alone

The command runs as anybody's would, on a terminal of `COLUMNS` columns with colours. The picture names no
font from elsewhere, so that opening it asks nobody for anything.
"""

import argparse
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COMMAND: Final = ("lab", "run", "morocco-3g-2016", "--seed", "2016")
"""A guilty line, so that there is something to see: Morocco's operators of January 2016, emulated."""
COLUMNS: Final = 100
PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "images" / "check.svg"
TIMEOUT_S: Final = 300
THEME: Final = TerminalTheme(
    (255, 255, 255),
    (36, 41, 47),
    [
        (36, 41, 47),
        (179, 29, 40),
        (17, 99, 41),
        (138, 95, 0),
        (9, 105, 218),
        (130, 80, 223),
        (12, 110, 122),
        (110, 119, 129),
    ],
)
"""Dark on white; every colour has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""


def run(command: tuple[str, ...]) -> str:
    """What the command printed on standard output, with its colours. Raises RuntimeError if it failed."""
    environment = {
        **os.environ,
        "FORCE_COLOR": "1",
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }
    environment.pop("NO_COLOR", None)
    done = subprocess.run(
        [sys.executable, "-m", "voipwatch", *command],
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"voipwatch {' '.join(command)} ended with status {done.returncode}")
    return done.stdout


def draw(output: str, title: str) -> str:
    """The output as SVG, in the reader's own monospace font."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in output.rstrip().splitlines():
        console.print(Text.from_ansi(line.rstrip()), soft_wrap=True)
    svg = console.export_svg(title=title, theme=THEME, unique_id="voipwatch")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: monospace")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE).rstrip() + "\n"


def main(argv: list[str] | None = None) -> int:
    """Run, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--look", action="store_true", help="print what the command prints; draw nothing")
    asked = parser.parse_args(argv)
    output = run(COMMAND)
    if asked.look:
        sys.stdout.write(output)
        return 0
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(output, f"voipwatch {' '.join(COMMAND)}"), encoding="utf-8")
    print(f"written: docs/images/{PICTURE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
