"""A bar on a terminal, and nothing anywhere else."""

from tests.cli.doubles import Stream
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.working import shown_wait, shown_work


def test_nothing_without_a_terminal() -> None:
    stream = Stream()
    with shown_work(Context(texts("en"), stderr=stream), "detect.reading", 100) as step:
        step(50)
    assert stream.getvalue() == ""


def test_of_what_has_no_measure_the_time_so_far_is_shown_on_a_terminal_alone() -> None:
    for terminal in (True, False):
        stream = Stream(terminal=terminal)
        with shown_wait(Context(texts("en"), stderr=stream), "lab.measuring"):
            pass
        assert ("Measuring in this world" in stream.getvalue()) == terminal
        assert ("0:00:00" in stream.getvalue()) == terminal


def test_a_bar_on_a_terminal() -> None:
    stream = Stream(terminal=True)
    with shown_work(Context(texts("fr"), stderr=stream), "detect.reading", 100) as step:
        step(200)
    assert texts("fr")("detect.reading") in stream.getvalue()
