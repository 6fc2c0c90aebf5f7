"""Series together: the budget is shared, the pool lends from the quiet alone, the memory survives."""

import msgspec
import pytest

from tests.inference.detection.series import START_S, panel
from voipwatch.inference.detection import Panel, Settings
from voipwatch.inference.detection.panel import PanelState
from voipwatch.inference.detection.settings import DAY_S
from voipwatch.inference.detection.state import Phase
from voipwatch.model.series import ChangeKind, SeriesRow

Rows = list[tuple[str, SeriesRow]]


def together(**series: list[SeriesRow]) -> Rows:
    rows = [(name, row) for name, each in series.items() for row in each]
    return sorted(rows, key=lambda each: each[1].time_s)


def test_each_series_has_its_own_changes() -> None:
    rows = together(
        a=panel(40 * 24, lambda hour, _: 1.0 if hour >= 720 else 0.02, seed=1),
        b=panel(40 * 24, lambda _, __: 0.02, seed=2),
    )
    found = Panel(Settings(series=2)).receive_all(rows)
    assert [(name, change.kind) for name, change in found] == [("a", ChangeKind.ONSET)]


def test_a_young_series_borrows_from_its_quiet_pool() -> None:
    old = panel(60 * 24, lambda _, __: 0.02, seed=1)
    young = panel(60 * 24, lambda _, __: 0.0, probes=1, seed=2, first=57 * 24)
    alone, pooled = Panel(), Panel(pool_of={"old": "x", "young": "x"})
    for each in (alone, pooled):
        each.receive_all(together(old=old, young=young))
    assert pooled.detectors["young"].state.baseline.border < alone.detectors["young"].state.baseline.border


def test_nobody_borrows_from_himself() -> None:
    """Alone in a pool is as without one: votes that were seen once are no second proof."""
    young = panel(10 * 24, lambda _, __: 0.05, probes=1, seed=3)
    alone, pooled = Panel(), Panel(pool_of={"young": "x"})
    for each in (alone, pooled):
        each.receive_all(together(young=young))
    assert pooled.detectors["young"].state.baseline.pool_votes == 0.0
    assert pooled.detectors["young"].state.baseline.border == alone.detectors["young"].state.baseline.border


def test_nothing_is_borrowed_from_a_series_that_is_alarmed() -> None:
    blocked = panel(60 * 24, lambda hour, _: 1.0 if hour >= 40 * 24 else 0.02, seed=1)
    young = panel(60 * 24, lambda _, __: 0.0, probes=1, seed=2, first=50 * 24)
    pooled = Panel(pool_of={"old": "x", "young": "x"})
    pooled.receive_all(together(old=blocked, young=young))
    assert pooled.detectors["old"].state.phase is Phase.ALARMED
    lent = pooled.detectors["young"].state.baseline
    assert lent.pool_votes <= 20.0
    assert lent.pool_blocked == pytest.approx(0.0, abs=1e-9)


def test_nothing_is_lent_to_a_series_that_is_alarmed() -> None:
    """It began to borrow while it was quiet, and stays where it was when the alarm came."""
    blocked = panel(60 * 24, lambda hour, _: 1.0 if hour >= 20 * 24 else 0.02, seed=1)
    other = panel(60 * 24, lambda hour, _: 0.0 if hour < 40 * 24 else 0.1, probes=1, seed=2)
    pooled = Panel(pool_of={"old": "x", "other": "x"})
    rows = together(old=blocked, other=other)
    cut = next(at for at, (_, row) in enumerate(rows) if row.time_s >= START_S + 22 * DAY_S)
    pooled.receive_all(rows[:cut])
    state = pooled.detectors["old"].state
    before = state.baseline.pool_blocked
    assert state.phase is Phase.ALARMED
    pooled.receive_all(rows[cut:])
    assert state.phase is Phase.ALARMED
    assert state.baseline.pool_blocked == before


def test_a_resumed_panel_is_the_uninterrupted_one() -> None:
    rows = together(
        a=panel(20 * 24, lambda hour, _: 1.0 if 300 <= hour < 350 else 0.02, seed=1),
        b=panel(20 * 24, lambda _, __: 0.05, seed=2),
    )
    pools = {"a": "x", "b": "x"}
    whole = Panel(pool_of=pools)
    whole.receive_all(rows)
    first = Panel(pool_of=pools)
    first.receive_all(rows[:1111])
    kept = msgspec.json.encode(first.state)
    second = Panel(state=msgspec.json.decode(kept, type=PanelState), pool_of=pools)
    second.receive_all(rows[1111:])
    assert msgspec.json.encode(second.state) == msgspec.json.encode(whole.state)
