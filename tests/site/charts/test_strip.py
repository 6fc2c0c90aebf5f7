"""Strips: runs of a state, by colour and height; unknown states are never dressed as ok."""

from datetime import date

from tests.site.bundles import HOSTILE
from voipwatch.site.charts.strip import strips
from voipwatch.site.history import Day
from voipwatch.site.words import words


def days(*states: str) -> list[Day]:
    return [Day(date(2016, 1, number), state, 3, 0, "a") for number, state in enumerate(states, 1) if state]


def test_runs_and_gaps() -> None:
    shown = str(strips(words("en"), [("A", days("ok", "ok", "", "blocked")), ("B", days("ok"))], title="T"))
    assert (shown.count('class="s-ok"'), shown.count('class="s-blocked"')) == (2, 1)
    assert shown.count('class="gap"') == 2
    assert "2 series from 1 January 2016 to 4 January 2016" in shown


def test_what_is_not_known_is_not_ok() -> None:
    shown = str(strips(words("en"), [(HOSTILE, days("odd", "insufficient"))], title="T"))
    assert 'class="s-ok"' not in shown
    assert shown.count('class="s-insufficient"') == 2
    assert "<script" not in shown


def test_nothing_is_nothing() -> None:
    assert strips(words("en"), [("A", [])], title="T") == ""
