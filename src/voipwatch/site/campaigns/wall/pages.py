"""Pages of the wall: contexts for the templates, of what its desk says. No text here, no markup."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from markupsafe import Markup

from voipwatch.civic.campaignfile import Controller
from voipwatch.civic.wall import (
    MARK_NAME,
    WELL_KNOWN,
    CurvePoint,
    Enrolment,
    curve_runs,
    page_name,
    sites_of,
)
from voipwatch.site.campaigns.links import wall_path
from voipwatch.site.campaigns.pages import Frame, frame_of
from voipwatch.site.campaigns.wall.keeping import Enrolled
from voipwatch.site.charts.adoption import adoption_chart, told_text
from voipwatch.site.html import to_html
from voipwatch.site.words import Words


class Supporter(msgspec.Struct, frozen=True):
    """One page on the wall."""

    name: str
    """What was declared, as its owner writes it."""
    href: str
    since: str


class WallPageContext(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign-wall.html`."""

    frame: Frame
    supporters: tuple[Supporter, ...]
    sites: int
    chart: Markup
    runs: tuple[tuple[str, str], ...]
    """Days, number; the newest first."""
    enrol: str
    leave: str
    controller: Controller


class EnrolPage(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign-wall-enrol.html`: the warning, then the form."""

    frame: Frame
    fault: str
    """Empty: none."""
    typed: str
    action: str
    back: str
    controller: Controller


class EnrolledPage(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign-wall-enrolled.html`: what to put on the site, and how to leave."""

    frame: Frame
    page: str
    element: str
    file: str
    mark: str
    code: str
    leave: str
    back: str


class LeavePage(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign-wall-leave.html`."""

    frame: Frame
    done: bool
    action: str
    back: str


def wall_page(
    shown: Sequence[Enrolment],
    curve: Sequence[CurvePoint],
    t: Words,
    *,
    controller: Controller,
) -> bytes:
    """The wall and its curve."""
    runs = curve_runs(curve)
    page = WallPageContext(
        frame=_frame("wall.heading", t),
        supporters=tuple(_supporter(each, t) for each in shown),
        sites=sites_of(shown),
        chart=adoption_chart(t, runs),
        runs=tuple((t.days(run.first, run.last), told_text(t, run.told)) for run in reversed(runs)),
        enrol=wall_path(t.lang, "enrol"),
        leave=wall_path(t.lang, "leave"),
        controller=controller,
    )
    return to_html("campaign-wall.html", page, t)


def enrol_page(t: Words, *, controller: Controller, fault: str = "", typed: str = "") -> bytes:
    """The warning and the form; `fault` is the key of what was wrong with what was typed."""
    page = EnrolPage(
        frame=_frame("wall.enrol.heading", t, "enrol"),
        fault=t.plain(f"wall.fault.{fault}") if fault else "",
        typed=typed,
        action=wall_path(t.lang, "enrol"),
        back=wall_path(t.lang),
        controller=controller,
    )
    return to_html("campaign-wall-enrol.html", page, t)


def enrolled_page(found: Enrolled, t: Words) -> bytes:
    """What is told once."""
    page = EnrolledPage(
        frame=_frame("wall.enrolled.heading", t, "enrol"),
        page=found.page.url,
        element=f'<meta name="{MARK_NAME}" content="{found.mark}">',
        file=WELL_KNOWN,
        mark=found.mark,
        code=found.code,
        leave=wall_path(t.lang, "leave"),
        back=wall_path(t.lang),
    )
    return to_html("campaign-wall-enrolled.html", page, t)


def leave_page(t: Words, *, done: bool = False) -> bytes:
    """The form, or that it was done: the same for every code."""
    page = LeavePage(
        frame=_frame("wall.left.heading" if done else "wall.leave.heading", t, "leave"),
        done=done,
        action=wall_path(t.lang, "leave"),
        back=wall_path(t.lang),
    )
    return to_html("campaign-wall-leave.html", page, t)


def _supporter(known: Enrolment, t: Words) -> Supporter:
    return Supporter(page_name(known), known.page, _day(t, known.since_s))


def _day(t: Words, at_s: int) -> str:
    return t.day(datetime.fromtimestamp(at_s, tz=UTC).date())


def _frame(key: str, t: Words, rest: str = "") -> Frame:
    return frame_of(t.plain(key), t, lambda lang: wall_path(lang, rest))
