"""Marks: how far the spool is on the stream, kept over a restart, forgotten with its months."""

from pathlib import Path

from voipwatch.collector.streaming.marks import Marks, Sent

ONE, TWO = "01" * 16, "02" * 16


def test_they_are_kept_and_never_go_back(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.advance("a", "2026-11", 500, [Sent(ONE, 3, 7)])
    marks.advance("a", "2026-11", 200, [])
    marks.close()
    marks = Marks(tmp_path)
    assert marks.reached() == {"a": 500}
    assert marks.find(ONE) == Sent(ONE, 3, 7)
    assert marks.find(TWO) is None
    marks.close()


def test_a_report_that_was_published_again_lies_where_it_was_found_last(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.advance("a", "2026-11", 500, [Sent(ONE, 3, 7)])
    marks.advance("b", "2026-11", 100, [Sent(ONE, 3, 9)])
    assert marks.find(ONE) == Sent(ONE, 3, 9)
    marks.close()


def test_months_are_forgotten(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    marks.advance("a", "2025-10", 500, [Sent(ONE, 3, 7)])
    marks.advance("b", "2026-11", 100, [Sent(TWO, 3, 9)])
    marks.forget_months(["2025-10"])
    assert (marks.reached(), marks.find(ONE), marks.find(TWO)) == ({"b": 100}, None, Sent(TWO, 3, 9))
    marks.close()


def test_marks_of_another_stream_are_forgotten(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    assert marks.belong_to("one")
    marks.advance("a", "2026-11", 500, [Sent(ONE, 3, 7)])
    assert marks.belong_to("one")
    assert marks.reached() == {"a": 500}
    assert not marks.belong_to("other")
    assert (marks.reached(), marks.find(ONE)) == ({}, None)
    assert marks.belong_to("other")
    marks.close()
