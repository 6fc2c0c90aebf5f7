import errno
import os
from pathlib import Path

import pytest

from tests.collector.records import an_intake
from voipwatch.collector.records import Erased, encode_record
from voipwatch.collector.spool import (
    Damage,
    SpoolError,
    SpoolWriter,
    Stored,
    list_segments,
    read_segment,
    segment_id,
)
from voipwatch.model.submission import Deletion
from voipwatch.wire.spool import FRAME_BYTES, HEADER_BYTES

NOW = 1_795_305_600.0  # 2026-11-22 00:00 UTC


def ids() -> "Counter":
    return Counter()


class Counter:
    """Fresh bytes, each time others."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, size: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(4, "big") + bytes(size - 4)


def stored(path: Path) -> list[Stored]:
    return [item for item in read_segment(path) if isinstance(item, Stored)]


def test_what_was_appended_is_read_back_in_order_with_its_place(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids())
    first = writer.append([an_intake(1), an_intake(2)], NOW)
    second = writer.append([Deletion("ab" * 16, NOW)], NOW + 1)
    (segment,) = list_segments(tmp_path)
    assert not segment.sealed
    read = stored(segment.path)
    assert [item.record for item in read] == [an_intake(1), an_intake(2), Deletion("ab" * 16, NOW)]
    assert [(item.offset, item.length) for item in read] == [(p.offset, p.length) for p in first + second]
    assert [place.end for place in (*first, *second)][:2] == [first[1].offset, second[0].offset]
    writer.seal()
    (segment,) = list_segments(tmp_path)
    assert segment.sealed
    assert (segment.name, segment.month) == (first[0].segment, "2026-11")
    assert segment_id(segment.path) == b"\0\0\0\1" + bytes(12)
    (last,) = read_segment(segment.path, second[0].offset)
    assert last == stored(segment.path)[2]


def test_files_are_the_owners_only(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", ids())
    writer.append([an_intake(1)], NOW)
    (segment,) = list_segments(tmp_path / "spool")
    assert segment.path.stat().st_mode & 0o777 == 0o600
    assert segment.path.parent.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("settings", "later_s"),
    [({"bytes_max": 200}, 1.0), ({"age_max_s": 10.0}, 10.0), ({}, 9 * 86400.0)],
    ids=["size", "age", "month"],
)
def test_a_new_segment_begins(tmp_path: Path, settings: dict[str, float], later_s: float) -> None:
    writer = SpoolWriter(tmp_path, ids(), **settings)  # type: ignore[arg-type]  # one keyword of either type
    writer.append([an_intake(1)], NOW)
    writer.append([an_intake(2)], NOW + later_s)
    segments = list_segments(tmp_path)
    assert [segment.sealed for segment in segments] == [True, False]
    assert [stored(segment.path)[0].record for segment in segments] == [an_intake(1), an_intake(2)]


def test_an_idle_segment_is_sealed_by_age(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids(), age_max_s=10.0)
    writer.append([an_intake(1)], NOW)
    writer.roll(NOW + 9.9)
    assert not list_segments(tmp_path)[0].sealed
    writer.roll(NOW + 10.0)
    assert list_segments(tmp_path)[0].sealed
    writer.roll(NOW + 30.0)  # nothing is open: nothing happens


def test_after_a_power_cut_the_torn_end_is_cut_off_and_the_rest_sealed(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids())
    places = writer.append([an_intake(1), an_intake(2), an_intake(3)], NOW)
    (segment,) = list_segments(tmp_path)
    whole = segment.path.read_bytes()
    for cut in {0, 5, HEADER_BYTES - 1, *range(HEADER_BYTES, len(whole), 29), *(p.end for p in places)}:
        folder = tmp_path / str(cut) / "2026-11"
        folder.mkdir(parents=True)
        (folder / segment.path.name).write_bytes(whole[:cut])
        SpoolWriter(folder.parent, ids()).recover()
        found = list_segments(folder.parent)
        survivors = sum(place.end <= cut for place in places)
        if cut < HEADER_BYTES:
            assert found == []
            continue
        assert found[0].sealed
        assert len(list(read_segment(found[0].path))) == survivors  # and no Damage


def test_a_flipped_bit_costs_one_record_and_is_told(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids())
    places = writer.append([an_intake(1), an_intake(2), an_intake(3)], NOW)
    writer.seal()
    (segment,) = list_segments(tmp_path)
    data = bytearray(segment.path.read_bytes())
    data[places[1].offset + FRAME_BYTES + 30] ^= 4
    segment.path.write_bytes(data)
    first, damage, third = read_segment(segment.path)
    assert isinstance(first, Stored)
    assert isinstance(third, Stored)
    assert (first.record, third.record) == (an_intake(1), an_intake(3))
    assert damage == Damage(places[1].offset, places[1].end - places[1].offset, "wrong checksum")


def test_damage_in_the_last_record_is_told_too(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids())
    (place,) = writer.append([an_intake(1)], NOW)
    (segment,) = list_segments(tmp_path)
    data = bytearray(segment.path.read_bytes())
    data[-1] ^= 1
    segment.path.write_bytes(data)
    assert list(read_segment(segment.path)) == [
        Damage(place.offset, place.end - place.offset, "wrong checksum")
    ]


@pytest.mark.parametrize("content", [b"", b"VWSPOOL1", b"not a segment at all, but long enough"])
def test_what_is_no_segment_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.seg"
    path.write_bytes(content)
    (damage,) = read_segment(path)
    assert isinstance(damage, Damage)
    assert (damage.offset, damage.length) == (0, len(content))


def test_a_reader_may_stop_early(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids())
    writer.append([an_intake(1), an_intake(2)], NOW)
    reading = read_segment(list_segments(tmp_path)[0].path)
    first = next(reading)
    reading.close()  # type: ignore[attr-defined]  # a generator, as every caller may see
    assert isinstance(first, Stored)
    assert first.record == an_intake(1)
    assert list(reading) == []


def test_erasing_keeps_every_other_place(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, ids())
    places = writer.append([an_intake(1), an_intake(2)], NOW)
    assert writer.erase(places[0])
    places += writer.append([an_intake(3)], NOW)  # into the same segment, which is still open
    writer.seal()
    assert writer.erase(places[2])
    (segment,) = list_segments(tmp_path)
    assert [item.record for item in stored(segment.path)] == [
        Erased(places[0].length),
        an_intake(2),
        Erased(places[2].length),
    ]
    assert encode_record(an_intake(1))[2:] not in segment.path.read_bytes()
    segment.path.unlink()
    assert not writer.erase(places[1])


def test_a_full_disk_acknowledges_nothing_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path, ids())
    writer.append([an_intake(1)], NOW)
    real, room = os.write, [150]

    def little(handle: int, data: memoryview) -> int:
        if room[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real(handle, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", little)
    with pytest.raises(SpoolError, match="No space left") as caught:
        writer.append([an_intake(2), an_intake(3)], NOW)
    assert caught.value.full
    with pytest.raises(SpoolError):  # a new segment's header does not fit either
        writer.append([an_intake(2)], NOW)
    monkeypatch.undo()
    writer.append([an_intake(4)], NOW + 1)
    records = [item for segment in list_segments(tmp_path) for item in read_segment(segment.path)]
    assert [item.record for item in records if isinstance(item, Stored)] == [an_intake(1), an_intake(4)]
    assert not any(isinstance(item, Damage) for item in records)


def test_after_a_failed_fsync_the_file_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path, ids())
    (before,) = writer.append([an_intake(1)], NOW)

    def failing(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(SpoolError) as caught:
        writer.append([an_intake(2)], NOW)
    assert not caught.value.full
    monkeypatch.undo()
    (after,) = writer.append([an_intake(3)], NOW + 1)
    assert after.segment != before.segment
