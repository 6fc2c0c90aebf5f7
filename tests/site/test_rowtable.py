"""Rows of the table as text: figures, anchors, and words that were escaped."""

from tests.site.bundles import HOSTILE
from voipwatch.site.bundle import Row
from voipwatch.site.rowtable import table_rows
from voipwatch.site.words import words

DAY = Row("2016-01-05T00:00:00Z", "x", "day", "blocked", 20, 1, 17, 0, 2, 0, 5, 9)
HOUR = Row("2016-01-05T14:00:00Z", "x", "hour", "insufficient", 3, None, None, None, None, None, 3, 1)


def test_a_row() -> None:
    assert table_rows(words("en"), [DAY], of_hours=False) == (
        '<tr id="2016-01-05-day"><th scope="row">5 January 2016</th><td>day</td>'
        '<td><span class="state s-blocked">blocked</span></td><td>20</td><td>17</td><td>0</td><td>2</td>'
        "<td>1</td><td>0</td><td>5</td><td>9</td></tr>\n"
    )


def test_figures_that_are_withheld_are_empty() -> None:
    assert "<td>3</td><td></td><td></td><td></td><td></td><td></td><td>3</td></tr>" in table_rows(
        words("en"), [HOUR], of_hours=True
    )


def test_a_strangers_words_are_escaped() -> None:
    odd = Row(HOSTILE, "x", HOSTILE, HOSTILE, 3, 3, 0, 0, 0, 0, 3, 1)
    try:
        shown = str(table_rows(words("en"), [odd], of_hours=False))
    except ValueError:
        return  # a time that is none
    assert "<script" not in shown
