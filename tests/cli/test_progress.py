from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.progress import BarColumn
from rich.progress import Progress as Bars

from tests.cli.doubles import Stream
from voipwatch.cli import progress
from voipwatch.cli.context import Context
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.progress import CREPT_MAX, PACE_S, crept, shown_progress
from voipwatch.experiment.events import Progress


def run(*steps: Progress, terminal: bool, lang: str = "en") -> str:
    err = Stream(terminal=terminal)
    context = Context(texts(lang), stdin=Stream(), stdout=Stream(), stderr=err, width=100)
    with shown_progress(context, ("whatsapp", "sip")) as step:
        for each in steps:
            step(each)
    return err.getvalue()


def test_one_bar_an_app_and_one_for_the_line() -> None:
    text = run(Progress("sip", "voice", 0.5), terminal=True)
    for word in ("whatsapp", "sip", "the line"):
        assert word in text


def test_stages_are_translated_and_a_strange_word_is_not_shown() -> None:
    for stage in ("setup", "repeat", "voice", "video", "trigger"):
        for lang in LANGUAGES:
            assert texts(lang)(f"progress.{stage}") in run(
                Progress("sip", stage, 0.5), terminal=True, lang=lang
            )
    assert "xyzzy" not in run(Progress("sip", "xyzzy", 0.5), terminal=True)


def test_nothing_without_a_terminal() -> None:
    assert run(Progress("sip", "voice", 0.5), terminal=False) == ""


class Watched:
    """Bars on a clock that is told what time it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.bars: list[Bars] = []
        made = self.bars

        class Noted(Bars):
            def __init__(self, *columns: Any, **options: Any) -> None:
                super().__init__(*columns, auto_refresh=False, **options)
                made.append(self)

        monkeypatch.setattr(progress, "Bars", Noted)

    def clock(self) -> float:
        return self.now

    def full(self) -> list[float]:
        """How full the bars of the line, whatsapp and sip are."""
        column = next(c for c in self.bars[0].columns if isinstance(c, BarColumn))
        return [column.render(task).completed for task in self.bars[0].tasks]


def test_impossible_ratios_are_bounded_and_strangers_move_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    context = Context(texts("en"), stdin=Stream(), stdout=Stream(), stderr=Stream(terminal=True), width=100)
    with shown_progress(context, ("whatsapp", "sip"), clock=watched.clock) as step:
        step(Progress("sip", "voice", -1.0))
        assert watched.full() == [0.0, 0.0, 0.0]
        step(Progress("zoom", "x", 1.0))
        assert watched.full() == [0.0, 0.0, 0.0]
        step(Progress("sip", "voice", 9.0))
        assert watched.full() == [0.0, 0.0, 1.0]


def test_bars_creep_with_time_and_reach_the_end_with_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    context = Context(texts("en"), stdin=Stream(), stdout=Stream(), stderr=Stream(terminal=True), width=100)
    with shown_progress(context, ("whatsapp", "sip"), clock=watched.clock) as step:
        watched.now += 50.0
        assert watched.full() == [0.0, 0.0, 0.0]  # nothing is known to go on
        step(Progress("line", "warmup", 0.0))
        watched.now += 2.0
        line, *apps = watched.full()
        assert 0.5 < line < 0.97
        assert apps == [0.0, 0.0]
        step(Progress("line", "done", 1.0))
        step(Progress("sip", "setup", 0.0))
        before = 0.0
        for _ in range(20):
            watched.now += 3.0
            line, whatsapp, sip = watched.full()
            assert (line, whatsapp) == (1.0, 0.0)
            assert before < sip < 0.97
            before = sip
        step(Progress("sip", "voice", 0.4))  # less than where it has crept: it does not go back
        assert watched.full()[2] == pytest.approx(before)
        step(Progress("", "finished", 1.0))
        assert watched.full() == [1.0, 1.0, 1.0]
        watched.now += 9.0
        assert watched.full() == [1.0, 1.0, 1.0]


@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_bar_never_goes_back_nor_beyond_what_is_left(ratio: float, early_s: float, later_s: float) -> None:
    early, later = sorted(crept(ratio, since_s, PACE_S) for since_s in (early_s, later_s))
    assert ratio <= early <= later <= max(ratio, CREPT_MAX)
    assert (crept(ratio, min(early_s, later_s), PACE_S)) == early
