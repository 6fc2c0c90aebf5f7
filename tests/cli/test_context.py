import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.doubles import Measured, Stream, Told
from voipwatch.cli import machinery
from voipwatch.cli.context import Context, data_folder, now_iso
from voipwatch.cli.language import texts
from voipwatch.model.instants import seconds


def context(*, answers: str = "", terminal: bool = True) -> tuple[Context, Stream, Stream]:
    out, err = Stream(terminal=terminal), Stream(terminal=terminal)
    stdin = Stream(answers, terminal=terminal)
    return Context(texts("en"), stdin=stdin, stdout=out, stderr=err, width=40), out, err


def test_what_a_person_typed_is_no_markup_and_one_line() -> None:
    made, out, err = context()
    made.say("error.app_without_profile", value="[red]x[/red]", known=":smile: " + "y" * 100)
    assert "[red]x[/red]" in err.getvalue()
    assert ":smile:" in err.getvalue()
    assert err.getvalue().count("\n") == 1
    made.tell("demo.why")
    assert "Why:" in out.getvalue()


def test_a_question_goes_to_standard_error_and_the_end_of_input_is_no_answer() -> None:
    made, out, err = context(answers=" yes \n")
    assert made.ask("consent.question") == "yes"
    assert made.ask("consent.question") is None
    assert "Start?" in err.getvalue()
    assert out.getvalue() == ""


@pytest.mark.parametrize(("stdin", "stderr", "interactive"), [(1, 1, True), (1, 0, False), (0, 1, False)])
def test_somebody_is_there_only_when_he_can_read_and_type(stdin: int, stderr: int, interactive: bool) -> None:
    made = Context(
        texts("en"), stdin=Stream(terminal=bool(stdin)), stdout=Stream(), stderr=Stream(terminal=bool(stderr))
    )
    assert made.interactive is interactive


def test_json_is_utf_8_whatever_the_locale() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Context(texts("en"), stdin=Stream(), stdout=stream, stderr=Stream()).print_json('{"x":"محجوب"}'.encode())
    assert raw.getvalue() == '{"x":"محجوب"}\n'.encode()


@pytest.mark.parametrize(
    ("value", "folder"),
    [("/data", Path("/data/voipwatch")), ("relative", None), ("", None)],
)
def test_the_data_folder_follows_xdg(value: str, folder: Path | None) -> None:
    expected = folder or Path.home() / ".local/share/voipwatch"
    assert data_folder({"XDG_DATA_HOME": value}) == expected


def test_the_real_world_is_there_when_none_is_given() -> None:
    made, _, _ = context()
    assert made.measuring() is machinery.measure
    assert made.judging() is machinery.judge
    assert made.apps_with_profile() == machinery.profiled_apps()


def test_another_world_is_used_when_given() -> None:
    measured, told = Measured(), Told()
    made = Context(texts("en"), measure=measured, judge=told, profiled=("sip",))
    assert (made.measuring(), made.judging(), made.apps_with_profile()) == (measured, told, ("sip",))


def test_the_clock_is_written_as_records_want_it() -> None:
    before_s = datetime.now(tz=UTC).timestamp()
    assert -1 < seconds(now_iso()) - before_s < 60
