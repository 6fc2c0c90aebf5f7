"""A measurement survives being written down, and no two of them share what they gather."""

import msgspec

from voipwatch.model.measurement import (
    CHECK_SCHEMA,
    FARLOG_SCHEMA,
    REPORT_SCHEMA,
    TICKETS_SCHEMA,
    AppCost,
    Decision,
    Interruption,
    Line,
    Measurement,
    ReflectorFacts,
    SignedLog,
)
from voipwatch.model.vocabulary import Access, Failure
from voipwatch.wire import farlog


def measurement() -> Measurement:
    log = SignedLog(payload=bytes(range(256)), signature=bytes(64))
    return Measurement(
        seed="00ff",
        started_at="2016-01-07T12:00:00Z",
        ended_at="2016-01-07T12:00:20Z",
        apps=["whatsapp"],
        profile_digests={"whatsapp": "ab"},
        line=Line(country="MA", access=Access.G3),
        reflectors=[ReflectorFacts(name="far", failure=Failure.CONNECT_TIMEOUT, log=log)],
        decisions=[Decision("whatsapp", "setup", "A", "setup", "dead", 0.5, 5, 4)],
        costs={"whatsapp": AppCost(bytes=5, seconds=1.5)},
        interrupted=Interruption("user", 3.0),
    )


def test_json_both_ways_keeps_every_bit() -> None:
    one = measurement()
    assert msgspec.json.decode(msgspec.json.encode(one), type=Measurement) == one


def test_schema_names_are_versioned_and_both_ends_use_the_same() -> None:
    names = {CHECK_SCHEMA, REPORT_SCHEMA, TICKETS_SCHEMA, FARLOG_SCHEMA}
    assert all(name.startswith("voipwatch.") and name.endswith("/1") for name in names)
    assert len(names) == 4
    assert farlog.FARLOG_SCHEMA == FARLOG_SCHEMA


def test_two_measurements_share_nothing() -> None:
    one, two = (Measurement("", "", "", [], {}, Line(), []) for _ in range(2))
    one.notes.append("x")
    one.costs["sip"] = AppCost(bytes=1, seconds=1.0)
    assert two.notes == []
    assert two.costs == {}
