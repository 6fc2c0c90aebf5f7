"""The sheet for signatures on paper: one side of A4 in one language, with its tally at the foot.

A file to print, not a page of the site: it asks for nothing and has its style inside.
"""

from typing import Final

import msgspec

from voipwatch.civic.petitions import Petition, PetitionText
from voipwatch.site.campaigns.pages import direction_of, paragraphs
from voipwatch.site.html import to_html
from voipwatch.site.words import HTML_LANG, Words

ROWS: Final = 15
"""Rows of a sheet: 10 mm each beside text and notice."""
ROWS_MAX: Final = 40


class Sheet(msgspec.Struct, frozen=True):
    """`campaign-sheet.html`."""

    text: PetitionText
    text_lang: str
    text_direction: str
    paragraphs: tuple[str, ...]
    petition: Petition
    rows: tuple[str, ...]
    """Their numbers."""


def sheet(petition: Petition, t: Words, *, rows: int = ROWS) -> bytes:
    """The sheet, HTML.

    Args:
        petition: whose text is shown in this language, or in one that it has.
        t: the language.
        rows: 1 to `ROWS_MAX`.

    Raises:
        ValueError: so many rows are on no sheet.
    """
    if not 1 <= rows <= ROWS_MAX:
        raise ValueError(f"{rows} rows")
    lang, text = petition.text(t.lang)
    page = Sheet(
        text=text,
        text_lang=HTML_LANG[lang],
        text_direction=direction_of(lang),
        paragraphs=paragraphs(text.body),
        petition=petition,
        rows=tuple(t.number(number) for number in range(1, rows + 1)),
    )
    return to_html("campaign-sheet.html", page, t)
