"""What people said of an incident, as they said it: reviews, notices, replies, disputes, holds."""

from collections.abc import Mapping
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.model.acts import Dispute, Hold, Notice, Reply, Review
from voipwatch.site import links
from voipwatch.site.bundle import IncidentPage
from voipwatch.site.bundle import Said as Act
from voipwatch.site.links import Here
from voipwatch.site.pages.claims import web_address
from voipwatch.site.words import Name, Words, language_tag


class Said(NamedTuple):
    """A reply, dispute, review, notice or hold."""

    kind: Markup
    at: str
    who: str
    text: str
    lang: str
    """BCP 47, or empty where it is not known."""
    url: str
    note: Markup


class CorrectionView(NamedTuple):
    """One line of the public list."""

    at: str
    kind: Markup
    incident: str
    href: str
    revision: int
    what: str
    why: str
    evidence: int


def said_of(t: Words, page: IncidentPage) -> tuple[Said, ...]:
    """All of it, in the order of the chronicle's log."""
    found = [(each.line, _review(t, each)) for each in page.reviews]
    found += [(each.line, _notice(t, each)) for each in page.notices]
    found += [(each.line, _reply(t, each)) for each in page.replies]
    found += [(each.line, _dispute(t, each)) for each in page.disputes]
    found += [(each.line, _hold(t, each)) for each in page.holds]
    return tuple(said for _, said in sorted(found, key=lambda each: each[0]))


def _said(t: Words, kind: str, at: str, note: Markup, *, text: str = "", who: str = "") -> Said:
    return Said(t(f"said.kind.{kind}"), t.moment(at), who, text, "", "", note)


def _review(t: Words, act: Act[Review]) -> Said:
    note = t("said.review", reviewer=Name(act.body.reviewer), revision=act.body.revision)
    return _said(t, "review", act.at, note, text=act.body.note)


def _notice(t: Words, act: Act[Notice]) -> Said:
    note = t(
        "said.notice",
        n=act.operators_count or len(act.body.operators),
        until=Name(t.moment(act.body.until)),
    )
    return _said(t, "notice", act.at, note, text=act.body.channel, who=", ".join(act.body.operators))


def _reply(t: Words, act: Act[Reply]) -> Said:
    reply = act.body
    note = t(
        "said.reply",
        name=Name(reply.name),
        side=t(f"said.side.{reply.side}"),
        received=Name(reply.received),
    )
    said = _said(t, "reply", act.at, note, text=reply.text)
    return said._replace(lang=language_tag(reply.lang), url=web_address(reply.url))


def _dispute(t: Words, act: Act[Dispute]) -> Said:
    return _said(t, "dispute", act.at, t("said.dispute", by=Name(act.body.by)), text=act.body.ground)


def _hold(t: Words, act: Act[Hold]) -> Said:
    note = t("said.hold", revision=act.body.revision, until=Name(t.moment(act.body.until)))
    return _said(t, "hold", act.at, note)


def correction_view(t: Words, here: Here, entry: Mapping[str, object]) -> CorrectionView:
    """A correction or withdrawal of the public list."""
    body = entry["body"]
    assert isinstance(body, dict)
    name = str(body.get("incident", ""))
    return CorrectionView(
        at=t.moment(str(entry["at"])),
        kind=t(f"correction.kind.{entry['kind']}"),
        incident=name,
        href=here.page(links.incident(name)) if name else "",
        revision=int(body.get("revision", 0)),
        what=str(body.get("what", "") or body.get("reason", "")),
        why=str(body.get("why", "")),
        evidence=len(body.get("changepoints", ())),
    )
