"""`voipwatch civic law`: what a country's law says of boycotts and petitions, with sources; no advice."""

from typing import Annotated, Final

from cyclopts import Parameter

from voipwatch.civic.law.statements import known_countries, law_of
from voipwatch.cli.civic_show import parse_country, print_document, print_line, source_text
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR

SCHEMA = "voipwatch.civic-law/1"
COLON: Final = {"fr": "\u202f:"}


def law(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    country: Annotated[str, Parameter(metavar="CODE")],
    json: bool = False,
) -> int:
    """Print what is known of a country; of an unknown one, that it is unknown."""
    found = law_of(parse_country(country))
    if json:
        document = {"law": found, "known": found.known, "silent_on": found.silent_on}
        print_document(context, SCHEMA, document)
        return CLEAR
    texts = context.texts
    context.tell("civic.law.no_advice", style="yellow")
    context.tell("civic.law.no_effect", style="yellow")
    if not found.known:
        known = ", ".join(known_countries())
        context.tell("civic.law.unknown", country=found.country, known=known)
        return CLEAR
    for each in found.statements:
        topic = texts(f"civic.topic.{each.topic}")
        print_line(context, f"{topic}{COLON.get(texts.lang, ':')} {each.texts[texts.lang]}")
        context.tell("civic.law.read", date=each.read.isoformat(), style="dim")
        for source in each.sources:
            print_line(context, source_text(texts, source), style="dim")
    for silent in found.silent_on:
        context.tell("civic.law.silent", topic=texts(f"civic.topic.{silent}"))
    return CLEAR
