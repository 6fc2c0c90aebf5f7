"""The late-cut run rule: planted cuts, the guards against broken paths, and its false alarms under bursty
loss.
"""

from statistics import median_low

import numpy as np
import pytest

from voipwatch.stats import FlowPair, find_late_cut

# One 0.5 s window of 20 ms audio.
FULL = 25


def pair(a: list[int], c: list[int] | None = None, *, sent: int = FULL) -> FlowPair:
    """A pair that sends `sent` packets a window; the control is whole unless given."""
    windows = len(a)
    return FlowPair([sent] * windows, a, [sent] * windows, c if c is not None else [sent] * windows)


CUT = pair([25, 25, 25, 7, 0, 0, 0, 0])
FINE = pair([25] * 8)


def test_hand_worked_cut() -> None:
    """Three whole windows, one in which the cut falls (7 of 25: 72 % lost), four lost."""
    found = find_late_cut([CUT, FINE, CUT])
    assert found is not None
    assert (found.cut_flows, found.n, found.from_start) == (2, 3, False)
    cut = found.cuts[1]
    assert (cut.flow, cut.window_index, cut.windows_lost, cut.lived_before) == (2, 4, 4, True)
    assert (cut.packets_before, cut.packets_total, cut.bytes_before) == (82, 82, None)


def test_packets_in_the_first_lost_window_are_in_the_total_only() -> None:
    """A cut after 52 packets: two of them fall into a window that is 92 % lost."""
    flow = FlowPair([25] * 6, [25, 25, 2, 0, 0, 0], [25] * 6, [25] * 6, [5000, 5000, 400, 0, 0, 0])
    found = find_late_cut([flow, flow])
    assert found is not None
    assert found.cuts[0].window_index == 2
    assert (found.cuts[0].packets_before, found.cuts[0].packets_total) == (50, 52)
    assert found.cuts[0].bytes_before == 10_000


def test_one_flow_is_no_claim() -> None:
    assert find_late_cut([CUT]) is None
    assert find_late_cut([CUT], flows=1) is not None
    assert find_late_cut([]) is None


def test_two_windows_are_no_run() -> None:
    short = pair([25, 25, 25, 25, 25, 25, 0, 0])
    assert find_late_cut([short, short]) is None
    assert find_late_cut([short, short], windows=2) is not None


def test_a_flow_that_recovers_was_not_cut() -> None:
    recovers = pair([25, 25, 0, 0, 0, 0, 0, 10])
    assert find_late_cut([recovers, recovers]) is None


def test_the_borders_are_inside() -> None:
    """90 % lost counts as lost (20 sent, 2 arrive), half lost counts as alive."""
    at_border = pair([20, 20, 2, 2, 2], [20, 20, 10, 10, 10], sent=20)
    assert find_late_cut([at_border, at_border]) is not None
    leaky = pair([20, 20, 3, 3, 3], sent=20)
    assert find_late_cut([leaky, leaky]) is None
    weak_control = pair([20, 20, 2, 2, 2], [20, 20, 9, 9, 9], sent=20)
    assert find_late_cut([weak_control, weak_control]) is None


def test_a_reflector_that_dies_accuses_nobody() -> None:
    dies = pair([25, 25, 25, 0, 0, 0, 0], [25, 25, 25, 0, 0, 0, 0])
    assert find_late_cut([dies, dies, dies]) is None


def test_dead_from_the_first_packet_is_flagged() -> None:
    found = find_late_cut([pair([0] * 5), pair([0] * 5)])
    assert found is not None
    assert found.from_start
    assert [cut.window_index for cut in found.cuts] == [0, 0]
    assert not any(cut.lived_before for cut in found.cuts)
    mixed = find_late_cut([pair([0] * 5), CUT])
    assert mixed is not None
    assert not mixed.from_start


def test_a_cut_control_beside_a_living_treatment_withdraws_the_claim() -> None:
    reverse = pair([25] * 8, [25, 25, 25, 0, 0, 0, 0, 0])
    assert find_late_cut([CUT, CUT, CUT, reverse]) is None


def test_a_quarter_of_the_flows_is_a_path_and_not_an_operator() -> None:
    assert find_late_cut([CUT, CUT, *[FINE] * 6]) is None
    assert find_late_cut([CUT, CUT, *[FINE] * 6], share=0.25) is not None
    assert find_late_cut([CUT, CUT, FINE, FINE]) is None
    assert find_late_cut([CUT, CUT, FINE]) is not None


def test_short_pairs_have_no_vote_and_dead_controls_vote_no() -> None:
    dead_control = pair([25, 0, 0, 0, 0], [25, 0, 0, 0, 0])
    brief = pair([25, 25])
    found = find_late_cut([CUT, CUT, *[brief] * 5])
    assert found is not None
    assert found.n == 2
    assert find_late_cut([CUT, CUT, dead_control]) is not None
    assert find_late_cut([CUT, CUT, dead_control, dead_control]) is None


def test_thin_windows_merge_with_the_next() -> None:
    """One packet a window (a 160 ms codec in short windows): nine windows make three of three packets."""
    thin = pair([1, 1, 1, *[0] * 9], [1] * 12, sent=1)
    found = find_late_cut([thin, thin])
    assert found is not None
    assert (found.cuts[0].window_index, found.cuts[0].windows_lost) == (3, 3)
    assert find_late_cut([pair([1, 1, 1, *[0] * 8], [1] * 11, sent=1)] * 2) is None


def test_a_thin_rest_joins_the_last_window() -> None:
    """The last window has one packet: it arrives, and the window that it joins is 1 of 26, lost all the
    same.
    """
    flow = FlowPair([25, 25, 25, 25, 1], [25, 0, 0, 0, 1], [25, 25, 25, 25, 1], [25, 25, 25, 25, 1])
    found = find_late_cut([flow, flow])
    assert found is not None
    assert found.cuts[0].windows_lost == 3


def test_a_thin_rest_that_lives_undoes_the_last_window() -> None:
    """1 of 20 is lost, with the rest 3 of 22 is not: the flow was coming back."""
    flow = FlowPair([25, 25, 25, 20, 2], [25, 0, 0, 1, 2], [25, 25, 25, 20, 2], [25, 25, 25, 20, 2])
    assert find_late_cut([flow, flow]) is None


def test_a_silent_control_testifies_to_nothing() -> None:
    flow = FlowPair([25] * 5, [25, 0, 0, 0, 0], [25, 0, 0, 0, 0], [25, 0, 0, 0, 0])
    assert find_late_cut([flow, flow]) is None


def gilbert_elliott(rng: np.random.Generator, loss: float, mean_burst: float, windows: int) -> list[int]:
    """Arrivals per window of a flow that loses everything in bursts of `mean_burst` packets on average."""
    leave = 1 / mean_burst
    enter = leave * loss / (1 - loss)
    bad = bool(rng.random() < loss)
    arrived = []
    for draw in rng.random((windows, FULL)):
        count = 0
        for value in draw:
            bad = bool(value >= leave) if bad else bool(value < enter)
            count += not bad
        arrived.append(count)
    return arrived


@pytest.mark.parametrize(
    ("loss", "mean_burst", "pairs", "at_most"),
    [
        (0.1, 10, 2, 0),
        (0.3, 10, 2, 0),
        # Outages of a second on average, 30 % of the time: the docs' worst row, under 1 in 1,000.
        (0.3, 50, 2, 2),
        (0.3, 50, 4, 2),
        (0.3, 50, 12, 0),
    ],
)
def test_false_alarms_under_bursty_loss(loss: float, mean_burst: float, pairs: int, at_most: int) -> None:
    """Flows of 5 s, each with its own chain, treatment and control alike; 300 innocent lines."""
    rng = np.random.default_rng(20160105)
    alarms = 0
    for _ in range(300):
        flows = [
            pair(gilbert_elliott(rng, loss, mean_burst, 10), gilbert_elliott(rng, loss, mean_burst, 10))
            for _ in range(pairs)
        ]
        alarms += find_late_cut(flows) is not None
    assert alarms <= at_most


def test_a_path_of_four_that_dies_midway() -> None:
    """Each flow hashed to one of four paths, one dies: at 12 pairs the guards keep it quiet.

    Exactly: no control cut alone and 8 or more treatments cut alone, at 3/16 each, is 0.00013.
    """
    rng = np.random.default_rng(20160106)
    dies = [25, 25, 25, 25, 0, 0, 0, 0, 0, 0]
    lives = [25] * 10
    alarms = 0
    for _ in range(1000):
        a, c = rng.integers(0, 4, size=(2, 12)) == 0
        alarms += (
            find_late_cut(
                [pair(dies if x else lives, dies if y else lives) for x, y in zip(a, c, strict=True)]
            )
            is not None
        )
    assert alarms == 0


def test_planted_cuts_are_found_behind_bursty_loss() -> None:
    """A cut after 60 packets on a line with 5 % bursty loss, four pairs: found every time, at the right
    window.
    """
    rng = np.random.default_rng(20160107)
    for _ in range(100):
        flows = []
        for _ in range(4):
            arrived = gilbert_elliott(rng, 0.05, 5, 10)
            flows.append(
                pair([*arrived[:2], arrived[2] * 10 // 25, *[0] * 7], gilbert_elliott(rng, 0.05, 5, 10))
            )
        found = find_late_cut(flows)
        assert found is not None
        assert median_low(cut.window_index for cut in found.cuts) in {2, 3}
        assert 50 <= max(cut.packets_total for cut in found.cuts) <= 60


@pytest.mark.parametrize(
    "arguments",
    [{"lost_ratio": 1.1}, {"control_lost_ratio": 0.9}, {"windows": 0}, {"flows": 0}, {"share": -0.1}],
)
def test_domains(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        find_late_cut([CUT, CUT], **arguments)  # type: ignore[arg-type]  # a table of bad arguments


def test_flow_pair_domains() -> None:
    with pytest.raises(ValueError, match="one entry per window"):
        FlowPair([1], [1], [1], [])
    with pytest.raises(ValueError, match="one entry per window"):
        FlowPair([1], [1], [1], [1], [])
    with pytest.raises(ValueError, match="must be at least 0"):
        FlowPair([1], [-1], [1], [1])
    with pytest.raises(ValueError, match="received must not exceed sent"):
        FlowPair([1], [2], [1], [1])
