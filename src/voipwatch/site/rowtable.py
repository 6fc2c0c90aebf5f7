"""Rows of the table of published rows, as text: a year of one country has 234,000 of them in three languages.

A template needs some microseconds for each value; here a row is one piece of text. Its figures are whole
numbers, its words are the site's own and escaped.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from voipwatch.site.bundle import Row, anchor_of
from voipwatch.site.words import Words

KNOWN: Final = frozenset({"ok", "blocked", "throttled", "down", "intermittent", "insufficient", "silent"})


def table_rows(t: Words, rows: Iterable[Row], *, of_hours: bool) -> Markup:
    """`<tr id=ANCHOR>` for each row, in the order of the bundle; the columns are those of `macros.html`.

    Args:
        t: the language.
        rows: of one series.
        of_hours: all are of single hours: their level and number of hours are left out.
    """
    states: dict[str, str] = {}
    levels: dict[str, str] = {}
    found = []
    for row in rows:
        state, level = states.get(row.state), levels.get(row.level)
        if state is None:
            state = states[row.state] = _state(t, row.state)
        if level is None:
            level = levels[row.level] = _level(t, row.level)
        votes = (row.votes, row.blocked, row.throttled, row.down, row.ok, row.insufficient, row.probes)
        figures = "".join([f"<td>{'' if each is None else each}</td>" for each in votes])
        found.append(
            _head(t, row.start, row.level)
            + (state + figures if of_hours else f"{level}{state}{figures}<td>{row.hours}</td>")
            + "</tr>\n"
        )
    return Markup("".join(found))  # noqa: S704 -- whole numbers, and texts that were escaped above


@lru_cache(maxsize=1 << 16)  # the hours of two years in three languages: all series have the same
def _head(t: Words, start: str, level: str) -> str:
    anchor = escape(anchor_of(start, level))
    return f'<tr id="{anchor}"><th scope="row">{escape(t.row_time(start, level))}</th>'


def _state(t: Words, name: str) -> str:
    text = t(f"state.{name}") if name in KNOWN else escape(name)
    return f'<td><span class="state s-{name if name in KNOWN else "insufficient"}">{text}</span></td>'


def _level(t: Words, name: str) -> str:
    return f"<td>{t(f'level.{name}') if t.has(f'level.{name}') else escape(name)}</td>"
