"""Residual blocking of ports: the order swap that shows it, and what takes ports down without a call."""

import pytest

from tests.inference.build import Check, Shape
from tests.inference.worlds import residual
from voipwatch.inference import judge
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Direction, Stage, Verdict

SMALL = Shape(media_s=0.6, spacing_s=0.04)
OTHER = Shape(app="viber", media_s=0.6, spacing_s=0.04)


def rows(check: Check) -> list[AppResult]:
    return judge(check.run()).results


def test_controls_that_live_until_a_call_is_seen_on_each_port() -> None:
    (row,) = rows(residual(Check(shapes=(SMALL,))))
    assert (row.rule, row.verdict, row.stage) == ("blocked.residual", Verdict.BLOCKED, Stage.SETUP)
    assert (row.mechanism, row.direction) == ("flow.residual", Direction.BOTH)
    (setup,) = [s for s in row.stages if s.stage is Stage.SETUP]
    assert (setup.verdict, setup.rule) == (Verdict.BLOCKED, "blocked.residual")


def test_a_reflector_hidden_by_the_block_is_not_said_to_have_fallen_silent() -> None:
    """All ports are struck at last, so that the controls fall silent for good; the log came over TCP."""
    check = judge(residual(Check(shapes=(SMALL,))).run())
    assert check.results[0].rule == "blocked.residual"
    assert "reflector-silent" not in [*check.notes, *check.results[0].notes]
    other = judge(residual(Check(shapes=(SMALL,)), silent=True).run())
    assert "reflector-silent" in other.notes


def test_a_line_that_falls_silent_with_a_call_takes_all_ports_at_once() -> None:
    (row,) = rows(residual(Check(shapes=(SMALL,)), silent=True))
    assert row.verdict is not Verdict.BLOCKED


def test_one_port_alone_is_told_from_no_dead_port() -> None:
    (row,) = rows(residual(Check(shapes=(SMALL,)), struck=(True,)))
    assert row.mechanism != "flow.residual"


@pytest.mark.parametrize("how", [{"after_s": 0.3}, {"controls_s": 2.0}])
def test_a_port_that_lives_on_after_a_call_was_not_struck_by_it(how: dict[str, float]) -> None:
    (row,) = rows(residual(Check(shapes=(SMALL,)), **how))  # type: ignore[arg-type] # both are seconds
    assert row.mechanism != "flow.residual"


@pytest.mark.parametrize("missing", ["log", "limit"])
def test_it_needs_all_of_the_log(missing: str) -> None:
    check = residual(Check(shapes=(SMALL,)))
    check.logged = missing != "log"
    check.refused_at_s = 3.0 if missing == "limit" else None
    (row,) = rows(check)
    assert row.mechanism != "flow.residual"


def test_where_two_apps_share_a_port_neither_is_said_to_have_struck_it() -> None:
    assert [r.verdict is Verdict.BLOCKED for r in rows(residual(Check(shapes=(SMALL, OTHER))))] == [False] * 2


@pytest.mark.parametrize("lives", [False, True])
def test_an_app_whose_calls_live_on_another_port_of_its_own_is_not_accused(lives: bool) -> None:
    other = Shape(leg="other", media_s=0.6, spacing_s=0.04)
    measurement = residual(Check(shapes=(SMALL, other)), spared="other").run()
    for flow in measurement.flows:
        flow.remote_port += 9 * (flow.kind.leg == "other")
    if not lives:
        measurement.flows = [f for f in measurement.flows if f.kind.leg != "other"]
    (row,) = judge(measurement).results
    assert (row.mechanism == "flow.residual") is not lives
