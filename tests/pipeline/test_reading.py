"""Reading ahead: the same tables in the same order, whoever reads, and whoever dies."""

import io
import os
import signal
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from tests.support.reports import START, intake_of, submission_of
from voipwatch.collector.records import Erased
from voipwatch.collector.spool import Segment, SpoolWriter, list_segments
from voipwatch.model.submission import Deletion, Intake
from voipwatch.pipeline.pieces import Span, spans_of
from voipwatch.pipeline.reading import Reader, Readers, Tabled, work
from voipwatch.pipeline.source import Origin, SpoolSource


def record(number: int) -> Intake:
    return intake_of(submission_of("port-drop", number, START), number, START + number)


@pytest.fixture
def filled(tmp_path: Path, spool: SpoolWriter) -> Segment:
    for number in range(6):
        spool.append([record(number)], START)
    spool.append([record(2), Erased(300), Deletion(record(1).report_id, START)], START)
    spool.append([msgspec.structs.replace(record(7), body=b"none")], START)
    spool.seal()
    (segment,) = list_segments(tmp_path / "spool")
    return segment


def spans(segment: Segment, piece_bytes: int = 30_000) -> list[Span]:
    return list(spans_of(segment, 0, piece_bytes=piece_bytes))


def said(tabled: Tabled | None) -> object:
    assert tabled is not None
    return [table.to_pylist() for table in tabled.tables], tabled.damages, tabled.repeated


def test_a_span_holds_reports_once_deletions_and_damage(tmp_path: Path, filled: Segment) -> None:
    (span,) = spans(filled, 1 << 30)
    tabled = Reader(SpoolSource(tmp_path / "spool")).read(span)
    assert tabled is not None
    assert tabled.tables.reports["report_id"].to_pylist() == [record(n).report_id for n in range(6)]
    assert tabled.tables.deletions["report_id"].to_pylist() == [record(1).report_id]
    assert tabled.tables.votes.num_rows == 0
    assert tabled.repeated == 1
    (damage,) = tabled.damages
    assert "cannot be inflated" in damage.reason
    assert damage.offset + damage.length + 8 == span.end


def test_workers_read_what_this_process_would_in_the_same_order(tmp_path: Path, filled: Segment) -> None:
    wanted = spans(filled)
    assert len(wanted) > 3
    here = [said(tabled) for _, tabled in Readers(SpoolSource(tmp_path / "spool"), 0).read(wanted)]
    readers = Readers(SpoolSource(tmp_path / "spool"), 2)
    try:
        for _ in range(2):
            found = list(readers.read(iter(wanted)))
            assert [span for span, _ in found] == wanted
            assert [said(tabled) for _, tabled in found] == here
            assert len(readers.worker_pids) == 2
    finally:
        pids = readers.worker_pids
        readers.close()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_worker_that_is_killed_is_not_missed_and_replaced(tmp_path: Path, filled: Segment) -> None:
    wanted = spans(filled)
    readers = Readers(SpoolSource(tmp_path / "spool"), 1)
    try:
        here = [said(tabled) for _, tabled in readers.read(wanted)]
        (pid,) = readers.worker_pids
        os.kill(pid, signal.SIGKILL)
        assert [said(tabled) for _, tabled in readers.read(wanted)] == here
        (other,) = readers.worker_pids
        assert other != pid
    finally:
        readers.close()


def test_one_span_starts_no_worker(tmp_path: Path, filled: Segment) -> None:
    readers = Readers(SpoolSource(tmp_path / "spool"), 2)
    ((_, tabled),) = readers.read(spans(filled)[:1])
    assert tabled is not None
    assert readers.worker_pids == []
    readers.close()


def test_who_stops_early_may_ask_again(tmp_path: Path, filled: Segment) -> None:
    wanted = spans(filled)
    readers = Readers(SpoolSource(tmp_path / "spool"), 2)
    try:
        early = readers.read(wanted)
        first = said(next(early)[1])
        early.close()
        assert said(next(readers.read(wanted))[1]) == first
    finally:
        readers.close()


def test_a_segment_that_is_gone_gives_none(tmp_path: Path, filled: Segment) -> None:
    wanted = spans(filled)
    filled.path.unlink()
    for workers in (0, 1):
        readers = Readers(SpoolSource(tmp_path / "spool"), workers)
        assert [tabled for _, tabled in readers.read(wanted)] == [None] * len(wanted)
        readers.close()


def test_a_worker_ends_with_its_pipe_and_is_not_confused_by_a_torn_order(
    tmp_path: Path, filled: Segment
) -> None:
    order = msgspec.msgpack.encode(spans(filled)[0])
    frame = len(order).to_bytes(8, "big") + order
    origin = msgspec.msgpack.encode(Origin(spool=str(tmp_path / "spool")))
    begin = len(origin).to_bytes(8, "big") + origin
    for given in (b"", begin[:-1], begin, begin + frame[:-1], begin + frame[:5]):
        sink = io.BytesIO()
        work(io.BytesIO(given), sink)
        assert sink.getvalue() == b""
    sink = io.BytesIO()
    work(io.BytesIO(begin + frame + frame), sink)
    assert len(sink.getvalue()) > 2 * 1000


def test_spans_follow_each_other(filled: Segment) -> None:
    for before, after in pairwise(spans(filled)):
        assert before.end == after.start
