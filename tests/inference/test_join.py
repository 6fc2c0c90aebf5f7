"""Joining near and far: every packet's fate against what the virtual line really did."""

import msgspec
import pytest

from tests.inference.build import (
    NEUTRAL_PORT,
    PRIVATE,
    PUBLIC,
    Check,
    Packet,
    Shape,
    both,
    clean,
    drops,
    jitters,
    loses,
)
from voipwatch.inference.join import join_session, round_trips_ms
from voipwatch.inference.track import Fate, total
from voipwatch.model.flows import MEDIA_SEQ, Columns, FlowKind, FlowRecord, Receipt
from voipwatch.model.measurement import Line, Measurement, ReflectorFacts, SignedLog
from voipwatch.model.vocabulary import Arm, Family, Media, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog, encode_farlog, sign_farlog

SMALL = Shape(media_s=0.4, spacing_s=0.04)


def record(**changes: object) -> FlowRecord:
    base = FlowRecord(
        flow=0, reflector=0, kind=FlowKind("whatsapp", "d", "relay", Arm.A, media=Media.VOICE), replicate=0,
        family=Family.NONE, question="setup", block=0, remote_port=NEUTRAL_PORT, round_stages=[Stage.SETUP],
        started_us=0, ended_us=9_000_000,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def columns(packets: dict[int, int], crc: int = 5) -> Columns:
    return Columns(
        seq=list(packets),
        t_us=list(packets.values()),
        size_bytes=[100] * len(packets),
        crc=[crc if s < MEDIA_SEQ else 0 for s in packets],
    )


def far(packets: dict[int, int], crc: int = 5) -> FarColumns:
    near = columns(packets, crc)
    return FarColumns(seq=near.seq, t_us=near.t_us, size_bytes=near.size_bytes, crc=near.crc)


def measured(flows: list[FlowRecord], log: list[FarFlow] | None) -> Measurement:
    signed = None
    if log is not None:
        payload = encode_farlog(FarLog(PUBLIC, "1", ticket=7, ticket_id="", started_at="", flows=log))
        signed = SignedLog(payload, sign_farlog(payload, PRIVATE))
    return Measurement(
        seed="", started_at="", ended_at="", apps=["whatsapp"], profile_digests={}, line=Line(),
        reflectors=[ReflectorFacts(name="r", key=PUBLIC, ticket=7, log=signed)], flows=flows,
    )  # fmt: skip


class Tally:
    """Counts what the line did to each flow, both directions."""

    def __init__(self) -> None:
        self.sent: dict[tuple[int, bool], int] = {}
        self.lost: dict[tuple[int, bool], int] = {}

    def around(self, packet: Packet, fate: float | None) -> float | None:
        key = packet.flow, packet.up
        self.sent[key] = self.sent.get(key, 0) + 1
        self.lost[key] = self.lost.get(key, 0) + (fate is None)
        return fate


def test_with_the_log_every_packet_is_attributed() -> None:
    tally, world = Tally(), both(loses(0.3, 3), jitters(5.0, 3))
    measurement = Check(lambda p: tally.around(p, world(p)), (SMALL,)).run()
    session = join_session(measurement, 0)
    for flow in session.flows:
        for up, track in ((True, flow.up), (False, flow.down)):
            key = flow.record.flow, up
            count = track.counted
            unknown = len(track.packets) - count.known
            assert count.known + unknown == tally.sent.get(key, 0)
            # A reply that came after the socket closed is lost to us and unknown to the judge.
            assert count.lost <= tally.lost.get(key, 0) <= count.lost + unknown


def test_without_the_log_receipts_tell_of_the_uplink() -> None:
    tally, world = Tally(), loses(0.3, 4, lambda p: p.media and p.up)
    measurement = Check(lambda p: tally.around(p, world(p)), (SMALL,), logged=False).run()
    session = join_session(measurement, 0)
    assert "log-missing" in session.notes
    assert not session.log_used
    lost = total(f.up.counted for f in session.flows)
    assert lost.lost > 50
    for flow in session.flows:
        count = flow.up.counted
        assert count.lost <= tally.lost.get((flow.record.flow, True), 0)
        assert (
            count.known - count.lost
            <= tally.sent[flow.record.flow, True] - tally.lost[flow.record.flow, True]
        )
        assert all(p.arrived_us is None for p in flow.up.packets)


def test_a_receipt_window_of_64_and_not_further() -> None:
    sent = {MEDIA_SEQ + n: 20_000 * n for n in range(100)}
    receipt = Receipt(highest_seq=MEDIA_SEQ + 80, count=40, far_us=0, bitmap=0b101)
    flow = record(sent=columns(sent), receipts=[receipt], attested=1)
    (view,) = join_session(measured([flow], None), 0).flows
    fates = {p.seq - MEDIA_SEQ: p.fate for p in view.up.packets}
    assert fates[80] is fates[79] is fates[77] is Fate.ARRIVED
    assert fates[78] is fates[16] is Fate.LOST
    assert fates[15] is fates[81] is Fate.UNKNOWN


def test_a_later_receipt_mends_an_earlier_one() -> None:
    sent = {MEDIA_SEQ + n: 20_000 * n for n in range(4)}
    receipts = [Receipt(MEDIA_SEQ + 2, 1, 0, 0), Receipt(MEDIA_SEQ + 3, 4, 0, 0b111)]
    (view,) = join_session(measured([record(sent=columns(sent), receipts=receipts)], None), 0).flows
    assert [p.fate for p in view.up.packets] == [Fate.ARRIVED] * 4


def test_without_a_log_the_downlink_is_known_up_to_the_highest() -> None:
    got = {MEDIA_SEQ + n: n for n in (0, 1, 4)}
    (view,) = join_session(measured([record(received=columns(got), attested=3)], None), 0).flows
    assert [(p.seq - MEDIA_SEQ, p.fate) for p in view.down.packets] == [
        (0, Fate.ARRIVED), (1, Fate.ARRIVED), (2, Fate.LOST), (3, Fate.LOST), (4, Fate.ARRIVED),
    ]  # fmt: skip


def test_unattested_answers_prove_nothing_without_a_log() -> None:
    flow = record(sent=columns({0: 0}), received=columns({0: 40_000}), attested=0)
    session = join_session(measured([flow], None), 0)
    assert session.flows[0].answered_us == {}
    assert "unattested-answers" in session.notes
    proved = msgspec.structs.replace(flow, attested=1)
    assert join_session(measured([proved], None), 0).flows[0].answered_us == {0: 40_000}


def test_an_answer_that_the_log_does_not_know_is_none() -> None:
    """The path answered in the reflector's place: the request is lost, whatever came back."""
    flow = record(sent=columns({0: 0}), received=columns({0: 40_000}), attested=0)
    (view,) = join_session(measured([flow], [FarFlow(flow=0, port=1, up=far({}), down=far({}))]), 0).flows
    assert view.answered_us == {}
    assert [p.fate for p in view.up.packets] == [Fate.LOST]


def test_a_flow_that_the_log_has_never_heard_of_lost_everything() -> None:
    (view,) = join_session(measured([record(sent=columns({0: 0, 4: 9}))], []), 0).flows
    assert [p.fate for p in view.up.packets] == [Fate.LOST, Fate.LOST]
    assert view.down.packets == ()


def test_what_comes_after_our_socket_closed_is_unknown() -> None:
    """Transit far to near is 1000 us by the first packet; the socket closed at 60 000 us near time."""
    down = {MEDIA_SEQ: 10_000, MEDIA_SEQ + 1: 30_000, MEDIA_SEQ + 2: 59_500}
    flow = record(received=columns({MEDIA_SEQ: 11_000}), attested=1, ended_us=60_000)
    (view,) = join_session(measured([flow], [FarFlow(flow=0, port=1, up=far({}), down=far(down))]), 0).flows
    assert [p.fate for p in view.down.packets] == [Fate.ARRIVED, Fate.LOST, Fate.UNKNOWN]


def test_changed_bytes_are_counted_in_both_directions() -> None:
    flow = record(sent=columns({0: 0, 4: 9}), received=columns({0: 50, 4: 60}, crc=6), attested=2)
    log = [FarFlow(flow=0, port=1, up=far({0: 20, 4: 30}, crc=7), down=far({0: 21, 4: 31}, crc=6))]
    assert join_session(measured([flow], log), 0).flows[0].altered == 2
    log = [FarFlow(flow=0, port=1, up=far({0: 20, 4: 30}), down=far({0: 21, 4: 31}))]
    assert join_session(measured([flow], log), 0).flows[0].altered == 2


def test_an_answer_noted_as_that_to_another_try_is_not_a_changed_one() -> None:
    flow = record(sent=columns({0: 0, 4: 9}), received=columns({0: 60}, crc=6))
    far_down = far({0: 21, 4: 31}, crc=5)
    far_down.crc[1] = 6
    log = [FarFlow(flow=0, port=1, up=far({0: 20, 4: 30}), down=far_down)]
    assert join_session(measured([flow], log), 0).flows[0].altered == 0
    far_down.crc[1] = 7
    assert join_session(measured([flow], log), 0).flows[0].altered == 1


def test_a_rebound_address_is_noted() -> None:
    log = [FarFlow(flow=0, port=1, up=far({0: 1}), down=far({}), sources=2)]
    assert "nat-rebind" in join_session(measured([record(sent=columns({0: 0}))], log), 0).notes


def test_silence_of_all_controls_is_the_reflectors_death() -> None:
    session = join_session(Check(clean, (SMALL,), dead_from_s=2.9).run(), 0)
    assert session.died_us is not None
    assert session.died_us == pytest.approx(2.93e6, abs=0.1e6)
    assert "reflector-silent" in session.notes
    late = [p for f in session.flows for p in f.up.packets if (p.sent_us or 0) > session.died_us]
    assert late == []


def test_silence_of_the_treatment_alone_is_no_death() -> None:
    session = join_session(Check(drops(lambda p: p.treatment), (SMALL,)).run(), 0)
    assert session.died_us is None


def test_round_trips_are_of_answered_requests() -> None:
    session = join_session(Check(clean, (SMALL,)).run(), 0)
    assert round_trips_ms(session.flows)
    assert all(t == pytest.approx(61.0, abs=0.1) for t in round_trips_ms(session.flows))
