import pytest

from tests.cli.doubles import Stream, Told
from tests.cli.test_conclude import measured
from voipwatch.cli.context import Context
from voipwatch.cli.farend import note_text, refusals, silent, unreached
from voipwatch.cli.language import texts
from voipwatch.cli.show import show_check
from voipwatch.model.measurement import ReflectorFacts
from voipwatch.model.results import Check
from voipwatch.model.vocabulary import Failure, Verdict

TIMEOUT = Failure.CONNECT_TIMEOUT


def check(*reflectors: ReflectorFacts, verdict: Verdict, notes: tuple[str, ...] = ()) -> Check:
    measurement = measured("sip", "webrtc")
    measurement.reflectors = list(reflectors)
    measurement.notes = list(notes)
    given = Told(dict.fromkeys(("sip", "webrtc"), verdict))(measurement, lang="en")
    given.reflectors = [
        type(summary)(f.name, f.key, f.version, f.control, f.failure and f.failure.value, log_signed=False)
        for summary, f in zip(given.reflectors, reflectors, strict=True)
    ]
    return given


def dead(*reflectors: ReflectorFacts) -> Check:
    """Kept tickets, and nothing came back: what the judge then says of every app."""
    given = check(*reflectors, verdict=Verdict.INSUFFICIENT, notes=("warmup-unheard", "control-blocked"))
    for row in given.results:
        row.notes.append("ticket-refused")
    return given


def kept(name: str = "r") -> ReflectorFacts:
    return ReflectorFacts(name, control="stored-ticket", failure=TIMEOUT)


def shown(given: Check, lang: str = "en") -> str:
    out = Stream()
    context = Context(texts(lang), stdin=Stream(), stdout=out, stderr=Stream(), width=400)
    show_check(context, given, hosts=("far.example", "other.example"))
    return out.getvalue()


def test_a_silent_reflector_with_kept_tickets_is_one_plain_sentence() -> None:
    given = dead(kept())
    assert silent(given)
    text = shown(given)
    assert text.count("The reflector far.example did not answer at all: it may be off, or") == 1
    for words in ("blocked", "A sentence in en", "Note:", "log", "ticket"):
        assert words not in text
    assert text.count("not enough evidence") == 2  # a row an app, all the same


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_it_is_said_in_the_language(lang: str) -> None:
    assert texts(lang)("farend.silent", name="far.example") in shown(dead(kept()), lang)


@pytest.mark.parametrize("failure", [Failure.PIN_MISMATCH, Failure.TLS_FAILED, Failure.BAD_ANSWER])
def test_a_control_channel_that_answered_wrongly_is_not_called_silent(failure: Failure) -> None:
    given = dead(ReflectorFacts("r", control="stored-ticket", failure=failure))
    assert "did not answer at all" not in shown(given)
    context = Context(texts("en"), stdin=Stream(), stdout=Stream(), stderr=Stream())
    [said] = refusals(context, given, ("far.example",))
    assert said.startswith("a kept ticket was tried towards far.example, and nothing came back")
    assert "nothing was measured" not in said, "data were spent"
    assert refusals(context, dead(kept()), ("far.example",)) == []


def test_silence_needs_that_nothing_at_all_was_heard() -> None:
    assert not silent(check(kept(), verdict=Verdict.INSUFFICIENT))
    assert not silent(check(kept(), verdict=Verdict.OK, notes=("warmup-unheard",)))
    heard = dead(kept())
    heard.results[0].notes.clear()
    assert not silent(heard)
    assert not silent(dead(kept(), ReflectorFacts("s", control="ok")))
    assert not silent(dead(ReflectorFacts("s", control="ok")))


def test_a_silent_control_channel_is_one_line_and_the_check_goes_on() -> None:
    notes = ("control-blocked", "far-log-missing", "log-missing", "nat-rebind")
    text = shown(check(kept(), verdict=Verdict.OK, notes=notes))
    assert text.count("far.example") == 1
    assert "did not give a ticket (no answer to the connection): the check went on with a kept ticket" in text
    assert "A sentence in en about sip." in text
    assert "blocked" not in text
    assert text.count("Note:") == 1  # what is not of the control channel is said


def test_one_of_two_reflectors_may_be_refused() -> None:
    wrong = ReflectorFacts("r", control="failed", failure=Failure.PIN_MISMATCH)
    given = check(wrong, ReflectorFacts("s", control="ok"), verdict=Verdict.OK)
    assert not unreached(given)
    text = shown(given)
    assert "far.example" not in text
    assert "other.example" in text
    context = Context(texts("en"), stdin=Stream(), stdout=Stream(), stderr=Stream())
    [said] = refusals(context, given, ("far.example", "other.example"))
    assert said.startswith("nothing was measured towards far.example: its certificate")


def test_a_failure_without_a_name_is_said_to_have_none() -> None:
    given = check(ReflectorFacts("r", control="failed"), verdict=Verdict.INSUFFICIENT)
    context = Context(texts("en"), stdin=Stream(), stdout=Stream(), stderr=Stream())
    assert refusals(context, given, ()) == ["nothing was measured towards r: unknown reason."]


def test_a_note_may_carry_a_number_or_have_no_words() -> None:
    words = texts("en")
    assert note_text(words, "forged-datagrams:12") == f"{words('note.forged-datagrams')} (12)"
    assert note_text(words, "something-new") == "something-new"
