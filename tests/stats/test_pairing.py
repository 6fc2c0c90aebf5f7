"""From flows to differences: medians, None where unmeasured, and what is dropped is counted."""

from collections.abc import Sequence

import pytest

from voipwatch.stats import FlowMetrics, flow_metrics, paired_differences

MS = 1000


def flow(delays_ms: Sequence[float | None]) -> FlowMetrics:
    sent = [20 * MS * index for index in range(len(delays_ms))]
    return flow_metrics(
        sent, [None if d is None else s + int(d * MS) for s, d in zip(sent, delays_ms, strict=True)]
    )


def test_hand_worked() -> None:
    """Six of eight arrive; transits -3 1 2 4 5 90 with median 3; differences 4 1 2 1 85 in order of
    arrival.
    """
    metrics = flow([-3.0, 1.0, None, 2.0, 4.0, 5.0, None, 90.0])
    assert (metrics.n_sent, metrics.n_received, metrics.loss_ratio) == (8, 6, 0.25)
    assert metrics.delay_ms == pytest.approx(3.0)
    assert metrics.jitter_ms == pytest.approx((4 + 1 + 2 + 1 + 85) / 5)
    assert metrics.clock_steps_count == 0


def test_one_stall_does_not_move_the_delay() -> None:
    assert flow([50.0] * 20 + [900.0] + [50.0] * 20).delay_ms == 50.0


def test_late_is_what_nine_of_ten_have_come_by() -> None:
    queue = [50.0] * 14 + [60.0, 90.0, 150.0, 210.0, 260.0, 300.0]
    assert flow(queue).late_ms == 210.0  # the 18th of 20
    assert flow(queue).delay_ms == 50.0
    assert flow([50.0] * 20 + [900.0] + [50.0] * 20).late_ms == 50.0
    assert flow([50.0] * 4).late_ms is None


def test_few_arrivals_leave_delay_and_jitter_unmeasured() -> None:
    metrics = flow([50.0] * 4 + [None] * 6)
    assert (metrics.loss_ratio, metrics.delay_ms, metrics.jitter_ms) == (0.6, None, None)
    assert flow([50.0] * 5).delay_ms == 50.0


def test_nothing_sent_is_unmeasured() -> None:
    assert flow([]) == FlowMetrics(0, 0, None, None, None, 0)


def test_all_lost_is_measured_loss() -> None:
    assert flow([None] * 10).loss_ratio == 1.0


def test_a_clock_step_leaves_the_delay_unmeasured_but_not_the_jitter() -> None:
    metrics = flow([50.0, 51.0] * 20 + [5050.0, 5051.0] * 20)
    assert (metrics.delay_ms, metrics.clock_steps_count) == (None, 1)
    assert metrics.jitter_ms == pytest.approx(1.0)


def test_differences_keep_order_and_count_what_is_dropped() -> None:
    treatments = [flow([60.0] * 10), flow([None] * 10), flow([75.0] * 10)]
    controls = [flow([50.0] * 10), flow([50.0] * 10), flow([50.0] * 9 + [None])]
    late = paired_differences(treatments, controls, "late_ms")
    assert (late.values, late.n, late.dropped_count, late.metric) == ((10.0, 25.0), 2, 1, "late_ms")
    loss = paired_differences(treatments, controls, "loss_ratio")
    assert loss.values == pytest.approx((0.0, 1.0, -0.1))
    assert (loss.n, loss.dropped_count) == (3, 0)


def test_domains() -> None:
    with pytest.raises(ValueError, match="one control per treatment"):
        paired_differences([flow([1.0])], [], "loss_ratio")
    with pytest.raises(ValueError, match="one receive time per packet"):
        flow_metrics([0], [])
