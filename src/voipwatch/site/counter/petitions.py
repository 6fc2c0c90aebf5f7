"""A petition's told count beside a counter: one finished sentence, always with the time that it is of.

The number is the petition's public one, in steps of ten (`civic.publiccounts`): "8,120 or a few more", "fewer
than 10". It is told with its time whatever happens, so that an old answer, a mirror and an archive stay true.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from voipwatch.civic.petitions import Petition, PetitionState, state_at
from voipwatch.civic.publiccounts import CountLine
from voipwatch.site.counter.phrases import isolated, number, say
from voipwatch.site.words import LANGUAGES, words

PETITIONS_MAX: Final = 12
"""In a document: those that are open, then those that closed last. With twelve it has some 20 kB."""
CAMPAIGNS: Final = "campaigns/"
"""Below the site's root, where pages of petitions are (`site.campaigns.links`)."""


class CountedPetition(msgspec.Struct, frozen=True):
    """What is public of a petition at a time."""

    id: str
    titles: Mapping[str, str]
    """Of each of the site's languages; the petition's own where it has none of that language."""
    count: int
    """Told: a multiple of ten; 0: fewer than ten."""
    at: str
    """When the count was taken."""
    closed: bool
    """Nobody can sign any more."""
    closes_at_s: int


class PetitionFigure(msgspec.Struct, frozen=True):
    """As a counter's document has it."""

    id: str
    count: int
    as_of: str
    closed: bool
    url: dict[str, str]
    """Its page in each language."""
    texts: dict[str, str]
    """A finished sentence in each language, true for ever."""


def counted(petition: Petition, line: CountLine | None, now_s: float) -> CountedPetition | None:
    """None: no count was told yet, or it does not open before later."""
    state = state_at(petition, now_s)
    if line is None or state is PetitionState.ANNOUNCED:
        return None
    titles = {lang: petition.text(lang)[1].title for lang in LANGUAGES}
    closed = state is not PetitionState.OPEN
    return CountedPetition(petition.id, titles, line.count, line.at, closed, petition.closes_at_s)


def shown(petitions: Iterable[CountedPetition]) -> tuple[CountedPetition, ...]:
    """Those that documents have: open ones by their id, then closed ones, the last first."""
    ordered = sorted(
        petitions, key=lambda each: (each.closed, -each.closes_at_s if each.closed else 0, each.id)
    )
    return tuple(ordered[:PETITIONS_MAX])


def figures(petitions: Sequence[CountedPetition], base: str) -> tuple[PetitionFigure, ...]:
    """In words.

    Args:
        petitions: as `shown` gives them.
        base: address of the site; empty: links are relative to `/counter/`.
    """
    root = f"{base}/" if base else "../"
    return tuple(
        PetitionFigure(
            id=each.id,
            count=each.count,
            as_of=each.at,
            closed=each.closed,
            url={lang: f"{root}{CAMPAIGNS}{lang}/{each.id}/" for lang in LANGUAGES},
            texts={lang: _sentence(each, lang) for lang in LANGUAGES},
        )
        for each in petitions
    )


def _sentence(petition: CountedPetition, lang: str) -> str:
    key = f"petition.{'closed' if petition.closed else 'open'}{'' if petition.count else '_few'}"
    return say(
        lang,
        key,
        count=number(lang, petition.count),
        title=isolated(lang, petition.titles[lang]),
        as_of=words(lang).moment(petition.at),
    )
