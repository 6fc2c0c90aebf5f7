from hashlib import sha256

import msgspec

from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import deletion_key, emulated_submission, emulated_word, public_key, resign
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Check, Report
from voipwatch.wire.farlog import decode_farlog, verify_farlog

KEY = bytes(range(32))
AT = "2026-11-22T00:00:00Z"


def test_a_report_is_signed_anew_and_says_the_same() -> None:
    measurement = run_simulated(load_worlds().get("port-drop"), apps=["whatsapp"], seed=1)
    check = Check(measurement.line, [], "r", [], measurement.costs["line"])
    report = Report(check, measurement, "test")
    before = msgspec.json.encode(report)
    one = emulated_submission(report, KEY, 1, AT)
    two = emulated_submission(report, KEY, 2, AT)
    logs = []
    for made in (one, two):
        (facts,) = made.report.measurement.reflectors
        assert facts.key == public_key(KEY)
        assert facts.log is not None
        assert verify_farlog(facts.log.payload, facts.log.signature, public_key(KEY))
        logs.append(decode_farlog(facts.log.payload))
    assert logs[0].ticket_id != logs[1].ticket_id
    assert logs[0].started_at == AT
    original = measurement.reflectors[0].log
    assert original is not None
    assert logs[0].flows == decode_farlog(original.payload).flows
    assert one.report.measurement.flows == measurement.flows
    assert msgspec.json.encode(report) == before  # the template is as it was


def test_without_a_log_there_is_nothing_to_sign() -> None:
    measurement = run_simulated(
        load_worlds().get("port-drop"), apps=["whatsapp"], seed=1, control_blocked=True
    )
    check = Check(measurement.line, [], "r", [], measurement.costs["line"])
    again = resign(Report(check, measurement, "test"), KEY, ticket_id="1", started_at=AT)
    assert again.measurement.reflectors[0].log is None


def test_an_emulated_probe_says_that_it_is_one() -> None:
    word = emulated_word(5, AT)
    assert (word.instance, word.month) == ("lab", "2026-11")
    assert word != emulated_word(6, AT)
    assert sha256(deletion_key(5)).hexdigest() == word.deletion_hash
