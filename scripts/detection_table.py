"""Write how soon the detector finds changes, and how seldom in nothing, into docs/benchmarks.md.

python scripts/detection_table.py            # prints the tables
python scripts/detection_table.py --write    # puts them into the page
python scripts/detection_table.py --speed --write
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least, present
from scripts.benchmarks.country import quiet_country
from scripts.benchmarks.detection import (
    SHORT_DAYS,
    Tables,
    cells_a_second,
    delays,
    real_series,
    render,
    render_speed,
    replays,
)
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.page import write

SERIES = Path(__file__).resolve().parents[2] / "shared/series"
BLOCKS = ((0.4, 14), (0.4, 30), (0.4, 60), (0.2, 60), (1.0, 30))
"""Shares blocked, and days of quiet past before."""


def main(argv: list[str] | None = None) -> int:
    """Run everything, print or write."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument("--years", type=at_least(1), default=40, help="of each quiet world")
    parser.add_argument("--country-years", type=at_least(1), default=20, help="of the quiet country")
    parser.add_argument("--runs", type=at_least(1), default=100, help="of each simulated block")
    parser.add_argument("--series", type=present, default=SERIES, help="folder of the real series")
    parser.add_argument("--speed", action="store_true", help="only how fast it is, in a section of its own")
    asked = parser.parse_args(argv)
    began = datetime.now(tz=UTC)
    machine = this_machine()
    if asked.speed:
        told = render_speed(
            cells_a_second(), f"{began:%Y-%m-%d %H:%M}", f"{machine.cores} cores of {machine.cpu}"
        )
        if asked.write:
            write("detection-speed", told)
        else:
            print(told)
        return 0
    tables = Tables(
        real_series(asked.series) if asked.series.is_dir() else [],
        [delays(share, past, days=30, runs=asked.runs) for share, past in BLOCKS],
        replays(asked.years),
        [
            quiet_country(asked.country_years, promised_days=days)
            for days in (20 * 365.25, 365.25, SHORT_DAYS)
        ],
    )
    text = render(
        tables,
        command=f"python scripts/detection_table.py --write --years {asked.years} --runs {asked.runs}"
        f" --country-years {asked.country_years}",
        date=began.strftime("%Y-%m-%d %H:%M"),
        machine=f"{machine.cores} cores of {machine.cpu}",
    )
    if asked.write:
        write("detection", text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
