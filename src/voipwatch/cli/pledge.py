"""`voipwatch pledge`: the acts of those who keep boycott campaigns. Nobody can look up who pledged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from voipwatch.civic.turnout import Found, Observable, Turnout
from voipwatch.cli.campaigns import (
    agree,
    campaigns_folder,
    machine_account,
    now_s,
    opened_desk,
    require_undamaged,
    told_text,
)
from voipwatch.cli.civic_show import parse_amounts, range_text
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.values import shown
from voipwatch.model.instants import iso

if TYPE_CHECKING:
    from voipwatch.civic.boycotts import Boycott
    from voipwatch.civic.publiccounts import CountLine
    from voipwatch.site.campaigns.desk import Desk
    from voipwatch.site.campaigns.pledging.desk import PledgeDesk, ToldBoycott
    from voipwatch.site.campaigns.pledging.office import PledgeOffice

SCHEMA: Final = "voipwatch.pledges/1"
FILE_BYTES_MAX: Final = 1 << 20
SHOWN_LINES: Final = 10
Quiet = Annotated[Context, Parameter(parse=False)]
Folder = Annotated[Path | None, Parameter(metavar="DIR")]


def create(
    file: Annotated[Path, Parameter(metavar="FILE")], /, *, context: Quiet, campaigns: Folder = None
) -> int:
    """A new campaign, of a TOML file."""
    content = read_file(file, most_bytes=FILE_BYTES_MAX)
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        from voipwatch.civic.boycotts import read_boycott  # noqa: PLC0415 -- an extra

        try:
            boycott = read_boycott(content.decode())
        except UnicodeDecodeError:
            raise Misuse("petition.refused", field="file", reason="no UTF-8") from None
        _office(desk).create(boycott, now_s=now_s())
        context.tell("pledge.created", id=boycott.id, url=_url(desk, boycott))
        _tell_window(context, boycott)
    return CLEAR


def list_boycotts(*, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:
    """Every campaign with its stage and its told counts."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        pledges = _pledges(desk)
        known = pledges.known()
        found = [_row(desk, pledges, boycott) for boycott in known.boycotts]
    if json:
        damaged = sorted(known.damaged)
        context.print_json(msgspec.json.encode({"schema": SCHEMA, "boycotts": found, "damaged": damaged}))
        require_undamaged(known.damaged)
        return CLEAR
    for each in found:
        _tell_row(context, each)
    require_undamaged(known.damaged)
    if not found:
        context.tell("pledge.none")
    return CLEAR


def show(id: str, /, *, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:  # noqa: A002
    """One campaign: window, the three ladders apart, turnout where it may be told, newest told counts."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        pledges = _pledges(desk)
        boycott = _known(pledges, id)
        row = _row(desk, pledges, boycott)
        if json:
            document = _office(desk).export(id, now_s=now_s()) | {"url": row["url"]}
            context.print_json(msgspec.json.encode(document))
            return CLEAR
        told = _told(pledges, id)
        _tell_row(context, row)
        _tell_window(context, boycott)
        context.tell("pledge.erased_at", at=iso(boycott.erased_at_s))
        for series in told.lines:
            word = context.texts(f"pledge.series.{series}")
            for line in pledges.log(id, series)[-SHOWN_LINES:]:
                context.tell(
                    "pledge.told", series=word, at=line.at, count=told_text(context.texts, line.count)
                )
    for noted in boycott.observed:
        _tell_observed(context, noted.at_s, noted.observable)
    _tell_turnout(context, told.turnout(now_s()), told.opening)
    return CLEAR


def close(id: str, /, *, context: Quiet, campaigns: Folder = None, yes: bool = False) -> int:  # noqa: A002
    """Call it off, or end its reporting."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        _known(_pledges(desk), id)
        agree(context, "pledge.ask_close", id, yes=yes)
        closed = _office(desk).close(id, now_s=now_s())
        key = "pledge.called_off" if closed.is_called_off else "pledge.closed"
        context.tell(key, id=id, erased=iso(closed.erased_at_s))
    return CLEAR


def observe(
    id: str,  # noqa: A002 -- the name of the argument on the help page
    /,
    *,
    context: Quiet,
    what: Annotated[str, Parameter(metavar="TEXT")],
    found: Annotated[str, Parameter(metavar="KIND")],
    value: Annotated[str | None, Parameter(metavar="N")] = None,
    unit: Annotated[str, Parameter(metavar="TEXT")] = "",
    source: Annotated[str, Parameter(metavar="TEXT")] = "",
    campaigns: Folder = None,
) -> int:
    """Note something observable, with its source."""
    observable = _observable(what, found, value=value, unit=unit, source=source)
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        at_s = now_s()
        _office(desk).observe(id, observable, now_s=at_s)
        _tell_observed(context, at_s, observable)
    return CLEAR


def export(id: str, /, *, context: Quiet, campaigns: Folder = None) -> int:  # noqa: A002 -- the same
    """Everything that is public of it, as JSON."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        context.print_json(msgspec.json.encode(_office(desk).export(id, now_s=now_s())))
    return CLEAR


def _observable(what: str, found: str, *, value: str | None, unit: str, source: str) -> Observable:
    """Raises Misuse for what no observation can be."""
    if found not in set(Found):
        raise Misuse("pledge.found", value=shown(found), known=", ".join(Found))
    seen = None if value is None else parse_amounts(value, option="--value")
    try:
        return Observable(what=what, found=Found(found), value=seen, unit=unit, source=source)
    except ValueError as error:
        raise Misuse("petition.refused", field="observation", reason=shown(str(error))) from error


def _tell_row(context: Context, row: dict[str, Any]) -> None:
    stage = context.texts("pledge.stage.called-off" if row["called_off"] else f"pledge.stage.{row['stage']}")
    counts = {series: told_text(context.texts, count) for series, count in row["told"].items()}
    context.tell("pledge.row", id=row["id"], stage=stage, url=row["url"], **counts)


def _tell_window(context: Context, boycott: "Boycott") -> None:
    window = boycott.window
    context.tell(
        "pledge.window",
        begins=f"{window.begins:%Y-%m-%d %H:%M}",
        ends=f"{window.ends:%Y-%m-%d %H:%M}",
        zone=window.zone,
        begins_utc=iso(window.begins_s),
        ends_utc=iso(window.ends_s),
    )
    if boycott.clocks_change:
        hours = context.texts.number(window.length_s / 3600)
        context.tell("pledge.clocks_change", zone=window.zone, hours=hours, style="yellow")


def _tell_observed(context: Context, at_s: int, each: Observable) -> None:
    value = "-" if each.value is None else range_text(context.texts, each.value)
    context.tell(
        "pledge.observed",
        at=iso(at_s),
        what=shown(each.what, longest=200),
        found=context.texts(f"pledge.found-as.{each.found}"),
        value=f"{value} {shown(each.unit)}".strip(),
        source=shown(each.source, longest=200) or "-",
    )


def _tell_turnout(context: Context, found: Turnout | None, opening: "CountLine | None") -> None:
    if found is None or opening is None:
        context.tell("pledge.no_turnout")
        return
    context.tell("pledge.turnout_of", count=opening.count, at=opening.at)
    percent = context.texts.percent
    bounds = found.bounds.rounded_out(1000)
    context.tell("civic.turnout.bounds", low=percent(bounds.low), high=percent(bounds.high))
    if found.if_alike is None:
        context.tell("civic.turnout.nobody", style="yellow")
    else:
        alike = found.if_alike.rounded_out(1000)
        sure = percent(found.confidence)
        context.tell("civic.turnout.alike", low=percent(alike.low), high=percent(alike.high), confidence=sure)


def _pledges(desk: "Desk") -> "PledgeDesk":
    from voipwatch.site.campaigns.pledging.desk import PledgeDesk  # noqa: PLC0415 -- an extra

    return PledgeDesk(desk)


def _office(desk: "Desk") -> "PledgeOffice":
    from voipwatch.site.campaigns.pledging.office import PledgeOffice  # noqa: PLC0415 -- an extra

    return PledgeOffice(_pledges(desk), machine_account())


def _known(pledges: "PledgeDesk", name: str) -> "Boycott":
    return _told(pledges, name).boycott


def _told(pledges: "PledgeDesk", name: str) -> "ToldBoycott":
    found = pledges.told(name)
    if found is None:
        raise Misuse("pledge.unknown", id=shown(name))
    return found


def _row(desk: "Desk", pledges: "PledgeDesk", boycott: "Boycott") -> dict[str, Any]:
    from voipwatch.civic.boycotts import stage_of  # noqa: PLC0415 -- an extra

    told = _told(pledges, boycott.id)
    counts = {series.value: None if line is None else line.count for series, line in told.lines.items()}
    return {
        "id": boycott.id, "stage": stage_of(boycott, now_s()).value, "called_off": boycott.is_called_off,
        "told": counts, "url": _url(desk, boycott),
    }  # fmt: skip


def _url(desk: "Desk", boycott: "Boycott") -> str:
    from voipwatch.site.campaigns.pledging.links import boycott_path  # noqa: PLC0415 -- an extra

    return desk.campaigns.settings.url + boycott_path(boycott.text("en")[0], boycott.id)
