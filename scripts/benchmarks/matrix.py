"""The matrix (`voipwatch lab matrix --out FILE`) as tables for docs/benchmarks.md."""

from collections import defaultdict
from collections.abc import Sequence

from scripts.benchmarks.page import NONE, table
from voipwatch.lab.matrix import Cell, MatrixResult

EXPLAINED = (
    "A cell says what was said, how often if not always, and how many runs were right: by the verdict, and "
    "in brackets with mechanism, stage and direction too. Bold: not all of them."
)


def render(result: MatrixResult, *, command: str, date: str, machine: str) -> str:
    """Totals, then guilty and innocent worlds: one row a world and line, one column an app."""
    guilty = [c for c in result.cells if c.guilty]
    innocent = [c for c in result.cells if not c.guilty]
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
            EXPLAINED,
            "Guilty worlds:",
            _worlds(guilty),
            "Innocent worlds:",
            _worlds(innocent),
            _wrong(result.cells),
        ]
    )


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
