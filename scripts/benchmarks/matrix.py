"""The matrix (`voipwatch lab matrix --out FILE`) as tables for docs/benchmarks.md."""

from collections import defaultdict
from collections.abc import Sequence

from scripts.benchmarks.page import NONE, table
from voipwatch.lab.confusion import Confusion, Count, Rate
from voipwatch.lab.matrix import Cell, MatrixResult

EXPLAINED = (
    "A cell says what was said, how often if not always, and how many runs were right: by the verdict, and "
    "in brackets with mechanism, stage and direction too. Bold: not all of them."
)


CELLS_MAX = 250
"""Of more cells only those are told in which something was wrong, and the confusion of them all."""


def render(result: MatrixResult, *, command: str, date: str, machine: str) -> str:
    """Totals, then guilty and innocent worlds: one row a world and line, one column an app."""
    cells = result.cells
    some = len(cells) > CELLS_MAX
    if some:
        cells = [c for c in cells if c.wrong_seeds]
    guilty = [c for c in cells if c.guilty]
    innocent = [c for c in cells if not c.guilty]
    totals = result.totals
    mechanisms = _percent(totals.guilty_mechanisms_right)
    return "\n\n".join(
        [
            f"`{command}`, {date} UTC, {machine}.",
            table(
                ("totals", "figure"),
                [
                    ["guilty worlds: verdicts (one app in one check)", f"{totals.guilty_runs:,}"],
                    ["of these right", _percent(totals.guilty_verdicts_right)],
                    ["of these right with mechanism, stage and direction", mechanisms],
                    ["innocent worlds: checks", f"{totals.innocent_checks:,}"],
                    ["innocent worlds: verdicts", f"{totals.innocent_runs:,}"],
                    ["of these right", _percent(totals.innocent_right)],
                    ["**innocent, and called blocked or throttled**", f"**{totals.innocent_accused}**"],
                ],
            ),
            *(_confusion(result.confusion) if some and result.confusion is not None else ()),
            EXPLAINED,
            "Guilty worlds, where something was wrong:" if some else "Guilty worlds:",
            _worlds(guilty),
            "Innocent worlds, where something was wrong:" if some else "Innocent worlds:",
            _worlds(innocent),
            _wrong(cells),
        ]
    )


def _confusion(confusion: Confusion) -> list[str]:
    """What had to be said against what was said, and shares by app, line and mechanism."""
    return [
        "What had to be said of guilty worlds, and what was (Wilson's interval at 95 %):",
        _counts(confusion.guilty.verdicts),
        "Of innocent worlds:",
        _counts(confusion.innocent.verdicts),
        "Right verdicts in guilty worlds, by app and by line:",
        _rates([*confusion.verdicts_by_app, *confusion.verdicts_by_line]),
        "Right with mechanism, stage and direction, by the mechanism at work:",
        _rates(confusion.mechanisms_by_expected),
        "Mechanisms of guilty worlds, where another was said:",
        _counts([c for c in confusion.guilty.mechanisms if c.expected != c.said]),
    ]


def _counts(counts: Sequence[Count]) -> str:
    rows = [
        [
            c.expected or NONE,
            c.said or NONE,
            f"{c.runs:,} of {c.of:,}",
            _interval(c),
            f"{c.witness.world} {c.witness.line} {c.witness.seed}",
        ]
        for c in counts
    ]
    return table(("had to be said", "was said", "runs", "share", "a run: world, line, seed"), rows, left=2)


def _rates(rates: Sequence[Rate]) -> str:
    rows = [[r.name, f"{r.right:,} of {r.runs:,}", _interval(r)] for r in rates]
    return table(("what", "right", "share"), rows)


def _interval(of: Count | Rate) -> str:
    return f"{_percent(of.share)} ({_percent(of.low)} to {_percent(of.high)})"


def _worlds(cells: Sequence[Cell]) -> str:
    apps = list(dict.fromkeys(cell.app for cell in cells))
    rows: dict[tuple[str, str], dict[str, Cell]] = defaultdict(dict)
    for cell in cells:
        rows[cell.world, cell.line][cell.app] = cell
    return table(
        ("world", "line", *apps),
        [
            [world, line, *(_told(of[app]) if app in of else NONE for app in apps)]
            for (world, line), of in rows.items()
        ],
        left=2 + len(apps),
    )


def _told(cell: Cell) -> str:
    most_first = sorted(cell.said.items(), key=lambda item: (-item[1], item[0]))
    said = ", ".join(word if len(cell.said) == 1 else f"{word} {count}x" for word, count in most_first)
    right = f"{cell.verdicts_right}/{cell.runs}"
    if cell.guilty:
        right += f" ({cell.mechanisms_right})"
    all_right = cell.verdicts_right == cell.runs and (not cell.guilty or cell.mechanisms_right == cell.runs)
    return f"{said}: {right}" if all_right else f"**{said}: {right}**, expected {cell.expected}"


def _wrong(cells: Sequence[Cell]) -> str:
    """Seeds with which anybody can repeat what went wrong."""
    seeds: dict[tuple[str, str], set[int]] = defaultdict(set)
    for cell in cells:
        seeds[cell.world, cell.line].update(cell.wrong_seeds)
    wrong = [
        f"- {world} on {line}: {', '.join(str(seed) for seed in sorted(found))}"
        for (world, line), found in seeds.items()
        if found
    ]
    if not wrong:
        return "No run said anything else than expected."
    head = "Seeds of the runs that said something else than expected (verdict or mechanism):"
    return f"{head}\n\n" + "\n".join(wrong)


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f} %"
