"""Pieces: cut the same whoever cuts, however the spool grew, and known again by their names."""

from itertools import pairwise
from pathlib import Path

import pytest

from voipwatch.collector.spool import Segment, SpoolWriter, list_segments
from voipwatch.model.submission import Deletion
from voipwatch.pipeline.pieces import Ledger, Piece, Span, find_segment, read_span, spans_of
from voipwatch.store.segments import BEGUN, CELLED, IN

NOW = 1_793_491_200.0


def fill(spool: SpoolWriter, count: int, first: int = 0) -> None:
    spool.append([Deletion(f"{n:032x}", NOW) for n in range(first, first + count)], NOW)


def only(tmp_path: Path) -> Segment:
    (segment,) = list_segments(tmp_path / "spool")
    return segment


def ids(segment: Segment, span: Span) -> list[int]:
    records = [item.record for item in read_span(segment, span.start, span.end).records]
    return [int(record.report_id, 16) for record in records if isinstance(record, Deletion)]


def test_a_segment_is_cut_at_whole_records(tmp_path: Path, spool: SpoolWriter) -> None:
    fill(spool, 10)
    spool.seal()
    segment = only(tmp_path)
    found = list(spans_of(segment, 0, piece_bytes=200))
    assert [number for span in found for number in ids(segment, span)] == list(range(10))
    assert len(found) > 2
    for before, after in pairwise(found):
        assert before.end == after.start
    assert list(spans_of(segment, found[-1].end)) == []
    assert list(spans_of(segment, found[1].start, piece_bytes=200)) == found[1:]


def test_a_growing_segment_is_read_as_far_as_it_is_whole(tmp_path: Path, spool: SpoolWriter) -> None:
    fill(spool, 3)
    (first,) = spans_of(only(tmp_path), 0)
    path = only(tmp_path).path
    whole = path.read_bytes()
    fill(spool, 2, first=3)
    path.write_bytes(path.read_bytes()[:-5])  # the last record is on its way
    (second,) = spans_of(only(tmp_path), first.end)
    assert (ids(only(tmp_path), first), ids(only(tmp_path), second)) == ([0, 1, 2], [3])
    assert read_span(only(tmp_path), second.start, second.end).damages == []
    assert first.end == len(whole)
    assert list(spans_of(only(tmp_path), 0, least_bytes=10_000)) == []


def test_what_is_torn_in_a_sealed_segment_is_told_once(tmp_path: Path, spool: SpoolWriter) -> None:
    fill(spool, 2)
    spool.seal()
    path = only(tmp_path).path
    path.write_bytes(path.read_bytes()[:-5])
    (span,) = spans_of(only(tmp_path), 0)
    damages = read_span(only(tmp_path), span.start, span.end).damages
    assert (ids(only(tmp_path), span), [damage.torn for damage in damages]) == ([0], [True])
    assert list(spans_of(only(tmp_path), span.end)) == []


@pytest.mark.parametrize("content", [b"x" * 400, b"", b"VWSPOOL1"])
def test_a_file_that_is_no_segment_is_one_piece_of_damage_or_nothing(
    tmp_path: Path, spool: SpoolWriter, content: bytes
) -> None:
    fill(spool, 1)
    spool.seal()
    only(tmp_path).path.write_bytes(content)
    found = list(spans_of(only(tmp_path), 0))
    assert [(span.start, span.end) for span in found] == ([(24, 400)] if len(content) > 24 else [])
    for span in found:
        records, damages = read_span(only(tmp_path), span.start, span.end)
        assert (records, [damage.length for damage in damages]) == ([], [400])


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
