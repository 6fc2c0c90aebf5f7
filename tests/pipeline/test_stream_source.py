"""The stream as a source, on a real server: spans, what is in them, gaps, damage, and a loader over it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo

from tests.pipeline.test_loader import counted, everything, record, whole
from tests.support.nats_cluster import Cluster, nats_cluster
from tests.support.reports import START
from voipwatch.collector.records import encode_record
from voipwatch.collector.spool import SpoolWriter
from voipwatch.collector.streaming.address import parse_stream
from voipwatch.collector.streaming.connection import connect_stream, created_at, ensure_partitions
from voipwatch.collector.streaming.partitions import (
    made_at,
    partition_of,
    segment_name,
    stream_name,
    subject_of,
)
from voipwatch.collector.streaming.publisher import JetStreamPublisher
from voipwatch.model.submission import Deletion, Intake
from voipwatch.pipeline.loader import Loader
from voipwatch.pipeline.pieces import Span
from voipwatch.pipeline.source import Origin, SourceError
from voipwatch.pipeline.stream_source import StreamSource
from voipwatch.store.store import Store
from voipwatch.wire.spool import encode_frame

PARTITIONS = 2
MOROCCO = partition_of("MA", PARTITIONS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with nats_cluster(tmp_path_factory.mktemp("nats"), 1, partitions=PARTITIONS) as cluster:
        yield cluster


@pytest.fixture
def url(server: Cluster) -> Iterator[str]:
    """Partitions that are empty, on the module's server."""

    async def begin() -> None:
        client = await connect_stream(parse_stream(server.url), name="test", say=print)
        await ensure_partitions(client.jetstream(), parse_stream(server.url), keep_days=31)
        await client.close()

    async def end() -> None:
        client = await nats.connect(f"127.0.0.1:{server.nodes[0].client_port}")
        for partition in range(PARTITIONS):
            await client.jetstream().delete_stream(stream_name(partition))
        await client.close()

    asyncio.run(begin())
    yield server.url
    asyncio.run(end())


def publish(url: str, *records: Intake | Deletion, erase: int | None = None) -> list[int]:
    async def run() -> list[int]:
        client = await connect_stream(parse_stream(url), name="test", say=print)
        publisher = JetStreamPublisher(client, PARTITIONS)
        places = []
        for each in records:
            name = each.report_id if isinstance(each, Intake) else f"deletion-{each.report_id}"
            places.append(await publisher.publish(MOROCCO, name, encode_frame(encode_record(each))))
        if erase is not None:
            await publisher.erase(MOROCCO, erase)
            await publisher.erase(MOROCCO, erase)  # a second time there is nothing, which is no error
        await client.close()
        return places

    return asyncio.run(run())


def segment_of(url: str) -> str:
    """As the ledger calls Morocco's partition."""

    async def ask() -> str:
        client = await connect_stream(parse_stream(url), name="test", say=print)
        info = await client.jetstream().stream_info(stream_name(MOROCCO))
        await client.close()
        return segment_name(MOROCCO, made_at(created_at(info)))

    return asyncio.run(ask())


@pytest.fixture
def segment(url: str) -> str:
    return segment_of(url)


@pytest.fixture
def source(url: str) -> Iterator[StreamSource]:
    made = StreamSource(Origin(stream=url))
    yield made
    made.close()


def spans(source: StreamSource, reached: int = 0, piece_bytes: int = 1 << 20) -> list[Span]:
    given = {segment_of(source.origin.stream): reached} if reached else {}
    return list(source.spans(given, piece_bytes=piece_bytes, growing=True, grow_bytes=1))


def test_a_record_that_is_published_again_is_there_once(url: str, source: StreamSource, segment: str) -> None:
    assert publish(url, record(1), record(2), record(1)) == [1, 2, 1]
    assert spans(source) == [Span(segment, 1, 3)]


def test_spans_cover_what_is_new_and_no_more(url: str, source: StreamSource, segment: str) -> None:
    assert spans(source) == []
    publish(url, *(record(n) for n in range(5)))
    assert spans(source) == [Span(segment, 1, 6)]
    assert spans(source, reached=4) == [Span(segment, 4, 6)]
    assert spans(source, reached=6) == []
    small = spans(source, piece_bytes=1)
    assert small == [Span(segment, n, n + 1) for n in range(1, 6)]
    assert list(source.spans({}, piece_bytes=1, growing=False, grow_bytes=1)) == []


def test_contents_are_the_records_of_the_span(url: str, source: StreamSource, segment: str) -> None:
    wanted = [record(n) for n in range(5)]
    publish(url, *wanted)
    contents = source.contents(Span(segment, 2, 5))
    assert contents is not None
    assert [(each.offset, each.record) for each in contents.records] == [
        (n + 1, wanted[n]) for n in (1, 2, 3)
    ]
    assert contents.damages == []


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_message_that_was_erased_leaves_a_gap(
    url: str, source: StreamSource, gone: int, segment: str
) -> None:
    publish(url, *(record(n) for n in range(3)), erase=gone)
    contents = source.contents(Span(segment, 1, 4))
    assert contents is not None
    assert [each.offset for each in contents.records] == [n for n in (1, 2, 3) if n != gone]
    alone = source.contents(Span(segment, gone, gone + 1))
    assert alone is not None
    assert alone.records == []


def test_what_is_no_record_is_damage_with_its_place(url: str, source: StreamSource, segment: str) -> None:
    async def spoil() -> None:
        client = await nats.connect(url.split("?", maxsplit=1)[0])
        good = encode_frame(encode_record(record(1)))
        for data in (
            b"",
            b"rubbish",
            good[:-1] + bytes([good[-1] ^ 1]),
            good + b"x",
            encode_frame(b"Z9what"),
        ):
            await client.jetstream().publish(subject_of(MOROCCO), data)
        await client.close()

    publish(url, record(0))
    asyncio.run(spoil())
    publish(url, record(2))
    contents = source.contents(Span(segment, 1, 8))
    assert contents is not None
    assert [each.offset for each in contents.records] == [1, 7]
    assert [each.offset for each in contents.damages] == [2, 3, 4, 5, 6]


def test_a_loader_over_the_stream_gives_what_one_over_the_spool_gives(
    store: Store, spool: SpoolWriter, tmp_path: Path, url: str, source: StreamSource, segment: str
) -> None:
    records = [record(n) for n in range(3)]
    rest: tuple[Deletion, Intake] = (Deletion(records[0].report_id, START + 500), record(3))
    spool.append([*records, *rest], START)
    whole(Loader(store, tmp_path / "spool"))
    wanted = everything(store)
    for table in ("reports", "observations", "votes", "deletions", "segments", "cells"):
        store._engine.command(f"TRUNCATE TABLE {table}")
    publish(url, *records)
    first = Loader(store, source, piece_bytes=1)
    first.load(at_most=2)
    first.vote(at_most=1)
    publish(url, *rest)
    second = Loader(store, source, piece_bytes=1)  # as another process goes on
    whole(second)
    assert everything(store) == wanted
    assert set(counted(store, "reports").values()) == {1}
    assert second.ledger.reached == {segment: 6}
    whole(second)
    assert everything(store) == wanted


def test_worker_processes_read_ahead(store: Store, url: str, source: StreamSource) -> None:
    publish(url, *(record(n) for n in range(4)))
    loader = Loader(store, source, piece_bytes=1, workers=2)
    loader.load()
    assert len(loader.worker_pids) == 2
    loader.close()
    assert set(counted(store, "reports")) == {record(n).report_id for n in range(4)}


def test_a_stream_that_is_away_is_an_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voipwatch.pipeline.stream_source.START_S", 1.0)
    source = StreamSource(Origin(stream="nats://127.0.0.1:1?partitions=2"))
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        spans(source)
    source.close()
    source.close()
    with pytest.raises(OSError, match="nats://"):
        StreamSource(Origin(stream="http://a"))


def test_a_source_of_some_partitions_owns_theirs_alone(url: str, segment: str) -> None:
    source = StreamSource(Origin(stream=url, partitions=(1 - MOROCCO,)))
    publish(url, record(1))
    assert spans(source) == []
    assert not source.owns(segment)
    assert source.owns(segment_name(1 - MOROCCO, "0" * 8))
    assert not source.owns("20261122T004200000000-0123456789ab")
    source.close()


def test_a_stream_that_was_lost_and_made_again_is_read_from_its_beginning(
    store: Store, server: Cluster, url: str, source: StreamSource, segment: str
) -> None:
    async def again() -> None:
        client = await connect_stream(parse_stream(url), name="test", say=print)
        await client.jetstream().delete_stream(stream_name(MOROCCO))
        await ensure_partitions(client.jetstream(), parse_stream(url), keep_days=31)
        await client.close()

    publish(url, *(record(n) for n in range(3)))
    Loader(store, source).load()
    asyncio.run(again())
    publish(url, record(1), record(3))
    Loader(store, source).load()
    assert counted(store, "reports") == {record(n).report_id: 1 for n in range(4)}
    assert source.contents(Span(segment, 1, 3)) is None
    assert segment_of(server.url) != segment


def test_a_leader_that_is_behind_the_span_is_another_try(
    url: str, source: StreamSource, segment: str
) -> None:
    """One that was cut off as the leader: what it has not heard of is not gone."""
    publish(url, *(record(n) for n in range(3)))
    with pytest.raises(SourceError, match="behind the one that told of the span"):
        source.contents(Span(segment, 1, 6))


@pytest.mark.parametrize("known", [0, 2])
def test_a_copy_that_is_behind_its_leader_is_another_try(
    url: str, source: StreamSource, segment: str, monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    """A reader on a server that has not caught up: it must not pass for the whole span."""
    publish(url, *(record(n) for n in range(5)))
    asked, fetched = JetStreamContext.PullSubscription.consumer_info, JetStreamContext.PullSubscription.fetch

    async def consumer_info(reader: JetStreamContext.PullSubscription) -> ConsumerInfo:
        return (await asked(reader)).evolve(num_pending=known)

    async def fetch(reader: JetStreamContext.PullSubscription, batch: int, timeout: float) -> list[Msg]:  # noqa: ASYNC109  # as nats names it
        messages = (await fetched(reader, batch, timeout=timeout))[:known]
        for left, message in zip(range(known - 1, -1, -1), messages, strict=True):
            message._metadata = replace(message.metadata, num_pending=left)
        return messages

    monkeypatch.setattr(JetStreamContext.PullSubscription, "consumer_info", consumer_info)
    monkeypatch.setattr(JetStreamContext.PullSubscription, "fetch", fetch)
    with pytest.raises(SourceError, match=f"ends before {known + 1}, and its leader has {known + 1}"):
        source.contents(Span(segment, 1, 6))
    short = source.contents(Span(segment, 1, known + 1)) if known else None
    assert short is None or len(short.records) == known


def test_where_nothing_new_comes_another_server_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(url, record(1))
    now = [0.0]
    changed: list[float] = []

    async def change(_: StreamSource) -> None:
        changed.append(now[0])

    monkeypatch.setattr(StreamSource, "_change_server", change)
    source = StreamSource(Origin(stream=url), clock=lambda: now[0])
    for at_s, reached in ((0.0, 0), (10.0, 2), (15.0, 2), (15.1, 2), (20.0, 2), (31.0, 2)):
        now[0] = at_s
        spans(source, reached)
        source._call(asyncio.sleep(0))  # what was asked for before it is done by then
    source.close()
    assert changed == [15.1, 31.0]
