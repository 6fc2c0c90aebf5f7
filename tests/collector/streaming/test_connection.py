"""The connection and its partitions, on a real server: made once, refused where they are others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ClusterInfo, DiscardPolicy, PeerInfo, StreamConfig, StreamInfo, StreamState
from nats.js.errors import APIError

from tests.support.nats_cluster import Cluster, nats_cluster
from voipwatch.collector.streaming.address import StreamAddress, parse_stream
from voipwatch.collector.streaming.connection import (
    StreamError,
    connect_stream,
    ensure_partitions,
    find_stream,
)
from voipwatch.collector.streaming.partitions import stream_name
from voipwatch.collector.streaming.publisher import JetStreamPublisher


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Cluster]:
    with nats_cluster(tmp_path / "nats", 1, partitions=2) as cluster:
        yield cluster


def on(cluster: Cluster, work: Callable[[Client, StreamAddress], Awaitable[None]], options: str = "") -> None:
    """Do it on a connection of its own."""

    async def run() -> None:
        address = parse_stream(cluster.url + options)
        client = await connect_stream(address, name="test", say=print)
        try:
            await work(client, address)
        finally:
            await client.close()

    asyncio.run(run())


async def ensure(client: Client, address: StreamAddress) -> None:
    await ensure_partitions(client.jetstream(), address, keep_days=400, bytes_max=100_000)


def test_partitions_are_made_once_and_never_drop_what_they_hold(server: Cluster) -> None:
    async def look(client: Client, _: StreamAddress) -> None:
        config = (await client.jetstream().stream_info(stream_name(1))).config
        assert config.discard == DiscardPolicy.NEW
        assert (config.max_bytes, config.max_age, config.num_replicas) == (100_000, 400 * 86_400, 1)

    on(server, ensure)
    on(server, ensure)
    on(server, look)


@pytest.mark.parametrize("partitions", [1, 3])
def test_another_number_of_partitions_is_refused(server: Cluster, partitions: int) -> None:
    on(server, ensure)
    url = server.url.replace("partitions=2", f"partitions={partitions}")
    server_of = parse_stream(url)

    async def again(client: Client, _: StreamAddress) -> None:
        with pytest.raises(StreamError, match="partitions") as caught:
            await ensure_partitions(client.jetstream(), server_of, keep_days=400)
        assert caught.value.for_good

    on(server, again)


def test_more_replicas_than_servers_is_an_error_in_words(server: Cluster) -> None:
    wanted = parse_stream(server.url.replace("replicas=1", "replicas=3"))

    async def ask(client: Client, _: StreamAddress) -> None:
        with pytest.raises(StreamError, match=r"VOIPWATCH-00: .*replicas"):
            await ensure_partitions(client.jetstream(), wanted, keep_days=400)

    on(server, ask)


def test_other_replicas_than_it_was_made_with_are_refused(server: Cluster) -> None:
    on(server, ensure)
    wanted = parse_stream(server.url.replace("replicas=1", "replicas=3"))

    async def ask(client: Client, _: StreamAddress) -> None:
        with pytest.raises(StreamError, match="1 replicas, not 3"):
            await ensure_partitions(client.jetstream(), wanted, keep_days=400)

    on(server, ask)


def test_a_full_partition_refuses_and_keeps_what_it_has(server: Cluster) -> None:
    on(server, ensure)

    async def fill(client: Client, _: StreamAddress) -> None:
        publisher = JetStreamPublisher(client, 2)
        stored = 0
        with suppress(APIError):
            for number in range(100):
                await publisher.publish(0, f"r{number}", bytes(5_000))
                stored += 1
        with pytest.raises(APIError, match="maximum bytes exceeded"):
            await publisher.publish(0, "one more", bytes(5_000))
        state = (await client.jetstream().stream_info(stream_name(0))).state
        assert (state.messages, state.first_seq) == (stored, 1)
        assert stored > 10

    on(server, fill)


def test_servers_that_take_small_messages_only_are_refused(tmp_path: Path) -> None:
    with nats_cluster(tmp_path / "nats", 1, payload="1MB") as cluster:

        async def ask() -> None:
            with pytest.raises(StreamError, match="max_payload: 9MB") as caught:
                await connect_stream(parse_stream(cluster.url), name="test", say=print)
            assert caught.value.for_good

        asyncio.run(ask())


def test_nobody_there_is_said_in_words() -> None:
    async def ask() -> None:
        with pytest.raises(StreamError, match=r"nats://127\.0\.0\.1:1: .*refused|Connect"):
            await connect_stream(parse_stream("nats://127.0.0.1:1"), name="test", say=print, patience_s=1.0)

    asyncio.run(ask())


def test_emulated_reports_have_streams_of_their_own(server: Cluster) -> None:
    async def make(client: Client, address: StreamAddress) -> None:
        js = client.jetstream()
        await ensure_partitions(js, address, instance="morocco-2016", keep_days=400)
        await JetStreamPublisher(client, 2, "morocco-2016").publish(0, "r", b"x")
        names = {each.config.name for each in await js.streams_info()}
        assert names == {stream_name(n, i) for n in (0, 1) for i in ("", "morocco-2016")}
        assert (await js.stream_info(stream_name(0))).state.messages == 0

    on(server, ensure)
    on(server, make)


def test_a_stream_of_somebody_else_is_refused(server: Cluster) -> None:
    async def other(client: Client, address: StreamAddress) -> None:
        await client.jetstream().add_stream(
            StreamConfig(name=stream_name(0), subjects=["voipwatch.reports.00"])
        )
        with pytest.raises(StreamError, match="other partitions"):
            await ensure(client, address)

    on(server, other)


@pytest.mark.parametrize(
    ("others", "answers"),
    [
        ([], True),
        ([PeerInfo(current=True, active=0), PeerInfo(offline=True, active=0)], True),
        ([PeerInfo(current=True, active=5), PeerInfo(active=11 * 10**9)], True),
        ([PeerInfo(current=False, active=9 * 10**9), PeerInfo(active=0)], True),
        ([PeerInfo(current=False, active=0), PeerInfo(current=False, active=0)], False),
        ([PeerInfo(offline=True, active=5), PeerInfo(current=True, active=11 * 10**9)], False),
        ([PeerInfo(active=12 * 10**9), PeerInfo(current=True), PeerInfo(active=1), PeerInfo(active=1)], True),
        ([PeerInfo(offline=True)] * 3 + [PeerInfo(active=1)], False),
    ],
)
def test_a_leader_that_does_not_see_most_of_the_others_is_not_believed(
    others: list[PeerInfo], answers: bool
) -> None:
    class Told:
        async def stream_info(self, _: str) -> StreamInfo:
            return StreamInfo(
                config=StreamConfig(), state=StreamState(0, 0, 0, 0, 0), cluster=ClusterInfo(replicas=others)
            )

    async def ask() -> StreamInfo | None:
        return await find_stream(cast("JetStreamContext", Told()), "VOIPWATCH-00")

    if answers:
        assert asyncio.run(ask()) is not None
    else:
        with pytest.raises(StreamError, match="does not see most"):
            asyncio.run(ask())
