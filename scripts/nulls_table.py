"""Write how often a check accuses on innocent lines, with exact bounds, into docs/benchmarks.md.

python scripts/nulls_table.py                       # prints the tables: 300 whole checks, 20,000 drawn
python scripts/nulls_table.py --write --jobs 2      # puts them into the page
python scripts/nulls_table.py --checks 60 --drawn 5000
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import nulls
from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.page import write
from voipwatch.model.ruleset import CHECK_ALPHA


def main(argv: list[str] | None = None) -> int:
    """Run everything, print or write; 1 where the rate is over what is promised."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument(
        "--checks", type=at_least(0), default=300, help="whole simulated checks, about 4 s each"
    )
    parser.add_argument("--drawn", type=at_least(1), default=20_000, help="drawn checks, about 0.04 s each")
    parser.add_argument("--seed", type=at_least(0), default=1, help="another seed, other checks")
    parser.add_argument("--jobs", type=at_least(1), default=1, help="processes")
    asked = parser.parse_args(argv)
    began, machine = datetime.now(tz=UTC), this_machine()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    fast = nulls.run(
        nulls.drawn_check, nulls.drawn_jobs(asked.drawn, seed=asked.seed), processes=asked.jobs, say=say
    )
    whole = nulls.run(
        nulls.whole_check, nulls.whole_jobs(asked.checks, seed=asked.seed), processes=asked.jobs, say=say
    )
    stressed = nulls.run(
        nulls.stressed_check,
        nulls.stressed_jobs(asked.drawn // 20, seed=asked.seed),
        processes=asked.jobs,
        say=say,
    )
    text = nulls.render(
        whole,
        fast,
        stressed,
        command=f"nulls_table.py --checks {asked.checks} --drawn {asked.drawn} --seed {asked.seed}",
        machine=f"{began:%Y-%m-%d %H:%M} UTC, {machine.cores} cores of {machine.cpu}",
    )
    if asked.write:
        write("nulls", text)
    else:
        print(text)
    accused = sum(told.accused for told in [*whole, *fast])
    return int(accused > CHECK_ALPHA * (len(whole) + len(fast)))


if __name__ == "__main__":
    sys.exit(main())
