"""Our reports in OONI's shape: what the specifications demand is there, what identifies is not."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from voipwatch import __version__
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.flows import TcpRecord
from voipwatch.model.measurement import Line
from voipwatch.model.results import Report
from voipwatch.model.vocabulary import Access, Failure
from voipwatch.pipeline.ooni_shape import FAILURES, ooni_document, ooni_failure
from voipwatch.wire.ooni import NotOursError, decode_ooni

BASE = {
    "annotations": dict,
    "data_format_version": str,
    "extensions": dict,
    "measurement_start_time": str,
    "probe_asn": str,
    "probe_cc": str,
    "probe_ip": str,
    "probe_network_name": str,
    "report_id": str,
    "software_name": str,
    "software_version": str,
    "test_keys": dict,
    "test_name": str,
    "test_runtime": float,
    "test_start_time": str,
    "test_version": str,
}
"""df-000: names and types of the keys that are not optional."""


@pytest.fixture(scope="module")
def report() -> Report:
    measurement = run_simulated(load_worlds().get("stun-cookie"), apps=["whatsapp"], seed=3)
    check = judge(measurement, lang="en")
    return Report(check=check, measurement=measurement, software=f"voipwatch {__version__}")


@pytest.fixture(scope="module")
def document(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(ooni_document(report, report_id="id")))
    return found


def test_the_base_keys_are_those_of_the_specification(document: dict[str, Any]) -> None:
    assert {key: type(document[key]) for key in BASE} == BASE
    assert set(document) == set(BASE) | {"input"}
    assert (document["data_format_version"], document["probe_ip"]) == ("0.2.0", "127.0.0.1")
    assert (document["measurement_start_time"], document["report_id"]) == ("2016-01-07 12:00:00", "id")
    assert document["software_version"] == __version__


def test_every_packet_is_an_event_in_the_order_of_time(report: Report, document: dict[str, Any]) -> None:
    events = document["test_keys"]["network_events"]
    for flow in report.measurement.flows:
        own = [event for event in events if event["conn_id"] == flow.flow]
        assert own[0]["operation"] == "connect"
        assert own[0]["address"] == f"[scrubbed]:{flow.remote_port}"
        for operation, columns in (("write", flow.sent), ("read", flow.received)):
            sizes = [each["num_bytes"] for each in own if each["operation"] == operation]
            assert sizes == columns.size_bytes
        assert all(before["t"] <= after["t"] for before, after in pairwise(own[1:]))
    assert len(events) > len(report.measurement.flows) > 0


def test_flows_and_verdicts_stand_beside_the_events(report: Report, document: dict[str, Any]) -> None:
    keys = document["test_keys"]
    assert {flow["conn_id"] for flow in keys["flows"]} == {flow.flow for flow in report.measurement.flows}
    assert {"A", "C"} <= {flow["arm"] for flow in keys["flows"]}
    assert [row["verdict"] for row in keys["results"]] == ["blocked"]


def test_where_it_was_is_the_collectors_word_before_the_reports(report: Report) -> None:
    line = Line(country="MA", asn=1, operator_declared="Operator A", access=Access.G4)
    measurement = msgspec.structs.replace(report.measurement, line=line)
    there = msgspec.structs.replace(report, measurement=measurement)
    assert ooni_document(there, report_id="id")["probe_asn"] == "AS1"
    document = ooni_document(there, report_id="id", asn=36903)
    assert (document["probe_asn"], document["probe_cc"]) == ("AS36903", "MA")
    assert (document["probe_network_name"], document["annotations"]["access"]) == ("Operator A", "4g")


def test_trials_are_connects_of_df_005(report: Report) -> None:
    trial = TcpRecord(
        "F", "tls-443", 0, 443, 5, None, answered=False, failure=None, sent_bytes=0, received_bytes=0
    )
    trials = [
        msgspec.structs.replace(trial, failure=Failure.CONNECTION_RESET),
        trial,
        msgspec.structs.replace(trial, connect_ms=20.0, answered=True),
    ]
    measurement = msgspec.structs.replace(report.measurement, tcp=trials)
    told = ooni_document(msgspec.structs.replace(report, measurement=measurement), report_id="id")
    assert [each["status"] for each in told["test_keys"]["tcp_connect"]] == [
        {"failure": "connection_reset", "success": False},
        {"failure": "unknown_failure: unknown_failure", "success": False},
        {"failure": None, "success": True},
    ]


def test_failures_have_ooni_words_or_say_that_they_have_none() -> None:
    assert ooni_failure(None) is None
    assert [ooni_failure(failure) for failure in (Failure.READ_TIMEOUT, Failure.PIN_MISMATCH)] == [
        "generic_timeout_error",
        "unknown_failure: pin_mismatch",
    ]
    assert set(FAILURES) < set(Failure)


def test_nobody_takes_it_for_a_test_of_oonis(document: dict[str, Any]) -> None:
    with pytest.raises(NotOursError, match="voipwatch_check"):
        decode_ooni(msgspec.json.encode(document))
