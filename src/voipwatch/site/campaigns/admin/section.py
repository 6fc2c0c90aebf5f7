"""Who is asked for at `/campaigns/LANG/admin/`, whether he may, and what is said to him.

    GET   (empty)                    sign in; petitions
    POST  signin, signout
    GET   petition/ID                one: told counts, deliveries, forms
    GET   petition/ID/names          its public names
    POST  petition/ID/ACT            hide-name, show-name, paper, deliver, answer, close, erase
    GET   audit                      the audit log
    GET, POST  person                what is held of one address; erase it
    GET   boycott/ID                 one: told counts, forms
    POST  boycott/ID/ACT             observe, close-boycott
    GET, POST  wall                  sites that wait and stand; takes one off

Every request passes the same gates in the same order: a session, its form token, the role's permission, a
fresh code for what cannot be taken back and for whether somebody signed. While there is no account, nothing
is here; nor is anything where the site's own address is plain http, but for a browser on this machine. A
form of nobody who is signed in is for nothing that is here, but for the one that signs in. Then every
answer is that of an address that nobody has.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from voipwatch.civic.keepers import is_form_token
from voipwatch.civic.roles import CODE_ANEW, Act, may
from voipwatch.site.campaigns.admin import pages
from voipwatch.site.campaigns.admin.acts import Acts, Done
from voipwatch.site.campaigns.admin.cookies import clear_cookie, session_of, set_cookie
from voipwatch.site.campaigns.admin.gate import HASHED_AT_ONCE, SignInGate, Try
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.forms import FORM_BYTES_MAX
from voipwatch.site.campaigns.keepers import Keepers, Refusal, Visitor
from voipwatch.site.campaigns.links import LONG_FORM_BYTES, admin_path
from voipwatch.site.campaigns.sections import Answer, SectionAsk, html

POSTED: Final = frozenset(
    {Act.HIDE_NAME, Act.SHOW_NAME, Act.PAPER, Act.DELIVER, Act.ANSWER, Act.CLOSE, Act.ERASE}
)
"""Acts on one petition, each under its own name."""
POSTED_OF_BOYCOTT: Final = frozenset({Act.OBSERVE, Act.CLOSE_BOYCOTT})
"""The same of a boycott."""
_ROBOTS: Final = (b"x-robots-tag", b"noindex, nofollow")


class AdminSection:
    """The section; `pause` waits so many seconds."""

    def __init__(self, desk: Desk, *, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._desk = desk
        self._keepers = Keepers(desk)
        self._gate = SignInGate(secrets.token_bytes(32))
        self._pause = pause
        self._turns: dict[Try, asyncio.Future[bool]] = {}
        """Of each try under way, whether its turn came; False: it lost its place."""
        # Threads of their own: nobody who signs a petition waits for sign-ins.
        self._hashing = ThreadPoolExecutor(HASHED_AT_ONCE, thread_name_prefix="sign-in")

    @property
    def _url(self) -> str:
        return self._desk.campaigns.settings.url

    async def form_bytes(self, ask: SectionAsk) -> int | None:
        """As `sections.GuardedSection` says."""
        return await asyncio.to_thread(self._form_bytes, ask)

    async def answer(self, ask: SectionAsk) -> Answer | None:
        """None: there is no account, or no such page."""
        if ask.path == ("signin",) and ask.form is not None:
            found = await self._try(ask)
        else:
            found = await asyncio.to_thread(self._answer, ask)
        return None if found is None else msgspec.structs.replace(found, more=(*found.more, _ROBOTS))

    def _is_there(self, ask: SectionAsk) -> bool:
        """Whether the page shows itself to anybody by this way."""
        return (is_safe(self._url) or ask.local) and self._keepers.exist()

    def _form_bytes(self, ask: SectionAsk) -> int | None:
        if not self._is_there(ask):
            return None
        if ask.path == ("signin",):
            return FORM_BYTES_MAX
        return None if self._visitor(ask) is None else LONG_FORM_BYTES

    def _token(self, ask: SectionAsk) -> str:
        return session_of(ask.headers.get(b"cookie", b""), self._url)

    def _visitor(self, ask: SectionAsk) -> Visitor | None:
        return self._keepers.visitor(self._token(ask), now_s=int(ask.now_s))

    async def _try(self, ask: SectionAsk) -> Answer | None:
        """To sign in: put off where there were many, and then looked at in turn."""
        name = (ask.form or {}).get("name", "")
        entered = self._gate.enter(name, ask.who, ask.now_s)
        if entered is None:
            return _entrance(ask, 429, "wait")
        if entered.displaced is not None:
            self._tell(entered.displaced, its_turn=False)
        own = entered.own
        self._turns[own] = asyncio.get_running_loop().create_future()
        try:
            if not await self._turn(own):
                return _entrance(ask, 429, "wait")
            later = msgspec.structs.replace(ask, now_s=ask.now_s + own.wait_s)
            return await asyncio.get_running_loop().run_in_executor(self._hashing, self._sign_in, later)
        finally:
            del self._turns[own]
            self._gate.leave(own)
            self._call()

    async def _turn(self, own: Try) -> bool:
        """Waits as long as it is put off and then for its turn; False: it lost its place meanwhile."""
        turn = self._turns[own]
        if own.wait_s:
            pausing = asyncio.ensure_future(self._pause(own.wait_s))
            either: set[asyncio.Future[Any]] = {pausing, turn}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                pausing.cancel()
        self._gate.ready(own)
        self._call()
        return await turn

    def _call(self) -> None:
        one = self._gate.called()
        if one is not None:
            self._tell(one, its_turn=True)

    def _tell(self, one: Try, *, its_turn: bool) -> None:
        # Whoever is gone, his task cancelled, leaves by himself.
        if not self._turns[one].done():
            self._turns[one].set_result(its_turn)

    def _answer(self, ask: SectionAsk) -> Answer | None:
        if not self._is_there(ask):
            return None
        visitor = self._visitor(ask)
        if visitor is None and ask.form is not None:
            return None
        if visitor is None:
            if ask.path == ("",):
                return _entrance(ask, 200, "over" if self._token(ask) else "")
            return _go(admin_path(ask.t.lang))
        if ask.form is not None and not is_form_token(visitor.token, ask.form.get("form", "")):
            return _message(ask, visitor, 403, "forged")
        if ask.path == ("signout",) and ask.form is not None:
            self._keepers.leave(visitor.token)
            return _go(admin_path(ask.t.lang), clear_cookie(self._url))
        act = act_of(ask.path, ask.form)
        return None if act is None else self._do(ask, visitor, act)

    def _sign_in(self, ask: SectionAsk) -> Answer:
        form = ask.form or {}
        found = self._keepers.enter(
            form.get("name", ""),
            form.get("passphrase", ""),
            form.get("code", ""),
            now_s=int(ask.now_s),
            leaving=self._token(ask),
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


def is_safe(url: str) -> bool:
    """Whether passphrases and sessions may go to a site of that address."""
    return url.startswith("https:")


def act_of(path: tuple[str, ...], form: dict[str, str] | None) -> Act | None:
    """What a request asks for; None: nothing that there is."""
    match path:
        case ("",) | ("petition" | "boycott", _) if form is None:
            return Act.OVERVIEW
        case ("audit",) if form is None:
            return Act.AUDIT
        case ("petition", _, "names") if form is None:
            return Act.NAMES
        case ("person",) if form is None:
            return Act.PERSON
        case ("person",):
            return Act.ERASE_PERSON if (form or {}).get("act") == "erase" else Act.SHOW_PERSON
        case ("wall",):
            return Act.WALL if form is None else Act.WALL_REMOVE
        case ("petition", _, name) if form is not None and name in POSTED:
            return Act(name)
        case ("boycott", _, name) if form is not None and name in POSTED_OF_BOYCOTT:
            return Act(name)
    return None


def _go(where: str, *more: tuple[bytes, bytes]) -> Answer:
    return Answer(303, b"", more=((b"location", where.encode("ascii")), *more))


def _entrance(ask: SectionAsk, status: int, fault: str) -> Answer:
    return html(status, pages.entrance(ask.t, fault))


def _message(ask: SectionAsk, visitor: Visitor, status: int, key: str) -> Answer:
    return html(status, pages.message(ask.t, visitor, key))
