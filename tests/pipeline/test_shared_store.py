"""Loaders and detectors of different partitions beside each other, on one server and one stream."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.pipeline.test_loader import counted, record
from tests.support.clickhouse_server import RunningServer, clickhouse_server
from tests.support.nats_cluster import nats_cluster
from tests.support.reports import START
from voipwatch.collector.records import encode_record
from voipwatch.collector.streaming.address import parse_stream
from voipwatch.collector.streaming.connection import open_partitions
from voipwatch.collector.streaming.partitions import partition_of
from voipwatch.collector.streaming.publisher import JetStreamPublisher
from voipwatch.model.submission import Deletion, Intake
from voipwatch.pipeline.duties import Duty, lease_names
from voipwatch.pipeline.keeper import Keeper
from voipwatch.pipeline.source import Origin
from voipwatch.pipeline.stream_source import StreamSource
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.store import Store
from voipwatch.wire.spool import encode_frame

PARTITIONS = 2
HERE, THERE = "MA", "EG"
NOW = START + 86_400.0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert {partition_of(country, PARTITIONS) for country in (HERE, THERE)} == {0, 1}
    with nats_cluster(tmp_path_factory.mktemp("nats"), 1, partitions=PARTITIONS) as cluster:
        yield cluster.url


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with clickhouse_server(tmp_path / "engine") as running:
        yield running


def publish(url: str, *records: Intake | Deletion) -> None:
    """As the relay does: a report to its country's partition, a deletion to all."""

    async def run() -> None:
        client, _ = await open_partitions(parse_stream(url), name="test", say=print, keep_days=31)
        publisher = JetStreamPublisher(client, PARTITIONS)
        for each in records:
            frame = encode_frame(encode_record(each))
            if isinstance(each, Intake):
                await publisher.publish(partition_of(each.country, PARTITIONS), each.report_id, frame)
            else:
                for partition in range(PARTITIONS):
                    await publisher.publish(partition, f"deletion-{each.report_id}", frame)
        await client.close()

    asyncio.run(run())


class Part:
    """A loader or a detector of one country's partition."""

    def __init__(self, duty: Duty, country: str, url: str, store: str, folder: Path) -> None:
        partitions = (partition_of(country, PARTITIONS),)
        self.source = StreamSource(Origin(stream=url, partitions=partitions))
        self.folder = folder / f"{duty.value}-{country}"
        self.folder.mkdir()
        names = lease_names(duty, partitions)
        self.keeper = Keeper(
            lambda: open_store(store, create=True, who=f"{duty.value} of {country}", names=names),
            source=self.source,
            data=self.folder,
            duty=duty,
        )

    def close(self) -> None:
        self.keeper.close()
        self.source.close()


def cells(store: Store) -> list[tuple[str, str, str, int]]:
    rows = store.select(
        "SELECT country, app, state, probes FROM cells FINAL WHERE stage = 'call' AND app = 'whatsapp' "
        "ORDER BY ALL"
    ).to_pylist()
    return [(row["country"], row["app"], row["state"], row["probes"]) for row in rows]


def test_two_loaders_and_two_detectors_share_a_store(url: str, server: RunningServer, tmp_path: Path) -> None:
    both = [
        msgspec.structs.replace(record(number), country=HERE if number < 3 else THERE) for number in range(6)
    ]
    publish(url, *both)
    parts = [Part(duty, country, url, server.url(), tmp_path)
             for duty in (Duty.LOAD, Duty.DETECT) for country in (HERE, THERE)]  # fmt: skip
    try:
        for part in parts[:2]:
            assert not part.keeper.turn(NOW)
        with open_store(server.url(), read_only=True) as store:
            assert counted(store, "reports") == {each.report_id: 1 for each in both}
            made = cells(store)
            assert {(country, probes) for country, _, _, probes in made} == {(HERE, 3), (THERE, 3)}
            assert {state for *_, state, _ in made} == {"blocked"}
        publish(url, Deletion(both[0].report_id, NOW), Deletion(both[5].report_id, NOW))
        for part in parts:
            part.keeper.turn(NOW + 60)
        with open_store(server.url(), read_only=True) as store:
            assert set(counted(store, "reports")) == {each.report_id for each in both[1:5]}
            assert {(country, probes) for country, _, _, probes in cells(store)} == {(HERE, 2), (THERE, 2)}
            remembered = store.select("SELECT detector FROM detector_state FINAL")["detector"].to_pylist()
        assert {f"detecting::{HERE}", f"detecting::{THERE}", "detecting@00", "detecting@01"} <= set(
            remembered
        )
        assert [sorted(path.name for path in part.folder.iterdir()) for part in parts[:3:2]] == [
            ["status-loader.json"],
            ["status-detector.json"],
        ]
    finally:
        for part in parts:
            part.close()


def test_of_a_partition_there_is_one_loader(url: str, server: RunningServer, tmp_path: Path) -> None:
    first = Part(Duty.LOAD, HERE, url, server.url(), tmp_path)
    (tmp_path / "second").mkdir()
    second = Part(Duty.LOAD, HERE, url, server.url(), tmp_path / "second")
    try:
        first.keeper.turn(NOW)
        with pytest.raises(StoreError) as caught:
            second.keeper.turn(NOW)
        assert caught.value.reason == "locked"
        assert f"loader of {HERE}" in str(caught.value)
        with pytest.raises(StoreError) as caught:
            open_store(server.url())
        assert caught.value.reason == "locked", "nobody has all of a store that is shared"
        first.close()
        second.keeper.turn(NOW)
    finally:
        second.close()


def test_a_store_in_a_folder_is_not_shared(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(f"chdb://{tmp_path}/store", create=True, names=["loader-00"])
    assert caught.value.reason == "bad-url"


def test_a_partition_that_the_stream_has_not_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(OSError, match="of 2"):
        StreamSource(Origin(stream="nats://127.0.0.1:1?partitions=2", partitions=(2,)))
