"""Pages of boycotts: contexts for the templates, of what a desk says. No text here, no markup."""

from typing import Final

import msgspec

from voipwatch.civic.boycotts import Boycott, BoycottText, Noted, is_erased, stage_of
from voipwatch.civic.law.statements import Topic
from voipwatch.civic.pledges import Stage
from voipwatch.civic.publiccounts import CountLine
from voipwatch.civic.ranges import Range
from voipwatch.civic.turnout import Share, Turnout
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.lawview import LawView, law_view
from voipwatch.site.campaigns.pages import Frame, Listed, direction_of, frame_of, paragraphs
from voipwatch.site.campaigns.pledging.desk import DONE_STAGES, ToldBoycott
from voipwatch.site.campaigns.pledging.links import (
    api_path,
    boycott_path,
    boycotts_path,
    declare_path,
    own_path,
    reminder_path,
    take_back_path,
)
from voipwatch.site.campaigns.pledging.windowview import WindowView, window_view
from voipwatch.site.html import to_html
from voipwatch.site.words import HTML_LANG, Name, Words
from voipwatch.store.civic.pledging import PledgeRow, PledgeState

_LAW: Final = (Topic.BOYCOTT, Topic.DATA)


class BoycottsPage(msgspec.Struct, frozen=True):
    """`pledge-list.html`."""

    frame: Frame
    boycotts: tuple[Listed, ...]


class ObservedView(msgspec.Struct, frozen=True):
    """Something observable."""

    told: str
    value: str
    noted: str
    source: str
    href: str
    """Empty where the source is no web address."""


class TurnoutView(msgspec.Struct, frozen=True):
    """What may be said of turnout, as sentences; nothing else of it is on the page."""

    sentences: tuple[str, ...]


class BoycottPage(msgspec.Struct, frozen=True, kw_only=True):
    """`pledge-page.html`."""

    frame: Frame
    boycott: Boycott
    text: BoycottText
    text_lang: str
    text_direction: str
    translated: bool
    paragraphs: tuple[str, ...]
    state: str
    window: WindowView
    reminder: str
    declared: str
    kept: str
    broken: str
    has_reports: bool
    observed: tuple[ObservedView, ...]
    turnout: TurnoutView
    can_pledge: bool
    erased: bool
    declare: str
    law: LawView
    destroyed: str
    figures: str


class DeclarePage(msgspec.Struct, frozen=True, kw_only=True):
    """`pledge-declare.html`: the box, and a token that is a pledge's once the form was sent."""

    frame: Frame
    boycott: Boycott
    text: BoycottText
    text_lang: str
    text_direction: str
    window: WindowView
    action: str
    token: str
    destroyed: str
    back: str


class OwnPage(msgspec.Struct, frozen=True, kw_only=True):
    """`pledge-own.html`: one person's pledge."""

    frame: Frame
    heading: str
    title: str
    link: str
    """Its whole address; empty: not shown."""
    href: str
    said: str
    what_next: str
    report: str
    """Where a report goes; empty: none is taken now."""
    take_back: str
    reminder: str
    back: str


class NoticePage(msgspec.Struct, frozen=True):
    """`pledge-message.html`: a heading, a text, a way on."""

    frame: Frame
    heading: str
    text: str
    back: str
    to_campaign: bool


def boycotts_page(boycotts: list[Boycott], t: Words, now_s: float) -> bytes:
    """All campaigns."""
    listed = []
    for boycott in boycotts:
        lang, text = boycott.text(t.lang)
        listed.append(
            Listed(
                text.title, HTML_LANG[lang], direction_of(lang), boycott_path(t.lang, boycott.id),
                state_text(boycott, t, now_s), boycott.controller.name,
            )
        )  # fmt: skip
    frame = frame_of(t.plain("pledge.heading"), t, boycotts_path, indexed=True)
    return to_html("pledge-list.html", BoycottsPage(frame, tuple(listed)), t)


def boycott_page(told: ToldBoycott, t: Words, now_s: float) -> bytes:
    """One campaign."""
    boycott = told.boycott
    lang, text = boycott.text(t.lang)
    page = BoycottPage(
        frame=frame_of(text.title, t, lambda each: boycott_path(each, boycott.id), indexed=True),
        boycott=boycott,
        text=text,
        text_lang=HTML_LANG[lang],
        text_direction=direction_of(lang),
        translated=lang == t.lang,
        paragraphs=paragraphs(text.body),
        state=state_text(boycott, t, now_s),
        window=window_view(boycott.window, t),
        reminder=reminder_path(t.lang, boycott.id),
        declared=count_text(told, PledgeState.DECLARED, t),
        kept=count_text(told, PledgeState.KEPT, t),
        broken=count_text(told, PledgeState.BROKEN, t),
        has_reports=stage_of(boycott, now_s) in DONE_STAGES and not boycott.is_called_off,
        observed=tuple(_observed(each, t) for each in boycott.observed),
        turnout=_turnout(told, t, now_s),
        can_pledge=stage_of(boycott, now_s) is Stage.PLEDGING,
        erased=is_erased(boycott, now_s),
        declare=declare_path(t.lang, boycott.id),
        law=law_view(boycott.country, _LAW, t, effect="pledge.effect"),
        destroyed=_destroyed(boycott, t),
        figures=api_path(boycott.id),
    )
    return to_html("pledge-page.html", page, t)


def declare_page(boycott: Boycott, token: str, t: Words) -> bytes:
    """Where one pledges."""
    lang, text = boycott.text(t.lang)
    page = DeclarePage(
        frame=frame_of(t.plain("pledge.declare.heading"), t, lambda each: declare_path(each, boycott.id)),
        boycott=boycott,
        text=text,
        text_lang=HTML_LANG[lang],
        text_direction=direction_of(lang),
        window=window_view(boycott.window, t),
        action=declare_path(t.lang, boycott.id),
        token=token,
        destroyed=_destroyed(boycott, t),
        back=boycott_path(t.lang, boycott.id),
    )
    return to_html("pledge-declare.html", page, t)


def own_page(
    boycott: Boycott, pledge: PledgeRow, token: str, t: Words, now_s: float, *, url: str = ""
) -> bytes:
    """A pledge of one's own; `url` is the site's, and given where the link is shown for the first time."""
    stage = stage_of(boycott, now_s)
    window = boycott.window
    own = own_path(t.lang, boycott.id, token)
    if stage is Stage.REPORTING:
        what_next = t.plain("pledge.own.mend", at=t.moment(iso(boycott.reporting_ends_s), window.zone))
    elif stage is Stage.CLOSED:
        what_next = t.plain("pledge.own.closed")
    else:
        what_next = t.plain("pledge.own.later", at=t.moment(iso(window.ends_s), window.zone))
    heading = t.plain("pledge.declared.heading" if url else "pledge.own.heading")
    page = OwnPage(
        frame=frame_of(heading, t, lambda each: own_path(each, boycott.id, token)),
        heading=heading,
        title=boycott.text(t.lang)[1].title,
        link=f"{url}{own}" if url else "",
        href=own,
        said=t.plain(f"pledge.own.{pledge.state}"),
        what_next=what_next,
        report=own if stage is Stage.REPORTING else "",
        take_back=take_back_path(t.lang, boycott.id, token),
        reminder="" if stage in DONE_STAGES else reminder_path(t.lang, boycott.id),
        back=boycott_path(t.lang, boycott.id),
    )
    return to_html("pledge-own.html", page, t)


def notice_page(t: Words, key: str, boycott: str = "", *, text: str = "") -> bytes:
    """A page that says one thing: `pledge.KEY.heading` and `.text`, or another text of `pledge`."""

    def href(lang: str) -> str:
        return boycott_path(lang, boycott) if boycott else boycotts_path(lang)

    heading = t.plain(f"pledge.{key}.heading")
    shown = t.plain(f"pledge.{text or f'{key}.text'}")
    page = NoticePage(frame_of(heading, t, href), heading, shown, href(t.lang), bool(boycott))
    return to_html("pledge-message.html", page, t)


def state_text(boycott: Boycott, t: Words, now_s: float) -> str:
    """What it is in, with the time that matters."""
    stage, window = stage_of(boycott, now_s), boycott.window
    at_s = {
        Stage.PLEDGING: window.begins_s,
        Stage.RUNNING: window.ends_s,
        Stage.REPORTING: boycott.reporting_ends_s,
        Stage.CLOSED: boycott.reporting_ends_s,
    }[stage]
    key = "called-off" if stage is Stage.CLOSED and boycott.is_called_off else stage.value
    return t.plain(f"pledge.state.{key}", at=t.moment(iso(at_s), window.zone))


def count_text(told: ToldBoycott, series: PledgeState, t: Words) -> str:
    """A told count with its moment."""
    line = told.lines[series]
    if line is None:
        return t.plain("pledge.ladder.untold")
    at = t.moment(line.at)
    if line.count == 0:
        return t.plain("pledge.ladder.few", at=at)
    return t.plain("pledge.ladder.told", count=t.number(line.count), at=at)


def _turnout(told: ToldBoycott, t: Words, now_s: float) -> TurnoutView:
    boycott = told.boycott
    if boycott.is_called_off and stage_of(boycott, now_s) is Stage.CLOSED:
        return TurnoutView((t.plain("pledge.turnout.called-off"),))
    if stage_of(boycott, now_s) not in DONE_STAGES:
        return TurnoutView((t.plain("pledge.turnout.before"),))
    found = told.turnout(now_s)
    if found is None or told.opening is None:
        return TurnoutView((t.plain(f"pledge.turnout.{'too-few' if told.is_told else 'not-told'}"),))
    return TurnoutView(_shares(found, told.opening, t))


def _shares(found: Turnout, opening: CountLine, t: Words) -> tuple[str, ...]:
    def ends(share: Share) -> dict[str, str]:
        whole = share.rounded_out(100)
        return {"low": t.percent(whole.low), "high": t.percent(whole.high)}

    narrower = (
        t.plain("pledge.turnout.nobody")
        if found.if_alike is None
        else t.plain("pledge.turnout.alike", confidence=t.percent(found.confidence), **ends(found.if_alike))
    )
    bounds = t.plain("pledge.turnout.bounds", **ends(found.bounds))
    of = t.plain("pledge.turnout.of-opening", count=t.number(opening.count), at=t.moment(opening.at))
    return bounds, narrower, of, t.plain("pledge.turnout.of-pledges")


def _observed(noted: Noted, t: Words) -> ObservedView:
    each = noted.observable
    return ObservedView(
        told=t.plain(f"pledge.ladder.{each.found}", what=Name(each.what)),
        value="" if each.value is None else _value(each.value, each.unit, t),
        noted=t.plain("pledge.ladder.noted", day=t.day(iso(noted.at_s))),
        source=each.source,
        href=each.source if each.source.startswith(("https://", "http://")) else "",
    )


def _value(value: Range, unit: str, t: Words) -> str:
    named = Name(unit)
    if value.high is None:
        return t.plain("pledge.ladder.at-least", low=t.number(value.low), unit=named)
    if value.is_point:
        return t.plain("pledge.ladder.exact", value=t.number(value.low), unit=named)
    return t.plain(
        "pledge.ladder.between", low=t.number(value.low), high=t.number(value.high), unit=named
    )  # fmt: skip


def _destroyed(boycott: Boycott, t: Words) -> str:
    return t.plain("pledge.notice.destroyed", day=t.day(iso(boycott.erased_at_s)))
