"""`voipwatch chronicle settings`: the observatory's name, where replies go, how long a notice is."""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from voipwatch.cli.chronicle import Instance, Quiet, folder_of, print_json, troubles
from voipwatch.cli.chronicle_input import contact_address, words
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR
from voipwatch.cli.store import Data
from voipwatch.cli.values import parse_count, shown
from voipwatch.pipeline.instance_settings import InstanceSettings, read_settings, write_settings

NOTICE_HOURS_MAX = 24 * 90


def settings(
    *,
    context: Quiet,
    publisher: Annotated[str | None, Parameter(metavar="NAME")] = None,
    contact: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    notice_hours: Annotated[int | None, Parameter(metavar="N")] = None,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Show what the observatory has decided for itself, or change it."""
    with troubles():
        place = folder_of(context, data, instance).path
        found = read_settings(place)
        changed = found
        if publisher is not None:
            name = " ".join(words("--publisher", publisher).split())
            changed = msgspec.structs.replace(changed, publisher=name)
        if contact is not None:
            changed = msgspec.structs.replace(changed, contact=contact_address(contact.strip()))
        if notice_hours is not None:
            hours = parse_count(notice_hours, option="--notice-hours", low=0, high=NOTICE_HOURS_MAX)
            changed = msgspec.structs.replace(changed, notice_hours=hours)
        if changed != found:
            write_settings(place, changed)
    _tell(context, changed, changed=changed != found, json=json)
    return CLEAR


def _tell(context: Context, found: InstanceSettings, *, changed: bool, json: bool) -> None:
    if json:
        print_json(context, {"settings": found})
        return
    context.tell("chronicle.settings.publisher", name=shown(found.publisher, longest=200))
    if found.contact:
        context.tell("chronicle.settings.contact", address=shown(found.contact, longest=200))
    else:
        context.tell("chronicle.settings.no_contact", style="yellow")
    context.tell("chronicle.settings.notice", hours=found.notice_hours)
    if found.notice_hours == 0:
        context.tell("chronicle.settings.no_notice", style="yellow")
    if changed:
        context.tell("chronicle.settings.changed")
