"""The relay against a stream that fails as it is told: order, waiting, restarts, deletions."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.collector.records import an_intake
from tests.collector.test_spool import Counter
from voipwatch.collector.records import decode_record
from voipwatch.collector.spool import SpoolWriter
from voipwatch.collector.streaming.marks import Marks
from voipwatch.collector.streaming.partitions import partition_of
from voipwatch.collector.streaming.relay import RECORDS_AT_ONCE, Relay, StreamBehindError
from voipwatch.model.submission import Deletion, Intake
from voipwatch.wire.spool import Frame, decode_frames

NOW = 1_795_000_000.0


class DownError(Exception):
    """The stream does not answer."""


class Stream:
    """What was published, by partition; the same id twice is stored once."""

    partitions = 4

    def __init__(self) -> None:
        self.stored: dict[int, dict[str, bytes]] = {n: {} for n in range(self.partitions)}
        self.erased: list[tuple[int, int]] = []
        self.calls = 0
        self.fails: Callable[[int], bool] = lambda _: False
        self.cut_off: type[Exception] | None = None
        """What the server that is talked to raises, until another one is."""
        self.changes = 0

    async def publish(self, partition: int, record_id: str, frame: bytes) -> int:
        self.calls += 1
        await asyncio.sleep(0)
        if self.fails(self.calls):
            raise DownError
        if self.cut_off is not None:
            raise self.cut_off
        self.stored[partition].setdefault(record_id, frame)
        return list(self.stored[partition]).index(record_id) + 1

    async def erase(self, partition: int, seq: int) -> None:
        self.erased.append((partition, seq))

    async def change_server(self) -> None:
        self.changes += 1
        self.cut_off = None

    def reports(self) -> list[str]:
        """Ids of the reports that are on it, read back from their frames."""
        found = []
        for frames in self.stored.values():
            for data in frames.values():
                frame = next(decode_frames(data, 0))
                assert isinstance(frame, Frame)
                assert frame.payload is not None
                record = decode_record(frame.payload)
                if isinstance(record, Intake):
                    found.append(record.report_id)
        return sorted(found)


class Bench:
    """A spool, a stream, and relays over them one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = SpoolWriter(folder / "spool", Counter(), bytes_max=20_000)
        self.stream = Stream()
        self.said: list[str] = []

    async def relay(self, sleep: Callable[[float], Awaitable[None]] | None = None) -> Relay:
        async def at_once(_: float) -> None:
            await asyncio.sleep(0)

        relay = Relay(
            self.folder / "spool",
            Marks(self.folder),
            self.stream,
            say=self.said.append,
            sleep=sleep if sleep is not None else at_once,
        )
        relay.start()
        return relay

    def write(self, *numbers: int) -> None:
        self.spool.append([an_intake(number) for number in numbers], NOW)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def ids(*numbers: int) -> list[str]:
    return [an_intake(number).report_id for number in numbers]


def test_what_is_written_is_passed_on_and_only_then_are_requests_answered(bench: Bench) -> None:
    async def run() -> None:
        relay = await bench.relay()
        bench.write(1, 2, 3)
        assert bench.stream.reports() == []
        await relay.passed(bench.spool.written)
        assert bench.stream.reports() == ids(1, 2, 3)
        assert set(bench.stream.stored[partition_of("MA", 4)]) == set(ids(1, 2, 3))
        await relay.stop()

    asyncio.run(run())


def test_many_records_in_several_segments(bench: Bench) -> None:
    async def run() -> None:
        relay = await bench.relay()
        for start in range(0, 5 * RECORDS_AT_ONCE, 50):
            bench.write(*range(start, start + 50))
            relay.offer(bench.spool.written)
        await relay.passed(bench.spool.written)
        assert len(bench.stream.reports()) == len(range(0, 5 * RECORDS_AT_ONCE, 50)) * 50
        assert len(list((bench.folder / "spool").glob("*/*"))) > 1
        assert relay.published == len(bench.stream.reports())
        await relay.stop()

    asyncio.run(run())


@pytest.mark.parametrize("every", [2, 3, 7])
def test_a_stream_that_fails_again_and_again_loses_and_doubles_nothing(bench: Bench, every: int) -> None:
    async def run() -> None:
        bench.stream.fails = lambda call: call % every == 0 and call < 40 * every
        relay = await bench.relay()
        bench.write(*range(100))
        await relay.passed(bench.spool.written)
        assert bench.stream.reports() == ids(*range(100))
        await relay.stop()

    asyncio.run(run())


def test_while_the_stream_is_down_nobody_is_answered_and_it_is_said_once(bench: Bench) -> None:
    async def run() -> None:
        bench.stream.fails = lambda _: True
        relay = await bench.relay()
        bench.write(1)
        with pytest.raises(StreamBehindError):
            await relay.passed(bench.spool.written, patience_s=0.05)
        assert len(bench.said) == 1
        bench.stream.fails = lambda _: False
        await relay.passed(bench.spool.written)
        assert bench.stream.reports() == ids(1)
        assert bench.said[1:] == ["stream: it takes reports again"]
        await relay.stop()

    asyncio.run(run())


def test_it_is_stalled_after_some_seconds_without_progress(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        relay = await bench.relay()
        assert not relay.stalled
        bench.stream.fails = lambda _: True
        bench.write(1)
        with pytest.raises(StreamBehindError):
            await relay.passed(bench.spool.written, patience_s=0.02)
        stalled = [relay.stalled]
        monkeypatch.setattr("voipwatch.collector.streaming.relay.STALLED_S", 0.0)
        stalled.append(relay.stalled)
        assert stalled == [False, True]
        bench.stream.fails = lambda _: False
        await relay.passed(bench.spool.written)
        assert not relay.stalled
        await relay.stop()

    asyncio.run(run())


def test_a_server_that_does_not_answer_is_left_at_once(bench: Bench) -> None:
    async def run() -> None:
        bench.stream.cut_off = TimeoutError
        relay = await bench.relay()
        bench.write(1)
        await relay.passed(bench.spool.written)
        assert (bench.stream.reports(), bench.stream.changes) == (ids(1), 1)
        await relay.stop()

    asyncio.run(run())


def test_a_server_that_says_no_is_left_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        bench.stream.cut_off = DownError
        relay = await bench.relay()
        bench.write(1)
        with pytest.raises(StreamBehindError):
            await relay.passed(bench.spool.written, patience_s=0.02)
        assert bench.stream.changes == 0
        monkeypatch.setattr("voipwatch.collector.streaming.relay.CHANGE_S", 0.0)
        await relay.passed(bench.spool.written)
        assert (bench.stream.reports(), bench.stream.changes) == (ids(1), 1)
        await relay.stop()

    asyncio.run(run())


def test_after_a_kill_the_rest_is_published_before_anybody_is_answered(bench: Bench) -> None:
    async def first() -> None:
        bench.stream.fails = lambda _: True
        relay = await bench.relay()
        bench.write(1, 2)
        with pytest.raises(StreamBehindError):
            await relay.passed(bench.spool.written, patience_s=0.02)
        await relay.stop()

    async def second() -> None:
        bench.stream.fails = lambda call: call < 30
        relay = await bench.relay()
        with pytest.raises(StreamBehindError):
            await relay.passed(None, patience_s=0)  # a report that is sent again writes nothing
        await relay.passed(None)
        assert bench.stream.reports() == ids(1, 2)
        await relay.stop()

    asyncio.run(first())
    asyncio.run(second())


def test_marks_that_are_lost_cost_a_second_publication_and_no_second_message(bench: Bench) -> None:
    async def run() -> None:
        relay = await bench.relay()
        bench.write(1, 2)
        await relay.passed(bench.spool.written)
        await relay.stop()
        (bench.folder / "relay.sqlite").unlink()
        again = await bench.relay()
        await again.passed(None)
        assert again.published == 2
        assert bench.stream.reports() == ids(1, 2)
        await again.stop()

    asyncio.run(run())


def test_a_deletion_goes_to_all_partitions_and_its_message_is_erased(bench: Bench) -> None:
    async def run() -> None:
        relay = await bench.relay()
        bench.write(1, 2)
        await relay.passed(bench.spool.written)
        report_id = ids(2)[0]
        bench.spool.append([Deletion(report_id, NOW)], NOW)
        await relay.passed(bench.spool.written)
        for frames in bench.stream.stored.values():
            assert f"deletion-{report_id}" in frames
        where = partition_of("MA", 4)
        assert bench.stream.erased == [(where, list(bench.stream.stored[where]).index(report_id) + 1)]
        await relay.stop()

    asyncio.run(run())


def test_a_report_whose_deletion_follows_at_once_is_erased_too(bench: Bench) -> None:
    """After an outage both are among the same records."""

    async def run() -> None:
        report_id = ids(1)[0]
        bench.write(1, 2)
        bench.spool.append([Deletion(report_id, NOW)], NOW)
        relay = await bench.relay()
        await relay.passed(None)
        await relay.stop()
        partition = partition_of(an_intake(1).country, bench.stream.partitions)
        place = list(bench.stream.stored[partition]).index(report_id) + 1
        assert bench.stream.erased == [(partition, place)]

    asyncio.run(run())


def test_what_was_erased_or_removed_before_its_turn_is_passed_over(bench: Bench) -> None:
    async def run() -> None:
        (place, _) = bench.spool.append([an_intake(1), an_intake(2)], NOW)
        bench.spool.erase(place)
        relay = await bench.relay()
        await relay.passed(bench.spool.written)
        assert bench.stream.reports() == ids(2)
        bench.write(3)
        gone = bench.spool.written
        assert gone is not None
        for path in (bench.folder / "spool" / gone.month).iterdir():
            path.unlink()
        await relay.passed(gone)
        assert bench.stream.reports() == ids(2)
        await relay.stop()

    asyncio.run(run())


def test_a_damaged_record_does_not_hold_up_the_others(bench: Bench) -> None:
    async def run() -> None:
        (first, _) = bench.spool.append([an_intake(1), an_intake(2)], NOW)
        path = bench.spool.path_of(first.segment, first.month)
        assert path is not None
        with path.open("r+b") as file:
            file.seek(first.offset + 30)
            file.write(b"\xff\xff\xff")
        relay = await bench.relay()
        await relay.passed(bench.spool.written)
        assert bench.stream.reports() == ids(2)
        await relay.stop()

    asyncio.run(run())
