"""Write how often the effect of nothing is found, how often a planted one, and what pysyncon finds, into
the page.

python scripts/effect_table.py                  # prints the tables
python scripts/effect_table.py --write          # puts them into docs/benchmarks.md
python scripts/effect_table.py --panels 200     # quicker

pysyncon is a library of synthetic controls; it is not among the project's requirements: `pip install
pysyncon`. Without it the comparison is left out, and the page says so.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.noeffect import GENERATORS, UNLIKE, Panel, Random, drawn
from scripts.benchmarks.page import table, write
from voipwatch.civic.effect import Effect, Plan, State, Why, effect
from voipwatch.civic.synthetic import mixture_at, simplex_weights

PLAN = Plan()
DONORS = 19
"""As many as a level of 5 % needs."""
STEPS = PLAN.fit_steps + PLAN.placebo_max * PLAN.after_steps + PLAN.after_steps
EVENT = STEPS - PLAN.after_steps
PLANTED = (-0.005, -0.01, -0.02, -0.07)
"""Falls at the event, at once; 7 % is what the press saw in 2016."""


def asked(panel: Panel) -> Effect:
    """The effect on column 0 of a panel of logarithms."""
    counts = np.exp(panel)
    donors = {str(unit): counts[:, unit] for unit in range(1, counts.shape[1])}
    return effect(counts[:, 0], donors, EVENT, plan=PLAN)


def told_of(make: Callable[[Random, int, int], Panel], panels: int, planted: float = 0.0) -> list[Effect]:
    """The answers on so many panels, seeds 0, 1, 2 ..."""
    found = []
    for seed in range(panels):
        panel = make(drawn(seed), STEPS, DONORS + 1)
        panel[EVENT:, 0] += np.log1p(planted)
        found.append(asked(panel))
    return found


def percent(part: float, whole: float) -> str:
    """With two decimals; a dash of nothing."""
    return f"{100 * part / whole:.2f} %" if whole else "–"


def alarms(panels: int) -> tuple[str, list[int]]:
    """The table of false alarms, and [alarms, panels] over all laws that the test assumes."""
    rows, total = [], [0, 0]
    for name, make in {**GENERATORS, **UNLIKE}.items():
        found = told_of(make, panels)
        effects = sum(each.state is State.EFFECT for each in found)
        identified = sum(each.state is not State.UNIDENTIFIED for each in found)
        poor = sum(Why.POOR_FIT in each.why for each in found)
        below = sum(each.p_value is not None and each.p_value <= PLAN.level for each in found)
        dates = sum(each.p_dates is not None and each.p_dates <= PLAN.level for each in found)
        rows.append(
            [name, str(panels), percent(below, panels), percent(effects, panels),
             percent(effects, identified), percent(poor, panels), percent(dates, panels)]
        )  # fmt: skip
        if name in GENERATORS:
            total[0] += below
            total[1] += panels
    heads = ["series in which nothing happened", "panels", "p at most 5 %", "\"effect\"",
             "of those identified", "poor fit", "p of dates at most 5 %"]  # fmt: skip
    return table(heads, rows), total


def power(panels: int) -> str:
    """The table of planted effects."""
    rows = []
    for name in ("random walk", "jumps"):
        for planted in PLANTED:
            found = told_of(GENERATORS[name], panels, planted)
            effects = sum(each.state is State.EFFECT for each in found)
            bounded = [each for each in found if each.low_ratio is not None and each.high_ratio is not None]
            held = sum((each.low_ratio or 0) <= planted <= (each.high_ratio or 0) for each in bounded)
            middle = np.median([each.estimate_ratio for each in found if each.estimate_ratio is not None])
            rows.append(
                [name, f"{100 * planted:g} %", str(panels), percent(effects, panels),
                 f"{100 * float(middle):.2f} %", percent(held, len(bounded))]
            )  # fmt: skip
    heads = ["series", "planted", "panels", '"effect"', "median estimate", "interval holds it"]
    return table(heads, rows)


def against_pysyncon(panels: int, fits: int) -> str:
    """Weights and p-values of pysyncon on the same series."""
    try:
        import pandas as pd  # noqa: PLC0415 -- of a library that need not be there
        import pysyncon  # noqa: PLC0415 -- the same
        from pysyncon.utils import PlaceboTest  # noqa: PLC0415 -- the same
    except ImportError:
        return "pysyncon was not installed: no comparison."
    make = GENERATORS["random walk"]
    far, loss = 0.0, 0.0
    for seed in range(fits):
        panel = make(drawn(seed), STEPS, DONORS + 1)[EVENT - PLAN.fit_steps : EVENT]
        panel = panel - panel.mean(axis=0)
        ours = simplex_weights(panel[:, 0], panel[:, 1:])
        theirs = _weights(pd, pysyncon, panel)
        far = max(far, float(np.abs(ours - theirs).max()))
        losses = [float(((panel[:, 1:] @ w - panel[:, 0]) ** 2).sum()) for w in (ours, theirs)]
        loss = max(loss, losses[0] / losses[1] - 1.0)
    ours_low = theirs_low = theirs_none = 0
    for seed in range(panels):
        panel = make(drawn(seed), STEPS, DONORS + 1)
        answer = asked(panel)
        gaps = pd.DataFrame({unit: _path(panel, unit) for unit in range(DONORS + 1)})
        test = PlaceboTest()
        test.gaps, test.treated_gap = gaps.drop(columns=0), gaps[0]
        theirs_p = test.pvalue(PLAN.fit_steps)
        ours_low += (answer.p_value or 1.0) <= PLAN.level
        theirs_low += theirs_p <= PLAN.level
        theirs_none += theirs_p == 0
    rows = [
        ["largest difference of a weight", f"{far:.1e}", ""],
        ["our squared error over theirs, less 1, at most", f"{loss:.1e}", ""],
        ["p at most 5 %: ours", percent(ours_low, panels), "5 %"],
        ["p at most 5 %: `PlaceboTest.pvalue` of pysyncon", percent(theirs_low, panels), "5 %"],
        ["p = 0: `PlaceboTest.pvalue` of pysyncon", percent(theirs_none, panels), "never"],
    ]
    return (
        f"pysyncon {_version()} on the same series (random walk): {fits} mixtures fitted by both, and its "
        f"p-value of the gaps of {panels} panels. It does not count the page itself among the placebos, so "
        "that its p-value can be 0 and its test of 5 % with 19 donors is one of 10 %.\n\n"
        + table(["what", "found", "should be"], rows)
    )  # fmt: skip


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 -- only asked for where the library is

    return version("pysyncon")


def _weights(pd: Any, pysyncon: Any, panel: Panel) -> Any:  # noqa: ANN401 -- libraries without types
    names = [f"donor {unit}" for unit in range(1, panel.shape[1])]
    donors = pd.DataFrame(panel[:, 1:], columns=names)
    page = pd.Series(panel[:, 0], name="page")
    # It divides each step by its spread; these weights of the steps take that back.
    steps = (pd.concat([donors, page], axis=1).std(axis=1) ** 2).to_numpy()
    synth = pysyncon.Synth()
    synth.fit(X0=donors, X1=page, Z0=donors, Z1=page, custom_V=steps * 1e6)
    return synth.W


def _path(panel: Panel, unit: int) -> Any:  # noqa: ANN401 -- what pandas takes
    window, weights = mixture_at(panel, unit, EVENT, fit_steps=PLAN.fit_steps, after_steps=PLAN.after_steps)
    return window[:, unit] - np.delete(window, unit, axis=1) @ weights


def main(argv: list[str] | None = None) -> int:
    """Run everything, print or write."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument("--panels", type=at_least(1), default=2000, help="of each law")
    parser.add_argument("--planted", type=at_least(1), default=200, help="panels of each planted effect")
    parser.add_argument("--fits", type=at_least(0), default=200, help="mixtures compared with pysyncon")
    known = parser.parse_args(argv)
    machine, began = this_machine(), monotonic()
    false, (low, panels) = alarms(known.panels)
    planted = power(known.planted)
    compared = against_pysyncon(known.panels, known.fits)
    write_ = "--write " if known.write else ""
    text = (
        f"`python scripts/effect_table.py {write_}--panels {known.panels} --planted {known.planted} "
        f"--fits {known.fits}`, {machine.date} UTC, {machine.cpu}, {machine.cores} cores, "
        f"Python {machine.python}, load before it {machine.load_1min}, "
        f"{(monotonic() - began) / 60:.0f} min.\n\n"
        f"A page and {DONORS} donors of one law, {PLAN.fit_steps} days fitted, {PLAN.after_steps} days "
        f"after, {PLAN.placebo_max} placebo dates, level 5 %, smallest reachable p {1 / (DONORS + 1):g}. "
        "Over the "
        f"{len(GENERATORS)} laws that the test assumes: p at most 5 % in {low} of {panels} panels, "
        f"**{percent(low, panels)}**. A page unlike its donors is not covered by the promise; its row shows "
        f"what then happens.\n\n"
        f"{false}\n\n{planted}\n\n{compared}"
    )
    if known.write:
        write("reputation", text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
