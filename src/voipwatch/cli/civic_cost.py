"""`voipwatch civic cost`: what a block cost a country, by each method that has its inputs: always a range."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.civic.costs.answer import Answer, answer
from voipwatch.civic.costs.inputs import CostInputs, Input, cost_inputs
from voipwatch.civic.costs.published import FigureCheck, OtherDates
from voipwatch.civic.costs.spans import Span, span_of_days, span_of_incident
from voipwatch.cli.civic_show import (
    Footnotes,
    money_text,
    number_text,
    parse_amounts,
    parse_country,
    parse_days,
    print_document,
    range_text,
)
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.language import Texts
from voipwatch.cli.show import table
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.incidents import Incident

SCHEMA = "voipwatch.civic-cost/1"
NAMES: Final = {
    "brookings-2016": "Brookings 2016",
    "deloitte-2016": "Deloitte 2016",
    "cipesa-2017": "CIPESA 2017",
    "netblocks-cost": "NetBlocks COST",
}
Row = list[Text | str]


class _Page(msgspec.Struct, frozen=True):
    incident: Incident


def cost(  # noqa: PLR0913 -- one keyword for each option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    country: Annotated[str | None, Parameter(metavar="CODE")] = None,
    first: Annotated[str | None, Parameter(name="--from", metavar="DATE")] = None,
    until: Annotated[str | None, Parameter(metavar="DATE")] = None,
    everywhere_from: Annotated[str | None, Parameter(metavar="DATE")] = None,
    incident: Annotated[str | None, Parameter(metavar="ID")] = None,
    bundle: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    gdp: Annotated[str | None, Parameter(metavar="USD")] = None,
    json: bool = False,
) -> int:
    """Print every method's range with its inputs, and what a published figure is at other dates."""
    by_dates = first is not None or until is not None or everywhere_from is not None
    by_incident = incident is not None or bundle is not None
    if by_dates == by_incident:
        raise Misuse("civic.cost.what")
    synthetic = False
    if incident is not None and bundle is not None:
        found = _incident(incident, bundle)
        if not found.spread:
            raise Misuse("civic.cost.no_series", id=shown(incident))
        span, synthetic = span_of_incident(found), found.synthetic
        where = found.country if country is None else parse_country(country)
    elif first is not None and until is not None and country is not None:
        span, where = _span(first, until, everywhere_from), parse_country(country)
    else:
        raise Misuse("civic.cost.what")
    inputs = cost_inputs() if gdp is None else _with_gdp(cost_inputs(), where, gdp)
    result = answer(span, inputs, country=where)
    if json:
        document = msgspec.to_builtins(result) | {"synthetic": synthetic}
        print_document(context, SCHEMA, document)
        return CLEAR
    if synthetic:
        context.tell("civic.cost.emulated", style="bold yellow")
    _print(context, result)
    return CLEAR


def _span(first: str, until: str, everywhere_from: str | None) -> Span:
    partly = None if everywhere_from is None else parse_days(everywhere_from, option="--everywhere-from")[0]
    try:
        return span_of_days(
            parse_days(first, option="--from"), parse_days(until, option="--until"), partly_until=partly
        )
    except ValueError as error:
        raise Misuse("civic.cost.order") from error


def _incident(name: str, bundle: Path) -> Incident:
    """Of a published bundle; the newest revision. Raises Misuse."""
    from voipwatch.cli.bundle_reading import PublishedBundle  # noqa: PLC0415 -- reads signatures: not for dates

    published = PublishedBundle(bundle)
    path = f"incidents/{name}.json"
    if name not in published.incidents():
        have = ", ".join(published.incidents()) or "-"
        raise Misuse("chronicle.not_in_bundle", id=shown(name), known=shown(have, longest=400))
    try:
        return msgspec.json.decode(published.file(path), type=_Page).incident
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = shown(str(error), longest=200)
        raise Misuse("bundle.none", path=shown_path(bundle), reason=reason) from error


def _with_gdp(inputs: CostInputs, country: str, gdp: str) -> CostInputs:
    """The reader's own GDP in place of a sourced one; it has no source, and that shows."""
    own = Input(
        id="gdp",
        country=country,
        unit="USD a year",
        year="",
        value=parse_amounts(gdp, option="--gdp"),
        published=None,
        sources=(),
    )
    return msgspec.structs.replace(inputs, inputs={**inputs.inputs, (country, "gdp"): own})


def _print(context: Context, result: Answer) -> None:
    texts = context.texts
    span = result.span
    context.tell(
        "civic.cost.days",
        country=result.country,
        days=range_text(texts, span.days),
        everywhere=range_text(texts, span.everywhere),
        anywhere=range_text(texts, span.anywhere),
    )
    if span.ongoing:
        context.tell("civic.cost.ongoing", style="yellow")
    if span.silent:
        context.tell("civic.cost.silent", style="yellow")
    if span.days.high is None:
        context.tell("civic.cost.unbounded", style="yellow")
    notes = Footnotes()
    if result.estimates:
        _print_estimates(context, result, notes)
    for lack in result.not_reproduced:
        method, part = _method(texts, lack.method), texts(f"civic.lacking.{lack.part}")
        context.tell("civic.cost.not_reproduced", method=method, part=part)
    for check in result.figures:
        _print_figure(context, check, notes)
    if result.other_dates:
        _print_dates(context, result.other_dates)
    for year in result.voice:
        amount = money_text(texts, year.amount, "MAD")
        marks = notes.marks(source for each in year.inputs for source in each.sources)
        context.tell("civic.cost.voice", year=year.year, amount=amount, source=marks)
    if result.voice:
        context.tell("civic.cost.voice_caveat")
    notes.print(context)


def _print_estimates(context: Context, result: Answer, notes: Footnotes) -> None:
    texts = context.texts
    rows: list[Row] = [
        [
            _method(texts, each.method),
            texts(f"civic.covers.{each.covers}"),
            money_text(texts, each.day, each.unit),
            money_text(texts, each.amount, each.unit),
        ]
        for each in result.estimates
    ]
    columns = [texts(f"civic.column.{name}") for name in ("method", "covers", "day", "amount")]
    context.out.print(table(texts, columns, rows))
    used = {each.id: each for estimate in result.estimates for each in estimate.inputs}
    inputs: list[Row] = [
        [
            texts(f"civic.input.{each.id}"),
            range_text(texts, each.value, places=4),
            texts(f"civic.unit.{each.id.rpartition('-')[0] if each.id.startswith('day-') else each.id}"),
            each.year,
            notes.marks(each.sources) or texts("civic.own"),
        ]
        for each in used.values()
    ]
    columns = [texts(f"civic.column.{name}") for name in ("input", "value", "unit", "year", "source")]
    context.out.print(table(texts, columns, inputs))
    caveats = dict.fromkeys(name for each in result.estimates for name in each.caveats)
    for name in caveats:
        context.tell("civic.cost.caveat", text=texts(f"civic.caveat.{name}"))


def _method(texts: Texts, name: str) -> str:
    """Names are names in every language; Deloitte's classes are words."""
    known = NAMES.get(name)
    if known is not None:
        return known
    method, _, connectivity = name.rpartition("-")
    return texts(f"civic.class.{connectivity}", method=NAMES[method])


def _print_figure(context: Context, check: FigureCheck, notes: Footnotes) -> None:
    figure = check.figure
    number = partial(number_text, context.texts)
    context.tell(
        "civic.cost.figure",
        amount=number(figure.amount_usd),
        days=figure.days,
        first=figure.first.isoformat(),
        last=figure.last.isoformat(),
        source=notes.marks(figure.sources),
    )
    context.tell(
        "civic.cost.rounding" if check.rounding else "civic.cost.mismatch",
        # One piece: from the right it would be read backwards.
        equation=f"{figure.days} × {number(figure.day_usd)} = {number(check.product_usd)}",
        difference=number(check.difference_usd),
    )
    context.tell("civic.cost.reproduced" if check.reproduced else "civic.cost.unreproduced")


def _print_dates(context: Context, found: tuple[OtherDates, ...]) -> None:
    texts = context.texts
    rows: list[Row] = [
        [
            _dates(each),
            range_text(texts, each.span.days),
            money_text(texts, each.amount, "USD"),
            "–" if each.by_method is None else money_text(texts, each.by_method, "USD"),
        ]
        for each in found
    ]
    columns = [texts(f"civic.column.{name}") for name in ("dates", "days", "rate", "by_method")]
    context.out.print(table(texts, columns, rows))


def _dates(of: OtherDates) -> str:
    found = of.window
    first, last = (
        _days(found.first_earliest, found.first_latest),
        _days(found.last_earliest, found.last_latest),
    )
    return f"{first} – {last}"


def _days(earliest: date, latest: date) -> str:
    return earliest.isoformat() if earliest == latest else f"{earliest.isoformat()}/{latest.isoformat()}"
