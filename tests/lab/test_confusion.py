"""Confusion matrices by hand."""

import pytest

from tests.lab.test_matrix import innocent, row
from voipwatch.lab.confusion import OWN, Count, confusion_of
from voipwatch.stats.intervals import wilson_interval

ROWS = [
    row(expected_mechanism="stun.drop"),
    row(
        seed=2,
        verdict="ok",
        mechanism=None,
        verdict_right=False,
        mechanism_right=False,
        expected_mechanism="stun.drop",
    ),
    row(seed=3, mechanism="turn.drop", mechanism_right=False, expected_mechanism="stun.drop"),
    row(app="webrtc", line="long", expected="ok", verdict="blocked", mechanism=None, verdict_right=False),
    row(app="webrtc", line="thin", expected="insufficient", verdict="ok", graded=False),
    innocent(expected="ok/insufficient", verdict="insufficient", line="burst-10"),
    innocent(
        seed=2, expected="ok/insufficient", verdict="throttled", mechanism="rtp.loss", verdict_right=False
    ),
]


def cells(counts: list[Count]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(c.expected, c.said): (c.runs, c.of) for c in counts}


def test_what_had_to_be_said_against_what_was_said() -> None:
    found = confusion_of(ROWS)
    assert cells(found.guilty.verdicts) == {
        ("blocked", "blocked"): (2, 3), ("blocked", "ok"): (1, 3), ("ok", "blocked"): (1, 1),
    }  # fmt: skip
    assert cells(found.guilty.mechanisms) == {
        ("stun.drop", "stun.drop"): (1, 3), ("stun.drop", ""): (1, 3), ("stun.drop", "turn.drop"): (1, 3),
    }  # fmt: skip
    assert cells(found.innocent.verdicts) == {
        ("insufficient", "insufficient"): (1, 1), ("ok", "throttled"): (1, 1),
    }  # fmt: skip
    assert cells(found.innocent.mechanisms) == {("", "rtp.loss"): (1, 1)}


def test_a_cell_has_its_share_its_interval_and_a_run_to_look_at() -> None:
    (cell,) = [c for c in confusion_of(ROWS).guilty.verdicts if (c.expected, c.said) == ("blocked", "ok")]
    interval = wilson_interval(1, 3)
    assert (cell.share, cell.low, cell.high) == (interval.estimate, interval.low, interval.high)
    assert cell.share == pytest.approx(1 / 3)
    witness = cell.witness
    assert (witness.world, witness.line, witness.app, witness.seed) == ("stun-cookie", "clean", "sip", 2)


def test_by_app_and_by_line_and_ungraded_runs_nowhere() -> None:
    found = confusion_of(ROWS)
    assert [part.name for part in found.by_app] == ["sip", "webrtc"]
    assert [part.name for part in found.by_line] == ["clean", "long", OWN]
    assert sum(c.runs for part in found.by_app for c in part.verdicts) == len(ROWS) - 1
    assert {(r.name, r.runs, r.right) for r in found.verdicts_by_app} == {("sip", 3, 2), ("webrtc", 1, 0)}
    assert {(r.name, r.runs, r.right) for r in found.mechanisms_by_line} == {("clean", 3, 1), ("long", 1, 1)}
    assert {(r.name, r.runs, r.right) for r in found.mechanisms_by_expected} == {("stun.drop", 3, 1)}
    assert {(r.name, r.runs, r.right) for r in found.accused_by_line} == {("burst-10", 1, 1), ("clean", 1, 0)}


def test_the_order_of_rows_does_not_matter() -> None:
    assert confusion_of(ROWS) == confusion_of(ROWS[::-1])


def test_of_several_acceptable_mechanisms_the_one_that_was_said_had_to_be_said() -> None:
    said = innocent(
        expected="down", verdict="down", mechanism="udp.all", expected_mechanism="udp.ports/udp.all"
    )
    other = innocent(
        seed=5, expected="down", verdict="down", mechanism=None, expected_mechanism="udp.ports/udp.all"
    )
    assert cells(confusion_of([said, other]).innocent.mechanisms) == {
        ("udp.all", "udp.all"): (1, 1), ("udp.ports", ""): (1, 1),
    }  # fmt: skip


def test_nothing_gives_nothing() -> None:
    found = confusion_of([])
    assert (found.guilty.verdicts, found.by_app, found.verdicts_by_line) == ([], [], [])
