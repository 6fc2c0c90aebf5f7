"""What the law of a country says, for a page: the sentences of `civic.law` on some topics, with sources, and
the topics of which nothing is known.
"""

from collections.abc import Iterable

import msgspec

from voipwatch.civic.costs.inputs import Source
from voipwatch.civic.law.statements import Topic, law_of
from voipwatch.site.words import Name, Words


class LawSentence(msgspec.Struct, frozen=True):
    """One statement."""

    topic: str
    text: str
    read: str
    """On which its sources were read."""
    sources: tuple[Source, ...]


class LawView(msgspec.Struct, frozen=True):
    """`campaign-law.html`."""

    where: str
    """Whose law, or that nobody says."""
    sentences: tuple[LawSentence, ...]
    silent: tuple[str, ...]
    effect: str
    """That it has none in law."""


def law_view(country: str, topics: Iterable[Topic], t: Words, *, effect: str) -> LawView:
    """Of the country where a campaign runs; empty: its keeper names none. `effect`: key of a text."""
    wanted = tuple(topics)
    if not country:
        return LawView(t.plain("law.no-country"), (), (), t.plain(effect))
    law = law_of(country)
    sentences = tuple(
        LawSentence(
            t.plain(f"law.topic.{each.topic}"),
            each.texts[t.lang],
            t.plain("law.read", day=t.day(each.read)),
            each.sources,
        )
        for topic in wanted
        for each in law.statements
        if each.topic is topic
    )
    silent = tuple(
        t.plain("law.silent", topic=t.plain(f"law.topic.{topic}"))
        for topic in wanted
        if topic in law.silent_on
    )
    where = t.plain("law.where", country=Name(t.country(country)))
    return LawView(where, sentences, silent, t.plain(effect))
