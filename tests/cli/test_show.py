import re
from pathlib import Path

import msgspec
import pytest
from rich.color import ColorSystem

from tests.cli.doubles import Stream, Told
from tests.cli.test_conclude import measured
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.show import STYLES, check_table, paragraph, show_check, verdict_text
from voipwatch.model.measurement import ReflectorFacts
from voipwatch.model.results import Check, StageResult
from voipwatch.model.vocabulary import Failure, Stage, Verdict


def check(**verdicts: Verdict) -> Check:
    return Told(verdicts)(measured("sip", "webrtc"), lang="en")


def shown(given: Check, *, lang: str = "en", width: int = 100, hosts: tuple[str, ...] = ()) -> str:
    out = Stream()
    context = Context(texts(lang), stdin=Stream(), stdout=out, stderr=Stream(), width=width)
    show_check(context, given, hosts=hosts)
    return out.getvalue()


def test_every_verdict_has_a_style_of_its_own_and_a_word() -> None:
    assert set(STYLES) == set(Verdict)
    assert len(set(STYLES.values())) == len(Verdict)
    words = {str(verdict_text(texts("en"), verdict)) for verdict in Verdict}
    assert len(words) == len(Verdict)


def test_columns_run_the_way_the_language_is_written() -> None:
    english = [column.header for column in check_table(texts("en"), check()).columns]
    arabic = [column.header for column in check_table(texts("ar"), check()).columns]
    assert english[0] == "app"
    assert arabic[-1] == texts("ar")("column.app")
    assert len(english) == len(arabic)


def test_a_sentence_of_the_judge_is_one_isolate_in_arabic() -> None:
    for body in ("جملة", "\u2067جملة\u2069"):
        out = Stream()
        context = Context(texts("ar"), stdin=Stream(), stdout=out, stderr=Stream(), width=60)
        paragraph(context, body)
        assert out.getvalue().count("\u2067") == 1
        assert out.getvalue().count("\u2069") == 1


@pytest.mark.parametrize("width", [20, 40, 200])
def test_any_width_will_do(width: int) -> None:
    lines = shown(check(sip=Verdict.BLOCKED), width=width).splitlines()
    # The last line is one line however narrow the terminal.
    assert max(map(len, lines[:-1])) <= width


def test_what_still_works_is_said_once() -> None:
    assert shown(check()).count("TLS port 443") == 1
    told = check(sip=Verdict.BLOCKED)
    names = "TLS port 443"
    told.results[0] = msgspec.structs.replace(told.results[0], explanation=f"It is. Got an answer: {names}.")
    assert shown(told).count(names) == 1


def test_voice_quality_has_its_scale_and_stands_where_voice_got_through() -> None:
    assert "(1 to 4.5)" in shown(check())
    assert shown(check(), lang="fr").count("4,2 / –") == 2
    assert shown(check(sip=Verdict.BLOCKED)).count("4.2 / –") == 1
    for verdict in (Verdict.BLOCKED, Verdict.DOWN, Verdict.INSUFFICIENT):
        text = shown(check(sip=verdict, webrtc=verdict))
        assert "4.2" not in text
        assert "voice quality" not in text
    heard = check(sip=Verdict.BLOCKED, webrtc=Verdict.BLOCKED)
    voice = StageResult(Stage.VOICE, Verdict.OK, "ok.clean")  # it is the video that is blocked
    heard.results[0] = msgspec.structs.replace(heard.results[0], stages=[voice])
    assert shown(heard).count("4.2 / –") == 1


def test_the_verdicts_word_alone_is_coloured() -> None:
    out = Stream()
    context = Context(texts("en"), stdin=Stream(), stdout=out, stderr=Stream(), width=200)
    context.out._force_terminal = True
    context.out._color_system = ColorSystem.STANDARD
    show_check(context, check(sip=Verdict.BLOCKED))
    line = next(line for line in out.getvalue().splitlines() if "A sentence in en about sip" in line)
    assert line.rstrip() == "sip: \x1b[1;31mBLOCKED\x1b[0m. A sentence in en about sip."


def test_what_is_said_of_an_app_is_one_isolate_in_arabic() -> None:
    text = shown(check(sip=Verdict.BLOCKED), lang="ar", width=300)
    line = next(line for line in text.splitlines() if "A sentence in en about sip" in line).strip()
    # Isolates beside each other would stand in the order of the terminal, from left to right.
    word = texts("ar")("verdict.blocked")
    assert line == f"\u2067sip: {word}. A sentence in en about sip.\u2069"


def test_the_time_of_an_emulated_line_is_called_so() -> None:
    out = Stream()
    context = Context(texts("en"), stdin=Stream(), stdout=out, stderr=Stream(), width=200)
    show_check(context, check(), emulated=True)
    assert "Time on the emulated line’s clock: 12 s." in out.getvalue()
    assert "emulated" not in shown(check())


def test_a_reflector_is_called_as_the_person_called_it_and_its_failure_is_said() -> None:
    given = check()
    facts = ReflectorFacts("addr-1", failure=Failure.PIN_MISMATCH)
    given.reflectors = Told()(measured("sip"), lang="en").reflectors
    assert "reflector" not in shown(given)
    measurement = measured("sip")
    measurement.reflectors = [facts]
    given = Told()(measurement, lang="en")
    given.reflectors = [type(given.reflectors[0])("addr-1", None, None, "failed", "pin_mismatch")]
    text = shown(given, hosts=("10.1.2.3",), width=300)
    assert "10.1.2.3" not in text  # nothing was measured: an error says so, on standard error
    given.reflectors = [type(given.reflectors[0])("addr-1", None, None, "lost", "connection_reset")]
    text = shown(given, hosts=("10.1.2.3",), width=300)
    assert "The control channel of reflector 10.1.2.3: the connection was reset" in text
    assert "No signed log from reflector 10.1.2.3" in text
    assert "addr-1" in shown(given, width=300)


@pytest.mark.parametrize("page", ["methods/verdicts.md", "experiments/README.md"])
def test_every_documented_note_has_its_words(repository: Path, page: str) -> None:
    # The judge's notes stand in a sentence that begins with `control-blocked`, the experiment's in a table.
    text = (repository / "docs" / page).read_text(encoding="utf-8")
    sentence = next((line for line in text.splitlines() if line.startswith("`control-blocked`")), "")
    rows = text[text.index("| note |") :].split("\n\n")[0] if "| note |" in text else ""
    names = re.findall(r"`([a-z-]+)(?::N)?`", sentence) + re.findall(r"^\| `([a-z-]+)`", rows, re.MULTILINE)
    assert names
    assert [name for name in names if not texts("en").has(f"note.{name}")] == []


def test_notes_are_translated_where_there_are_words() -> None:
    given = check()
    given.notes = ["control-blocked", "something-new"]
    given.results[0].notes.append("forged-datagrams:12")
    text = shown(given, lang="fr", width=300)
    assert texts("fr")("note.control-blocked") in text
    assert "something-new" in text
    assert f"{texts('fr')('note.forged-datagrams')} (12)" in text


def test_a_note_is_told_once() -> None:
    given = check()
    for row in given.results:
        row.notes.extend(["nat-rebind", "control-blocked"])
    given.results[0].notes.append("sip-altered")
    given.notes = ["control-blocked"]
    text = shown(given, width=300)
    words = texts("en")
    for note in ("nat-rebind", "control-blocked", "sip-altered"):
        assert text.count(words(f"note.{note}")) == 1
    assert words("check.note_of", apps="sip, webrtc", note=words("note.nat-rebind")) in text
