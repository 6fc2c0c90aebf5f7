"""`voipwatch reputation show | effect`: losses, gaps and jumps of a file's pages; what an event did to
one.
"""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.civic.buyback import Jump, jumps
from voipwatch.civic.effect import Effect, Plan, State, effect
from voipwatch.civic.grid import grid_of, placed
from voipwatch.civic.losses import Baseline, baseline_before, disagreements, gaps, losses, series
from voipwatch.civic.observations import COUNTS, Observation, Quantity, decode_at, normal_at
from voipwatch.civic.press import packaged_press
from voipwatch.cli import show as tables
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, UNDECIDED, Misuse
from voipwatch.cli.reputation import SCHEMA, Quiet, existing, pages_told, span, unreadable
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.instants import iso

SHIPPED = "morocco-2016"
Day = Annotated[str | None, Parameter(metavar="DATE")]


def show(
    file: Annotated[str | None, Parameter(metavar="FILE")] = None,
    /,
    *,
    context: Quiet,
    page: Annotated[str | None, Parameter(metavar="SERVICE:NAME")] = None,
    baseline: Day = None,
    json: bool = False,
) -> int:
    """What was seen of each page, what it lost, where nobody looked, which steps are jumps."""
    rows = _rows(file)
    keys = sorted({(each.page, each.quantity) for each in rows if page in {None, each.page}})
    if not keys:
        raise _unknown(page or "", rows)
    since = None if baseline is None else _time_s(baseline, "--baseline")
    told = [_told(rows, *key, since, baseline or "") for key in keys]
    if json:
        _print(context, {"pages": told})
        return CLEAR
    _table(context, [each for each in rows if page in {None, each.page}])
    for each in told:
        _sentences(context, each)
    return CLEAR


def effect_of(
    file: Annotated[str, Parameter(metavar="FILE")],
    /,
    *,
    context: Quiet,
    page: Annotated[str | None, Parameter(metavar="SERVICE:NAME")] = None,
    event: Day = None,
    quantity: Annotated[str, Parameter(metavar="followers|likes")] = "followers",
    donors: Annotated[str | None, Parameter(metavar="SERVICE:NAME[,..]")] = None,
    level: Annotated[float, Parameter(metavar="P")] = 0.05,
    json: bool = False,
) -> int:
    """Whether an event moved a page against donor pages; 2 where that cannot be said."""
    if page is None or event is None:
        raise Misuse("reputation.required", option="--page, --event")
    if quantity not in {each.value for each in COUNTS}:
        raise Misuse("reputation.quantity_unknown", value=shown(quantity))
    all_rows = _rows(file)
    rows = [each for each in all_rows if each.quantity == quantity]
    others = sorted({each.page for each in rows} - {page})
    if page not in {each.page for each in rows}:
        raise _unknown(page, all_rows, quantity)
    asked = others if donors is None else [name.strip() for name in donors.split(",")]
    for name in asked:
        if name not in others:
            raise _unknown(name, all_rows, quantity)
    try:
        plan = Plan(level=level)
    except ValueError:
        raise Misuse("reputation.level") from None
    found = _effect(rows, page, asked, Quantity(quantity), _time_s(event, "--event"), plan)
    if json:
        _print(context, {"page": page, "event": event, "effect": found})
    else:
        _tell_effect(context, page, event, found)
    return UNDECIDED if found.state is State.UNIDENTIFIED else CLEAR


def _effect(
    rows: list[Observation], page: str, donors: list[str], quantity: Quantity, event_s: float, plan: Plan
) -> Effect:
    all_series = {name: series(rows, name, quantity) for name in (page, *donors)}
    grid = grid_of(each for counts in all_series.values() for each in counts)
    assert grid is not None  # the page has a row
    if not 0 <= grid.step_of(event_s) < grid.steps:
        raise Misuse(
            "reputation.event_outside", since=str(grid.first), until=str(grid.day_of(grid.steps - 1))
        )
    on_grid = {name: placed(counts, grid) for name, counts in all_series.items()}
    return effect(
        on_grid[page].counts,
        {name: on_grid[name].counts for name in donors},
        grid.step_of(event_s),
        plan=plan,
        coarse_ratio=on_grid[page].coarse_ratio,
    )


def _rows(file: str | None) -> list[Observation]:
    if file is None:
        return list(packaged_press(SHIPPED).observations)
    path = Path(file)
    if not path.exists():
        raise unreadable(path, FileNotFoundError(2, "No such file or directory"))
    rows = existing(path)
    if not rows:
        raise Misuse("reputation.empty", path=shown_path(path))
    return rows


def _unknown(page: str, rows: list[Observation], quantity: str = "") -> Misuse:
    """What to say of a page that is not there, or not as `quantity` (empty: any): what is."""
    known = pages_told(rows)
    if quantity and page in {each.page for each in rows}:
        return Misuse("reputation.page_quantity", value=shown(page), quantity=quantity, known=known)
    return Misuse("reputation.page_unknown", value=shown(page), known=known)


def _time_s(text: str, option: str) -> float:
    """The beginning of a day or an instant. Raises Misuse."""
    try:
        return decode_at(normal_at(text))[0]
    except ValueError:
        raise Misuse("reputation.date", option=option, value=shown(text)) from None


def _told(
    rows: list[Observation], page: str, quantity: Quantity, since_s: float | None, since: str
) -> dict[str, Any]:
    """What there is to say of a page's series; losses and percentages that sources printed stand for
    themselves.
    """
    told: dict[str, Any] = {"page": page, "quantity": quantity.value}
    if quantity not in COUNTS:
        return told | {"printed": [each for each in rows if (each.page, each.quantity) == (page, quantity)]}
    counts = series(rows, page, quantity)
    base: Baseline | None = None
    if since_s is not None:
        base = baseline_before(counts, since_s, since)
    told |= {
        "observations": counts,
        "gaps": [{"since": iso(gap.since_s), "until": iso(gap.until_s)} for gap in gaps(counts)],
        "jumps": jumps(counts),
        "disagreements": disagreements(counts),
    }
    if since_s is not None:
        told |= {"baseline": base, "losses": () if base is None else losses(counts, base)}
    return told


def _table(context: Context, rows: list[Observation]) -> None:
    lines: list[list[Text | str]] = [
        [
            each.page,
            context.texts(f"reputation.quantity.{each.quantity.value}"),
            _number(context, each),
            each.at,
            each.source if len(each.source) <= 60 else each.source[:59] + "…",
        ]
        for each in rows[-200:]
    ]
    names = ("page", "quantity", "count", "at", "source")
    columns = [context.texts(f"reputation.column.{name}") for name in names]
    if len(rows) > 200:
        context.tell("reputation.last_rows", count=len(rows))
    context.out.print(tables.table(context.texts, columns, lines))


def _number(context: Context, each: Observation) -> str:
    if each.quantity is not Quantity.LIKES_LOST_PERCENT:
        return span(each.low, each.high)
    ends = [f"{end:g}" for end in ((each.low,) if each.is_value else (each.low, each.high))]
    text = "\u2013".join(ends)
    return text if context.texts.lang == "en" else text.replace(".", ",")


def _sentences(context: Context, told: dict[str, Any]) -> None:
    page = told["page"]
    if told.get("losses"):
        last = told["losses"][-1]
        context.tell(
            "reputation.lost", page=page, count=span(last.low, last.high), at=last.observation.at,
            baseline=told["baseline"].observation.at,
            percent=_percents(context, last.low_ratio, last.high_ratio),
        )  # fmt: skip
    elif "losses" in told:
        context.tell("reputation.no_baseline", page=page)
    for gap in told.get("gaps", ()):
        context.tell("reputation.gap", page=page, since=gap["since"], until=gap["until"])
    jump: Jump
    for jump in told.get("jumps", ()):
        _tell_jump(context, page, jump)
    if told.get("jumps"):
        context.tell("reputation.jump_means", style="dim")
    for first, second in told.get("disagreements", ()):
        context.tell(
            "reputation.disagree", page=page, at=first.at, first=span(first.low, first.high),
            second=span(second.low, second.high),
        )  # fmt: skip


def _tell_jump(context: Context, page: str, jump: Jump) -> None:
    key = "reputation.jump_up" if jump.up else "reputation.jump_down"
    # Of a fall, how far: from the least to the most.
    low, high = sorted((abs(jump.gain_low), abs(jump.gain_high)))
    context.tell(key, page=page, count=span(low, high), since=jump.earlier.at, until=jump.later.at)
    if jump.regained_low is not None:
        share = _percents(context, jump.regained_low, jump.regained_high)
        context.tell("reputation.regained", percent=share)


def _percents(context: Context, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "?"
    ends = dict.fromkeys(f"{100 * each:.2f}".replace("-", "\u2212") for each in (low, high))
    text = " … ".join(ends)
    return text if context.texts.lang == "en" else text.replace(".", ",")


def _tell_effect(context: Context, page: str, event: str, found: Effect) -> None:
    context.tell(f"reputation.effect.{found.state.value}", style="bold", page=page, event=event)
    for why in found.why:
        context.tell(f"reputation.effect.why.{why.value}", donors=found.donors, least=found.donors_least,
                     dates=found.placebo_dates, dates_least=found.placebo_least)  # fmt: skip
    if found.p_value is not None and found.estimate_ratio is not None:
        context.tell(
            "reputation.effect.estimate", estimate=_percents(context, *[found.estimate_ratio] * 2),
            interval=_percents(context, found.low_ratio, found.high_ratio),
        )  # fmt: skip
        context.tell(
            "reputation.effect.p", p=f"{found.p_value:.3g}", smallest=f"{found.p_smallest:.3g}",
            donors=found.donors, left_out=found.donors_incomplete,
        )  # fmt: skip
        context.tell(
            "reputation.effect.p_dates", p=f"{found.p_dates:.3g}", smallest=f"{found.p_dates_smallest:.3g}",
            dates=found.placebo_dates,
        )  # fmt: skip
    context.tell("reputation.effect.donors", style="dim")


def _print(context: Context, document: dict[str, Any]) -> None:
    context.print_json(msgspec.json.format(msgspec.json.encode({"schema": SCHEMA} | document), indent=2))
