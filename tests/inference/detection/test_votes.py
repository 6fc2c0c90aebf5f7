"""Which votes count: probes with a past before newcomers, one vote a probe, each against its own border."""

import pytest

from voipwatch.inference.detection.baseline import Baseline, Known
from voipwatch.inference.detection.settings import DEFAULT
from voipwatch.inference.detection.votes import NEWCOMER_PASSING, alarmed_ballot, counted, quiet_ballot
from voipwatch.model.series import SeriesRow


def rows(**said: str) -> list[SeriesRow]:
    return [SeriesRow(0.0, int(mark == "#"), 1, name) for name, marks in said.items() for mark in marks]


def quiet() -> Baseline:
    known = {"good": Known(0.0, 80.0, 0.0), "bad": Known(40.0, 80.0, 0.0)}
    return Baseline(blocked=40.0, votes=800.0, share=0.05, border=0.1, upper=0.08, probes=known)


def test_unnamed_rows_are_summed() -> None:
    count = counted([SeriesRow(0.0, 2, 7), SeriesRow(1.0, 1, 1)])
    assert (count.blocked, count.votes, count.by_probe) == (3, 8, {})
    assert quiet_ballot(count, quiet(), DEFAULT, 0.0) == (3, 8, 0.1)
    assert counted([SeriesRow(0.0, 2, 7)]) == (2, 7, {})


def test_a_probe_has_one_vote_however_often_it_voted() -> None:
    assert counted(rows(a="###.", b="##..", c=".")).by_probe == {"a": 1, "b": 0, "c": 0}


def test_rows_of_many_votes_and_of_none() -> None:
    many = [
        SeriesRow(0.0, 1, 1, "a"),
        SeriesRow(0.0, 0, 2, "a"),
        SeriesRow(0.0, 3, 5, "b"),
        SeriesRow(0.0, 0, 0, "c"),
    ]
    assert counted([*many, SeriesRow(0.0, 1, 1, "b")]) == (5, 9, {"a": 0, "b": 1})
    assert counted([SeriesRow(0.0, 1, 2, "a"), SeriesRow(0.0, 1, 2, "b")]).by_probe == {"a": 0, "b": 0}


def test_the_bad_line_is_expected_to_be_bad() -> None:
    bad = (40 + 20 * 0.05) / 100
    ballot = quiet_ballot(counted(rows(good=".", bad="#")), quiet(), DEFAULT, 0.0)
    assert ballot[:2] == (1, 2)
    assert ballot.border == pytest.approx((0.1 + 2 * bad) / 2)


def test_newcomers_count_only_alone_and_against_a_half() -> None:
    crowd = {f"n{index}": "#" for index in range(500)}
    assert quiet_ballot(counted(rows(good=".", **crowd)), quiet(), DEFAULT, 0.0) == (0, 1, 0.1)
    assert quiet_ballot(counted(rows(**crowd)), quiet(), DEFAULT, 0.0) == (500, 500, 0.5)


def test_at_an_end_those_who_saw_the_block_decide() -> None:
    seen = {"a": (9, 9)}
    assert alarmed_ballot(counted(rows(a="#", vpn=".")), seen, 0.25) == (1, 1, 0.25)
    assert alarmed_ballot(counted(rows(vpn=".")), seen, 0.25) == (0, 1, NEWCOMER_PASSING)
    assert alarmed_ballot(counted([SeriesRow(0.0, 1, 4)]), {}, 0.25) == (1, 4, 0.25)
