"""Days on which something is wrong with us and not with the line: no such day accuses anybody wrongly."""

from collections.abc import Callable, Mapping

import msgspec
import pytest

from tests.integration.support import ACCUSATIONS, APPS, MBYTE, SEED, beside, rows, said_of, simulated
from voipwatch.inference import judge
from voipwatch.lab.drive import derive, run_simulated
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.flows import MEDIA_SEQ, FlowKind
from voipwatch.model.measurement import Measurement, SignedLog
from voipwatch.model.vocabulary import Arm, Failure, Verdict
from voipwatch.wire.farlog import FarColumns, FarLog, decode_farlog, encode_farlog, sign_farlog

TREATMENTS = (Arm.A, Arm.A_NEUTRAL)


ENOUGH_BYTES = 700_000
"""An app: for every verdict but those on a late cut and a throttle."""


def without_control_channel(world_id: str, budget_bytes: int = ENOUGH_BYTES) -> Measurement:
    return run_simulated(
        load_worlds().get(world_id), apps=APPS, seed=SEED, budget_bytes=budget_bytes, control_blocked=True
    )


def dying(world_id: str, at_s: float) -> World:
    world = load_worlds().get(world_id)
    return msgspec.structs.replace(world, line=msgspec.structs.replace(world.line, far_dies_at_s=at_s))


# -- the control channel is blocked ------------------------------------------------------------


LESS_WITHOUT_A_LOG = {
    ("sip-text", "sip"): "insufficient.altered",  # dead SIP text and text that a router rewrote look the same
    (
        "one-way-media",
        "sip",
    ): "insufficient.treatment",  # no set-up, and nothing ever came
}


@pytest.mark.parametrize("world_id", ["clean", "stun-cookie", "sip-text", "srtp-dynamic-pt", "one-way-media"])
def test_with_the_control_channel_blocked_the_receipts_tell_the_same(world_id: str) -> None:
    world = load_worlds().get(world_id)
    check = judge(without_control_channel(world_id))
    assert {"control-blocked", "far-log-missing", "log-missing"} <= set(check.notes)
    assert check.reflectors[0].control == "stored-ticket"
    assert check.reflectors[0].failure == Failure.CONNECT_TIMEOUT
    assert not check.reflectors[0].log_signed
    for row in check.results:
        expected = world.expected[row.app]
        if (world_id, row.app) in LESS_WITHOUT_A_LOG:
            assert row.rule == LESS_WITHOUT_A_LOG[world_id, row.app]
            continue
        assert row.verdict in expected.verdicts, row
        if row.verdict in ACCUSATIONS:
            assert row.mechanism in expected.mechanisms
            assert row.stage in expected.stages
            assert row.direction in (*expected.directions, None), "less may be said, nothing else"


def test_with_the_control_channel_blocked_a_cut_call_is_not_called_well() -> None:
    said = rows(without_control_channel("cut-after-n", 2 * MBYTE))
    assert Verdict.OK not in {row.verdict for row in said.values()}


# -- the reflector dies ------------------------------------------------------------------------


@pytest.mark.parametrize("at_s", [0.01, 3.3, 6.5, 16.0])
def test_a_reflector_that_dies_accuses_nobody(at_s: float) -> None:
    measurement = run_simulated(dying("clean", at_s), apps=APPS, seed=SEED)
    check = judge(measurement)
    assert [row.app for row in check.results] == list(APPS)
    for row in check.results:
        assert row.verdict not in ACCUSATIONS
        if at_s < 4.0:
            assert row.verdict is not Verdict.OK, "what was seen in so short a life is no evidence"
    assert "far-log-missing" in check.notes
    assert ("reflector-silent" in check.notes) == (1.0 < at_s < 20.0)
    assert measurement.reflectors[0].control == "lost"


@pytest.mark.parametrize("at_s", [2.7, 9.0])
def test_a_reflector_that_dies_on_a_censored_line_leaves_what_was_proved(at_s: float) -> None:
    world = dying("stun-cookie", at_s)
    said = rows(run_simulated(world, apps=APPS, seed=SEED))
    assert said["sip"].verdict not in ACCUSATIONS
    for app in ("whatsapp", "webrtc"):
        assert said[app].verdict in {Verdict.BLOCKED, Verdict.INSUFFICIENT}
        if said[app].verdict is Verdict.BLOCKED:
            assert said[app].mechanism in ("stun.drop", None)
    if at_s < 4.0:
        assert said["whatsapp"].verdict is Verdict.INSUFFICIENT, "not yet repeated"
    if at_s > 8.0:
        assert said["whatsapp"].verdict is Verdict.BLOCKED


# -- the reflector lies ------------------------------------------------------------------------

Kinds = Mapping[int, FlowKind]
Lie = Callable[[FarLog, Kinds], None]


def lied(measurement: Measurement, lie: Lie) -> Measurement:
    """The measurement with its log changed and signed again by the reflector's own key."""
    (facts,) = measurement.reflectors
    assert facts.log is not None
    log = decode_farlog(facts.log.payload)
    lie(log, {flow.flow: flow.kind for flow in measurement.flows})
    payload = encode_farlog(log)
    return with_log(measurement, SignedLog(payload, sign_farlog(payload, derive(SEED, "identity"))))


def with_log(measurement: Measurement, log: SignedLog) -> Measurement:
    facts = msgspec.structs.replace(measurement.reflectors[0], log=log)
    return msgspec.structs.replace(measurement, reflectors=[facts])


def keep(columns: FarColumns, wanted: Callable[[int], bool]) -> None:
    at = [n for n, seq in enumerate(columns.seq) if wanted(seq)]
    for name in ("seq", "t_us", "size_bytes", "crc"):
        setattr(columns, name, [getattr(columns, name)[n] for n in at])


def forgets_treatments(log: FarLog, kinds: Kinds) -> None:
    log.flows = [f for f in log.flows if kinds[f.flow].arm not in TREATMENTS]


def forgets_set_ups(log: FarLog, kinds: Kinds) -> None:
    for flow in log.flows:
        if kinds[flow.flow].arm in TREATMENTS:
            keep(flow.up, lambda seq: seq >= MEDIA_SEQ)


def forgets_what_it_sent(log: FarLog, kinds: Kinds) -> None:
    for flow in log.flows:
        if kinds[flow.flow].arm in TREATMENTS:
            flow.down = FarColumns()


def forgets_media(log: FarLog, kinds: Kinds) -> None:
    for flow in log.flows:
        if kinds[flow.flow].arm in TREATMENTS:
            keep(flow.up, lambda seq: seq < MEDIA_SEQ)


def forgets_half_of_the_media(log: FarLog, kinds: Kinds) -> None:
    for flow in log.flows:
        if kinds[flow.flow].arm in TREATMENTS:
            keep(flow.up, lambda seq: seq < MEDIA_SEQ or seq % 2 == 0)


def says_nothing(log: FarLog, _kinds: Kinds) -> None:
    log.flows = []


LIES: list[Lie] = [
    forgets_treatments,
    forgets_set_ups,
    forgets_what_it_sent,
    says_nothing,
    forgets_media,
    forgets_half_of_the_media,
]
"""The last two contradict the receipts that the same reflector sent in band."""


@beside("clean")
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_log_that_contradicts_what_was_seen_accuses_nobody(lie: Lie) -> None:
    check = judge(lied(simulated("clean"), lie))
    assert {row.app: row.verdict for row in check.results if row.verdict in ACCUSATIONS} == {}


@pytest.mark.parametrize(
    "world_id", [pytest.param(name, marks=beside(name)) for name in ("clean", "stun-cookie")]
)
@pytest.mark.parametrize("fault", ["signature", "key", "session", "bytes", "cut"])
def test_a_log_that_is_not_the_sessions_own_counts_for_nothing(world_id: str, fault: str) -> None:
    """Whatever such a log says: what both ends saw in band is left, and a note."""
    measurement = simulated(world_id)
    log = measurement.reflectors[0].log
    assert log is not None

    def of_another_session(far: FarLog, kinds: Kinds) -> None:
        far.ticket ^= 1
        forgets_treatments(far, kinds)

    def by_another_key() -> SignedLog:
        return SignedLog(log.payload, sign_farlog(log.payload, bytes(32)))

    faulty = {
        "signature": lambda: with_log(measurement, SignedLog(log.payload, bytes(64))),
        "key": lambda: with_log(measurement, by_another_key()),
        "session": lambda: lied(measurement, of_another_session),
        "bytes": lambda: with_log(measurement, signed(b"not a log")),
        "cut": lambda: with_log(measurement, signed(log.payload[: len(log.payload) // 2])),
    }
    check = judge(faulty[fault]())
    note = {"session": "log-of-another-session", "bytes": "log-unreadable", "cut": "log-unreadable"}
    assert note.get(fault, "log-bad-signature") in check.notes
    whole = said_of(world_id)
    assert [row.verdict for row in check.results] == [whole[row.app].verdict for row in check.results]
    assert [row.mechanism for row in check.results] == [whole[row.app].mechanism for row in check.results]


def signed(payload: bytes) -> SignedLog:
    return SignedLog(payload, sign_farlog(payload, derive(SEED, "identity")))


# -- the router forgets ------------------------------------------------------------------------


@pytest.mark.parametrize("at_s", [(2.6, 3.6, 4.6, 5.6, 7.0, 9.0)], ids=str)
def test_a_rebinding_router_accuses_nobody(at_s: tuple[float, ...]) -> None:
    world = load_worlds().get("nat-rebind")
    assert world.line.nat is not None
    nat = msgspec.structs.replace(world.line.nat, rebind_at_s=at_s)
    world = msgspec.structs.replace(world, line=msgspec.structs.replace(world.line, nat=nat))
    check = judge(run_simulated(world, apps=APPS, seed=SEED))
    assert {row.verdict for row in check.results} == {Verdict.OK}
    if at_s[0] > 2.5:
        assert "nat-rebind" in check.notes
