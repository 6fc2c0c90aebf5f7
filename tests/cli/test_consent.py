import pytest

from tests.cli.doubles import Measured, Told, run_line
from voipwatch.cli.consent import LINE_BYTES, risk_tier
from voipwatch.cli.language import Size, texts

CHECK = ("check", "--reflector", "reflector.example")


@pytest.mark.parametrize(("apps", "tier"), [(1, "low"), (2, "medium"), (3, "high"), (14, "high")])
def test_tiers(apps: int, tier: str) -> None:
    assert risk_tier(apps) == tier


def at_most(apps: int, budget_bytes: int) -> str:
    """The line costs something too."""
    total = Size(apps * budget_bytes + LINE_BYTES)
    return texts("en")("consent.data", each=Size(budget_bytes), total=total, least=0.5, most=3.0)


@pytest.mark.parametrize(
    ("app", "risk"),
    [("sip", "Risk: low"), ("sip,webrtc", "Risk: medium"), ("sip,webrtc,whatsapp", "Risk: high")],
)
def test_risk_data_and_far_end_are_shown_before_anything_is_asked(app: str, risk: str) -> None:
    measured = Measured()
    ran = run_line(
        *CHECK, "--app", app, "--budget", "1MB", measure=measured, judge=Told(), answers="y\n", width=300
    )
    asked = ran.err.index("Start?")
    count = len(app.split(","))
    data = at_most(count, 1_000_000)
    for words in (data, risk, "reflector.example"):
        assert ran.err.index(words) < asked
    assert ran.err.index(data) == min(ran.err.index(words) for words in (data, risk, "reflector.example"))
    assert len(measured.requests) == 1


def test_all_apps_is_the_high_tier() -> None:
    assert "Risk: high" in run_line(*CHECK, "--all", measure=Measured(), judge=Told(), answers="y\n").err


@pytest.mark.parametrize(
    ("answers", "budget"),
    [
        ("y\n", 2_000_000),
        ("500kB\ny\n", 500_000),
        ("lots\n1MB\nyes\n", 1_000_000),
        ("1MB\n3MB\ny\n", 3_000_000),
    ],
)
def test_another_budget_may_be_typed_instead_of_an_answer(answers: str, budget: int) -> None:
    measured = Measured()
    ran = run_line(*CHECK, measure=measured, judge=Told(), answers=answers, width=300)
    assert [request.budget_bytes for request in measured.requests] == [budget]
    assert at_most(3, budget) in ran.err
    assert ran.status == 0


@pytest.mark.parametrize("answers", ["n\n", "no\n", "N\n", "\n", "non\n", "la\n", "", "1MB\n", "1MB\nn\n"])
@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_a_no_nothing_or_the_end_of_input_sends_nothing(answers: str, lang: str) -> None:
    measured = Measured()
    ran = run_line(*CHECK, measure=measured, judge=Told(), answers=answers, lang=lang)
    assert ran.status == 130
    assert texts(lang)("consent.declined") in ran.err
    assert measured.requests == []
    assert ran.out == ""


@pytest.mark.parametrize("answers", ["maybe\nperhaps\nwell\n", "1\n2\n3\ny\n"])
def test_three_answers_that_say_nothing_are_no_consent(answers: str) -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--budget", "1MB", measure=measured, judge=Told(), answers=answers)
    assert ran.status == 130
    assert "no answer was understood" in ran.err
    assert measured.requests == []


def test_a_word_is_answered_with_what_can_be_typed_and_a_number_with_the_limits() -> None:
    ran = run_line(*CHECK, measure=Measured(), judge=Told(), answers="maybe\n7\nn\n", width=300)
    assert "please answer y or n" in ran.err
    assert "the data budget 7 is out of range: 50 kB to 1 GB per app" in ran.err


def test_nothing_is_asked_where_nothing_will_be_sent() -> None:
    ran = run_line(*CHECK, "--app", "imo", measure=Measured(), judge=Told(), answers="n\n")
    assert (ran.status, "Start?" in ran.err) == (2, False)


def test_more_blocks_are_told_in_bytes_before_the_question() -> None:
    ran = run_line(
        *CHECK, "--app", "sip", "--blocks", "24", measure=Measured(), judge=Told(), answers="n\n", width=300
    )
    assert "4 MB" in ran.err


def test_a_long_check_says_that_it_is_long_and_pays_for_both_held_pairs() -> None:
    ran = run_line(
        *CHECK, "--long", "--app", "sip", measure=Measured(), judge=Told(), answers="n\n", width=300
    )
    assert "Time: about 1.5 to 3 minutes" in ran.err
    assert "7 MB" in ran.err


@pytest.mark.parametrize(
    ("lang", "yes"), [("fr", "oui"), ("fr", "O"), ("ar", "نعم"), ("ar", "y"), ("en", "YES")]
)
def test_yes_in_the_language(lang: str, yes: str) -> None:
    measured = Measured()
    run_line(*CHECK, "--budget", "1MB", measure=measured, judge=Told(), answers=f"{yes}\n", lang=lang)
    assert len(measured.requests) == 1


def test_yes_as_an_option_asks_nothing() -> None:
    ran = run_line(*CHECK, "--yes", measure=Measured(), judge=Told())
    assert ran.err == ""
