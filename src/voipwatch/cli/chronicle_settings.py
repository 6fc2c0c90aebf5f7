"""`voipwatch chronicle settings`: the observatory's name, where replies go, notice and counters."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from cyclopts import Parameter

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.dayzero import source_of
from voipwatch.chronicle.state import ChronicleState
from voipwatch.cli.chronicle import Instance, Quiet, folder_of, print_json, troubles
from voipwatch.cli.chronicle_counting import chosen_zero, chosen_zone
from voipwatch.cli.chronicle_input import contact_address, words
from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR
from voipwatch.cli.store import Data
from voipwatch.cli.values import parse_count, shown
from voipwatch.model.instants import iso
from voipwatch.pipeline.instance_settings import InstanceSettings, read_settings, write_settings

NOTICE_HOURS_MAX = 24 * 90


def settings(  # noqa: PLR0913 -- one parameter an option
    *,
    context: Quiet,
    publisher: Annotated[str | None, Parameter(metavar="NAME")] = None,
    contact: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    notice_hours: Annotated[int | None, Parameter(metavar="N")] = None,
    day_zero: Annotated[list[str] | None, Parameter(metavar="ID=CLAIM")] = None,
    time_zone: Annotated[list[str] | None, Parameter(metavar="CC=ZONE")] = None,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Show what the observatory has decided for itself, or change it."""
    with troubles():
        folder = folder_of(context, data, instance)
        found = read_settings(folder.path)
        changed = found
        if publisher is not None:
            name = " ".join(words("--publisher", publisher).split())
            changed = msgspec.structs.replace(changed, publisher=name)
        if contact is not None:
            changed = msgspec.structs.replace(changed, contact=contact_address(contact.strip()))
        if notice_hours is not None:
            hours = parse_count(notice_hours, option="--notice-hours", low=0, high=NOTICE_HOURS_MAX)
            changed = msgspec.structs.replace(changed, notice_hours=hours)
        changed = _counted(changed, day_zero or [], time_zone or [], folder.state() if day_zero else None)
        if changed != found:
            write_settings(folder.path, changed)
    _tell(context, changed, changed=changed != found, json=json)
    return CLEAR


def _counted(
    found: InstanceSettings, zeros: list[str], zones: list[str], state: ChronicleState | None
) -> InstanceSettings:
    """With what was said of counters; nothing behind the sign takes a choice back."""
    chosen_zeros, chosen_zones = dict(found.zeros), dict(found.zones)
    for text in zeros:
        assert state is not None
        _choose(chosen_zeros, *chosen_zero(text, state, now=iso(wall_s())))
    for text in zones:
        _choose(chosen_zones, *chosen_zone(text))
    return msgspec.structs.replace(found, zeros=chosen_zeros, zones=chosen_zones)


def _choose(choices: dict[str, str], name: str, of: str) -> None:
    if of:
        choices[name] = of
    else:
        choices.pop(name, None)


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
    _tell_counting(context, found.zeros, found.zones)
    if changed:
        context.tell("chronicle.settings.changed")


def _tell_counting(context: Context, zeros: Mapping[str, str], zones: Mapping[str, str]) -> None:
    known = {claim.id: claim for claim in all_packaged_claims()} if zeros else {}
    for name, of in sorted(zeros.items()):
        claim = known.get(of)
        if claim is None:
            context.tell("chronicle.settings.zero_gone", style="yellow", id=shown(name), claim=shown(of))
        else:
            context.tell(
                "chronicle.settings.zero",
                id=shown(name), claim=of, date=claim.date, source=shown(source_of(claim), longest=200),
            )  # fmt: skip
    for country, of in sorted(zones.items()):
        context.tell("chronicle.settings.zone", country=shown(country), zone=shown(of))
