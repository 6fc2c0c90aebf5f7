from tests.cli.doubles import Stream
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.progress import shown_progress
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


def test_stages_are_translated_and_questions_are_called_by_their_name() -> None:
    assert texts("fr")("stage.voice") in run(Progress("sip", "voice", 0.5), terminal=True, lang="fr")
    assert "trigger" in run(Progress("sip", "trigger", 0.5), terminal=True)


def test_impossible_ratios_and_strangers_do_no_harm() -> None:
    run(
        Progress("sip", "voice", -1.0),
        Progress("sip", "voice", 9.0),
        Progress("zoom", "x", 1.0),
        terminal=True,
    )


def test_nothing_without_a_terminal() -> None:
    assert run(Progress("sip", "voice", 0.5), terminal=False) == ""
