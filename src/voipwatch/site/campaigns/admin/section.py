"""Who is asked for at `/campaigns/LANG/admin/`, whether he may, and what is said to him.

    GET   (empty)                    sign in; petitions
    POST  signin, signout
    GET   petition/ID                one: told counts, deliveries, forms
    GET   petition/ID/names          its public names
    POST  petition/ID/ACT            hide-name, show-name, paper, deliver, answer, close, erase
    GET   audit                      the audit log
    GET, POST  person                what is held of one address; erase it

Every request passes the same gates in the same order: a session, its form token, the role's permission, a
fresh code for what cannot be taken back and for whether somebody signed. While there is no account, nothing
is here.
"""

import asyncio
import secrets
from typing import Final

import msgspec

from voipwatch.civic.keepers import is_form_token
from voipwatch.civic.roles import CODE_ANEW, Act, may
from voipwatch.site.campaigns.admin import pages
from voipwatch.site.campaigns.admin.acts import Acts, Done
from voipwatch.site.campaigns.admin.cookies import clear_cookie, session_of, set_cookie
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Keepers, Refusal, Visitor
from voipwatch.site.campaigns.limits import PostLimits
from voipwatch.site.campaigns.links import admin_path
from voipwatch.site.campaigns.sections import Answer, SectionAsk, html

SIGN_INS_A_MINUTE: Final = 6
"""Of one network: each costs 16 MiB and 50 ms."""
POSTED: Final = frozenset(
    {Act.HIDE_NAME, Act.SHOW_NAME, Act.PAPER, Act.DELIVER, Act.ANSWER, Act.CLOSE, Act.ERASE}
)
"""Acts on one petition, each under its own name."""
_ROBOTS: Final = (b"x-robots-tag", b"noindex, nofollow")


class AdminSection:
    """The section."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._keepers = Keepers(desk)
        self._limits = PostLimits(SIGN_INS_A_MINUTE, secrets.token_bytes(32))

    @property
    def _url(self) -> str:
        return self._desk.campaigns.settings.url

    async def answer(self, ask: SectionAsk) -> Answer | None:
        """None: there is no account, or no such page."""
        tries = ask.path == ("signin",) and ask.form is not None
        allowed = not tries or self._limits.allows(ask.who, ask.now_s)
        found = await asyncio.to_thread(self._answer, ask, allowed)
        return None if found is None else msgspec.structs.replace(found, more=(*found.more, _ROBOTS))

    def _answer(self, ask: SectionAsk, allowed: bool) -> Answer | None:
        if not self._keepers.exist():
            return None
        token = session_of(ask.headers.get(b"cookie", b""), self._url)
        if ask.path == ("signin",) and ask.form is not None:
            return self._sign_in(ask, token) if allowed else _entrance(ask, 429, "wait")
        visitor = self._keepers.visitor(token, now_s=int(ask.now_s))
        if visitor is None:
            if ask.path == ("",) and ask.form is None:
                return _entrance(ask, 200, "over" if token else "")
            return _go(admin_path(ask.t.lang))
        if ask.form is not None and not is_form_token(visitor.token, ask.form.get("form", "")):
            return _message(ask, visitor, 403, "forged")
        if ask.path == ("signout",) and ask.form is not None:
            self._keepers.leave(visitor.token)
            return _go(admin_path(ask.t.lang), clear_cookie(self._url))
        act = act_of(ask.path, ask.form)
        return None if act is None else self._do(ask, visitor, act)

    def _sign_in(self, ask: SectionAsk, token: str) -> Answer:
        form = ask.form or {}
        found = self._keepers.enter(
            form.get("name", ""),
            form.get("passphrase", ""),
            form.get("code", ""),
            now_s=int(ask.now_s),
            leaving=token,
        )
        if isinstance(found, Refusal):
            return _entrance(ask, 429 if found is Refusal.WAIT else 403, found.value)
        return _go(admin_path(ask.t.lang), set_cookie(found.token, self._url))

    def _do(self, ask: SectionAsk, visitor: Visitor, act: Act) -> Answer | None:
        if not may(visitor.role, act):
            return _message(ask, visitor, 403, "role")
        if act in CODE_ANEW:
            refused = self._keepers.confirm(visitor, (ask.form or {}).get("code", ""), now_s=int(ask.now_s))
            if refused is not None:
                return _message(ask, visitor, 429 if refused is Refusal.WAIT else 403, f"code-{refused}")
        found = Acts(self._desk, visitor, ask).run(act)
        if isinstance(found, Done):
            return _go(f"{admin_path(ask.t.lang, *found.back)}?said={act}")
        return found


def act_of(path: tuple[str, ...], form: dict[str, str] | None) -> Act | None:
    """What a request asks for; None: nothing that there is."""
    match path:
        case ("",) | ("petition", _) if form is None:
            return Act.OVERVIEW
        case ("audit",) if form is None:
            return Act.AUDIT
        case ("petition", _, "names") if form is None:
            return Act.NAMES
        case ("person",) if form is None:
            return Act.PERSON
        case ("person",):
            return Act.ERASE_PERSON if (form or {}).get("act") == "erase" else Act.SHOW_PERSON
        case ("petition", _, name) if form is not None and name in POSTED:
            return Act(name)
    return None


def _go(where: str, *more: tuple[bytes, bytes]) -> Answer:
    return Answer(303, b"", more=((b"location", where.encode("ascii")), *more))


def _entrance(ask: SectionAsk, status: int, fault: str) -> Answer:
    return html(status, pages.entrance(ask.t, fault))


def _message(ask: SectionAsk, visitor: Visitor, status: int, key: str) -> Answer:
    return html(status, pages.message(ask.t, visitor, key))
