"""Pieces: cut the same whoever cuts, however the spool grew, and known again by their names."""

from itertools import pairwise
from pathlib import Path

import pytest

from voipwatch.collector.spool import Segment, SpoolWriter, list_segments
from voipwatch.model.submission import Deletion
from voipwatch.pipeline.pieces import Ledger, Piece, cut_segment, find_segment, read_piece
from voipwatch.store.segments import BEGUN, CELLED, IN

NOW = 1_793_491_200.0


def fill(spool: SpoolWriter, count: int, first: int = 0) -> None:
    spool.append([Deletion(f"{n:032x}", NOW) for n in range(first, first + count)], NOW)


def only(tmp_path: Path) -> Segment:
    (segment,) = list_segments(tmp_path / "spool")
    return segment


def ids(cut: "object") -> list[int]:
    return [int(item.record.report_id, 16) for item in cut.records]  # type: ignore[attr-defined]  # deletions only


def test_a_segment_is_cut_at_whole_records(tmp_path: Path, spool: SpoolWriter) -> None:
    fill(spool, 10)
    spool.seal()
    ledger = Ledger({})
    found = []
    for cut in cut_segment(only(tmp_path), ledger, piece_bytes=200):
        ledger.loaded(cut.piece)
        found.append(cut)
    assert [number for cut in found for number in ids(cut)] == list(range(10))
    assert len(found) > 2
    assert [cut.piece.number for cut in found] == list(range(1, len(found) + 1))
    for before, after in pairwise(found):
        assert before.piece.end == after.piece.start
    assert list(cut_segment(only(tmp_path), ledger)) == []
    for cut in found:
        assert ids(read_piece(only(tmp_path), cut.piece)) == ids(cut)


def test_a_growing_segment_is_read_as_far_as_it_is_whole(tmp_path: Path, spool: SpoolWriter) -> None:
    fill(spool, 3)
    ledger = Ledger({})
    (first,) = cut_segment(only(tmp_path), ledger)
    ledger.loaded(first.piece)
    path = only(tmp_path).path
    whole = path.read_bytes()
    fill(spool, 2, first=3)
    path.write_bytes(path.read_bytes()[:-5])  # the last record is on its way
    (second,) = cut_segment(only(tmp_path), ledger)
    assert (ids(first), ids(second)) == ([0, 1, 2], [3])
    assert second.damages == []
    assert first.piece.end == len(whole)
    assert list(cut_segment(only(tmp_path), Ledger({}), least_bytes=10_000)) == []


def test_what_is_torn_in_a_sealed_segment_is_told_once(tmp_path: Path, spool: SpoolWriter) -> None:
    fill(spool, 2)
    spool.seal()
    path = only(tmp_path).path
    path.write_bytes(path.read_bytes()[:-5])
    ledger = Ledger({})
    (cut,) = cut_segment(only(tmp_path), ledger)
    assert (ids(cut), [damage.torn for damage in cut.damages]) == ([0], [True])
    ledger.loaded(cut.piece)
    assert list(cut_segment(only(tmp_path), ledger)) == []


@pytest.mark.parametrize("number", [0, 3, 9_999_999_999])
def test_names_are_read_back_and_fit_the_ledger(number: int) -> None:
    piece = Piece(number, "20261122T004200123456-abcdef012345", 24, 64 << 20)
    assert len(piece.votes_name) <= 80
    ledger = Ledger({piece.name: CELLED, piece.votes_name: IN, "other": IN})
    assert ledger.voted == [piece]
    assert ledger.reached == {piece.segment: 64 << 20}


def test_the_ledger_knows_what_was_begun_what_waits_and_what_is_done() -> None:
    one, two, three = (Piece(n, "a", 24 * n, 24 * n + 24) for n in (1, 2, 3))
    ledger = Ledger(
        {one.name: CELLED, one.votes_name: CELLED, two.name: IN, two.votes_name: BEGUN, three.name: BEGUN}
    )
    assert (ledger.begun, ledger.unvoted, ledger.voted) == ([three], [two], [one])
    assert ledger.next_number() == 4
    ledger.loaded(three)
    ledger.has_voted(two)
    assert (ledger.begun, ledger.unvoted, ledger.voted) == ([], [three], [one, two])


def test_a_segment_is_found_sealed_or_not_and_none_is_missed_when_gone(
    tmp_path: Path, spool: SpoolWriter
) -> None:
    fill(spool, 1)
    name = only(tmp_path).name
    assert find_segment(tmp_path / "spool", name) == only(tmp_path)
    spool.seal()
    found = find_segment(tmp_path / "spool", name)
    assert found is not None
    assert found.sealed
    assert find_segment(tmp_path / "spool", "20200101T000000-0") is None
