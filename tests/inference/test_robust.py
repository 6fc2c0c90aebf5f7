"""Odd measurements: whatever a report holds, the judge answers with one row per app and never raises."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inference.build import PRIVATE, PUBLIC, Check, Shape, drops
from voipwatch.inference import RULES, judge
from voipwatch.model.flows import Columns, FlowFailure, FlowKind, FlowRecord, Receipt, TcpRecord
from voipwatch.model.measurement import Interruption, Line, Measurement, ReflectorFacts, SignedLog
from voipwatch.model.vocabulary import APP_IDS, Arm, Failure, Family, Media, Stage, Verdict
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog, encode_farlog, sign_farlog

SMALL = Shape(media_s=0.4, spacing_s=0.04)

seqs = st.integers(-3, 200) | st.integers(1020, 1060) | st.integers(-(2**63), 2**63 - 1)
times = st.integers(-1000, 10_000_000) | st.integers(-(2**63), 2**63 - 1)
sizes = st.integers(-5, 1500)
rows = st.lists(st.tuples(seqs, times, sizes, st.integers(0, 3)), max_size=25)


def columns(drawn: list[tuple[int, int, int, int]], cut: int = 0) -> Columns:
    """Columns of odd lengths where `cut` says so."""
    return Columns(
        seq=[r[0] for r in drawn],
        t_us=[r[1] for r in drawn][: len(drawn) - cut],
        size_bytes=[r[2] for r in drawn],
        crc=[r[3] for r in drawn],
    )


kinds = st.builds(
    FlowKind,
    app=st.sampled_from(["whatsapp", "sip", "line"]),
    dialect=st.sampled_from(["", "x"]),
    leg=st.just("relay"),
    arm=st.sampled_from(list(Arm)),
    mutant=st.sampled_from(["", "stun-binding", "turn-allocate"]),
    media=st.sampled_from(list(Media)),
)
flows = st.builds(
    FlowRecord,
    flow=st.integers(0, 5),
    reflector=st.integers(0, 2),
    kind=kinds,
    replicate=st.integers(0, 31),
    family=st.sampled_from(list(Family)),
    question=st.sampled_from(["warmup", "setup", "repeat", "media", "held", "trigger"]),
    block=st.integers(0, 3),
    remote_port=st.sampled_from([0, 3478, 40_000]),
    round_stages=st.lists(st.sampled_from([Stage.SETUP, Stage.HANDSHAKE]), max_size=3),
    started_us=times,
    ended_us=st.none() | times,
    sent=st.builds(columns, rows, st.integers(0, 3)),
    received=st.builds(columns, rows, st.integers(0, 3)),
    attested=st.integers(-1, 30),
    forged=st.integers(0, 3),
    receipts=st.lists(
        st.builds(
            Receipt,
            highest_seq=seqs,
            count=st.integers(0, 100),
            far_us=st.integers(0, 2**32),
            bitmap=st.integers(0, 2**64 - 1),
        ),
        max_size=3,
    ),
    failures=st.lists(st.builds(FlowFailure, st.sampled_from(list(Failure)), times), max_size=2),
    media_s=st.floats(0, 60) | st.just(float("inf")),
)
trials = st.builds(
    TcpRecord,
    arm=st.sampled_from(["F", "G"]),
    name=st.sampled_from(["tcp-443", "tls-443"]),
    reflector=st.integers(0, 1),
    port=st.just(443),
    started_us=times,
    connect_ms=st.none() | st.floats(0, 1000),
    answered=st.booleans(),
    failure=st.none() | st.sampled_from(list(Failure)),
    sent_bytes=st.integers(0, 100),
    received_bytes=st.integers(0, 100),
)
far_rows = st.lists(
    st.tuples(st.integers(0, 1060), st.integers(0, 10**7), st.integers(0, 1500), st.integers(0, 3)),
    max_size=25,
)


def far_columns(drawn: list[tuple[int, int, int, int]]) -> FarColumns:
    return FarColumns(*(list(column) for column in (zip(*drawn, strict=True) if drawn else ([], [], [], []))))


far_flows = st.builds(
    FarFlow,
    flow=st.integers(0, 5),
    port=st.just(3478),
    up=st.builds(far_columns, far_rows),
    down=st.builds(far_columns, far_rows),
    sources=st.integers(0, 3),
    unproved=st.integers(0, 2),
)


def signed(far: list[FarFlow], *, honest: bool) -> SignedLog:
    log = FarLog(PUBLIC, "1", ticket=7, ticket_id="", started_at="", flows=far)
    payload = encode_farlog(log)
    return SignedLog(payload, sign_farlog(payload, PRIVATE) if honest else b"\0" * 64)


facts = st.builds(
    ReflectorFacts,
    name=st.just("r"),
    key=st.sampled_from([PUBLIC, None, "zz"]),
    control=st.sampled_from(["ok", "failed", "lost"]),
    failure=st.none() | st.sampled_from(list(Failure)),
    udp_ports=st.sampled_from([[], [3478, 40_000], [1]]),
    log=st.none()
    | st.builds(SignedLog, st.binary(max_size=40), st.binary(max_size=64))
    | st.builds(signed, st.lists(far_flows, max_size=4), honest=st.booleans()),
    ticket=st.sampled_from([None, 7, 8]),
)
measurements = st.builds(
    Measurement,
    seed=st.just("00"),
    started_at=st.just(""),
    ended_at=st.just(""),
    apps=st.lists(st.sampled_from([*APP_IDS, "no-such-app"]), max_size=3),
    profile_digests=st.just({}),
    line=st.just(Line()),
    reflectors=st.lists(facts, max_size=2),
    flows=st.lists(flows, max_size=10),
    tcp=st.lists(trials, max_size=3),
    video=st.booleans(),
    interrupted=st.none() | st.just(Interruption("reflector-died", 1.0)),
    invalid=st.none() | st.just("boom"),
)


@given(measurements, st.sampled_from(["en", "fr", "ar"]))
def test_any_measurement_gets_one_row_per_app(measurement: Measurement, lang: str) -> None:
    before = msgspec.json.encode(measurement)
    check = judge(measurement, lang=lang)
    assert [row.app for row in check.results] == measurement.apps
    for row in check.results:
        assert row.rule in RULES
        assert row.verdict is RULES[row.rule].outcome
        assert row.explanation
    assert msgspec.json.encode(measurement) == before, "the judge changes nothing"
    assert msgspec.json.decode(msgspec.json.encode(check)), "and its answer is JSON, without NaN or infinity"


def test_the_same_measurement_gives_the_same_check() -> None:
    measurement = Check(drops(lambda p: p.treatment and p.media), (SMALL,)).run()
    assert msgspec.json.encode(judge(measurement)) == msgspec.json.encode(judge(measurement))


def test_a_report_that_was_written_and_read_again_gives_the_same_check() -> None:
    measurement = Check(drops(lambda p: p.treatment and p.media), (SMALL,)).run()
    again = msgspec.json.decode(msgspec.json.encode(measurement), type=Measurement)
    assert msgspec.json.encode(judge(again)) == msgspec.json.encode(judge(measurement))


@pytest.mark.parametrize(
    ("failure", "rule", "stage"),
    [
        (Failure.DNS_NXDOMAIN, "insufficient.resolve", Stage.RESOLVE),
        (Failure.DNS_TIMEOUT, "insufficient.resolve", Stage.RESOLVE),
        (Failure.CONNECTION_REFUSED, "insufficient.reach", Stage.REACH),
        (Failure.PORT_NOT_SERVED, "insufficient.port-not-served", Stage.REACH),
        (None, "insufficient.not-run", None),
    ],
)
def test_nothing_measured_names_the_stage(failure: Failure | None, rule: str, stage: Stage | None) -> None:
    measurement = Measurement(
        seed="", started_at="", ended_at="", apps=["whatsapp", "sip"], profile_digests={}, line=Line(),
        reflectors=[ReflectorFacts(name="r", failure=failure)],
    )  # fmt: skip
    check = judge(measurement)
    assert [(row.app, row.rule, row.stage) for row in check.results] == [
        ("whatsapp", rule, stage),
        ("sip", rule, stage),
    ]


def test_no_reflector_at_all() -> None:
    measurement = Check((lambda _: None), (SMALL,)).run()
    measurement.reflectors = []
    (row,) = judge(measurement).results
    assert (row.verdict, row.rule) == (Verdict.INSUFFICIENT, "insufficient.not-run")


def test_a_device_without_a_network_accuses_nobody() -> None:
    measurement = Check((lambda _: None), (SMALL,), tcp={}, logged=False).run()
    for flow in measurement.flows:
        flow.failures.append(FlowFailure(Failure.NETWORK_UNREACHABLE, 0))
    (row,) = judge(measurement).results
    assert (row.rule, row.stage) == ("insufficient.reach", Stage.REACH)


def test_a_port_that_the_reflector_does_not_serve_is_its_own() -> None:
    measurement = Check(drops(lambda p: p.app_port), (SMALL,)).run()
    measurement.reflectors[0].udp_ports = [40_000]
    (row,) = judge(measurement).results
    assert row.rule == "insufficient.port-not-served"
