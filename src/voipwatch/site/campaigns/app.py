"""Petitions over HTTP: an ASGI application without a framework, mounted below `/campaigns/`.

    GET        LANG/                    all petitions
    GET        LANG/ID/                 one, with its form
    POST       LANG/ID/sign             asks for the mail that confirms
    GET, POST  LANG/ID/confirm/TOKEN    shows; signs
    GET, POST  LANG/ID/revoke           shows; asks for the mail that revokes
    GET, POST  LANG/ID/revoke/TOKEN     shows; takes back
    GET        api/ID/counts.json       the log of counts
    GET        api/openapi.json         all of this for programs (OpenAPI)
    GET, POST  LANG/SECTION/...         pledges and the like: `sections`
    GET        api/SECTION/...          the same for programs

A GET changes nothing, so that a scanner of mails signs nothing. No cookie, no script, nothing logged. What
is said to somebody who asks for a mail are the same bytes whatever is known of the address. Keepers alone
have a cookie: `admin`.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from voipwatch.civic.petitions import Petition, PetitionError, can_be_signed, is_erased
from voipwatch.site.app import wall_clock
from voipwatch.site.campaigns.countsfile import counts_of
from voipwatch.site.campaigns.desk import Desk, Outcome
from voipwatch.site.campaigns.forms import FORM_BYTES_MAX, is_foreign, is_local, read_form, seen_origin
from voipwatch.site.campaigns.limits import FormLimits
from voipwatch.site.campaigns.links import (
    MOUNT,
    OPENAPI,
    WALL,
    confirm_path,
    revoke_path,
)
from voipwatch.site.campaigns.openapi import description
from voipwatch.site.campaigns.pages import (
    POLICY,
    language,
    list_page,
    message_page,
    petition_page,
    style,
)
from voipwatch.site.campaigns.sections import (
    PAGE_S,
    Answer,
    ApiSection,
    GuardedSection,
    Section,
    SectionAsk,
    document,
    html,
    problem_of,
)
from voipwatch.site.words import LANGUAGES, Name, Words, words
from voipwatch.store.civic.opening import DatabaseError
from voipwatch.store.civic.signing import MailKind

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
YEAR_S: Final = 31_536_000
_STATUS: Final = {Outcome.USED: 410, Outcome.CLOSED: 409, Outcome.NO_LINK: 404}


class Asked(msgspec.Struct, frozen=True):
    """One request, understood as far as its path goes."""

    t: Words
    petition: Petition
    rest: tuple[str, ...]
    """Of the path, below the petition's."""
    form: dict[str, str] | None
    """None: no POST, or nothing that can be taken."""
    who: str
    """Who sends it, for the limits alone."""


@dataclass(slots=True)
class CampaignsApp:
    """The application.

    Args:
        desk: of the instance.
        clock: Unix seconds.
        sections: what else answers, by its name in the path.
        counter_for: of a country, or of none (empty): the counter of the site that a petition's count can
            stand beside; empty where there is none.
        say: is told once, in one line, that forms come from another address than the settings name.
    """

    desk: Desk
    clock: Callable[[], float] = wall_clock
    sections: Mapping[str, Section] = field(default_factory=dict)
    counter_for: Callable[[str], str] = field(default=lambda _country: "")
    say: Callable[[str], Any] = field(default=lambda _line: None)
    _limits: FormLimits = field(init=False)
    _said_foreign: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Limits under a key of this process."""
        self._limits = FormLimits(self.desk.campaigns.settings.posts_a_minute, secrets.token_bytes(32))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except DatabaseError:
            # Which of them, and why, is told where the mails are sent: this process keeps no log.
            answer = html(503, message_page(_language_of(scope), "broken"), more=((b"retry-after", b"60"),))
        headers = [
            (b"content-type", answer.kind),
            (b"content-length", b"%d" % len(answer.body)),
            (b"content-security-policy", POLICY),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cache-control", answer.cache),
            *answer.more,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = str(scope["path"]), str(scope["method"])
        if method not in {"GET", "HEAD", "POST"}:
            return Answer(405, b"", b"text/plain", more=((b"allow", b"GET, HEAD, POST"),))
        if "\0" in path:
            return _missing(_language_of(scope))
        if path in style():
            kind, content = style()[path]
            return Answer(200, content, kind, b"public, max-age=%d, immutable" % YEAR_S)
        parts = tuple(path.removeprefix(MOUNT).split("/"))
        if parts == ("",):
            where = f"{MOUNT}{_preferred(scope)}/".encode()
            return Answer(302, b"", more=((b"location", where), (b"vary", b"accept-language")))
        if parts[0] == "api":
            return await self._api(parts[1:], method)
        t = language(parts[0])
        if t is None or len(parts) < 2:
            return _missing(_language_of(scope))
        if parts[1] == "":
            if method == "POST":
                return _missing(t)
            petitions = await asyncio.to_thread(self.desk.petitions)
            body = list_page(petitions, t, self.clock(), walled=WALL in self.sections)
            return html(200, body, cache=b"public, max-age=%d" % PAGE_S)
        if len(parts) < 3:
            return _missing(t)
        section = self.sections.get(parts[1])
        if section is not None:
            return await self._of_section(section, scope, receive, t, parts[2:])
        return await self._of_petition(scope, receive, t, parts[1], parts[2:])

    async def _of_petition(
        self, scope: Scope, receive: Receive, t: Words, name: str, path: tuple[str, ...]
    ) -> Answer:
        petition = await asyncio.to_thread(self.desk.petition, name)
        if petition is None:
            return _missing(t)
        form = None
        if scope["method"] == "POST":
            form = await self._form(scope, receive, t, name)
        if isinstance(form, Answer):
            return form
        return await self._act(Asked(t, petition, path, form, self._who(scope, _headers(scope))))

    async def _of_section(
        self, section: Section, scope: Scope, receive: Receive, t: Words, path: tuple[str, ...]
    ) -> Answer:
        headers = _headers(scope)
        ask = SectionAsk(
            t=t,
            path=path,
            form=None,
            headers=headers,
            query=scope.get("query_string", b""),
            now_s=self.clock(),
            who=self._who(scope, headers),
            local=not self.desk.campaigns.settings.forwarded and is_local(_client(scope), headers),
        )
        if scope["method"] == "POST":
            guard = section if isinstance(section, GuardedSection) else None
            most_bytes = FORM_BYTES_MAX if guard is None else await guard.form_bytes(ask)
            if most_bytes is None:
                return _missing(t)
            form = await self._form(scope, receive, t, most_bytes=most_bytes, limited=guard is None)
            if isinstance(form, Answer):
                return form
            ask = msgspec.structs.replace(ask, form=form)
        return await section.answer(ask) or _missing(t)

    async def _form(
        self,
        scope: Scope,
        receive: Receive,
        t: Words,
        name: str = "",
        *,
        most_bytes: int = FORM_BYTES_MAX,
        limited: bool = True,
    ) -> dict[str, str] | Answer:
        """What was sent, or why it is not taken; `name`: of the petition that the answer leads back to."""
        headers = _headers(scope)
        url = self.desk.campaigns.settings.url
        if is_foreign(headers, url):
            if not limited:  # a guarded section's refusals are alike: it tells nobody more than that
                return html(403, message_page(t, "refused", name))
            self._note_foreign(headers, url)
            return html(403, message_page(t, "foreign", name, values={"url": Name(url)}))
        if limited and not self._limits.allows(self._who(scope, headers), self.clock()):
            return html(429, message_page(t, "often", name), more=((b"retry-after", b"60"),))
        form = await read_form(headers, receive, most_bytes=most_bytes)
        broken = "unread" if limited else "refused"
        return html(400, message_page(t, broken, name)) if form is None else form

    def _note_foreign(self, headers: Mapping[bytes, bytes], url: str) -> None:
        """Once a process: a keeper whose `url` is not where his readers are sees why no form is taken."""
        origin = seen_origin(headers)
        if origin and not self._said_foreign:
            self._said_foreign = True
            self.say(f"campaigns: a form came from {origin}, but url in campaigns.toml is {url}: refused")

    async def _act(self, asked: Asked) -> Answer:
        match asked.rest, asked.form is not None:
            case ("",), False:
                return await self._petition(asked)
            case ("sign",), True:
                return await self._sign(asked)
            case ("confirm", token), False:
                return await self._show_confirmation(asked, token)
            case ("confirm", token), True:
                return await self._confirm(asked, token)
            case ("revoke",), False:
                action = revoke_path(asked.t.lang, asked.petition.id)
                return html(
                    200,
                    message_page(
                        asked.t, "revoke", asked.petition.id, text="revoke.how", form="ask", action=action
                    ),
                )
            case ("revoke",), True:
                return await self._ask(asked, MailKind.REVOKE)
            case ("revoke", token), False:
                return self._show_revocation(asked, token)
            case ("revoke", token), True:
                return _outcome(asked, await asyncio.to_thread(self.desk.revoke, asked.petition, token))
            case _:
                return _missing(asked.t)

    async def _petition(self, asked: Asked) -> Answer:
        told = await asyncio.to_thread(self.desk.told, asked.petition.id)
        if told is None:
            return _missing(asked.t)
        counter = await asyncio.to_thread(self.counter_for, told.petition.country)
        url = self.desk.campaigns.settings.url
        body = petition_page(told, asked.t, self.clock(), url=url, counter=counter)
        return html(200, body, cache=b"public, max-age=%d" % PAGE_S)

    async def _sign(self, asked: Asked) -> Answer:
        if not can_be_signed(asked.petition, self.clock()):
            return _outcome(asked, Outcome.CLOSED)
        assert asked.form is not None
        if asked.form.get("website"):
            # A program filled the field that no person sees: it is told what everybody is.
            return html(200, message_page(asked.t, "sent", asked.petition.id))
        if asked.form.get("consent") != "yes":
            return html(422, message_page(asked.t, "fault", asked.petition.id, text="sign.need-consent"))
        return await self._ask(asked, MailKind.CONFIRM)

    async def _ask(self, asked: Asked, kind: MailKind) -> Answer:
        t, petition = asked.t, asked.petition
        assert asked.form is not None
        now_s = int(self.clock())
        if kind is MailKind.REVOKE and is_erased(petition, now_s):
            return _outcome(asked, Outcome.CLOSED)
        if not self._limits.allows_mail(asked.who, self.clock()):
            return html(429, message_page(t, "often", petition.id), more=((b"retry-after", b"60"),))
        typed = asked.form.get("email", "")
        fault = await asyncio.to_thread(self.desk.ask, petition, typed, kind, lang=t.lang, now_s=now_s)
        if fault is not None:
            return html(422, message_page(t, "fault", petition.id, text=f"fault.{fault}"))
        return html(200, message_page(t, "sent", petition.id))

    async def _show_confirmation(self, asked: Asked, token: str) -> Answer:
        t, petition = asked.t, asked.petition
        found = await asyncio.to_thread(self.desk.waits, petition, token, now_s=int(self.clock()))
        if found is not None:
            return _outcome(asked, found)
        action, title = (
            confirm_path(t.lang, petition.id, token),
            {"title": Name(petition.text(t.lang)[1].title)},
        )
        return html(200, message_page(t, "confirm", petition.id, form="confirm", action=action, values=title))

    async def _confirm(self, asked: Asked, token: str) -> Answer:
        assert asked.form is not None
        name = asked.form.get("name", "") if asked.form.get("public") == "yes" else ""
        try:
            found = await asyncio.to_thread(
                self.desk.confirm, asked.petition, token, name=name, now_s=int(self.clock())
            )
        except PetitionError:
            return html(422, message_page(asked.t, "fault", asked.petition.id, text="fault.name"))
        return _outcome(asked, found)

    def _show_revocation(self, asked: Asked, token: str) -> Answer:
        t, petition = asked.t, asked.petition
        if not self.desk.may_revoke(petition, token):
            return _outcome(asked, Outcome.NO_LINK)
        action, title = (
            revoke_path(t.lang, petition.id, token),
            {"title": Name(petition.text(t.lang)[1].title)},
        )
        return html(200, message_page(t, "revoke", petition.id, form="revoke", action=action, values=title))

    async def _api(self, parts: tuple[str, ...], method: str) -> Answer:
        if method == "POST":
            return problem_of(405, "GET alone", ((b"allow", b"GET, HEAD"),))
        try:
            return await self._document(parts) or problem_of(404, "there is no such document")
        except DatabaseError:
            return problem_of(503, "the database cannot be used", ((b"retry-after", b"60"),))

    async def _document(self, parts: tuple[str, ...]) -> Answer | None:
        if parts == (OPENAPI,):
            return document(description(self.desk.campaigns.settings.url, walled=WALL in self.sections))
        section = self.sections.get(parts[0]) if parts else None
        if isinstance(section, ApiSection):
            return await section.api(parts[1:], self.clock())
        if len(parts) != 2 or parts[1] != "counts.json":
            return None
        told = await asyncio.to_thread(self.desk.told, parts[0])
        if told is None:
            return None
        log = await asyncio.to_thread(self.desk.log, parts[0])
        return document(msgspec.json.encode(counts_of(told, log)))

    def _who(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Who sends the form, for the limits and for nothing else."""
        if self.desk.campaigns.settings.forwarded:
            said = headers.get(b"x-forwarded-for", b"").decode("latin-1")
            return said.rpartition(",")[2].strip()
        return _client(scope)


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _headers(scope: Scope) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in scope["headers"]}


def _outcome(asked: Asked, found: Outcome) -> Answer:
    return html(_STATUS.get(found, 200), message_page(asked.t, found.value, asked.petition.id))


def _missing(t: Words) -> Answer:
    return html(404, message_page(t, "missing"))


def _language_of(scope: Scope) -> Words:
    """Of the path, as far as it says one."""
    lang = str(scope["path"]).removeprefix(MOUNT).partition("/")[0]
    return words(lang if lang in LANGUAGES else LANGUAGES[0])


def _preferred(scope: Scope) -> str:
    """The first language of the reader's that there is; a browser lists them by preference."""
    said = next((value for name, value in scope["headers"] if name.lower() == b"accept-language"), b"")
    for each in said[:200].decode("latin-1").lower().split(","):
        lang = each.strip()[:2]
        if lang in LANGUAGES:
            return lang
    return LANGUAGES[0]
