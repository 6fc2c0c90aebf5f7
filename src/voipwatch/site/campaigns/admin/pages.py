"""Pages of the protected part: contexts for the templates. No text here, no markup."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from voipwatch.civic.keepers import form_token
from voipwatch.civic.petitions import Petition, PetitionState, is_erased, state_at
from voipwatch.civic.publiccounts import STEP, CountLine
from voipwatch.civic.roles import Act, may
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.links import MOUNT, admin_path, petition_path
from voipwatch.site.campaigns.pages import Frame, LanguageLink, style
from voipwatch.site.html import to_html
from voipwatch.site.pages.shell import LANGUAGE_NAMES
from voipwatch.site.words import HTML_LANG, LANGUAGES, RIGHT_TO_LEFT, Name, Words
from voipwatch.store.civic.accounts import NameRow
from voipwatch.store.civic.audit_log import AuditLine
from voipwatch.store.civic.petition_rows import NoteRow
from voipwatch.store.civic.signing import HeldRow

NAMES_A_PAGE: Final = 100
WAYS: Final = (
    ("home", Act.OVERVIEW, ()),
    ("person", Act.PERSON, ("person",)),
    ("audit", Act.AUDIT, ("audit",)),
)
"""Text, permission, path."""
SAID: Final = frozenset(
    {Act.HIDE_NAME, Act.SHOW_NAME, Act.PAPER, Act.DELIVER, Act.ANSWER, Act.CLOSE, Act.ERASE, Act.ERASE_PERSON}
)
"""What is said to be done after a redirect; anything else in an address says nothing."""


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


class Link(msgspec.Struct, frozen=True):
    """Of the section's own ways."""

    key: str
    href: str


class AdminPage(msgspec.Struct, frozen=True, kw_only=True):
    """What every page has; `admin-*.html`."""

    frame: Frame
    heading: str
    ways: tuple[Link, ...] = ()
    who: str = ""
    role: str = ""
    form: str = ""
    """The form token."""
    signout: str = ""
    said: str = ""
    """What was just done."""


class Entrance(AdminPage, frozen=True, kw_only=True):
    """`admin-signin.html`."""

    fault: str
    action: str


class Message(AdminPage, frozen=True, kw_only=True):
    """`admin-message.html`."""

    text: str


class Home(AdminPage, frozen=True, kw_only=True):
    """`admin-home.html`."""

    petitions: tuple[Shown, ...]


class PetitionPage(AdminPage, frozen=True, kw_only=True):
    """`admin-petition.html`."""

    shown: Shown
    dates: str
    notes: tuple[str, ...]
    public: str
    names: str
    """Empty: not for this role."""
    acts: tuple[Link, ...]
    """Forms, in their order."""


class NamesPage(AdminPage, frozen=True, kw_only=True):
    """`admin-names.html`."""

    names: tuple[NameRow, ...]
    hide: str
    show: str
    back: str
    earlier: str
    later: str


class AuditPage(AdminPage, frozen=True, kw_only=True):
    """`admin-audit.html`."""

    lines: tuple[tuple[str, AuditLine], ...]
    """Moment in words, line."""
    state: str
    broken: bool


class PersonPage(AdminPage, frozen=True, kw_only=True):
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
        frame=_frame(t, heading),
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
    page = Message(frame=_frame(t, heading), heading=heading, text=text, **_of(t, visitor))
    return to_html("admin-message.html", page, t)


def home(t: Words, visitor: Visitor, standing: Sequence[Standing], now_s: int) -> bytes:
    """All petitions."""
    heading = t.plain("admin.home.heading")
    shown = tuple(_shown(t, each, now_s) for each in standing)
    page = Home(frame=_frame(t, heading), heading=heading, petitions=shown, **_of(t, visitor))
    return to_html("admin-home.html", page, t)


def petition(t: Words, visitor: Visitor, standing: Standing, now_s: int, said: str) -> bytes:
    """One petition, with the forms of what this role may do now."""
    own = standing.petition
    state, erased = state_at(own, now_s), is_erased(own, now_s)
    possible = {
        Act.PAPER: not erased,
        Act.DELIVER: state not in {PetitionState.ANNOUNCED, PetitionState.OPEN},
        Act.ANSWER: state in {PetitionState.DELIVERED, PetitionState.ANSWERED},
        Act.CLOSE: state is PetitionState.OPEN,
        Act.ERASE: not erased,
    }
    shown = _shown(t, standing, now_s)
    page = PetitionPage(
        frame=_frame(t, shown.title, "petition", own.id),
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
            Link(act.value, admin_path(t.lang, "petition", own.id, act.value))
            for act, can in possible.items()
            if can and may(visitor.role, act)
        ),
        **_of(t, visitor, said),
    )  # fmt: skip
    return to_html("admin-petition.html", page, t)


def names(
    t: Words, visitor: Visitor, own: Petition, rows: Sequence[NameRow], page: int, *, said: str
) -> bytes:
    """Public names, a hundred a page; `rows` has one more where there is another page."""
    heading, base = t.plain("admin.names.heading"), ("petition", own.id)
    here = admin_path(t.lang, *base, "names")
    shown = NamesPage(
        frame=_frame(t, heading, *base, "names"),
        heading=heading,
        names=tuple(rows[:NAMES_A_PAGE]),
        hide=admin_path(t.lang, *base, Act.HIDE_NAME.value),
        show=admin_path(t.lang, *base, Act.SHOW_NAME.value),
        back=admin_path(t.lang, *base),
        earlier=f"{here}?page={page - 1}" if page else "",
        later=f"{here}?page={page + 1}" if len(rows) > NAMES_A_PAGE else "",
        **_of(t, visitor, said),
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
        frame=_frame(t, heading, "audit"),
        heading=heading,
        lines=tuple((t.moment(iso(line.at)), line) for line in lines),
        state=state,
        broken=broken is not None,
        **_of(t, visitor),
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
        frame=_frame(t, heading, "person"),
        heading=heading,
        action=admin_path(t.lang, "person"),
        petitions=tuple((each.id, each.text(t.lang)[1].title) for each in petitions),
        can_erase=may(visitor.role, Act.ERASE_PERSON),
        found=_held(t, held) if asked else (),
        **_of(t, visitor, said),
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
        told=_tens(t, count),
        waiting=_tens(t, standing.waiting),
        bounced=_tens(t, standing.bounced),
    )


def _tens(t: Words, count: int) -> str:
    return t.number(count) if count >= STEP else t.plain("admin.few")


def _frame(t: Words, title: str, *below: str) -> Frame:
    site, forms, mark = style()
    languages = tuple(
        LanguageLink(
            HTML_LANG[lang],
            "rtl" if lang in RIGHT_TO_LEFT else "ltr",
            LANGUAGE_NAMES[lang],
            admin_path(lang, *below),
            lang == t.lang,
        )
        for lang in LANGUAGES
    )
    return Frame(title, (site, forms), mark, f"{MOUNT}{t.lang}/", languages)


def _of(t: Words, visitor: Visitor, said: str = "") -> dict[str, Any]:
    """What stands on every page of somebody who is signed in."""
    ways = [Link(key, admin_path(t.lang, *below)) for key, act, below in WAYS if may(visitor.role, act)]
    return {
        "ways": tuple(ways), "who": visitor.account, "role": t.plain(f"admin.role.{visitor.role}"),
        "form": form_token(visitor.token), "signout": admin_path(t.lang, "signout"),
        "said": t.plain(f"admin.said.{said}") if said in SAID else "",
    }  # fmt: skip
