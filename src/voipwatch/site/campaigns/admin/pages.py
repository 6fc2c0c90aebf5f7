"""Pages of the protected part: contexts for the templates. No text here, no markup."""

from collections.abc import Sequence
from typing import Final

import msgspec

from voipwatch.civic.petitions import Petition, PetitionState, is_erased, state_at
from voipwatch.civic.publiccounts import CountLine
from voipwatch.civic.roles import Act, may
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.admin import layout
from voipwatch.site.campaigns.admin.boycott_pages import ShownBoycott, shown_boycott
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.links import admin_path, petition_path
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.site.html import to_html
from voipwatch.site.words import HTML_LANG, RIGHT_TO_LEFT, Name, Words
from voipwatch.store.civic.accounts import NameRow
from voipwatch.store.civic.audit_log import AuditLine
from voipwatch.store.civic.petition_rows import NoteRow
from voipwatch.store.civic.signing import HeldRow

NAMES_A_PAGE: Final = 100


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one petition stands."""

    petition: Petition
    line: CountLine | None
    notes: tuple[NoteRow, ...]
    waiting: int
    """Requests, in tens; 0: fewer than ten."""
    bounced: int
    """Mails of the last 30 days, the same."""


class Shown(msgspec.Struct, frozen=True):
    """The same in words."""

    title: str
    lang: str
    direction: str
    href: str
    state: str
    told: str
    waiting: str
    bounced: str


class Entrance(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-signin.html`."""

    fault: str
    action: str


class Message(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-message.html`."""

    text: str


class Home(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-home.html`."""

    petitions: tuple[Shown, ...]
    boycotts: tuple[ShownBoycott, ...]
    damaged: tuple[str, ...]
    """Ids of petitions and boycotts whose rows cannot be read."""


class PetitionPage(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-petition.html`."""

    shown: Shown
    dates: str
    notes: tuple[str, ...]
    public: str
    names: str
    """Empty: not for this role."""
    acts: tuple[layout.Link, ...]
    """Forms, in their order."""


class NamesPage(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-names.html`."""

    names: tuple[NameRow, ...]
    hide: str
    show: str
    back: str
    earlier: str
    later: str


class AuditPage(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-audit.html`."""

    lines: tuple[tuple[str, AuditLine], ...]
    """Moment in words, line."""
    state: str
    broken: bool


class PersonPage(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-person.html`."""

    action: str
    petitions: tuple[tuple[str, str], ...]
    """Id, title."""
    can_erase: bool
    found: tuple[str, ...]
    """What is held, in sentences."""


def entrance(t: Words, fault: str) -> bytes:
    """Where keepers sign in; `fault` is empty, `wrong`, `wait`, `over`."""
    heading = t.plain("admin.signin.heading")
    page = Entrance(
        frame=layout.frame(t, heading),
        heading=heading,
        fault=t.plain(f"admin.signin.{fault}") if fault else "",
        action=admin_path(t.lang, "signin"),
    )
    return to_html("admin-signin.html", page, t)


def message(t: Words, visitor: Visitor, key: str) -> bytes:
    """Something that was not done, and why: `forged`, `role`, `code-wrong`, `code-wait`."""
    return _told(t, visitor, t.plain(f"admin.not.{key}"))


def refused(t: Words, visitor: Visitor, field: str, reason: str) -> bytes:
    """A form that says what cannot be."""
    return _told(t, visitor, t.plain("admin.not.refused", field=Name(field), reason=Name(reason)))


def no_address(t: Words, visitor: Visitor, fault: str) -> bytes:
    """What was typed is no address."""
    return _told(t, visitor, t.plain(f"petition.fault.{fault}"))


def _told(t: Words, visitor: Visitor, text: str) -> bytes:
    heading = t.plain("admin.not.heading")
    page = Message(frame=layout.frame(t, heading), heading=heading, text=text, **layout.of(t, visitor))
    return to_html("admin-message.html", page, t)


def home(
    t: Words,
    visitor: Visitor,
    standing: Sequence[Standing],
    now_s: int,
    *,
    boycotts: Sequence[ToldBoycott] = (),
    damaged: Sequence[str] = (),
) -> bytes:
    """All petitions and boycotts, and the ids of those that cannot be read."""
    heading = t.plain("admin.home.heading")
    shown = tuple(_shown(t, each, now_s) for each in standing)
    page = Home(
        frame=layout.frame(t, heading),
        heading=heading,
        petitions=shown,
        boycotts=tuple(shown_boycott(t, each, now_s) for each in boycotts),
        damaged=tuple(damaged),
        **layout.of(t, visitor),
    )
    return to_html("admin-home.html", page, t)


def petition(t: Words, visitor: Visitor, standing: Standing, now_s: int, said: str) -> bytes:
    """One petition, with the forms of what this role may do now."""
    own = standing.petition
    state, erased = state_at(own, now_s), is_erased(own, now_s)
    possible = {
        Act.PAPER: not erased,
        Act.DELIVER: state not in {PetitionState.ANNOUNCED, PetitionState.OPEN},
        Act.ANSWER: state in {PetitionState.DELIVERED, PetitionState.ANSWERED},
        Act.CLOSE: state in {PetitionState.ANNOUNCED, PetitionState.OPEN},
        Act.ERASE: not erased,
    }
    shown = _shown(t, standing, now_s)
    page = PetitionPage(
        frame=layout.frame(t, shown.title, "petition", own.id),
        heading=shown.title,
        shown=shown,
        dates=t.plain("admin.petition.dates", opens=t.moment(iso(own.opens_at_s)),
                      closes=t.moment(iso(own.closes_at_s)), erased=t.moment(iso(own.erased_at_s))),
        notes=tuple(
            t.plain("petition.count.note", day=t.day(note.day), p=Name(note.p_value))
            for note in standing.notes
        ),
        public=petition_path(t.lang, own.id),
        names=admin_path(t.lang, "petition", own.id, "names") if may(visitor.role, Act.NAMES) else "",
        acts=tuple(
            layout.Link(act.value, admin_path(t.lang, "petition", own.id, act.value))
            for act, can in possible.items()
            if can and may(visitor.role, act)
        ),
        **layout.of(t, visitor, said),
    )  # fmt: skip
    return to_html("admin-petition.html", page, t)


def names(
    t: Words, visitor: Visitor, own: Petition, rows: Sequence[NameRow], page: int, *, said: str
) -> bytes:
    """Public names, a hundred a page; `rows` has one more where there is another page."""
    heading, base = t.plain("admin.names.heading"), ("petition", own.id)
    here = admin_path(t.lang, *base, "names")
    shown = NamesPage(
        frame=layout.frame(t, heading, *base, "names"),
        heading=heading,
        names=tuple(rows[:NAMES_A_PAGE]),
        hide=admin_path(t.lang, *base, Act.HIDE_NAME.value),
        show=admin_path(t.lang, *base, Act.SHOW_NAME.value),
        back=admin_path(t.lang, *base),
        earlier=f"{here}?page={page - 1}" if page else "",
        later=f"{here}?page={page + 1}" if len(rows) > NAMES_A_PAGE else "",
        **layout.of(t, visitor, said),
    )
    return to_html("admin-names.html", shown, t)


def audit(t: Words, visitor: Visitor, lines: Sequence[AuditLine], count: int, broken: int | None) -> bytes:
    """The audit log's end, and whether the whole of it holds."""
    heading = t.plain("admin.audit.heading")
    state = (
        t.plain("admin.audit.holds", count=t.number(count))
        if broken is None
        else t.plain("admin.audit.broken", line=t.number(broken + 1))
    )
    page = AuditPage(
        frame=layout.frame(t, heading, "audit"),
        heading=heading,
        lines=tuple((t.moment(iso(line.at)), line) for line in lines),
        state=state,
        broken=broken is not None,
        **layout.of(t, visitor),
    )
    return to_html("admin-audit.html", page, t)


def person(
    t: Words,
    visitor: Visitor,
    petitions: Sequence[Petition],
    *,
    said: str = "",
    asked: bool = False,
    held: HeldRow | None = None,
) -> bytes:
    """The form of a data subject's request, and what was found."""
    heading = t.plain("admin.person.heading")
    page = PersonPage(
        frame=layout.frame(t, heading, "person"),
        heading=heading,
        action=admin_path(t.lang, "person"),
        petitions=tuple((each.id, each.text(t.lang)[1].title) for each in petitions),
        can_erase=may(visitor.role, Act.ERASE_PERSON),
        found=_held(t, held) if asked else (),
        **layout.of(t, visitor, said),
    )
    return to_html("admin-person.html", page, t)


def _held(t: Words, held: HeldRow | None) -> tuple[str, ...]:
    if held is None:
        return (t.plain("admin.person.nothing"),)
    told = []
    if held.signature is not None:
        name = held.signature.public_name
        told.append(
            t.plain("admin.person.signature", day=t.day(held.signature.day), lang=Name(held.signature.lang))
        )
        told.append(
            t.plain("admin.person.name", name=Name(name)) if name else t.plain("admin.person.no-name")
        )
    if held.request_expires_at is not None:
        told.append(t.plain("admin.person.request", until=t.moment(iso(held.request_expires_at))))
    if held.mails:
        told.append(t.plain("admin.person.mails"))
    return tuple(told)  # fmt: skip


def _shown(t: Words, standing: Standing, now_s: int) -> Shown:
    own = standing.petition
    lang, text = own.text(t.lang)
    at_s = own.opens_at_s if state_at(own, now_s) is PetitionState.ANNOUNCED else own.closes_at_s
    state = state_at(own, now_s)
    dated = {} if state in {PetitionState.DELIVERED, PetitionState.ANSWERED} else {"day": t.moment(iso(at_s))}
    count = standing.line.count if standing.line else 0
    return Shown(
        title=text.title,
        lang=HTML_LANG[lang],
        direction="rtl" if lang in RIGHT_TO_LEFT else "ltr",
        href=admin_path(t.lang, "petition", own.id),
        state=t.plain(f"petition.state.{state}", **dated),
        told=layout.tens(t, count),
        waiting=layout.tens(t, standing.waiting),
        bounced=layout.tens(t, standing.bounced),
    )
