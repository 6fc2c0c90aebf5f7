"""Write what `voipwatch lab matrix --out FILE` found into docs/benchmarks.md.

python scripts/matrix_table.py FILE            # prints the tables
python scripts/matrix_table.py FILE --write    # puts them into the page
python scripts/matrix_table.py FILE --write --section kernel --command "voipwatch lab matrix --network kernel"
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.matrix import render
from scripts.benchmarks.page import write
from voipwatch.lab.matrix import MatrixResult

SECTIONS = ("matrix", "kernel", "ndpi", "kernel-apps")


def main(argv: list[str] | None = None) -> int:
    """Read the file, print or write; the date is the file's."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path, help="what `voipwatch lab matrix --out FILE` wrote")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument("--section", choices=SECTIONS, default="matrix", help="of the page")
    parser.add_argument("--command", default="voipwatch lab matrix", help="the command that made it")
    asked = parser.parse_args(argv)
    try:
        result = msgspec.json.decode(asked.file.read_bytes(), type=MatrixResult)
    except (OSError, msgspec.DecodeError) as error:
        parser.error(f"{asked.file} is not what `voipwatch lab matrix --out FILE` wrote: {error}")
    when = datetime.fromtimestamp(asked.file.stat().st_mtime, tz=UTC)
    machine = this_machine()
    text = render(
        result,
        command=asked.command,
        date=when.strftime("%Y-%m-%d %H:%M"),
        machine=f"{machine.cores} cores of {machine.cpu}",
    )
    if asked.write:
        write(asked.section, text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
