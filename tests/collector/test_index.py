import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import zstandard

from tests.collector.records import an_intake
from tests.collector.test_spool import NOW, Counter
from voipwatch.collector.index import INDEX_FILE, Entry, Index
from voipwatch.collector.spool import Damage, SpoolWriter, list_segments
from voipwatch.model.submission import Deletion, Intake
from voipwatch.wire.spool import FRAME_BYTES


def stored(writer: SpoolWriter, *numbers: int) -> list[Entry]:
    """Intakes on disk, each with a body that has a deletion hash."""
    intakes = []
    for number in numbers:
        word = {"probe": {"deletion_hash": f"{number:064x}"}}
        body = zstandard.compress(msgspec.json.encode(word))
        intakes.append(msgspec.structs.replace(an_intake(number), body=body))
    places = writer.append(intakes, NOW)
    return [
        Entry(intake, number.to_bytes(32, "big"), place)
        for intake, number, place in zip(intakes, numbers, places, strict=True)
    ]


def test_what_was_added_is_found_by_session_and_by_name(tmp_path: Path) -> None:
    index = Index(tmp_path)
    entries = stored(SpoolWriter(tmp_path / "spool", Counter()), 1, 2)
    index.add(entries)
    intake: Intake = entries[1].intake
    assert index.find_sessions([*intake.sessions, "ff" * 16]) == set(intake.sessions)
    assert index.find_sessions(["ff" * 16]) == set()
    known = index.find_report(intake.report_id)
    assert known is not None
    assert (known.place, known.deletion_hash, known.deleted) == (
        entries[1].place,
        entries[1].deletion_hash,
        0,
    )
    assert (known.body_sha256, known.received_at_s) == (intake.body_sha256, intake.received_at_s)
    assert index.find_report("ff" * 16) is None
    assert index.count() == 2
    assert (tmp_path / INDEX_FILE).stat().st_mode & 0o777 == 0o600


def test_it_catches_up_with_the_spool_after_a_kill(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", Counter(), bytes_max=600)
    index = Index(tmp_path)
    index.add(stored(writer, 1, 2))
    late = stored(writer, 3)  # killed before the index knew
    writer.append([Deletion(late[0].intake.report_id, NOW)], NOW)
    stored(writer, 4, 5)
    index.close()
    again = Index(tmp_path)
    assert again.catch_up(tmp_path / "spool") == []
    assert again.count() == 5
    assert [known.report_id for known in again.unfinished()] == [late[0].intake.report_id]
    assert again.catch_up(tmp_path / "spool") == []
    known = again.find_report(late[0].intake.report_id)
    assert known is not None
    assert (known.place, known.deletion_hash) == (late[0].place, late[0].deletion_hash)


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_index_is_made_again_from_the_spool(tmp_path: Path, content: bytes) -> None:
    writer = SpoolWriter(tmp_path / "spool", Counter())
    index = Index(tmp_path)
    index.add(stored(writer, 1, 2))
    index.close()
    (tmp_path / INDEX_FILE).write_bytes(content)
    again = Index(tmp_path)
    again.catch_up(tmp_path / "spool")
    assert again.count() == 2


def test_damage_in_the_spool_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", Counter())
    entries = stored(writer, 1, 2, 3)
    writer.append([an_intake(9)], NOW)  # whole, and its body is no submission
    writer.seal()
    (segment,) = list_segments(tmp_path / "spool")
    data = bytearray(segment.path.read_bytes())
    data[entries[1].place.offset + FRAME_BYTES + 9] ^= 1
    segment.path.write_bytes(data)
    index = Index(tmp_path)
    damages = index.catch_up(tmp_path / "spool")
    assert next(damage.offset for _, damage in damages) == entries[1].place.offset
    assert len(damages) == 2
    assert all(isinstance(damage, Damage) for _, damage in damages)
    assert index.count() == 2


def test_deletion_has_two_stages_and_never_goes_back(tmp_path: Path) -> None:
    index = Index(tmp_path)
    (entry,) = stored(SpoolWriter(tmp_path / "spool", Counter()), 1)
    index.add([entry])
    name = entry.intake.report_id
    for stage in (1, 2, 1):
        index.mark_deleted(name, stage)
    known = index.find_report(name)
    assert known is not None
    assert known.deleted == 2
    assert index.unfinished() == []
    assert index.find_sessions(entry.intake.sessions) == set(
        entry.intake.sessions
    )  # handed in again, it is still the same


def test_months_are_forgotten(tmp_path: Path) -> None:
    index = Index(tmp_path)
    writer = SpoolWriter(tmp_path / "spool", Counter())
    (old,) = stored(writer, 1)
    index.add([old])
    (new,) = stored(writer, 2)
    index.add([replace(new, place=replace(new.place, month="2026-12", segment="later"))])
    assert index.forget_months(["2026-11"]) == 1
    assert index.find_report(old.intake.report_id) is None
    assert index.find_sessions(old.intake.sessions) == set()
    assert index.count() == 1


def test_the_deletion_hash_in_a_body_is_what_the_index_needs(tmp_path: Path) -> None:
    index = Index(tmp_path)
    stored(SpoolWriter(tmp_path / "spool", Counter()), 77)
    index.catch_up(tmp_path / "spool")
    known = index.find_report(f"{77:032x}")
    assert known is not None
    assert known.deletion_hash == (77).to_bytes(32, "big")
    assert len(known.deletion_hash) == hashlib.sha256().digest_size


def test_it_goes_on_in_the_middle_of_a_segment(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path / "spool", Counter())
    index = Index(tmp_path)
    index.add(stored(writer, 1))
    stored(writer, 2)
    assert len(list_segments(tmp_path / "spool")) == 1
    assert index.catch_up(tmp_path / "spool") == []
    assert index.count() == 2


def test_all_that_is_held_can_be_told_a_part_at_a_time(tmp_path: Path) -> None:
    index = Index(tmp_path)
    entries = [  # sessions in another order than reports
        replace(entry, intake=msgspec.structs.replace(entry.intake, sessions=[f"{9 - place:032x}"]))
        for place, entry in enumerate(stored(SpoolWriter(tmp_path / "spool", Counter()), 1, 2, 3))
    ]
    index.add(entries)
    index.mark_deleted("ff" * 16, 1)
    index.mark_deleted(entries[1].intake.report_id, 1)
    found, after = [], b""
    while some := index.held_after(after, 2):
        found += some
        after = some[-1][0]
    sessions = {session: entry.intake.report_id for entry in entries for session in entry.intake.sessions}
    assert {session.hex(): known.report_id for session, known in found} == sessions
    assert [session for session, _ in found] == sorted(session for session, _ in found)
    assert {known.report_id for _, known in found if known.deleted} == {entries[1].intake.report_id}
