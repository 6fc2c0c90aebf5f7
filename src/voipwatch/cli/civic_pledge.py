"""`voipwatch civic turnout | reminder`: what may be said of turnout, a window as a calendar."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from voipwatch.civic.pledges import window_of_hours
from voipwatch.civic.reminder import Reminder, encode_reminder
from voipwatch.civic.turnout import Ladders, Share
from voipwatch.civic.turnout import turnout as turnout_of
from voipwatch.cli.civic_show import print_document
from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR, Misuse, Trouble
from voipwatch.cli.values import parse_count, shown

SCHEMA = "voipwatch.civic-turnout/1"
PLEDGES_MAX = 1_000_000_000
HOURS_MAX = 24 * 366


def turnout(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    declared: Annotated[int, Parameter(metavar="N")],
    kept: Annotated[int, Parameter(metavar="N")] = 0,
    broken: Annotated[int, Parameter(metavar="N")] = 0,
    json: bool = False,
) -> int:
    """Print the bounds, and the interval under its assumption."""
    for option, value in (("--declared", declared), ("--kept", kept), ("--broken", broken)):
        parse_count(value, option=option, low=0, high=PLEDGES_MAX)
    if kept + broken > declared:
        raise Misuse("civic.turnout.too_many", reports=kept + broken, declared=declared)
    ladders = Ladders(declared=declared, kept=kept, broken=broken)
    found = turnout_of(ladders)
    if json:
        document = {"ladders": ladders, "silent": ladders.silent, "people": ladders.people, "turnout": found}
        print_document(context, SCHEMA, document)
        return CLEAR
    context.tell("civic.turnout.declared", declared=declared)
    context.tell("civic.turnout.people", people=declared)
    context.tell("civic.turnout.reported", kept=kept, broken=broken, silent=ladders.silent)
    if found is None:
        context.tell("civic.turnout.none")
        return CLEAR
    context.tell("civic.turnout.bounds", **_shown(context, found.bounds))
    if found.if_alike is None:
        context.tell("civic.turnout.nobody", style="yellow")
    else:
        sure = context.texts.percent(found.confidence)
        context.tell("civic.turnout.alike", confidence=sure, **_shown(context, found.if_alike))
    context.tell("civic.turnout.observable", style="dim")
    return CLEAR


def _shown(context: Context, share: Share) -> dict[str, str]:
    return {"low": context.texts.percent(share.low), "high": context.texts.percent(share.high)}


def reminder(
    begins: str,
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    zone: Annotated[str, Parameter(metavar="ZONE")],
    title: Annotated[str, Parameter(metavar="TEXT")],
    uid: Annotated[str, Parameter(metavar="ID")],
    hours: Annotated[int, Parameter(metavar="N")] = 48,
    sequence: Annotated[int, Parameter(metavar="N")] = 0,
) -> int:
    """Write the calendar file to standard output."""
    parse_count(hours, option="--hours", low=1, high=HOURS_MAX)
    parse_count(sequence, option="--sequence", low=0, high=1_000_000)
    try:
        window = window_of_hours(datetime.fromisoformat(begins), hours, zone_name=zone)
    except ModuleNotFoundError as error:
        raise Trouble("error.no_observatory", name=error.name or "tzdata") from error
    except KeyError as error:
        raise Misuse("civic.reminder.zone", zone=shown(zone)) from error
    except (ValueError, OverflowError) as error:
        reason = shown(str(error), longest=200)
        raise Misuse("civic.reminder.window", begins=shown(begins), reason=reason) from error
    texts = context.texts
    length = texts.number(window.length_s / 3600)
    words = texts(
        "civic.reminder.description",
        begins=f"{window.begins:%Y-%m-%d %H:%M}",
        ends=f"{window.ends:%Y-%m-%d %H:%M}",
        zone=zone,
        hours=length,
    )
    what = Reminder(uid=uid, summary=title, description=words, lang=texts.lang, sequence=sequence)
    context.out.file.write(encode_reminder(what, window, now_s=wall_s()).decode())
    return CLEAR
