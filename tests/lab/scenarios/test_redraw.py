import msgspec
import pytest

from tests.lab.scenarios.small import one_run, small
from tests.lab.scenarios.test_drawing import judge
from voipwatch.lab.resign import public_key
from voipwatch.lab.scenarios.calendar import Kind
from voipwatch.lab.scenarios.drawing import Wanted, run_check
from voipwatch.lab.scenarios.redraw import DRAWN, Template, check_key, drawn, submission
from voipwatch.model.results import Report
from voipwatch.model.submission import Submission
from voipwatch.wire.farlog import decode_farlog, verify_farlog

SCENARIO = small()


@pytest.fixture(scope="module")
def report() -> Report:
    return run_check(Wanted(Kind("call-ports", "3g-2016", ("imo",)), 0, 100_000), judge)


@pytest.mark.parametrize("turn", [0, 1, 99])
def test_bytes_and_types_draw_the_same_report(report: Report, turn: int) -> None:
    about = drawn(SCENARIO, 5, one_run(turn=turn, software="0.9"), "ab" * 32)
    slow = msgspec.json.encode(submission(report, check_key(5), about))
    assert Template(report, check_key(5)).body(about) == slow


def test_the_evidence_is_as_it_was_and_who_when_and_where_are_not(report: Report) -> None:
    about = drawn(SCENARIO, 5, one_run(), "")
    made = msgspec.json.decode(Template(report, check_key(5)).body(about), type=Submission)
    assert made.report.measurement.flows == report.measurement.flows
    assert made.report.measurement.decisions == report.measurement.decisions
    assert made.probe.instance == "morocco-2016"
    assert DRAWN in made.report.measurement.notes
    assert made.report.measurement.line.operator_declared == "Operator B"
    assert made.report.measurement.started_at == "2015-12-12T12:00:00Z"
    (facts,) = made.report.measurement.reflectors
    assert facts.log is not None
    assert verify_farlog(facts.log.payload, facts.log.signature, public_key(check_key(5)))
    (before,) = report.measurement.reflectors
    assert before.log is not None
    log, first = decode_farlog(facts.log.payload), decode_farlog(before.log.payload)
    assert log.flows == first.flows
    assert (log.ticket_id, log.started_at) == (about.ticket_id, about.started_at)


def test_every_run_is_a_session_of_its_own() -> None:
    runs = [
        one_run(),
        one_run(turn=8),
        one_run(person=one_run().person.__class__("B", one_run().person.access, 3)),
    ]
    about = [drawn(SCENARIO, seed, run, "") for seed in (1, 2) for run in runs]
    assert len({each.ticket_id for each in about}) == 6
    assert len({each.word.deletion_hash for each in about}) == 6


def test_without_a_log_there_is_nothing_to_sign(report: Report) -> None:
    facts = msgspec.structs.replace(report.measurement.reflectors[0], log=None)
    measurement = msgspec.structs.replace(report.measurement, reflectors=[facts])
    about = drawn(SCENARIO, 5, one_run(), "")
    bare = msgspec.structs.replace(report, measurement=measurement)
    assert Template(bare, check_key(5)).body(about) == msgspec.json.encode(
        submission(bare, check_key(5), about)
    )
