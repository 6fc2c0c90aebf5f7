"""The matrix (`voipwatch lab matrix --out FILE`) as tables for docs/benchmarks.md."""

from collections import defaultdict
from collections.abc import Sequence

from scripts.benchmarks.page import NONE, table
from voipwatch.lab.matrix import Cell, MatrixResult


def render(result: MatrixResult, *, command: str, date: str, machine: str) -> str:
    """Totals, then guilty and innocent worlds, one row a world and line."""
    totals = result.totals
    guilty = [c for c in result.cells if c.guilty]
    innocent = [c for c in result.cells if not c.guilty]
    return "\n\n".join(
        [
            f"`{command}`, {date} UTC, {machine}.",
            table(
                ("totals", "figure"),
                [
                    ["guilty worlds: verdicts (one app in one check)", f"{totals.guilty_runs:,}"],
                    ["of these right", _percent(totals.guilty_verdicts_right)],
                    [
                        "of these with the right mechanism, stage and direction",
                        _percent(totals.guilty_mechanisms_right),
                    ],
                    ["innocent worlds: checks", f"{totals.innocent_checks:,}"],
                    ["innocent worlds: verdicts", f"{totals.innocent_runs:,}"],
                    ["of these right", _percent(totals.innocent_right)],
                    ["**blocked or throttled said of an innocent world**", f"**{totals.innocent_accused}**"],
                ],
            ),
            "Guilty worlds. Right: verdict, and in brackets verdict with stage, mechanism and direction.",
            table(
                ("world", "line", "app", "expected", "said", "right"),
                [
                    [
                        c.world,
                        c.line,
                        c.app,
                        c.expected,
                        _said(c),
                        f"{_of(c.verdicts_right, c)} ({c.mechanisms_right})",
                    ]
                    for c in guilty
                ],
                left=5,
            ),
            "Innocent worlds.",
            table(
                ("world", "line", "app", "expected", "said", "right", "accused"),
                [
                    [c.world, c.line, c.app, c.expected, _said(c), _of(c.verdicts_right, c), str(c.accused)]
                    for c in innocent
                ],
                left=5,
            ),
            _wrong(result.cells),
        ]
    )


def _of(right: int, cell: Cell) -> str:
    text = f"{right} of {cell.runs}"
    return text if right == cell.runs else f"**{text}**"


def _said(cell: Cell) -> str:
    most_first = sorted(cell.said.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(word if len(cell.said) == 1 else f"{word} {count}" for word, count in most_first) or NONE


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
