"""`voipwatch wall`: what those who keep a wall of supporters see of it and do."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli.campaigns import machine_account, opened_desk
from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.values import shown
from voipwatch.cli.working import shown_work
from voipwatch.model.instants import iso

if TYPE_CHECKING:
    from voipwatch.civic.wall import Enrolment, WallPage
    from voipwatch.site.campaigns.desk import Desk
    from voipwatch.site.campaigns.wall.keeping import Wall

LIST_SCHEMA: Final = "voipwatch.wall/1"
CHECK_SCHEMA: Final = "voipwatch.wall-check/1"
CURVE_SCHEMA: Final = "voipwatch.wall-curve/1"
Quiet = Annotated[Context, Parameter(parse=False)]
Folder = Annotated[Path | None, Parameter(metavar="DIR")]


def list_sites(*, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:
    """Every page that is enrolled now."""
    with opened_desk(_folder(context, campaigns)) as desk:
        found = [_told(each) for each in _wall(desk, off=True).enrolments()]
    if json:
        context.print_json(msgspec.json.encode({"schema": LIST_SCHEMA, "pages": found}))
        return CLEAR
    for each in found:
        context.tell(
            "wall.row",
            page=each["page"],
            state=context.texts(f"wall.state.{each['state']}"),
            since=each["since"],
            seen=each["seen"] or "-",
        )
    if not found:
        context.tell("wall.none")
    return CLEAR


def check(
    *, context: Quiet, all_pages: Annotated[bool, Parameter(name="--all")] = False, campaigns: Folder = None,
    json: bool = False,
) -> int:  # fmt: skip
    """Look at the pages that are due, or at all of them, and keep what that changes."""
    from voipwatch.civic.wall import Sight  # noqa: PLC0415 -- an extra
    from voipwatch.site.campaigns.wall import rounds  # noqa: PLC0415 -- the same

    told = []
    with opened_desk(_folder(context, campaigns)) as desk:
        wall = _wall(desk)
        pages = _pages(wall, _now_s(), every=all_pages)
        with shown_work(context, "wall.looking", len(pages)) as step:
            for number, page in enumerate(pages):
                step(number)
                looked = rounds.look(page, wall.observatory)
                marks = [each.mark for each in wall.enrolments() if each.page == page.url]
                wall.note(page, looked, now_s=_now_s())
                sights = sorted((looked.sight_for(mark) for mark in marks), key=list(Sight).index)
                if sights:  # else it left while it was looked at
                    told.append({"page": page.url, "sight": sights[0].value})
    if json:
        context.print_json(msgspec.json.encode({"schema": CHECK_SCHEMA, "looked": told}))
        return CLEAR
    for each in told:
        context.tell("wall.looked", page=each["page"], sight=context.texts(f"wall.sight.{each['sight']}"))
    if not told:
        context.tell("wall.nothing_due")
    return CLEAR


def remove(site: str, /, *, context: Quiet, campaigns: Folder = None) -> int:
    """Delete every page of a site."""
    from voipwatch.civic.addresses import AddressError, host_name  # noqa: PLC0415 -- an extra

    try:
        name = host_name(site)
    except AddressError:
        raise Misuse("error.host", value=shown(site)) from None
    with opened_desk(_folder(context, campaigns)) as desk:
        wall = _wall(desk, off=True)
        gone = sum(
            wall.remove(each, who=machine_account(), now_s=_now_s())
            for each in dict.fromkeys((name, name.removeprefix("www.")))
        )
    if not gone:
        raise Misuse("wall.unknown", site=name)
    context.tell("wall.removed", site=name, count=gone)
    return CLEAR


def curve(*, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:
    """The number of sites by day; of fewer than ten only that."""
    from voipwatch.civic.wall import FEW, curve_runs  # noqa: PLC0415 -- an extra

    with opened_desk(_folder(context, campaigns)) as desk:
        points = _wall(desk).curve()
    if json:
        days = [{"day": each.day, "sites": each.told or None} for each in points]
        context.print_json(msgspec.json.encode({"schema": CURVE_SCHEMA, "few": FEW, "days": days}))
        return CLEAR
    for run in curve_runs(points):
        number = str(run.told) if run.told else context.texts("wall.few")
        context.tell("wall.day", first=run.first, last=run.last, number=number)
    if not points:
        context.tell("wall.no_day")
    return CLEAR


def _pages(wall: "Wall", now_s: int, *, every: bool) -> "list[WallPage]":
    from voipwatch.civic.wall import parse_page  # noqa: PLC0415 -- an extra

    if every:
        return [parse_page(url) for url in dict.fromkeys(each.page for each in wall.enrolments())]
    found = []
    while (page := wall.take_due(now_s)) is not None:
        found.append(page)
    return found


def _wall(desk: "Desk", *, off: bool = False) -> "Wall":
    """Raises Misuse where the instance has none; with `off` what is left of one that was switched off."""
    from voipwatch.site.campaigns.wall.keeping import Wall  # noqa: PLC0415 -- an extra

    if desk.campaigns.settings.wall is None and not off:
        raise Misuse("wall.off")
    return Wall(desk)


def _told(known: "Enrolment") -> dict[str, Any]:
    return {
        "page": known.page,
        "site": known.site,
        "state": known.state.value,
        "since": iso(known.since_s),
        "seen": iso(known.seen_s) if known.seen_s else None,
    }


def _folder(context: Context, given: Path | None) -> Path:
    return (given or data_folder(context.environment) / "campaigns").absolute()


def _now_s() -> int:
    return int(datetime.now(tz=UTC).timestamp())
