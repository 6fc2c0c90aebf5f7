"""`voipwatch civic minutes`: what calls cost by the operator's minute, and as an app's data."""

from typing import Annotated

from cyclopts import Parameter

from voipwatch.apps import load_profiles
from voipwatch.civic.costs.minutes import CallPrice, call_price, minute_bytes
from voipwatch.civic.costs.tariffs import Kind, Tariff, Tariffs, tariffs_of
from voipwatch.civic.ranges import Range, hull
from voipwatch.cli.civic_show import (
    Footnotes,
    number_text,
    parse_amounts,
    parse_country,
    print_document,
    range_text,
)
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.language import Size
from voipwatch.cli.values import shown
from voipwatch.model.vocabulary import APP_IDS, Media

SCHEMA = "voipwatch.civic-minutes/1"
MINUTES_MAX = 1_000_000.0
"""Nearly two years of talking without a break: more is a slip of the keyboard."""


def minutes(
    minutes: float,
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    app: Annotated[str, Parameter(metavar="APP")] = "whatsapp",
    video: bool = False,
    country: Annotated[str | None, Parameter(metavar="CODE")] = None,
    tariff: Annotated[str | None, Parameter(metavar="PRICE")] = None,
    gigabyte: Annotated[str | None, Parameter(metavar="PRICE")] = None,
    json: bool = False,
) -> int:
    """Print both prices of so many minutes, and what tariffs they stand on."""
    if not 0 < minutes <= MINUTES_MAX:
        raise Misuse("civic.minutes.length", value=shown(str(minutes)))
    profile = load_profiles().get(app)
    if profile is None:
        raise Misuse("error.app", value=shown(app) or '""', known=", ".join(APP_IDS))
    try:
        minute = minute_bytes(profile, Media.VIDEO if video else Media.VOICE)
    except ValueError as error:
        raise Misuse("civic.minutes.no_video", app=app) from error
    sourced = None if country is None else tariffs_of(parse_country(country))
    if country is not None and sourced is None and (tariff is None or gigabyte is None):
        raise Misuse("civic.minutes.not_sourced", country=parse_country(country))
    by_minute, minute_sources = _price(tariff, "--tariff", Kind.MINUTE, sourced)
    by_gigabyte, data_sources = _price(gigabyte, "--gigabyte", Kind.GIGABYTE, sourced)
    price = call_price(minutes, minute, tariff=by_minute, gigabyte=by_gigabyte)
    used = (*minute_sources, *data_sources)
    currency = sourced.currency if sourced is not None and used else ""
    if json:
        document = {
            "app": app,
            "synthetic": profile.synthetic,
            "currency": currency,
            "price": price,
            "tariffs": used,
            "not_sourced": () if sourced is None else sourced.not_sourced,
        }
        print_document(context, SCHEMA, document)
        return CLEAR
    _print(context, price, app=app, currency=currency)
    notes = Footnotes()
    for each in used:
        _print_tariff(context, each, currency, notes)
    for name in () if sourced is None else sourced.not_sourced:
        context.tell("civic.minutes.lacking", what=context.texts(f"civic.tariff.{name}"), style="yellow")
    notes.print(context)
    return CLEAR


def _price(
    own: str | None, option: str, kind: Kind, sourced: Tariffs | None
) -> tuple[Range | None, tuple[Tariff, ...]]:
    """The reader's own price; else the range of all that is sourced; else none."""
    if own is not None:
        return parse_amounts(own, option=option), ()
    known = () if sourced is None else sourced.of(kind)
    return (hull(each.price for each in known), known) if known else (None, ())


def _print(context: Context, price: CallPrice, *, app: str, currency: str) -> None:
    texts = context.texts
    low, high = price.data_bytes.low, price.data_bytes.high
    assert high is not None
    length = number_text(texts, price.minutes)
    context.tell("civic.minutes.data", minutes=length, app=app, low=Size(int(low)), high=Size(int(high)))
    if price.by_minutes is None:
        context.tell("civic.minutes.no_tariff", style="yellow")
    else:
        amount = range_text(texts, price.by_minutes, places=2)
        context.tell("civic.minutes.by_minutes", amount=amount, currency=currency)
    if price.by_data is None:
        context.tell("civic.minutes.no_gigabyte", style="yellow")
    else:
        amount = range_text(texts, price.by_data, places=2)
        context.tell("civic.minutes.by_data", amount=amount, currency=currency)


def _print_tariff(context: Context, tariff: Tariff, currency: str, notes: Footnotes) -> None:
    texts = context.texts
    context.tell(
        "civic.minutes.tariff",
        kind=texts(f"civic.tariff.{tariff.kind}"),
        price=range_text(texts, tariff.price, places=3),
        currency=currency,
        who=tariff.operator or texts("civic.tariff.average"),
        as_of=tariff.as_of or texts("civic.tariff.undated"),
        tax=texts(f"civic.tax.{tariff.tax}"),
        source=notes.marks(tariff.sources),
    )
