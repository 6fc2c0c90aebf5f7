"""`voipwatch tickets fetch`: tickets on disk, for when the control channel is blocked."""

from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import CLEAR, UNDECIDED
from voipwatch.cli.machinery import TICKET_DAYS, fetch_tickets
from voipwatch.cli.values import parse_count, parse_endpoints

COUNT_DEFAULT = 4
"""Two checks a day over a blocked week-end."""
COUNT_MAX = 8
"""A reflector hands out no more at once."""


def fetch(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    reflector: Annotated[list[str] | None, Parameter(metavar="HOST[:P]")] = None,
    pin: Annotated[list[str] | None, Parameter(metavar="SHA256")] = None,
    insecure: bool = False,
    count: Annotated[int, Parameter(metavar="N")] = COUNT_DEFAULT,
    json: bool = False,
) -> int:
    """Fetch and keep; 0 when every reflector gave tickets, else 2."""
    endpoints = parse_endpoints(reflector or [], pin or [], insecure=insecure)
    wanted = parse_count(count, option="--count", low=1, high=COUNT_MAX)
    folder = data_folder(context.environment)
    rows = []
    for endpoint in endpoints:
        got = fetch_tickets(endpoint, wanted, folder)
        rows.append({"name": endpoint.host, "kept": got.kept, "failure": got.failure})
        if json:
            continue
        if got.failure is None:
            text = context.texts(
                "tickets.fetched", name=endpoint.host, count=got.kept, days=TICKET_DAYS, path=folder
            )
            context.out.print(Text(text), soft_wrap=True)
        else:
            reason = context.texts(f"failure.{got.failure.value}")
            context.say("tickets.failed", name=endpoint.host, failure=reason, style="red")
    if json:
        document = {"schema": "voipwatch.tickets-fetched/1", "reflectors": rows}
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
    return CLEAR if all(row["failure"] is None for row in rows) else UNDECIDED
