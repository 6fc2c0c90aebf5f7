"""The numbers that decide: within themselves they must agree."""

from voipwatch.model import ruleset
from voipwatch.model.ruleset import (
    BLOCKS,
    BLOCKS_MIN,
    CONTROL_LOSS_RATIO_MAX,
    CUT_CONTROL_LOSS_RATIO_MAX,
    DEAD_LOSS_RATIO,
    HELD_S,
    LONG_S,
    MAPPINGS_ALIVE_MAX,
    NEW_FLOWS_PER_S_MAX,
    REPEAT_AFTER_S,
    RULESET,
    WARMUP_S,
)


def test_the_design_s_numbers() -> None:
    """Each is a promise in the handbook; changing one here is changing a verdict, and a new version."""
    assert RULESET == "2026.7"
    assert (DEAD_LOSS_RATIO, REPEAT_AFTER_S, CONTROL_LOSS_RATIO_MAX) == (0.9, 2.0, 0.2)
    assert ruleset.CONTROL_DELAY_MS_MAX == 400.0
    assert (ruleset.THROTTLE_LOSS_POINTS, ruleset.THROTTLE_DELAY_MS) == (3.0, 50.0)
    assert (ruleset.THROTTLE_JITTER_MS, ruleset.CHECK_ALPHA) == (20.0, 0.005)
    assert (BLOCKS, MAPPINGS_ALIVE_MAX, NEW_FLOWS_PER_S_MAX) == (12, 48, 20.0)
    assert (WARMUP_S, HELD_S, LONG_S, ruleset.LATE_S) == (2.0, 10.0, 60.0, 3.0)
    assert (ruleset.CUT_WINDOW_S, ruleset.CUT_WINDOWS, ruleset.CUT_FLOWS) == (0.5, 3, 2)


def test_seven_blocks_are_the_fewest_for_a_claim_at_one_percent() -> None:
    assert 2.0**-BLOCKS_MIN < 0.01 < 2.0 ** -(BLOCKS_MIN - 1)
    assert BLOCKS > BLOCKS_MIN


def test_a_control_that_may_accuse_could_itself_never_be_called_dead() -> None:
    assert CONTROL_LOSS_RATIO_MAX < CUT_CONTROL_LOSS_RATIO_MAX < DEAD_LOSS_RATIO


def test_a_held_flow_outlasts_the_windows_that_a_late_cut_needs() -> None:
    assert HELD_S > 4 * ruleset.CUT_WINDOW_S * ruleset.CUT_WINDOWS
    assert LONG_S > HELD_S > REPEAT_AFTER_S
