import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.cli.evidence import Finding, check_columns, check_logs
from voipwatch.model.flows import MEDIA_SEQ, Columns, FlowKind, FlowRecord
from voipwatch.model.measurement import Line, Measurement, ReflectorFacts, SignedLog
from voipwatch.model.sweeps import HopProbe, Sweep
from voipwatch.model.vocabulary import Arm, Family, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog, encode_farlog, sign_farlog

PRIVATE = b"\x07" * 32
PUBLIC = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
"""Of PRIVATE, by RFC 8032's key generation (computed with OpenSSL)."""


def measured(
    sent: Columns, received: Columns, up: FarColumns, down: FarColumns, *, port: int = 5060
) -> Measurement:
    kind = FlowKind("sip", "plain", "peer", Arm.A)
    record = FlowRecord(
        64, 0, kind, 0, Family.NONE, "setup", 0, 5060, [Stage.SETUP], 0, sent=sent, received=received
    )
    log = FarLog(PUBLIC, "0.1.0", 7, "cd" * 8, "2026-01-07T12:00:00Z", [FarFlow(64, port, up, down)])
    payload = encode_farlog(log)
    facts = ReflectorFacts(
        "host-1", PUBLIC, "0.1.0", 1, "ok", log=SignedLog(payload, sign_farlog(payload, PRIVATE)), ticket=7
    )
    return Measurement(
        seed="",
        started_at="2026-01-07T12:00:00Z",
        ended_at="2026-01-07T12:00:05Z",
        apps=["sip"],
        profile_digests={},
        line=Line(),
        reflectors=[facts],
        flows=[record],
    )


def story(measurement: Measurement) -> dict[str, Finding]:
    return {finding.id: finding for finding in check_logs(measurement, key=None)}


def columns(*packets: tuple[int, int, int]) -> Columns:
    seqs, sizes, crcs = ([packet[i] for packet in packets] for i in range(3))
    return Columns(list(seqs), list(range(len(packets))), list(sizes), list(crcs))


def far(*packets: tuple[int, int, int]) -> FarColumns:
    made = columns(*packets)
    return FarColumns(made.seq, made.t_us, made.size_bytes, made.crc)


MEDIA = (MEDIA_SEQ, 172, 0)
SETUP = (0, 400, 12345)


def test_two_ends_that_agree() -> None:
    found = story(measured(columns(SETUP, MEDIA), columns(MEDIA), far(SETUP, MEDIA), far(MEDIA)))
    assert {name: finding.holds for name, finding in found.items()} == {
        "signature": True,
        "session": True,
        "story": True,
    }
    assert found["story"].values["packets"] == 3


def test_packets_may_be_lost_and_doubled_on_the_way() -> None:
    found = story(measured(columns(SETUP, MEDIA), columns(), far(SETUP, SETUP), far(MEDIA)))
    assert found["story"].holds is True


@pytest.mark.parametrize(
    ("sent", "received", "up", "down"),
    [
        ((), (), (MEDIA,), ()),
        ((), (MEDIA,), (), ()),
        ((MEDIA,), (), ((MEDIA_SEQ, 173, 0),), ()),
        ((), ((MEDIA_SEQ, 171, 0),), (), (MEDIA,)),
        ((), ((MEDIA_SEQ + 1, 172, 0),), (), (MEDIA,)),
    ],
)
def test_what_was_received_and_never_sent_so_is_a_contradiction(
    sent: tuple[tuple[int, int, int], ...],
    received: tuple[tuple[int, int, int], ...],
    up: tuple[tuple[int, int, int], ...],
    down: tuple[tuple[int, int, int], ...],
) -> None:
    found = story(measured(columns(*sent), columns(*received), far(*up), far(*down)))
    assert (found["story"].holds, found["story"].values["strange"]) == (False, 1)


def test_rewritten_set_up_packets_are_said_and_accuse_nobody() -> None:
    found = story(measured(columns(SETUP), columns(), far((0, 410, 999)), far()))
    assert found["story"].holds is True
    assert (found["rewritten"].holds, found["rewritten"].values["packets"]) == (None, 1)


@pytest.mark.parametrize(
    ("flow", "whole", "holds"), [(64, True, True), (64, False, False), (65, True, False)]
)
def test_packets_of_a_sweep_are_no_contradiction(flow: int, whole: bool, holds: bool) -> None:
    up = FarColumns([0, 4], [10, 20], [100, 100], [1, 2])
    measurement = measured(Columns(), Columns(), up, FarColumns())
    measurement.flows = []
    probe = HopProbe(Arm.C, 9, 0, "reflector", True, 0, flow=flow, seq=4, whole=whole)
    measurement.sweeps = [Sweep("sip", 0, "peer", Arm.A, Arm.C, "done", 0, 1.0, [probe])]
    story = next(f for f in check_logs(measurement, key=None) if f.id == "story")
    assert story.holds is holds


def test_a_flow_on_another_port_is_a_contradiction() -> None:
    found = story(measured(columns(SETUP), columns(), far(SETUP), far(), port=5061))
    assert found["story"].holds is False


@pytest.mark.parametrize("field", ["key", "version", "ticket"])
def test_a_log_of_another_session(field: str) -> None:
    measurement = measured(columns(SETUP), columns(), far(SETUP), far())
    changes = {"version": "9.9", "ticket": 8, "key": None}
    setattr(measurement.reflectors[0], field, changes[field])
    found = story(measurement)
    assert found["signature" if field == "key" else "session"].holds is False


@given(st.integers(0, 10_000), st.sampled_from(["payload", "signature"]))
def test_any_changed_bit_of_the_log_breaks_its_signature(place: int, part: str) -> None:
    measurement = measured(columns(SETUP), columns(), far(SETUP), far())
    log = measurement.reflectors[0].log
    assert log is not None
    data = bytearray(getattr(log, part))
    data[place // 8 % len(data)] ^= 1 << place % 8
    measurement.reflectors[0].log = msgspec.structs.replace(log, **{part: bytes(data)})
    assert story(measurement)["signature"].holds is False


def test_a_signed_log_that_is_none_is_a_finding() -> None:
    measurement = measured(columns(SETUP), columns(), far(SETUP), far())
    measurement.reflectors[0].log = SignedLog(b"no log", sign_farlog(b"no log", PRIVATE))
    assert story(measurement)["log"].holds is False


def test_a_missing_log_speaks_against_nobody() -> None:
    measurement = measured(columns(SETUP), columns(), far(SETUP), far())
    measurement.reflectors[0].log = None
    assert story(measurement)["signature"].holds is None
    assert "nolog" not in story(measurement)


def test_a_missing_log_fails_whoever_knows_the_key() -> None:
    measurement = measured(columns(SETUP), columns(), far(SETUP), far())
    assert "nolog" not in {finding.id for finding in check_logs(measurement, key=PUBLIC)}
    measurement.reflectors[0].log = None
    found = {finding.id: finding.holds for finding in check_logs(measurement, key=PUBLIC)}
    assert found["nolog"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        Columns([1, 2], [0], [10, 10], [0, 0]),
        Columns([-1], [0], [10], [0]),
        Columns([1], [0], [-10], [0]),
        Columns([1], [0], [10], [-5]),
    ],
)
def test_impossible_columns(wrong: Columns) -> None:
    for which in ("sent", "received"):
        measurement = measured(columns(SETUP), columns(), far(SETUP), far())
        setattr(measurement.flows[0], which, wrong)
        assert check_columns(measurement).holds is False
    assert check_columns(measured(columns(SETUP), columns(), far(SETUP), far())).holds is True


def test_a_flow_of_no_reflector_is_impossible() -> None:
    measurement = measured(columns(SETUP), columns(), far(SETUP), far())
    measurement.flows[0].reflector = 1
    assert check_columns(measurement).holds is False
