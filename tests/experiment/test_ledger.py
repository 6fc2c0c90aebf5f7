"""The books: bytes by app and for the line, seconds from an app's first packet to its last."""

from types import SimpleNamespace
from typing import cast

from voipwatch.experiment.ledger import Ledger, tcp_bytes
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.model.flows import TcpRecord
from voipwatch.model.measurement import AppCost
from voipwatch.model.vocabulary import LINE


def flow(app: str, spent: int, started_us: int, ended_us: int | None, question: str = "setup") -> NearFlow:
    record = SimpleNamespace(
        kind=SimpleNamespace(app=app), started_us=started_us, ended_us=ended_us, question=question
    )
    return cast(NearFlow, SimpleNamespace(record=record, spent_bytes=spent))


def test_each_byte_is_on_one_account() -> None:
    ledger = Ledger()
    ledger.add_line(1_000)
    ledger.add_line(24)
    flows = [
        flow("sip", 100, 2_000_000, 3_500_000),
        flow("sip", 20, 2_500_000, 9_000_000),
        flow("webrtc", 7, 4_000_000, 4_250_000),
        flow(LINE, 490, 0, 2_000_000),
        flow("sip", 10, 9_000_000, 12_000_000, "ports"),
    ]
    assert ledger.costs(["sip", "webrtc", "imo"], flows, 12.3456, beside={"imo": 3, "sip": 40}) == {
        "sip": AppCost(bytes=160, seconds=7.0),
        "webrtc": AppCost(bytes=7, seconds=0.25),
        "imo": AppCost(bytes=3, seconds=0.0),
        LINE: AppCost(bytes=1_524, seconds=12.346),
    }


def test_a_flow_that_has_not_ended_counts_from_its_start() -> None:
    costs = Ledger().costs(
        ["sip"], [flow("sip", 5, 1_000_000, None), flow("sip", 5, 1_500_000, None)], 3.0, beside={}
    )
    assert costs["sip"] == AppCost(bytes=10, seconds=0.5)


def test_an_app_that_was_not_asked_for_has_no_account() -> None:
    assert set(Ledger().costs(["sip"], [flow("imo", 5, 0, 1)], 1.0, beside={})) == {"sip", LINE}


def test_a_tcp_trial_costs_both_ways() -> None:
    record = TcpRecord("F", "tls-443", 0, 443, 0, 40.0, True, None, sent_bytes=600, received_bytes=1_400)
    assert tcp_bytes(record) == 2_000
