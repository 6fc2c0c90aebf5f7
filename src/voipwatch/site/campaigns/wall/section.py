"""`/campaigns/LANG/wall/`: the wall, and the forms that enrol and leave.

    GET        wall/         who is on it, and the curve
    GET, POST  wall/enrol    shows the warning and the form; enrols
    GET, POST  wall/leave    shows the form; leaves

No page of it is for search engines (`X-Robots-Tag`, and the same in the page).
"""

import asyncio
import secrets
from typing import Final

import msgspec

from voipwatch.civic.wall import WallError, WallFault
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.limits import PostLimits
from voipwatch.site.campaigns.sections import FRESH, Answer, SectionAsk, html
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.pages import enrol_page, enrolled_page, leave_page, wall_page

PAGE_S: Final = 60
NETWORK_MAX: Final = 10
NETWORK_S: Final = 3_600
"""Enrolments of one network (/24, /48) at once, and as many again in that time; in memory, in each process
on its own.
"""
NOINDEX: Final = (b"x-robots-tag", b"noindex, noarchive")


class WallSection:
    """The section; only of an instance that says who is responsible for its wall."""

    def __init__(self, desk: Desk) -> None:
        controller = desk.campaigns.settings.wall
        assert controller is not None
        self._wall = Wall(desk)
        self._limits = PostLimits(NETWORK_MAX, secrets.token_bytes(32), over_s=NETWORK_S, ipv6_bits=48)
        self._controller = controller

    async def answer(self, ask: SectionAsk) -> Answer | None:
        """Raises DatabaseError."""
        found = await self._answer(ask)
        return None if found is None else msgspec.structs.replace(found, more=(*found.more, NOINDEX))

    async def _answer(self, ask: SectionAsk) -> Answer | None:
        match ask.path, ask.form:
            case ("",), None:
                return await self._show(ask)
            case ("enrol",), None:
                return html(200, enrol_page(ask.t, controller=self._controller))
            case ("enrol",), form if form is not None:
                return await self._enrol(ask, form)
            case ("leave",), None:
                return html(200, leave_page(ask.t))
            case ("leave",), form if form is not None:
                await asyncio.to_thread(self._wall.leave, form.get("code", ""), now_s=int(ask.now_s))
                return html(200, leave_page(ask.t, done=True))
            case _:
                return None

    async def _show(self, ask: SectionAsk) -> Answer:
        shown = await asyncio.to_thread(self._wall.shown, ask.now_s)
        curve = await asyncio.to_thread(self._wall.curve)
        body = wall_page(shown, curve, ask.t, controller=self._controller)
        return html(200, body, cache=b"public, max-age=%d" % PAGE_S)

    async def _enrol(self, ask: SectionAsk, form: dict[str, str]) -> Answer:
        typed = form.get("page", "")
        if form.get("consent") != "yes" or form.get("website"):
            # A program that fills the field that nobody sees gets the form back, as if it had not agreed.
            return self._refused(ask, "consent", typed)
        if not self._limits.allows(ask.who, ask.now_s):
            return self._refused(ask, WallFault.NETWORK.value, typed)
        try:
            found = await asyncio.to_thread(self._wall.enrol, typed, now_s=int(ask.now_s))
        except WallError as error:
            return self._refused(ask, error.fault.value, typed)
        return html(200, enrolled_page(found, ask.t), cache=FRESH)

    def _refused(self, ask: SectionAsk, fault: str, typed: str) -> Answer:
        status = {WallFault.NETWORK.value: 429, WallFault.FULL.value: 503}.get(fault, 422)
        return html(status, enrol_page(ask.t, controller=self._controller, fault=fault, typed=typed))
