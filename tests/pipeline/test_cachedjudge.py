from collections.abc import Iterator

import msgspec
import pytest
import zstandard

from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import emulated_submission
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Report
from voipwatch.model.submission import Intake, PrefixKind, Submission
from voipwatch.model.votes import Vote
from voipwatch.pipeline.cachedjudge import CachedJudge, evidence_digest
from voipwatch.pipeline.loader import judge_one

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    made = {}
    for world in ("clean", "every-call"):
        measurement = run_simulated(
            load_worlds().get(world), apps=["facetime", "imo"], seed=3, budget_bytes=200_000
        )
        made[world] = Report(judge(measurement), measurement, "test")
    return made


def sent(report: Report, number: int, at: str = "2016-01-07T12:00:00Z") -> Submission:
    return emulated_submission(report, KEY, number, at)


def intake(submission: Submission, number: int, **changes: object) -> Intake:
    body = msgspec.json.encode(submission)
    record = Intake(
        f"{number:032x}", [f"{number:032x}"], 1_452_168_000.0 + number, zstandard.compress(body), "0" * 64,
        "MA", 64496, "lab", f"{number:016x}", "2016-01-07", PrefixKind.FIXED, True,
    )  # fmt: skip
    return msgspec.structs.replace(record, **changes)


def test_votes_that_are_told_again_are_the_judges_own(reports: dict[str, Report]) -> None:
    cached = CachedJudge()
    intakes = [
        intake(
            sent(reports[world], number, f"2016-0{1 + number % 9}-07T12:00:00Z"),
            number,
            prefix_kind=list(PrefixKind)[number % 3],
            enrolled=bool(number % 2),
        )
        for number, world in enumerate(["clean", "every-call"] * 6)
    ]
    told: list[list[Vote] | None] = list(cached(intakes))
    assert told == [judge_one(each) for each in intakes]
    assert (cached.judged, cached.told_again) == (2, 10)
    assert {vote.verdict for votes in told for vote in votes or ()} >= {"ok", "blocked"}


def touched(report: Report) -> Iterator[Report]:
    """One thing of the evidence changed, each in its own way."""
    measurement = report.measurement
    flow = measurement.flows[3]
    later = msgspec.structs.replace(
        flow, sent=msgspec.structs.replace(flow.sent, t_us=[9, *flow.sent.t_us[1:]])
    )
    lines = {
        "flows": [*measurement.flows[:3], later, *measurement.flows[4:]],
        "decisions": measurement.decisions[1:],
        "apps": measurement.apps[::-1],
        "line": msgspec.structs.replace(measurement.line, nat="translated"),
        "notes": [*measurement.notes, "control-blocked"],
        "invalid": "error",
        "seed": "00",
    }
    for field, value in lines.items():
        yield msgspec.structs.replace(
            report, measurement=msgspec.structs.replace(measurement, **{field: value})
        )


def test_whose_evidence_differs_in_anything_is_judged_anew(reports: dict[str, Report]) -> None:
    first = reports["every-call"]
    digests = {evidence_digest(msgspec.json.encode(sent(each, 1))) for each in [first, *touched(first)]}
    assert len(digests) == 8
    same = {
        evidence_digest(msgspec.json.encode(sent(first, n, f"2016-01-0{n}T00:00:00Z"))) for n in (1, 2, 3)
    }
    assert len(same) == 1
    for number, other in enumerate(touched(first), 1):
        cached = CachedJudge()
        both = [intake(sent(first, 90), 90), intake(sent(other, number), number)]
        assert list(cached(both)) == [judge_one(each) for each in both]
        assert (cached.judged, cached.told_again) == (2, 0)


def test_a_log_that_is_no_evidence_is_other_evidence(reports: dict[str, Report]) -> None:
    good = sent(reports["every-call"], 1)
    (facts,) = good.report.measurement.reflectors
    assert facts.log is not None
    digests = {evidence_digest(msgspec.json.encode(good))}
    forged = msgspec.structs.replace(facts.log, signature=bytes(64))
    for strange in (
        msgspec.structs.replace(facts, log=forged),
        msgspec.structs.replace(facts, ticket=77),
        msgspec.structs.replace(facts, log=None),
    ):
        good.report.measurement.reflectors = [strange]
        digests.add(evidence_digest(msgspec.json.encode(good)))
    assert len(digests) == 4


def test_what_is_no_submission_is_left_to_the_judge() -> None:
    odd = intake(sent_nothing(), 1, body=zstandard.compress(b"{}"))
    assert list(CachedJudge()([odd])) == [None] == [judge_one(odd)]


def sent_nothing() -> Submission:
    measurement = run_simulated(load_worlds().get("every-call"), apps=["imo"], seed=1, budget_bytes=30_000)
    return sent(Report(judge(measurement), measurement, "test"), 1)
