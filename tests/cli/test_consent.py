import pytest

from tests.cli.doubles import Measured, Told, run_line
from voipwatch.cli.consent import risk_tier

CHECK = ("check", "--reflector", "reflector.example")


@pytest.mark.parametrize(("apps", "tier"), [(1, "low"), (2, "medium"), (3, "high"), (14, "high")])
def test_tiers(apps: int, tier: str) -> None:
    assert risk_tier(apps) == tier


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
    for words in (risk, "at most 1 MB per app", f"{len(app.split(','))} MB in all", "reflector.example"):
        assert ran.err.index(words) < asked
    assert len(measured.requests) == 1


def test_all_apps_is_the_high_tier() -> None:
    assert "Risk: high" in run_line(*CHECK, "--all", measure=Measured(), judge=Told(), answers="\ny\n").err


@pytest.mark.parametrize(
    ("answers", "budget"), [("\ny\n", 2_000_000), ("500kB\ny\n", 500_000), ("lots\n1MB\nyes\n", 1_000_000)]
)
def test_the_budget_is_asked_when_none_is_given(answers: str, budget: int) -> None:
    measured = Measured()
    ran = run_line(*CHECK, measure=measured, judge=Told(), answers=answers)
    assert [request.budget_bytes for request in measured.requests] == [budget]
    assert ran.status == 0


@pytest.mark.parametrize("answer", ["n\n", "no\n", "N\n", "\n"])
def test_a_no_sends_nothing(answer: str) -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--budget", "1MB", measure=measured, judge=Told(), answers=answer)
    assert ran.status == 130
    assert "Nothing was sent" in ran.err
    assert measured.requests == []
    assert ran.out == ""


@pytest.mark.parametrize("answers", ["", "maybe\nperhaps\nwell\n", "maybe\n"])
def test_no_usable_answer_sends_nothing(answers: str) -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--budget", "1MB", measure=measured, judge=Told(), answers=answers)
    assert ran.status == 64
    assert measured.requests == []


def test_three_impossible_budgets_send_nothing() -> None:
    measured = Measured()
    ran = run_line(*CHECK, measure=measured, judge=Told(), answers="x\ny\nz\ny\n")
    assert ran.status == 64
    assert measured.requests == []


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
