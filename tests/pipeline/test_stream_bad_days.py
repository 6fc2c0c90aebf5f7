"""A real cluster of three on its bad days: nothing that was acknowledged is lost, nothing is counted twice.

What hands in is a collector's own desk, committer and relay; what loads is a loader over the stream.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from tests.collector.submissions import NOW, Maker, simulated_report
from tests.collector.test_desk import open_desk, taken
from tests.pipeline.test_loader import counted
from tests.support.nats_cluster import START_S, Cluster, nats_cluster, until_answered
from voipwatch.collector.desk import Committer, Desk
from voipwatch.collector.streaming.address import parse_stream
from voipwatch.collector.streaming.connection import connect_stream, open_partitions
from voipwatch.collector.streaming.marks import Marks
from voipwatch.collector.streaming.partitions import partition_of, stream_name
from voipwatch.collector.streaming.publisher import JetStreamPublisher
from voipwatch.collector.streaming.relay import Relay, StreamBehindError
from voipwatch.model.submission import ResultStatus
from voipwatch.pipeline.loader import Loader
from voipwatch.pipeline.source import Origin
from voipwatch.pipeline.stream_source import SILENT_S, StreamSource
from voipwatch.store.store import Store

PARTITIONS = 2
MOROCCO = partition_of("MA", PARTITIONS)
PROBES = 4
RETRIES = 60
"""Of a probe, each after the committer's own patience."""


@pytest.fixture(scope="module")
def maker() -> Maker:
    return Maker(simulated_report())


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with nats_cluster(tmp_path / "nats", 3, partitions=PARTITIONS) as made:
        yield made


@dataclass
class Intake:
    """A collector at work, and what it has acknowledged."""

    committer: Committer
    maker: Maker
    leader: Callable[[], Awaitable[int]]
    near: Callable[[], int]
    """The server that it is connected to."""
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0

    async def hand_in(self, number: int) -> None:
        """As a probe does: the same report again until it is taken."""
        for _ in range(RETRIES):
            try:
                (result,) = await self.committer.submit([taken(self.maker.body(number))])
            except StreamBehindError:
                self.refused += 1
                await asyncio.sleep(0.2)
                continue
            assert result.status is ResultStatus.ACCEPTED
            assert result.receipt is not None
            self.acknowledged.append(result.report_id)
            return
        raise AssertionError(f"report {number} was never taken")

    async def hand_in_all(self, numbers: range) -> None:
        """By some probes at once."""
        waiting = iter(numbers)

        async def probe() -> None:
            for number in waiting:
                await self.hand_in(number)

        await asyncio.gather(*(probe() for _ in range(PROBES)))


def opened(folder: Path) -> Desk:
    folder.mkdir(exist_ok=True)
    return open_desk(folder)


@asynccontextmanager
async def collecting(
    cluster: Cluster, folder: Path, maker: Maker, now_s: float = NOW
) -> AsyncIterator[Intake]:
    """Desk, committer and relay over the cluster, until the end of the block."""
    address = parse_stream(cluster.url)
    # A cluster that has just begun has no leader for its streams' names.
    client, made = await open_partitions(address, name="test", say=print, keep_days=31, patience_s=60)
    js = client.jetstream(timeout=5)
    desk = await asyncio.to_thread(opened, folder)
    marks = Marks(folder)
    marks.belong_to(made)
    relay = Relay(folder / "spool", marks, JetStreamPublisher(client, PARTITIONS), say=print)
    relay.start()
    committer = Committer(desk, lambda: now_s, waiting_max=1000, relay=relay)

    async def leader() -> int:
        while True:
            try:
                about = (await js.stream_info(stream_name(MOROCCO))).cluster
            except (NatsError, TimeoutError):
                about = None
            if about is not None and about.leader:
                return int(about.leader[1:])
            await asyncio.sleep(0.1)

    try:
        yield Intake(committer, maker, leader, lambda: cluster.behind(client))
    finally:
        await committer.drain()
        await relay.stop()
        desk.close()
        await client.close()


def load_all(loader: Loader, store: Store, reports: int) -> None:
    """Turn after turn, as a keeper does: a new leader may not know yet of all that it has."""

    def turn() -> None:
        loader.load()
        if len(counted(store, "reports")) < reports:
            raise OSError("it was told of fewer")

    until_answered(turn, SILENT_S + START_S)


def loaded_once(cluster: Cluster, store: Store, wanted: list[str]) -> None:
    """All that was acknowledged is in the store, each once, and nothing else."""
    source = StreamSource(Origin(stream=cluster.url))
    try:
        loader = Loader(store, source, judges=lambda intakes: ([] for _ in intakes))
        load_all(loader, store, len(set(wanted)))
        until_answered(loader.load, SILENT_S + START_S)
        assert set(counted(store, "reports")) == set(wanted)
        assert set(counted(store, "reports").values()) == {1}
        assert loader.tally.damaged == 0
    finally:
        source.close()


def test_the_leader_is_killed_while_reports_come(
    cluster: Cluster, store: Store, tmp_path: Path, maker: Maker
) -> None:
    async def run() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker) as intake:
            await intake.hand_in_all(range(10))
            fallen = await intake.leader()
            cluster.kill(fallen)
            await intake.hand_in_all(range(10, 40))
            assert await intake.leader() != fallen
            cluster.start(fallen)
            await intake.hand_in_all(range(40, 50))
            return intake.acknowledged

    wanted = asyncio.run(run())
    assert len(set(wanted)) == 50
    loaded_once(cluster, store, wanted)


@pytest.mark.parametrize("which", ["leader", "near"])
def test_a_node_is_cut_off_while_reports_come(
    cluster: Cluster, store: Store, tmp_path: Path, maker: Maker, which: str
) -> None:
    """From the others; the collector still reaches it. It must acknowledge nothing by itself, and a collector
    that talks to it must go to another one.
    """

    async def run() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker) as intake:
            await intake.hand_in_all(range(10))
            cluster.cut_off(await intake.leader() if which == "leader" else intake.near())
            await intake.hand_in_all(range(10, 40))
            for node in cluster.nodes:
                cluster.join(node.number)
            await intake.hand_in_all(range(40, 50))
            return intake.acknowledged

    wanted = asyncio.run(run())
    assert len(set(wanted)) == 50
    loaded_once(cluster, store, wanted)


def test_the_node_that_the_loader_talks_to_is_cut_off(
    cluster: Cluster, store: Store, tmp_path: Path, maker: Maker
) -> None:
    async def run(numbers: range, folder: str) -> list[str]:
        async with collecting(cluster, tmp_path / folder, maker) as intake:
            await intake.hand_in_all(numbers)
            return intake.acknowledged

    first = asyncio.run(run(range(5), "c"))
    source = StreamSource(Origin(stream=cluster.url))
    loader = Loader(store, source, judges=lambda intakes: ([] for _ in intakes))
    try:
        until_answered(loader.load)
        assert source._client is not None
        cluster.cut_off(cluster.behind(source._client))
        second = asyncio.run(run(range(5, 10), "d"))
        load_all(loader, store, 10)
    finally:
        source.close()
    assert counted(store, "reports") == dict.fromkeys([*first, *second], 1)


def test_without_a_majority_nothing_is_acknowledged_and_probes_keep_their_reports(
    cluster: Cluster, store: Store, tmp_path: Path, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voipwatch.collector.streaming.relay.PATIENCE_S", 3.0)

    async def run() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker) as intake:
            await intake.hand_in_all(range(10))
            fallen = await intake.leader()
            cluster.kill(fallen)
            cluster.kill((fallen + 1) % 3)
            with pytest.raises(StreamBehindError):
                await intake.committer.submit([taken(maker.body(10))])
            assert len(intake.acknowledged) == 10
            with pytest.raises(StreamBehindError):  # at once, and before it is written
                await intake.committer.submit([taken(maker.body(11))])
            cluster.start(fallen)
            cluster.start((fallen + 1) % 3)
            await intake.hand_in_all(range(10, 20))
            return intake.acknowledged

    wanted = asyncio.run(run())
    assert len(set(wanted)) == 20
    loaded_once(cluster, store, wanted)


def test_the_disk_of_one_node_is_full(tmp_path: Path, store: Store, maker: Maker) -> None:
    with nats_cluster(tmp_path / "nats", 3, partitions=PARTITIONS, small_disks={0: "3m"}) as cluster:

        async def run() -> list[str]:
            async with collecting(cluster, tmp_path / "c", maker) as intake:
                await intake.hand_in_all(range(150))
                return intake.acknowledged

        wanted = asyncio.run(run())
        assert len(set(wanted)) == 150
        log = (cluster.nodes[0].folder / "log").read_text("utf-8").lower()
        assert "no space" in log or "out of space" in log
        loaded_once(cluster, store, wanted)


def test_a_collector_that_is_killed_between_disk_and_stream_loses_and_doubles_nothing(
    cluster: Cluster, store: Store, tmp_path: Path, maker: Maker
) -> None:
    """Its spool has reports that the stream has not, and marks that say less than is true."""

    async def before() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker) as intake:
            await intake.hand_in_all(range(10))
            return intake.acknowledged

    async def after() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker, NOW + 20) as intake:
            await intake.hand_in_all(range(5, 20))
            return intake.acknowledged

    first = asyncio.run(before())
    (tmp_path / "c" / "relay.sqlite").unlink()
    desk = open_desk(tmp_path / "c")
    desk.commit([[taken(maker.body(number)) for number in range(10, 15)]], NOW + 10)
    desk.close()
    second = asyncio.run(after())
    assert len(set(first + second)) == 20
    loaded_once(cluster, store, first + second)


def test_a_stream_that_is_lost_with_all_its_copies_is_filled_again_from_the_spool(
    cluster: Cluster, store: Store, tmp_path: Path, maker: Maker
) -> None:
    async def before() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker) as intake:
            await intake.hand_in_all(range(10))
            return intake.acknowledged

    async def lose() -> None:
        client = await connect_stream(parse_stream(cluster.url), name="test", say=print)
        for partition in range(PARTITIONS):
            await client.jetstream().delete_stream(stream_name(partition))
        await client.close()

    async def after() -> list[str]:
        async with collecting(cluster, tmp_path / "c", maker, NOW + 20) as intake:
            await intake.hand_in_all(range(8, 15))
            return intake.acknowledged

    first = asyncio.run(before())
    asyncio.run(lose())
    second = asyncio.run(after())
    assert len(set(first + second)) == 15
    loaded_once(cluster, store, first + second)
