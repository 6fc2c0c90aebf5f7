"""Sentences of the chronicle on one line of plain text: for feeds, cards and the API."""

import re
from collections.abc import Sequence
from typing import Final

from voipwatch.chronicle.titles import Sentence
from voipwatch.site.telling import BOUNDS, DAYS, values_of
from voipwatch.site.words import Name, Words

NO_BREAK: Final = "\u00a0"
_DATED: Final = BOUNDS | DAYS | {"since"}
_SPACES: Final = re.compile("[^\\S\u00a0\u202f]+")


def plain(sentence: Sentence, words: Words, *, named: Sequence[str] = ()) -> str:
    """One line; a date is not broken. `named` as `values_of` has it."""
    values = values_of(words, sentence, named=named)
    for key in _DATED & values.keys():
        values[key] = _unbroken(values[key])
    return one_line(words.plain_sentence(sentence, **values))


def one_line(text: str) -> str:
    """Without line breaks or runs of spaces: a title, a field of a calendar."""
    return _SPACES.sub(" ", text).strip()


def _unbroken(value: object) -> object:
    text = str(value).replace(" ", NO_BREAK)
    return Name(text) if isinstance(value, Name) else text
