"""The one setting: its promise, and days instead of hours."""

from voipwatch.inference.detection.settings import DAY_S, DEFAULT, HOUR_S, Settings, daily


def test_the_promise_is_one_false_onset_in_twenty_years_over_all_series() -> None:
    assert DEFAULT.onset_threshold == 20 * 365.25
    assert Settings(series=30).onset_threshold == 30 * 20 * 365.25


def test_days_differ_from_hours_in_the_block_alone() -> None:
    changed = {
        name for name in Settings.__struct_fields__ if getattr(daily(3), name) != getattr(Settings(3), name)
    }
    assert changed == {"block_s", "row_span_s", "gap_s"}
    assert (daily().block_s, DEFAULT.block_s) == (DAY_S, HOUR_S)


def test_the_border_is_at_least_twice_what_is_learnt() -> None:
    assert DEFAULT.baseline_factor >= 2.0
