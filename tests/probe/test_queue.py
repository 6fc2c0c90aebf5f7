"""Reports on disk: whole or not there, bounded, and found again wherever the process was killed."""

import gzip
import os
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.collector import Books
from tests.support.probe import HOME, SECRET, START_S, Life, report_of
from voipwatch.model.submission import ProbeWord, Receipt, RunKind, Submission
from voipwatch.probe.pseudonym import pseudonym
from voipwatch.probe.queue import (
    RECEIPT_DAYS,
    WAITING_DAYS,
    DamagedError,
    Kept,
    Queue,
    Queued,
    body_digest,
    decode_queued,
    encode_queued,
    whose,
)

DAY_S = 86_400.0
MINE = pseudonym(SECRET, HOME.name, "2026-11")


def queued(number: int, *, size_bytes: int = 100) -> Queued:
    word = ProbeWord(RunKind.SCHEDULED, MINE, "2026-11", "cd" * 32, "2026-11-05T12:00:00Z", "")
    return Queued(Submission(word, report_of(number, size_bytes=size_bytes)), "ef" * 32)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    made = Queue(tmp_path)
    made.prepare()
    return made


def logs(queue: Queue) -> list[bytes]:
    """What tells the waiting reports apart, in their order."""
    found = [queue.read(name).submission.report.measurement.reflectors[0].log for name in queue.names()]
    return [log.payload[:8] for log in found if log is not None]


def log_of(number: int) -> bytes:
    log = report_of(number).measurement.reflectors[0].log
    assert log is not None
    return log.payload[:8]


def receipt(report_id: str = "ab" * 16) -> Receipt:
    return Receipt(report_id, "00" * 32, "2026-11-05T12:00:00Z", "11" * 32, "22" * 64)


# --- what is put in comes out ---------------------------------------------------------------------------


def test_reports_come_out_as_they_went_in_and_in_order(queue: Queue) -> None:
    for number in range(3):
        assert queue.put(queued(number), START_S) == 0
    names = queue.names()
    assert logs(queue) == [log_of(number) for number in range(3)]
    assert msgspec.to_builtins(queue.read(names[1])) == msgspec.to_builtins(queued(1))
    assert {whose(name) for name in names} == {("2026-11", MINE)}
    assert all((queue.waiting / name).stat().st_mode & 0o777 == 0o600 for name in names)
    assert queue.waiting.stat().st_mode & 0o777 == 0o700


def test_numbers_go_on_after_the_last_one(queue: Queue) -> None:
    queue.put(queued(1), START_S)
    queue.refuse(queue.names()[0], queue.read(queue.names()[0]), reason="no", now_s=START_S)
    queue.put(queued(2), START_S)
    assert queue.names()[0].startswith("000000000002.")


def test_a_report_is_packed_small(queue: Queue) -> None:
    queue.put(queued(1), START_S)
    (name,) = queue.names()
    content = (queue.waiting / name).read_bytes()
    assert queue.size_bytes() == len(content)
    assert b"queue" not in content[:20], "gzip's header names no file and no time"
    assert content[4:8] == bytes(4)
    assert len(content) < len(gzip.decompress(content))


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_cut_file_is_damaged(cut: int) -> None:
    content = encode_queued(queued(1))
    assert cut < len(content)
    with pytest.raises(DamagedError):
        decode_queued(content[:cut])


@given(st.binary(max_size=200))
def test_nothing_else_is_a_report(noise: bytes) -> None:
    for content in (noise, gzip.compress(noise)):
        with pytest.raises(DamagedError):
            decode_queued(content)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_byte_is_found(place: int, flip: int) -> None:
    content = bytearray(encode_queued(queued(1)))
    content[place % len(content)] ^= flip
    try:
        same = decode_queued(bytes(content))
    except DamagedError:
        return
    assert msgspec.to_builtins(same) == msgspec.to_builtins(queued(1)), (
        "gzip's header has bytes that say nothing"
    )


def test_a_bomb_is_damaged_and_does_not_fill_the_memory() -> None:
    with pytest.raises(DamagedError):
        decode_queued(gzip.compress(bytes(40 << 20)))
    with pytest.raises(DamagedError):
        decode_queued(gzip.compress(b"[" * 1_000_000))


# --- bounds ----------------------------------------------------------------------------------------------


def test_the_oldest_go_when_there_is_no_room_and_are_counted(tmp_path: Path) -> None:
    size = len(encode_queued(queued(1, size_bytes=3_000)))
    queue = Queue(tmp_path, bytes_max=3 * size + 50)
    queue.prepare()
    dropped = [queue.put(queued(number, size_bytes=3_000), START_S) for number in range(1, 6)]
    assert dropped == [0, 0, 0, 1, 1]
    assert logs(queue) == [log_of(number) for number in (3, 4, 5)]
    assert queue.dropped() == 2
    assert queue.size_bytes() <= 3 * size + 50


def test_one_that_is_larger_than_everything_goes_itself(tmp_path: Path) -> None:
    queue = Queue(tmp_path, bytes_max=1_000)
    queue.prepare()
    assert queue.put(queued(1, size_bytes=5_000), START_S) == 1
    assert (queue.names(), queue.dropped()) == ([], 1)


def test_receipts_and_refusals_are_kept_seven_days(queue: Queue) -> None:
    for number in (1, 2):
        queue.put(queued(number), START_S)
    first, second = queue.names()
    queue.acknowledge(first, Kept(receipt(), "ef" * 32, START_S + RECEIPT_DAYS * DAY_S))
    queue.refuse(second, queue.read(second), reason="probe.month: no", now_s=START_S)
    assert queue.expire(START_S + RECEIPT_DAYS * DAY_S - 1) == 0
    assert [kept.deletion_key for kept in queue.kept()] == ["ef" * 32]
    assert queue.reasons() == ["probe.month: no"]
    queue.expire(START_S + RECEIPT_DAYS * DAY_S + 1)
    assert (list(queue.kept()), queue.reasons()) == ([], [])


def test_what_was_dated_by_a_wrong_clock_is_not_kept_for_years(queue: Queue) -> None:
    queue.put(queued(1), START_S)
    queue.put(queued(2), START_S + 365 * DAY_S)
    first, _ = queue.names()
    queue.acknowledge(first, Kept(receipt(), "ef" * 32, START_S + 365 * DAY_S))
    assert queue.expire(START_S) == 1
    assert (list(queue.kept()), queue.names(), queue.dropped()) == ([], [], 1)


def test_a_report_waits_ninety_days(queue: Queue) -> None:
    queue.put(queued(1), START_S)
    assert queue.expire(START_S + WAITING_DAYS * DAY_S - 1) == 0
    assert queue.expire(START_S + WAITING_DAYS * DAY_S + 1) == 1


def test_damaged_files_are_named_and_harm_nothing(queue: Queue) -> None:
    queue.put(queued(1), START_S)
    (name,) = queue.names()
    (queue.waiting / "notes.txt").write_text("mine")
    (queue.receipts / "x.json").write_bytes(b"{")
    queue.set_damaged_aside(name)
    assert (queue.names(), queue.reasons(), list(queue.kept())) == ([], ["damaged"], [])


def test_a_tally_that_cannot_be_read_begins_anew(queue: Queue) -> None:
    (queue.waiting / "dropped").write_bytes(b"\xff-3")
    assert queue.dropped() == 0


def test_folders_that_are_not_there_hold_nothing(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "none")
    assert (queue.names(), queue.reasons(), list(queue.kept()), queue.size_bytes()) == ([], [], [], 0)


def test_the_digest_of_a_body() -> None:
    assert body_digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# --- kill -9 ----------------------------------------------------------------------------------------------

STEPS = ("open", "fdopen", "fsync", "utime", "replace", "unlink", "rename")


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do `work` in another process, which SIGKILL ends just before its file operation number `step`.

    Returns whether it came to that; False: the work was over before.
    """
    child = os.fork()
    if child == 0:
        left = step

        def counted(real: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **named: object) -> object:
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **named)

            return call

        try:
            for name in STEPS:
                setattr(os, name, counted(getattr(os, name)))
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_anywhere_while_a_report_is_kept_it_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    step = 0
    seen = set()
    while True:
        step += 1
        queue = Queue(tmp_path / str(step))
        queue.prepare()
        queue.put(queued(1), START_S)
        if not killed_at(step, lambda queue=queue: queue.put(queued(2), START_S)):  # type: ignore[misc]  # bound now
            break
        again = Queue(tmp_path / str(step))
        again.prepare()
        seen.add(tuple(logs(again)))
        assert not list(again.waiting.glob(".new-*"))
    assert step > 4, "the operations were counted"
    assert seen == {(log_of(1),), (log_of(1), log_of(2))}


def test_killed_anywhere_while_room_is_made_nothing_goes_uncounted(tmp_path: Path) -> None:
    size = len(encode_queued(queued(1, size_bytes=3_000)))
    step = 0
    while True:
        step += 1
        queue = Queue(tmp_path / str(step), bytes_max=2 * size + 50)
        queue.prepare()
        for number in (1, 2):
            queue.put(queued(number, size_bytes=3_000), START_S)
        more = queued(3, size_bytes=3_000)
        if not killed_at(step, lambda queue=queue, more=more: queue.put(more, START_S)):  # type: ignore[misc]  # the same
            break
        left = Queue(tmp_path / str(step), bytes_max=2 * size + 50)
        left.prepare()
        gone = 2 - len([log for log in logs(left) if log in {log_of(1), log_of(2)}])
        assert left.dropped() >= gone
        assert left.put(more, START_S) <= 1
    assert step > 6


def test_killed_anywhere_while_sending_nothing_is_lost_and_nothing_counts_twice(tmp_path: Path) -> None:
    """The whole of a turn that sends, against a collector which keeps its books on disk."""
    step = 0
    kills = 0
    while True:
        step += 1
        folder = tmp_path / str(step)
        life = Life(folder)
        life.setup = msgspec.structs.replace(life.setup, collector=life.setup.collector)
        Queue(folder).prepare()
        for number in (1, 2):
            Queue(folder).put(queued(number), START_S)
        desk = folder / "collector"
        desk.mkdir()

        def work(life: Life = life, desk: Path = desk) -> None:
            life.books.interfere = remembering(life.books, desk)
            life.turn()

        if not killed_at(step, work):
            break
        kills += 1
        life.books.interfere = remembering(life.books, desk)
        life.turn()
        assert len(list(desk.iterdir())) == 2, f"killed before operation {step}"
        queue = Queue(folder)
        assert queue.names() == []
        assert {kept.receipt.report_id for kept in queue.kept()} == {path.name for path in desk.iterdir()}
        assert queue.reasons() == []
        assert queue.dropped() == 0
    assert kills > 15


def remembering(books: Books, desk: Path) -> Callable[[str], None]:
    """The books read what earlier processes handed in, and write down what comes."""
    books.kept = {path.name: path.read_bytes() for path in sorted(desk.iterdir())}
    kept = books.kept

    class OnDisk(dict[str, bytes]):
        def setdefault(self, key: str, default: bytes = b"") -> bytes:
            if key not in self:
                self[key] = default
                with (desk / key).open("wb") as file:  # before the answer leaves, as a collector does
                    file.write(default)
            return self[key]

    books.kept = OnDisk(kept)
    return lambda _: None
