"""The demo's picture: lines that are not done yet, lines that failed, sentences that are said once."""

import pytest

from tests.cli.doubles import Stream, Told
from tests.cli.test_conclude import measured
from voipwatch.cli.context import Context
from voipwatch.cli.demo_board import APPS, LINES, Board, LineResult, live_board, messages_pass, show_board
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.model.results import Check
from voipwatch.model.vocabulary import Verdict


def context(lang: str = "en", *, terminal: bool = False) -> tuple[Context, Stream, Stream]:
    out, err = Stream(terminal=terminal), Stream(terminal=terminal)
    return Context(texts(lang), stdin=out, stdout=out, stderr=err, width=200), out, err


def check(verdict: Verdict, lang: str = "en", *, messages: bool) -> Check:
    found = Told(dict.fromkeys(APPS, verdict))(measured(*APPS), lang=lang)
    if messages:
        for row in found.results:
            row.works.append("tls-5222")
    return found


def test_messages_pass_where_the_messaging_path_was_answered() -> None:
    assert messages_pass(check(Verdict.BLOCKED, messages=True))
    assert not messages_pass(check(Verdict.BLOCKED, messages=False))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_the_same_is_said_once_and_what_failed_is_said(lang: str) -> None:
    first, second, failed, *_ = LINES
    board = Board(dict.fromkeys(LINES, "sim"))
    for name in (first, second):
        board.done[name] = LineResult("sim", check(Verdict.BLOCKED, lang, messages=True))
    board.problems[failed] = "oops"
    shown, out, err = context(lang)
    show_board(shown, board, 7, 1.0)
    told = out.getvalue()
    assert told.count(f"A sentence in {lang} about sip.") == 1
    assert told.count(texts(lang)("demo.messages.works")) == 2
    assert texts(lang)("demo.running") in told, "what is not done says so"
    assert "oops" in err.getvalue() + told
    assert "7" in told


def test_only_a_terminal_is_drawn_on_meanwhile() -> None:
    board = Board(dict.fromkeys(LINES, "sim"))
    shown, out, err = context()
    with live_board(shown, board) as step:
        step("clean")
    assert (out.getvalue(), err.getvalue()) == ("", "")
    shown, _, err = context(terminal=True)
    with live_board(shown, board) as step:
        step("clean")
    assert "whatsapp" in err.getvalue()
