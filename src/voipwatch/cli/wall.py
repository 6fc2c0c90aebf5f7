"""`voipwatch wall`: what those who keep a wall of supporters see of it and do."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from cyclopts import Parameter

from voipwatch.cli.campaigns import machine_account, opened_desk, parse_domain
from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.working import shown_work
from voipwatch.model.instants import iso

if TYPE_CHECKING:
    from voipwatch.civic.wall import Enrolment, Sight, WallPage
    from voipwatch.site.campaigns.desk import Desk
    from voipwatch.site.campaigns.wall.fetching import Why
    from voipwatch.site.campaigns.wall.keeping import Wall

LIST_SCHEMA: Final = "voipwatch.wall/1"
CHECK_SCHEMA: Final = "voipwatch.wall-check/1"
CURVE_SCHEMA: Final = "voipwatch.wall-curve/1"
Quiet = Annotated[Context, Parameter(parse=False)]
Folder = Annotated[Path | None, Parameter(metavar="DIR")]


def list_sites(*, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:
    """Every page that is enrolled now."""
    with opened_desk(_folder(context, campaigns)) as desk:
        wall, now_s = _wall(desk, off=True), _now_s()
        found = [_told(each, wall, now_s) for each in wall.enrolments()]
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
    from voipwatch.site.campaigns.wall.rounds import Paces  # noqa: PLC0415 -- an extra

    told: list[dict[str, str | None]] = []
    with opened_desk(_folder(context, campaigns)) as desk:
        wall, paces = _wall(desk), Paces()
        pages = _pages(wall, context, _now_s(), every=all_pages)
        with shown_work(context, "wall.looking", len(pages)) as step:
            for number, page in enumerate(pages):
                step(number)
                # Of each domain no faster than the process beside. Its longer waits before pages that nobody
                # has proven to be his are not kept here: a keeper asks, and once.
                pause(max(0, paces.free_s(page, waits=False) - _now_s()))
                paces.looked(page, _now_s())
                sight, why = _look(wall, page, context)
                if sight is not None:  # else it left while it was looked at
                    told.append({"page": page.url, "sight": sight.value, "why": why and why.value})
    if json:
        context.print_json(msgspec.json.encode({"schema": CHECK_SCHEMA, "looked": told}))
        return CLEAR
    for each in told:
        seen = context.texts(f"wall.sight.{each['sight']}")
        if each["why"] is None:
            context.tell("wall.looked", page=each["page"], sight=seen)
        else:
            reason = context.texts(f"wall.why.{each['why']}")
            context.tell("wall.looked_why", page=each["page"], sight=seen, why=reason)
    if not told:
        context.tell("wall.nothing_due")
    return CLEAR


def remove(site: str, /, *, context: Quiet, campaigns: Folder = None) -> int:
    """Delete every page of a site."""
    name = _site_name(site)
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


def pause(seconds: float) -> None:
    """Between two looks at one domain."""
    if seconds > 0:
        time.sleep(seconds)


def _look(wall: "Wall", page: "WallPage", context: Context) -> "tuple[Sight | None, Why | None]":
    """One look, kept; None: the page left meanwhile. One that fails has seen nothing, and says so."""
    from voipwatch.civic.wall import Sight  # noqa: PLC0415 -- an extra
    from voipwatch.site.campaigns.wall import rounds  # noqa: PLC0415 -- the same
    from voipwatch.site.campaigns.wall.looking import Looked  # noqa: PLC0415 -- the same

    try:
        looked = rounds.look(page, wall.observatory)
    except Exception as error:  # noqa: BLE001 -- the other pages' looks must not fall with this one's
        context.say("wall.look_failed", page=page.url, kind=type(error).__name__)
        looked = Looked(Sight.UNREACHED)
    return wall.note(page, looked, now_s=_now_s()), looked.why


def _pages(wall: "Wall", context: Context, now_s: int, *, every: bool) -> "list[WallPage]":
    from voipwatch.civic.wall import WallError, parse_page  # noqa: PLC0415 -- an extra

    found = []
    if every:
        for url in dict.fromkeys(each.page for each in wall.enrolments()):
            try:
                found.append(parse_page(url))
            except WallError:
                context.say("wall.no_page", page=url)
        return found
    while (page := wall.take_due(now_s)) is not None:
        found.append(page)
    return found


def _wall(desk: "Desk", *, off: bool = False) -> "Wall":
    """Raises Misuse where the instance has none; with `off` what is left of one that was switched off."""
    from voipwatch.site.campaigns.wall.keeping import Wall  # noqa: PLC0415 -- an extra

    if desk.campaigns.settings.wall is None and not off:
        raise Misuse("wall.off")
    return Wall(desk)


def _site_name(typed: str) -> str:
    """Of a name, or of a whole address its host, whatever path and port it has. Raises Misuse."""
    if "://" not in typed:
        return parse_domain(typed)
    try:
        host = urlsplit(typed.strip()).hostname or ""
    except ValueError:
        host = ""
    return parse_domain(host or typed)


def _told(known: "Enrolment", wall: "Wall", now_s: int) -> dict[str, Any]:
    late = known.state.value == "shown" and not wall.is_shown(known, now_s)
    return {
        "page": known.page,
        "site": known.site,
        "state": "late" if late else known.state.value,
        "since": iso(known.since_s),
        "seen": iso(known.seen_s) if known.seen_s else None,
    }


def _folder(context: Context, given: Path | None) -> Path:
    return (given or data_folder(context.environment) / "campaigns").absolute()


def _now_s() -> int:
    return int(datetime.now(tz=UTC).timestamp())
