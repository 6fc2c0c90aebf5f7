"""Pages of campaigns: contexts for the templates, of what a desk says. No text here, no markup."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

import msgspec

from voipwatch.civic.law.statements import Topic
from voipwatch.civic.petitions import Delivery, Petition, PetitionState, PetitionText, is_erased, state_at
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.desk import Told
from voipwatch.site.campaigns.lawview import LawView, law_view
from voipwatch.site.campaigns.links import MOUNT, log_path, petition_path, revoke_path, wall_path
from voipwatch.site.campaigns.pledging.links import boycotts_path
from voipwatch.site.counter.embed import petition_snippets
from voipwatch.site.counter.module import current_module
from voipwatch.site.counter.petitions import counted, figures
from voipwatch.site.html import to_html
from voipwatch.site.pages.shell import LANGUAGE_NAMES
from voipwatch.site.words import HTML_LANG, LANGUAGES, RIGHT_TO_LEFT, Name, Words, words

POLICY: Final = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
"""No script at all: everything works without."""


class LanguageLink(msgspec.Struct, frozen=True):
    """To the same page in another language."""

    lang: str
    direction: str
    name: str
    href: str
    current: bool


class Frame(msgspec.Struct, frozen=True):
    """What every page has."""

    title: str
    css: tuple[str, ...]
    mark: str
    home: str
    languages: tuple[LanguageLink, ...]
    indexed: bool = False


class Listed(msgspec.Struct, frozen=True):
    """One petition, or boycott, in its list."""

    title: str
    lang: str
    direction: str
    href: str
    state: str
    controller: str


class ListPage(msgspec.Struct, frozen=True):
    """`campaign-list.html`."""

    frame: Frame
    petitions: tuple[Listed, ...]
    boycotts: str
    wall: str
    """Empty: there is none."""


class Given(msgspec.Struct, frozen=True):
    """A delivery or an answer, as a sentence."""

    told: str
    paragraphs: tuple[str, ...] = ()
    source: str = ""


class Code(msgspec.Struct, frozen=True):
    """One way to embed."""

    title: str
    code: str


class PetitionPage(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign-petition.html`."""

    frame: Frame
    text: PetitionText
    text_lang: str
    text_direction: str
    translated: bool
    paragraphs: tuple[str, ...]
    state: str
    told: str
    papers: tuple[str, ...]
    notes: tuple[str, ...]
    given: tuple[Given, ...]
    can_sign: bool
    erased: bool
    petition: Petition
    law: LawView
    sign: str
    revoke: str
    log: str
    codes: tuple[Code, ...]
    """To show the told count elsewhere; none: there is no counter that it could stand beside, or no count."""


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """`campaign-message.html`: a heading, a text, a way on, and at most one form."""

    frame: Frame
    heading: str
    text: str
    back: str
    form: str = ""
    """Empty: none; `confirm`, `revoke`, `ask`."""
    action: str = ""


@cache
def style() -> Mapping[str, tuple[bytes, bytes]]:
    """Path -> media type and bytes of what pages ask for; the digest is in the name."""
    found = {}
    for folder, name, kind in (
        ("voipwatch.site", "site.css", b"text/css; charset=utf-8"),
        ("voipwatch.site.campaigns", "forms.css", b"text/css; charset=utf-8"),
        ("voipwatch.site", "mark.svg", b"image/svg+xml; charset=utf-8"),
    ):
        content = files(folder).joinpath("assets").joinpath(name).read_bytes()
        found[f"{MOUNT}assets/{sha256(content).hexdigest()[:12]}-{name}"] = (kind, content)
    return found


def list_page(petitions: list[Petition], t: Words, now_s: float, *, walled: bool = False) -> bytes:
    """All petitions, and where the rest of the campaigns is."""
    listed = []
    for petition in petitions:
        lang, text = petition.text(t.lang)
        listed.append(
            Listed(
                text.title, HTML_LANG[lang], direction_of(lang), petition_path(t.lang, petition.id),
                _state(petition, t, now_s), petition.controller.name,
            )
        )  # fmt: skip
    frame = frame_of(t.plain("petition.heading"), t, lambda lang: f"{MOUNT}{lang}/", indexed=True)
    wall = wall_path(t.lang) if walled else ""
    return to_html("campaign-list.html", ListPage(frame, tuple(listed), boycotts_path(t.lang), wall), t)


def petition_page(told: Told, t: Words, now_s: float, *, url: str = "", counter: str = "") -> bytes:
    """One petition with its form; `url` is the site's, `counter` of it the one that the count can stand
    beside, empty for none.
    """
    petition = told.petition
    lang, text = petition.text(t.lang)
    page = PetitionPage(
        frame=frame_of(text.title, t, lambda each: petition_path(each, petition.id), indexed=True),
        text=text,
        text_lang=HTML_LANG[lang],
        text_direction=direction_of(lang),
        translated=lang == t.lang,
        paragraphs=paragraphs(text.body),
        state=_state(petition, t, now_s),
        told=_told(told, t),
        papers=_papers(petition, t),
        notes=tuple(
            t.plain("petition.count.note", day=t.day(note.day), p=Name(note.p_value)) for note in told.notes
        ),
        given=_given(petition, t, now_s),
        can_sign=state_at(petition, now_s) is PetitionState.OPEN,
        erased=is_erased(petition, now_s),
        petition=petition,
        law=law_view(petition.country, (Topic.PETITION, Topic.DATA), t, effect="petition.notice.effect"),
        sign=f"{petition_path(t.lang, petition.id)}sign",
        revoke=revoke_path(t.lang, petition.id),
        log=log_path(petition.id),
        codes=_codes(told, t, now_s, url, counter) if counter else (),
    )  # fmt: skip
    return to_html("campaign-petition.html", page, t)


def message_page(
    t: Words,
    key: str,
    name: str = "",
    *,
    text: str = "",
    form: str = "",
    action: str = "",
    values: Mapping[str, object] | None = None,
) -> bytes:
    """A page that says one thing.

    Args:
        t: the language.
        key: of the texts, `petition.KEY.heading` and `.text`.
        name: the petition that leads on; empty: to the list.
        text: key of the text below the heading, where it is another one.
        form: which form is below; see `MessagePage`.
        action: where that is sent.
        values: of the text's places, such as the petition's title.
    """
    if form or values:
        return _message(t, key, name, text or f"{key}.text", form, action, values or {})
    return _kept_message(t, key, name, text or f"{key}.text")


@lru_cache(maxsize=1024)
def _kept_message(t: Words, key: str, name: str, text: str) -> bytes:
    """Pages that say the same to everybody: made once. None of them has a token in it."""
    return _message(t, key, name, text, "", "", {})


def _message(
    t: Words, key: str, name: str, text: str, form: str, action: str, values: Mapping[str, object]
) -> bytes:
    back = petition_path(t.lang, name) if name else f"{MOUNT}{t.lang}/"
    heading = t.plain(f"petition.{key}.heading")
    frame = frame_of(heading, t, lambda lang: petition_path(lang, name) if name else f"{MOUNT}{lang}/")
    shown = t.plain(f"petition.{text}", **values)
    page = MessagePage(frame=frame, heading=heading, text=shown, back=back, form=form, action=action)
    return to_html("campaign-message.html", page, t)


def paragraphs(text: str) -> tuple[str, ...]:
    """Parts between empty lines."""
    return tuple(part for each in text.replace("\t", " ").split("\n\n") if (part := each.strip()))


def frame_of(title: str, t: Words, href: Callable[[str], str], *, indexed: bool = False) -> Frame:
    """What is around a page; `href` is its path in a language."""
    site, forms, mark = style()
    languages = tuple(
        LanguageLink(HTML_LANG[lang], direction_of(lang), LANGUAGE_NAMES[lang], href(lang), lang == t.lang)
        for lang in LANGUAGES
    )
    return Frame(title, (site, forms), mark, f"{MOUNT}{t.lang}/", languages, indexed)


def _state(petition: Petition, t: Words, now_s: float) -> str:
    state = state_at(petition, now_s)
    at_s = petition.opens_at_s if state is PetitionState.ANNOUNCED else petition.closes_at_s
    if state in {PetitionState.DELIVERED, PetitionState.ANSWERED}:
        return t.plain(f"petition.state.{state}")
    return t.plain(f"petition.state.{state}", day=t.moment(iso(at_s)))


def _told(told: Told, t: Words) -> str:
    if told.line is None:
        return t.plain("petition.count.untold")
    key = "told" if told.line.count else "few"
    values = {"count": t.number(told.line.count)} if told.line.count else {}
    return t.plain(f"petition.count.{key}", at=t.moment(told.line.at), **values)


def _codes(told: Told, t: Words, now_s: float, url: str, counter: str) -> tuple[Code, ...]:
    one = counted(told.petition, told.line, now_s)
    if one is None:
        return ()
    (figure,) = figures((one,), url)
    made = petition_snippets(counter, t.lang, base=url, module=current_module(), petition=figure)
    return (
        Code(t.plain("embed.way.picture"), made.picture),
        Code(t.plain("embed.way.frame"), made.frame),
        Code(t.plain("embed.way.element"), made.element),
        Code(t.plain("petition.embed.wordpress"), made.wordpress),
    )


def _papers(petition: Petition, t: Words) -> tuple[str, ...]:
    return tuple(
        t.plain(
            "petition.count.paper",
            signatures=t.number(each.signatures),
            sheets=t.number(each.sheets),
            who=Name(each.counted_by),
            day=t.day(iso(each.counted_at_s)),
        )
        for each in petition.papers
    )


def _given(petition: Petition, t: Words, now_s: float) -> tuple[Given, ...]:
    records = [
        (
            each.at_s,
            Given(_delivered(each, t)),
        )
        for each in petition.deliveries
    ] + [
        (
            each.at_s,
            Given(
                t.plain("petition.delivery.answer", day=t.day(iso(each.at_s)), sender=Name(each.sender)),
                paragraphs(each.text),
                each.source,
            ),
        )
        for each in petition.answers
    ]  # fmt: skip
    return tuple(given for at_s, given in sorted(records, key=lambda each: each[0]) if at_s <= now_s)


def _delivered(delivery: Delivery, t: Words) -> str:
    values = {
        "day": t.day(iso(delivery.at_s)), "to": Name(delivery.to), "paper": t.number(delivery.paper)
    }  # fmt: skip
    if delivery.count is None:
        return t.plain("petition.delivery.given-untold", **values)
    count = t.number(delivery.count) if delivery.count else t.plain("petition.count.few-number")
    return t.plain("petition.delivery.given", count=count, **values)


def direction_of(lang: str) -> str:
    """`ltr` or `rtl`."""
    return "rtl" if lang in RIGHT_TO_LEFT else "ltr"


def language(lang: str) -> Words | None:
    """The texts of a language in a path; None: it is none of ours."""
    return words(lang) if lang in LANGUAGES else None
