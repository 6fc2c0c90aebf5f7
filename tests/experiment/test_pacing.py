"""Pacing: never more than 20 new flows in any second, 48 mappings, half of the line's rate."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.experiment.pacing import FLOW_GAP_S, RATE_SHARE_MAX, Pacer
from voipwatch.model.ruleset import MAPPINGS_ALIVE_MAX, NEW_FLOWS_PER_S_MAX


@given(st.lists(st.floats(min_value=0, max_value=0.3), min_size=30, max_size=120))
def test_no_second_sees_more_than_twenty_new_flows(waits: list[float]) -> None:
    pacer, now, starts = Pacer(), 0.0, []
    for wait in waits:
        now = max(now + wait, pacer.next_start(now + wait))
        pacer.started(now)
        starts.append(now)
    for start in starts:
        within = [s for s in starts if start <= s < start + 1.0 - 1e-9]
        assert len(within) <= NEW_FLOWS_PER_S_MAX
    gaps = [b - a for a, b in pairwise(starts)]
    assert min(gaps) >= FLOW_GAP_S - 1e-9


def test_an_idle_pacer_starts_a_flow_at_once() -> None:
    assert Pacer().next_start(5.0) == 5.0


def test_mappings_stop_at_the_bound() -> None:
    pacer = Pacer()
    assert pacer.mappings_free(MAPPINGS_ALIVE_MAX - 1)
    assert not pacer.mappings_free(MAPPINGS_ALIVE_MAX)


def test_rate_stops_at_half_of_the_measured_rate_in_each_direction() -> None:
    pacer = Pacer()
    pacer.rate_up, pacer.rate_down = 10_000.0, 100_000.0
    limit = 10_000 * RATE_SHARE_MAX
    assert pacer.rate_free(1.0, 1.0, limit - 1, 10.0)
    assert not pacer.rate_free(1.0, 1.0, limit, 10.0)
    assert not pacer.rate_free(1.0, 49_999.0, 1.0, 2.0)


def test_a_line_with_nothing_on_it_takes_one_flow_however_thin() -> None:
    pacer = Pacer()
    pacer.rate_up = pacer.rate_down = 10.0
    assert pacer.rate_free(0.0, 0.0, 5_000.0, 5_000.0)


def test_an_unmeasured_rate_does_not_stop_anything() -> None:
    assert Pacer().rate_free(1e9, 1e9, 1e9, 1e9)
