"""`voipwatch civic doctor`: is the domain that mails are sent from set up for mail?"""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from voipwatch.cli.campaigns import parse_domain
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, UNDECIDED, Trouble
from voipwatch.cli.values import parse_address, parse_count

SCHEMA = "voipwatch.mail-domain/1"
DNS_PORT = 53


def doctor(
    domain: str,
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    selector: Annotated[list[str] | None, Parameter(metavar="NAME")] = None,
    resolver: Annotated[str | None, Parameter(metavar="ADDR")] = None,
    json: bool = False,
) -> int:
    """Ask DNS for SPF, DKIM and DMARC."""
    try:
        from voipwatch.site.campaigns.mail.domaincheck import (  # noqa: PLC0415 -- an extra
            DnsResolver,
            Fault,
            check_domain,
        )
    except ModuleNotFoundError as error:
        raise Trouble("petition.no_extra", name=error.name or "dnspython") from None
    name = parse_domain(domain)
    server, port = _server(resolver)
    found = check_domain(name, DnsResolver(server, port), selector or [])
    if json:
        context.print_json(msgspec.json.encode({"schema": SCHEMA, "domain": name, "checks": found}))
    else:
        for each in found:
            fault = context.texts(f"doctor.{each.fault}")
            context.tell("doctor.row", check=each.check.upper(), name=each.name, fault=fault)
        if not selector:
            context.tell("doctor.no_selector")
    if any(each.fault is Fault.UNKNOWN for each in found):
        return UNDECIDED
    return CLEAR if all(each.fault is Fault.NONE for each in found) else INTERFERENCE


def _server(resolver: str | None) -> tuple[str | None, int]:
    """An address and a port; 53 where none is named. Raises Misuse."""
    if resolver is None:
        return None, DNS_PORT
    address, colon, port = resolver.rpartition(":")
    if colon and ":" not in address and port.isascii() and port.isdigit():
        return parse_address(address), parse_count(int(port), option="--resolver", low=1, high=65535)
    return parse_address(resolver), DNS_PORT
