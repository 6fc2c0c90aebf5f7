"""Whose word counts: a log with a wrong signature, of another session or denying what we prove is none."""

import pytest

from tests.inference.build import NEUTRAL_PORT, PRIVATE, PUBLIC, Check, Shape, clean
from voipwatch.inference.join import join_session
from voipwatch.inference.trusted_log import trusted_log
from voipwatch.model.flows import MEDIA_SEQ, Columns, FlowKind, FlowRecord, Receipt
from voipwatch.model.measurement import Measurement, ReflectorFacts, SignedLog
from voipwatch.model.vocabulary import Arm, Family, Media, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog, decode_farlog, encode_farlog, sign_farlog


def record(*, got: int = 0, attested: int = 1, receipts: tuple[Receipt, ...] = ()) -> FlowRecord:
    """A flow that heard its first `got` media packets, and these receipts of what it sent."""
    seqs = list(range(MEDIA_SEQ, MEDIA_SEQ + got))
    return FlowRecord(
        flow=3, reflector=0, kind=FlowKind("whatsapp", "d", "relay", Arm.A, media=Media.VOICE), replicate=0,
        family=Family.NONE, question="setup", block=0, remote_port=NEUTRAL_PORT, round_stages=[Stage.SETUP],
        started_us=0, attested=attested, receipts=list(receipts),
        received=Columns(seq=seqs, t_us=seqs, size_bytes=[100] * got, crc=[0] * got),
    )  # fmt: skip


def columns(count: int) -> FarColumns:
    seqs = list(range(MEDIA_SEQ, MEDIA_SEQ + count))
    return FarColumns(seq=seqs, t_us=seqs, size_bytes=[100] * count, crc=[0] * count)


def facts(*, up: int = 0, down: int = 0) -> ReflectorFacts:
    """A reflector whose log, signed and of this session, has the flow's first `up` and `down` packets."""
    flow = FarFlow(flow=3, port=1, up=columns(up), down=columns(down))
    payload = encode_farlog(FarLog(PUBLIC, "1", ticket=7, ticket_id="", started_at="", flows=[flow]))
    return ReflectorFacts(
        name="r", key=PUBLIC, ticket=7, log=SignedLog(payload, sign_farlog(payload, PRIVATE))
    )


def receipt(count: int) -> Receipt:
    """Tells that the first `count` packets came."""
    return Receipt(MEDIA_SEQ + count - 1, count, 1, 2 ** (count - 1) - 1)


def played() -> Measurement:
    return Check(clean, (Shape(media_s=0.4, spacing_s=0.04),)).run()


def test_an_honest_log_of_a_whole_check_is_evidence() -> None:
    measurement = played()
    log, signed, notes = trusted_log(measurement.reflectors[0], measurement.flows)
    assert log is not None
    assert {f.flow for f in log.flows} == {f.flow for f in measurement.flows}
    assert (signed, notes) == (True, [])


@pytest.mark.parametrize(
    ("spoiled", "note"),
    [
        ("absence", "log-missing"),
        ("signature", "log-bad-signature"),
        ("key", "log-bad-signature"),
        ("no key", "log-bad-signature"),
        ("ticket", "log-of-another-session"),
        ("payload", "log-unreadable"),
    ],
)
def test_a_log_that_is_not_ours_is_no_evidence(spoiled: str, note: str) -> None:
    measurement = played()
    said = measurement.reflectors[0]
    assert said.log is not None
    if spoiled == "absence":
        said.log = None
    elif spoiled == "signature":
        said.log = SignedLog(said.log.payload, b"\0" * 64)
    elif spoiled == "key":
        said.key = "00" * 32
    elif spoiled == "no key":
        said.key = None
    elif spoiled == "ticket":
        said.ticket = 8
    else:
        garbage = b"no log"
        said.log = SignedLog(garbage, sign_farlog(garbage, PRIVATE))
    assert trusted_log(said, measurement.flows) == (None, False, [note])
    session = join_session(measurement, 0)
    assert not session.log_used
    assert not session.log_signed
    assert note in session.notes


def test_a_log_that_denies_what_we_can_prove_is_dropped() -> None:
    measurement = played()
    said = measurement.reflectors[0]
    assert said.log is not None
    log = decode_farlog(said.log.payload)
    log.flows = log.flows[: len(log.flows) // 2]
    payload = encode_farlog(log)
    said.log = SignedLog(payload, sign_farlog(payload, PRIVATE))
    session = join_session(measurement, 0)
    assert "log-inconsistent" in session.notes
    assert not session.log_used
    assert session.log_signed


@pytest.mark.parametrize(
    ("got", "logged", "attested", "trusted"),
    [(50, 45, 1, True), (49, 44, 1, False), (4, 0, 1, True), (5, 0, 1, False), (49, 0, 0, True)],
)
def test_answers_that_a_log_may_not_know_of(got: int, logged: int, attested: int, trusted: bool) -> None:
    """Five at least and more than a tenth; and only answers that are provably the reflector's."""
    log, signed, notes = trusted_log(facts(down=logged), [record(got=got, attested=attested)])
    assert (log is not None) == trusted
    assert signed
    assert notes == ([] if trusted else ["log-inconsistent"])


@pytest.mark.parametrize(("named", "logged", "trusted"), [(60, 60, True), (60, 56, True), (60, 55, False)])
def test_packets_that_receipts_name_and_a_log_leaves_out(named: int, logged: int, trusted: bool) -> None:
    told = record(receipts=(receipt(20), receipt(named)))
    assert (trusted_log(facts(up=logged), [told])[0] is not None) == trusted


def test_one_packet_in_a_hundred_may_be_missing() -> None:
    flows = [record(receipts=tuple(receipt_at(first) for first in range(0, 650, 65)))]
    assert trusted_log(facts(up=650 - 6), flows)[0] is not None
    assert trusted_log(facts(up=650 - 7), flows)[0] is None


def receipt_at(first: int) -> Receipt:
    """Tells that 65 packets from number `first` on came."""
    return Receipt(MEDIA_SEQ + first + 64, first + 65, 1, 2**64 - 1)
