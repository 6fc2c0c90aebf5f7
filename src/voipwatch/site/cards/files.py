"""The cards of a bundle: one a revision and language. An unreviewed incident's names nobody."""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import Final

import msgspec

from voipwatch.chronicle.titles import card_of
from voipwatch.model.incidents import Incident
from voipwatch.site.bundle import Bundle
from voipwatch.site.cards import card_path
from voipwatch.site.cards.fonts import Fonts
from voipwatch.site.cards.picture import CardText, draw_card
from voipwatch.site.feeds.telling import plain
from voipwatch.site.words import LANGUAGES, Words, words

FORM: Final = 1
"""Of the drawing: another number draws every card again."""


def card_plans(bundle: Bundle, fonts: Fonts) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Path of each card, digest of its words, and what draws it: who has that digest need not draw it."""
    for incident in revisions_of(bundle):
        signed = bundle.signed_revision(incident)
        for lang in LANGUAGES:
            text = text_of(incident, signed, words(lang))
            digest = sha256(msgspec.json.encode((FORM, text))).hexdigest()
            path = card_path(lang, incident.id, incident.revision)
            yield path, digest, partial(draw_card, text, fonts)


def revisions_of(bundle: Bundle) -> Iterator[Incident]:
    """Every revision that the bundle has."""
    for page in bundle.incidents:
        newest = page.incident
        for number in range(1, newest.revision):
            if f"incidents/{newest.id}/r{number}.json" in bundle.paths:
                yield bundle.revision(newest.id, number)
        yield newest


def text_of(incident: Incident, signed: Incident | None, told: Words) -> CardText:
    """What the card of a revision says, in one language."""
    card = card_of(incident, signed)
    foot = told.plain("card.shares", revision=incident.revision, moment=told.moment(incident.as_of))
    stamp = ""
    if incident.synthetic:
        stamp = f"{told.plain('card.stamp')} · {told.plain('card.stamp-more')}"
    # The stamp says that it is emulated; the marks need not say it again.
    marks = [mark for mark in card.marks if mark.key != "mark.emulated"]
    return CardText(
        title=plain(card.title, told, named=incident.named),
        marks=" · ".join(plain(mark, told) for mark in marks),
        foot=f"{told.isolate(incident.id)} · {foot}",
        stamp=stamp,
        lang=told.html_lang,
        direction=told.direction,
    )


def share_text(bundle: Bundle, incident: Incident, told: Words) -> str:
    """A text for a person to copy: what happened, what it must not be read without, as of when."""
    card = card_of(incident, bundle.signed_revision(incident))
    return told.plain(
        "card.share",
        title=plain(card.title, told, named=incident.named),
        marks=" · ".join(plain(mark, told) for mark in card.marks),
        as_of=told.plain("feeds.as-of", moment=told.moment(incident.as_of)),
    )
