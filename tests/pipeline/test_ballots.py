import msgspec
import pytest

from tests.support.reports import START, Sender, intake_of, submission_of
from voipwatch.model.measurement import AppCost, Interruption
from voipwatch.model.results import AppResult, Quality
from voipwatch.model.submission import Submission
from voipwatch.model.vocabulary import LINE, Verdict
from voipwatch.pipeline.ballots import line_verdict, votes_of
from voipwatch.pipeline.slim import BodyError


@pytest.mark.parametrize(
    ("world", "app", "line"),
    [
        ("clean", Verdict.OK, Verdict.OK),
        ("port-drop", Verdict.BLOCKED, Verdict.OK),
        ("cafe-firewall", Verdict.DOWN, Verdict.DOWN),
        ("follow-caller", Verdict.OK, Verdict.OK),
    ],
)
def test_the_votes_of_real_reports(world: str, app: Verdict, line: Verdict) -> None:
    votes = votes_of(intake_of(submission_of(world, 1, START), 1, START + 60))
    calls = {vote.app: vote for vote in votes if vote.stage == "call"}
    assert {name: vote.verdict for name, vote in calls.items()} == {"whatsapp": app, LINE: line}
    assert {vote.hour for vote in votes} == {START}
    assert {vote.source for vote in votes} == {"panel"}
    assert len({(vote.app, vote.stage) for vote in votes}) == len(votes)
    if line is Verdict.DOWN:
        assert calls[LINE].mechanism == "udp.all"


def test_a_cut_direct_leg_is_a_vote_of_its_own_stage_and_calls_get_through() -> None:
    votes = votes_of(intake_of(submission_of("follow-caller", 1, START), 1, START + 60))
    of_app = {vote.stage: vote for vote in votes if vote.app == "whatsapp"}
    assert of_app["direct"].verdict is Verdict.BLOCKED
    assert (of_app["call"].verdict, of_app["call"].mechanism, of_app["call"].direction) == (
        Verdict.OK,
        "",
        "",
    )


def test_the_probes_own_verdict_is_not_looked_at() -> None:
    honest = submission_of("port-drop", 1, START)
    rows = [
        msgspec.structs.replace(row, verdict=Verdict.OK, rule="ok.clean")
        for row in honest.report.check.results
    ]
    check = msgspec.structs.replace(honest.report.check, results=rows)
    lie = Submission(honest.probe, msgspec.structs.replace(honest.report, check=check))
    assert votes_of(intake_of(lie, 1, START)) == votes_of(intake_of(honest, 1, START))


def test_a_probe_that_says_that_everything_came_is_contradicted_by_the_signed_log() -> None:
    """It may only throw its own vote away: what the reflector did not log it cannot have sent."""
    honest = submission_of("port-drop", 1, START)
    flows = [msgspec.structs.replace(flow, received=flow.sent) for flow in honest.report.measurement.flows]
    measurement = msgspec.structs.replace(honest.report.measurement, flows=flows)
    lie = Submission(honest.probe, msgspec.structs.replace(honest.report, measurement=measurement))
    (call,) = [v for v in votes_of(intake_of(lie, 1, START)) if (v.app, v.stage) == ("whatsapp", "call")]
    assert call.verdict is not Verdict.OK


def test_a_report_that_was_cut_short_gives_no_votes() -> None:
    whole = submission_of("port-drop", 1, START)
    for changes in ({"interrupted": Interruption("user", 1.0)}, {"invalid": "a bug"}):
        measurement = msgspec.structs.replace(whole.report.measurement, **changes)
        cut = Submission(whole.probe, msgspec.structs.replace(whole.report, measurement=measurement))
        assert votes_of(intake_of(cut, 1, START)) == []


def test_who_is_not_enrolled_votes_in_another_series() -> None:
    (vote, *_) = votes_of(intake_of(submission_of("port-drop", 1, START), 1, START, Sender(enrolled=False)))
    assert vote.source == "unenrolled"


def test_what_is_no_submission_is_a_body_error() -> None:
    record = intake_of(submission_of("port-drop", 1, START), 1, START)
    with pytest.raises(BodyError):
        votes_of(msgspec.structs.replace(record, body=b"nothing"))


def row(verdict: Verdict, rule: str) -> AppResult:
    return AppResult(
        "whatsapp",
        verdict,
        None,
        None,
        None,
        rule,
        None,
        None,
        Quality(),
        [],
        [],
        [],
        0.0,
        AppCost(0, 0.0),
        "",
    )


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([], Verdict.INSUFFICIENT),
        ([row(Verdict.DOWN, "down.line")], Verdict.INSUFFICIENT),  # TCP is dead too: switched off
        ([row(Verdict.DOWN, "down.intercept")], Verdict.INSUFFICIENT),  # a portal
        ([row(Verdict.DOWN, "down.udp")], Verdict.DOWN),
        ([row(Verdict.INSUFFICIENT, "insufficient.treatment"), row(Verdict.DOWN, "down.udp")], Verdict.DOWN),
        ([row(Verdict.DOWN, "down.udp"), row(Verdict.OK, "ok.clean")], Verdict.OK),
        ([row(Verdict.THROTTLED, "throttled.media")], Verdict.OK),
    ],
)
def test_the_vote_of_the_line(rows: list[AppResult], wanted: Verdict) -> None:
    assert line_verdict(rows)[0] is wanted
