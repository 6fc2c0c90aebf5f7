"""Boycotts over HTTP, the section `pledge` of the campaigns; a GET changes nothing.

    GET        LANG/pledge/                       all campaigns
    GET        LANG/pledge/ID/                    one
    GET, POST  LANG/pledge/ID/declare             the box; pledges
    GET        LANG/pledge/ID/reminder.ics        its window as a calendar
    GET, POST  LANG/pledge/ID/mine/TOKEN          one's own pledge; reports
    POST       LANG/pledge/ID/mine/TOKEN/revoke   takes it back
    GET        api/pledge/ID.json                 figures and logs

The form of `declare` holds a fresh token: sent twice it makes one pledge, its refresh makes none, and sent
again after the pledge was taken back it is refused.
"""

import asyncio
import secrets
from typing import Final

import msgspec

from voipwatch.civic.boycotts import Boycott, stage_of
from voipwatch.civic.pledges import TOKEN_BYTES_MIN, Stage, read_token_text, token_text
from voipwatch.site.campaigns.pledging.desk import Outcome, PledgeDesk
from voipwatch.site.campaigns.pledging.figures import figures, logs_of
from voipwatch.site.campaigns.pledging.links import boycott_path
from voipwatch.site.campaigns.pledging.pages import (
    boycott_page,
    boycotts_page,
    declare_page,
    notice_page,
    own_page,
)
from voipwatch.site.campaigns.pledging.windowview import reminder_of
from voipwatch.site.campaigns.sections import Answer, SectionAsk, document, html
from voipwatch.store.civic.pledging import PledgeState

PAGE_CACHE: Final = b"public, max-age=60"
_CALENDAR: Final = b"text/calendar; charset=utf-8"
_STATUS: Final = {Outcome.SPENT: 409, Outcome.TOO_LATE: 409, Outcome.NOT_NOW: 409, Outcome.NO_PLEDGE: 404}


class PledgeSection:
    """Answers of `sections.Section` and `sections.ApiSection`."""

    def __init__(self, desk: PledgeDesk) -> None:
        self._desk = desk
        self._url = desk.desk.campaigns.settings.url

    async def answer(self, ask: SectionAsk) -> Answer | None:
        """One request; None: there is no such page."""
        if ask.path == ("",) and ask.form is None:
            boycotts = await asyncio.to_thread(self._desk.boycotts)
            return html(200, boycotts_page(boycotts, ask.t, ask.now_s), cache=PAGE_CACHE)
        if len(ask.path) < 2:
            return None
        boycott = await asyncio.to_thread(self._desk.boycott, ask.path[0])
        if boycott is None:
            return html(404, notice_page(ask.t, "missing"))
        match ask.path[1:], ask.form:
            case ("",), None:
                return await self._page(boycott, ask)
            case ("declare",), None:
                return self._show_declare(boycott, ask)
            case ("declare",), dict(form):
                return await self._declare(boycott, ask, form)
            case ("reminder.ics",), None:
                return self._reminder(boycott, ask)
            case ("mine", token), None:
                return await self._own(boycott, ask, token)
            case ("mine", token), dict(form):
                return await self._report(boycott, ask, token, form)
            case ("mine", token, "revoke"), dict():
                return await self._take_back(boycott, ask, token)
            case _:
                return html(404, notice_page(ask.t, "missing", boycott.id))

    async def api(self, path: tuple[str, ...], now_s: float) -> Answer | None:
        """Figures and logs of a campaign."""
        if len(path) != 1 or not path[0].endswith(".json"):
            return None
        name = path[0].removesuffix(".json")
        told = await asyncio.to_thread(self._desk.told, name)
        if told is None:
            return None
        logs = {series: await asyncio.to_thread(self._desk.log, name, series) for series in PledgeState}
        return document(msgspec.json.encode(figures(told, logs_of(logs), now_s)))

    async def _page(self, boycott: Boycott, ask: SectionAsk) -> Answer | None:
        told = await asyncio.to_thread(self._desk.told, boycott.id)
        if told is None:
            return None
        return html(200, boycott_page(told, ask.t, ask.now_s), cache=PAGE_CACHE)

    def _show_declare(self, boycott: Boycott, ask: SectionAsk) -> Answer:
        if stage_of(boycott, ask.now_s) is not Stage.PLEDGING:
            return _outcome(ask, boycott, Outcome.TOO_LATE)
        token = token_text(secrets.token_bytes(TOKEN_BYTES_MIN))
        return html(200, declare_page(boycott, token, ask.t))

    async def _declare(self, boycott: Boycott, ask: SectionAsk, form: dict[str, str]) -> Answer:
        if stage_of(boycott, ask.now_s) is not Stage.PLEDGING:
            return _outcome(ask, boycott, Outcome.TOO_LATE)
        written = form.get("token", "")
        token = read_token_text(written)
        if token is None or form.get("website"):
            # Of a program that fills the field which no person sees nothing is kept either.
            return html(400, notice_page(ask.t, "no-form", boycott.id))
        if form.get("consent") != "yes":
            return html(422, notice_page(ask.t, "fault", boycott.id, text="declare.need-consent"))
        done = await asyncio.to_thread(self._desk.declare, boycott, token, now_s=ask.now_s)
        pledge = await asyncio.to_thread(self._desk.pledge, boycott, token)
        if done is not Outcome.DECLARED:
            return _outcome(ask, boycott, done)
        if pledge is None:
            # Taken back in between, from another page.
            return _outcome(ask, boycott, Outcome.NO_PLEDGE)
        return html(200, own_page(boycott, pledge, written, ask.t, ask.now_s, url=self._url))

    def _reminder(self, boycott: Boycott, ask: SectionAsk) -> Answer:
        page = boycott_path(ask.t.lang, boycott.id)
        content = reminder_of(boycott, ask.t, url=self._url, page=page, now_s=ask.now_s)
        name = f'attachment; filename="{boycott.id}.ics"'.encode()
        return Answer(200, content, _CALENDAR, PAGE_CACHE, ((b"content-disposition", name),))

    async def _own(self, boycott: Boycott, ask: SectionAsk, written: str) -> Answer:
        token = read_token_text(written)
        pledge = None if token is None else await asyncio.to_thread(self._desk.pledge, boycott, token)
        if pledge is None:
            return _outcome(ask, boycott, Outcome.NO_PLEDGE)
        return html(200, own_page(boycott, pledge, written, ask.t, ask.now_s))

    async def _report(
        self, boycott: Boycott, ask: SectionAsk, written: str, form: dict[str, str]
    ) -> Answer:  # fmt: skip
        token, said = read_token_text(written), form.get("kept")
        if token is None:
            return _outcome(ask, boycott, Outcome.NO_PLEDGE)
        if said not in {"yes", "no"}:
            return html(400, notice_page(ask.t, "no-form", boycott.id))
        kept = said == "yes"
        found = await asyncio.to_thread(self._desk.report, boycott, token, kept=kept, now_s=ask.now_s)
        return _outcome(ask, boycott, found)

    async def _take_back(self, boycott: Boycott, ask: SectionAsk, written: str) -> Answer:
        token = read_token_text(written)
        if token is None:
            return _outcome(ask, boycott, Outcome.NO_PLEDGE)
        found = await asyncio.to_thread(self._desk.take_back, boycott, token, now_s=ask.now_s)
        return _outcome(ask, boycott, found)


def _outcome(ask: SectionAsk, boycott: Boycott, found: Outcome) -> Answer:
    return html(_STATUS.get(found, 200), notice_page(ask.t, found.value, boycott.id))
