"""The spool as a source, and which source is meant by what a process is told."""

from pathlib import Path

import pytest

from tests.collector.records import an_intake
from tests.collector.test_spool import Counter
from voipwatch.collector.spool import SpoolWriter, list_segments
from voipwatch.pipeline.pieces import Span
from voipwatch.pipeline.source import Origin, SpoolSource, open_source

NOW = 1_795_000_000.0


@pytest.fixture
def spool(tmp_path: Path) -> SpoolWriter:
    return SpoolWriter(tmp_path / "spool", Counter())


def spans(source: SpoolSource, reached: dict[str, int], *, growing: bool = True) -> list[Span]:
    return list(source.spans(reached, piece_bytes=1 << 20, growing=growing, grow_bytes=1))


def test_a_sealed_segment_that_is_in_is_not_looked_at_again(tmp_path: Path, spool: SpoolWriter) -> None:
    source = SpoolSource(tmp_path / "spool")
    spool.append([an_intake(1), an_intake(2)], NOW)
    assert spans(source, {}, growing=False) == []
    (grown,) = spans(source, {})
    source.settle()
    spool.append([an_intake(3)], NOW)
    (more,) = spans(source, {grown.segment: grown.end})
    assert more.start == grown.end
    spool.seal()
    (whole,) = spans(source, {})
    assert (whole.start, whole.end) == (grown.start, more.end)
    source.settle()
    assert spans(source, {}) == [], "whatever the ledger says"
    assert [each.sealed for each in list_segments(tmp_path / "spool")] == [True]


def test_what_was_given_and_not_settled_is_given_again(tmp_path: Path, spool: SpoolWriter) -> None:
    source = SpoolSource(tmp_path / "spool")
    spool.append([an_intake(1)], NOW)
    spool.seal()
    assert spans(source, {}) == spans(source, {}) != []


def test_contents_are_found_before_and_after_sealing_and_gone_with_their_file(
    tmp_path: Path, spool: SpoolWriter
) -> None:
    source = SpoolSource(tmp_path / "spool")
    spool.append([an_intake(1), an_intake(2)], NOW)
    (span,) = spans(source, {})
    before = source.contents(span)
    spool.seal()
    assert before is not None
    assert source.contents(span) == before
    assert [item.record for item in before.records] == [an_intake(1), an_intake(2)]
    list_segments(tmp_path / "spool")[0].path.unlink()
    assert source.contents(span) is None
    source.close()


def test_a_process_is_told_which_one(tmp_path: Path) -> None:
    source = open_source(Origin(spool=str(tmp_path)))
    assert isinstance(source, SpoolSource)
    assert open_source(source.origin).origin == source.origin
    assert source.owns("20261122T004200000000-0123456789ab")
    with pytest.raises(OSError, match="nats://"):
        open_source(Origin(stream="http://nobody"))
