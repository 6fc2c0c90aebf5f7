"""Publishing to a real server: stored once, erased for good."""

import asyncio
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from tests.support.nats_cluster import nats_cluster
from voipwatch.collector.streaming.address import parse_stream
from voipwatch.collector.streaming.connection import connect_stream, ensure_partitions
from voipwatch.collector.streaming.partitions import stream_name
from voipwatch.collector.streaming.publisher import JetStreamPublisher


def test_it_is_stored_once_and_erased_for_good(tmp_path: Path) -> None:
    async def run(url: str) -> None:
        address = parse_stream(url)
        client = await connect_stream(address, name="test", say=print)
        js = client.jetstream()
        await ensure_partitions(js, address, keep_days=31)
        publisher = JetStreamPublisher(client, address.partitions)
        assert [await publisher.publish(1, name, b"secret" + name.encode()) for name in "aba"] == [1, 2, 1]
        await publisher.erase(1, 2)
        await publisher.erase(1, 2)
        await publisher.erase(1, 99)
        with pytest.raises(NotFoundError):
            await js.get_msg(stream_name(1), 2)
        assert (await js.get_msg(stream_name(1), 1)).data == b"secreta"
        with pytest.raises(NatsError):
            await publisher.publish(5, "a", b"x")
        await client.close()

    with nats_cluster(tmp_path / "nats", 1, partitions=2) as cluster:
        asyncio.run(run(cluster.url))
        for node in cluster.nodes:
            cluster.kill(node.number)
        kept = b"".join(path.read_bytes() for path in (tmp_path / "nats").rglob("*") if path.is_file())
        assert b"secreta" in kept
        assert b"secretb" not in kept, "erased on the server's disk too"
