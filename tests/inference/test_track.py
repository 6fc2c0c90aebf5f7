"""Fates of one direction: counts, metrics, burst ratio, hand-worked."""

import pytest

from voipwatch.inference.track import NOTHING, SPAN_MAX_US, Count, Fate, Packet, Track, total


def track(fates: str, *, timed: bool = True) -> Track:
    """One packet a letter every 20 ms: a arrived 30 ms later, l lost, u unknown."""
    fate = {"a": Fate.ARRIVED, "l": Fate.LOST, "u": Fate.UNKNOWN}
    return Track(
        tuple(
            Packet(
                1024 + n,
                20_000 * n if timed else None,
                20_000 * n + 30_000 if f == "a" else None,
                fate[f],
                100,
            )
            for n, f in enumerate(fates)
        )
    )


def test_unknown_is_no_loss() -> None:
    assert track("aalu").counted == Count(3, 1)
    assert track("uu").counted == NOTHING
    assert track("uu").counted.ratio is None
    assert track("aalu").metrics.loss_ratio == pytest.approx(1 / 3)


def test_counts_add_up_and_are_no_concatenation() -> None:
    assert Count(3, 1) + Count(2, 2) == Count(5, 3)
    assert total([Count(3, 1), Count(2, 2), NOTHING]) == Count(5, 3)


def test_delay_and_jitter_need_both_clocks() -> None:
    assert track("aaaaaa").metrics.delay_ms == 30.0
    assert track("aaaaaa").metrics.jitter_ms == 0.0
    assert track("aaaaaa", timed=False).metrics.delay_ms is None
    assert track("aaaaaa", timed=False).metrics.loss_ratio == 0.0


def test_packets_out_of_order_are_sorted_by_sending_time() -> None:
    shuffled = Track(tuple(reversed(track("aaaalaaa").packets)))
    assert shuffled.metrics.delay_ms == 30.0


def test_burst_ratio_is_one_over_for_runs() -> None:
    """Two runs of 2 in 8: mean run 2 x (1 - 0.5) = 1.0; one run of 4 in 8: 4 x 0.5 = 2.0."""
    assert track("llaallaa").burst_ratio() == pytest.approx(1.0)
    assert track("aallllaa").burst_ratio() == pytest.approx(2.0)


def test_between_takes_the_half_open_range() -> None:
    assert [p.seq for p in track("aaaa").between(1025, 1027).packets] == [1025, 1026]


def test_sent_flow_counts_headers_and_needs_times() -> None:
    flow = track("aalu").sent_flow()
    assert flow is not None
    assert list(flow.size_bytes) == [128, 128, 128]
    assert list(flow.lost) == [False, False, True]
    assert track("aal", timed=False).sent_flow() is None
    assert track("").sent_flow() is None


@pytest.mark.parametrize("late_us", [SPAN_MAX_US + 1, 2**62, 2**63 - 1])
def test_sending_times_that_no_check_can_have_are_no_flow(late_us: int) -> None:
    """As in a report from a hostile probe: the greatest differ by more than 64 bits hold."""
    packets = track("aal").packets
    odd = Track(
        (packets[0]._replace(sent_us=-late_us - 1), *packets[1:-1], packets[-1]._replace(sent_us=late_us))
    )
    assert odd.sent_flow() is None
    whole = Track((packets[0], packets[1]._replace(sent_us=SPAN_MAX_US)))
    assert whole.sent_flow() is not None
