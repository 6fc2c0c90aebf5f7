"""The warm-up: planted round trips and rates come out again, and silence is told as silence."""

import pytest

from tests.experiment.support import START_S
from tests.experiment.test_near_flow import near_flow
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.questions.warmup import BURST_SIZE_MIN, Warmup
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.ruleset import WARMUP_S
from voipwatch.model.vocabulary import Arm, Family, Media
from voipwatch.wire.token import FlowReceipt

HALF_WAY_US = 30_000
"""One-way delay that is planted."""
FAR_ZERO_US = 2**32 - 1_000_000
"""The far clock starts near its 32-bit end, so that it wraps in mid-warm-up."""


def warmed(*, sent: bool = True) -> tuple[Warmup, list[NearFlow]]:
    """A warm-up whose two flows have sent all their packets at their planned times."""
    flows = [near_flow(Arm.W, replicate, media=Media.NONE) for replicate in (0, 1)]
    warmup = Warmup(0, flows[0].record.kind)
    for flow in flows:
        wish = warmup.wishes.popleft()
        assert (wish.question, wish.replicate) == ("warmup", flow.record.replicate)
        warmup.started(flow, START_S)
        flow.start(START_S)
        while sent and (due := flow.due()) is not None:
            flow.emit(due)
    return warmup, flows


def receipt(warmup: Warmup, flow: NearFlow, n: int, *, queue_us: int = 0, back_us: int = HALF_WAY_US) -> None:
    """The far end's receipt for uplink media packet n, whose arrival `queue_us` of queueing delayed."""
    index = flow.record.sent.seq.index(MEDIA_SEQ + n)
    arrived_us = flow.record.sent.t_us[index] + HALF_WAY_US + queue_us
    told = FlowReceipt(flow.flow, MEDIA_SEQ + n, n + 1, (FAR_ZERO_US + arrived_us) % 2**32, 0)
    warmup.receipt(told, START_S + (arrived_us + back_us) / 1e6)


def burst_of(flow: NearFlow) -> list[int]:
    return [n for n, p in enumerate(flow.script.up) if p.size >= BURST_SIZE_MIN]


def test_one_flow_of_each_control_family_for_two_seconds() -> None:
    warmup, flows = warmed()
    assert [f.record.family for f in flows] == [Family.U, Family.Q]
    assert {f.script.media_s for f in flows} == {WARMUP_S}
    assert warmup.done
    assert warmup.get_timer() is None


def test_it_is_not_done_while_a_flow_is_wished_for_or_alive() -> None:
    warmup, flows = warmed(sent=False)
    assert {f.phase for f in flows} == {Phase.MEDIA}
    assert not warmup.done
    fresh = Warmup(0, flows[0].record.kind)
    assert not fresh.done


def test_nothing_heard_is_told_as_nothing() -> None:
    warmup, _ = warmed()
    assert warmup.rtt_s() is None
    assert warmup.rtt_spread_s() == 0.0
    assert warmup.rate_up() is None
    assert warmup.rate_down() is None
    assert not warmup.heard()
    assert warmup.counts() == (0, 2 * len(warmup.flows[0].script.down))


def test_the_round_trip_is_the_smallest_and_its_spread_what_the_typical_one_takes_longer() -> None:
    warmup, (flow, other) = warmed()
    for n, back_us in enumerate((50_000, 30_000, 90_000, 70_000, 110_000)):
        receipt(warmup, flow, n, back_us=back_us)
    assert warmup.rtt_s() == pytest.approx(0.060)
    assert warmup.rtt_spread_s() == pytest.approx(0.040)
    receipt(warmup, other, 0, back_us=10_000)
    assert warmup.rtt_s() == pytest.approx(0.040), "news after an answer was given count too"


def test_receipts_for_other_flows_and_unsent_packets_tell_nothing() -> None:
    warmup, (flow, _) = warmed()
    warmup.receipt(FlowReceipt(flow.flow + 64, MEDIA_SEQ, 1, 5, 0), START_S + 0.001)
    warmup.receipt(FlowReceipt(flow.flow, 60_000, 1, 5, 0), START_S + 0.001)
    assert warmup.rtt_s() is None
    assert warmup.rate_up() is None


def hear(flow: NearFlow, *, rate: float) -> None:
    """All downlink packets, those of the burst with the dispersion of a link of `rate` bytes a second."""
    columns = flow.record.received
    free_us = 0.0
    for n, packet in enumerate(flow.script.down):
        free_us = max(free_us, packet.offset_us) + packet.size / rate * 1e6
        columns.seq.append(MEDIA_SEQ + n)
        columns.t_us.append(round(free_us))
        columns.size_bytes.append(packet.size)
        columns.crc.append(0)
        flow._down_seen.add(MEDIA_SEQ + n)


@pytest.mark.parametrize("rate", [20_000.0, 125_000.0, 1_000_000.0])
def test_the_downlink_rate_is_the_bursts_dispersion_and_the_worse_of_two(rate: float) -> None:
    warmup, (flow, other) = warmed()
    hear(flow, rate=rate)
    assert warmup.rate_down() == pytest.approx(rate, rel=0.02)
    assert warmup.heard()
    hear(other, rate=rate / 2)
    assert warmup.rate_down() == pytest.approx(rate / 2, rel=0.02)
    assert warmup.counts()[0] == warmup.counts()[1]


def test_three_packets_of_a_burst_are_too_few_for_a_rate() -> None:
    warmup, (flow, _) = warmed()
    hear(flow, rate=50_000.0)
    columns = flow.record.received
    for column in (columns.seq, columns.t_us, columns.size_bytes, columns.crc):
        del column[-5:]
    assert warmup.rate_down() is None


@pytest.mark.parametrize("rate", [20_000.0, 125_000.0])
def test_the_uplink_rate_is_the_delay_that_the_burst_built_up(rate: float) -> None:
    warmup, (flow, _) = warmed()
    burst = burst_of(flow)
    for n in range(0, 40, 10):  # before the far clock wraps
        receipt(warmup, flow, n)
    assert warmup.rate_up() is None, "no receipt of the burst yet"
    waited = 0.0
    for n in burst:
        waited += flow.script.up[n].size / rate
        receipt(warmup, flow, n, queue_us=round(waited * 1e6))
    assert warmup.rate_up() == pytest.approx(rate, rel=0.02)


def test_a_first_packet_slower_than_the_rest_does_not_make_the_line_thin() -> None:
    warmup, flows = warmed()
    for flow in flows:
        for n, packet in enumerate(flow.script.up):
            sent_us = flow.record.sent.t_us[flow.record.sent.seq.index(MEDIA_SEQ + n)]
            slow_us = 9_000 if n == 0 else 0
            queue_us = 500 if packet.size >= BURST_SIZE_MIN else 0
            told = FlowReceipt(
                flow.flow, MEDIA_SEQ + n, n + 1, (sent_us + slow_us + queue_us - 4_000) % 2**32, 0
            )
            warmup.receipt(told, START_S + sent_us / 1e6 + 0.01)
    rate = warmup.rate_up()
    assert rate is not None
    assert rate > 1e6, "8 kB that built up half a millisecond of queue"
