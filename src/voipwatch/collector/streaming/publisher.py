"""Partitions as the relay publishes to them: one connection, JetStream's answers waited for. asyncio."""

from typing import Final

from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError

from voipwatch.collector.streaming.connection import REQUEST_S
from voipwatch.collector.streaming.partitions import stream_name, subject_of

ID_HEADER: Final = "Nats-Msg-Id"
NO_SEQUENCE: Final = 10043
NO_MESSAGE: Final = frozenset({"no message found", "deleted message", "stream store EOF"})
"""Of a sequence number that holds nothing: aged out, or erased by an earlier try (JetStream 2.15's words)."""


class JetStreamPublisher:
    """Publishes to the partitions of one instance."""

    def __init__(self, client: Client, partitions: int, instance: str = "") -> None:
        self.partitions = partitions
        self._instance = instance
        self._client = client
        self._js = client.jetstream(timeout=REQUEST_S)

    async def publish(self, partition: int, record_id: str, frame: bytes) -> int:
        """As `Publisher.publish`."""
        ack = await self._js.publish(
            subject_of(partition, self._instance),
            frame,
            stream=stream_name(partition, self._instance),
            headers={ID_HEADER: record_id},
        )
        return int(ack.seq)

    async def erase(self, partition: int, seq: int) -> None:
        """As `Publisher.erase`: the servers overwrite its bytes."""
        try:
            await self._js.delete_msg(stream_name(partition, self._instance), seq)
        except NotFoundError:
            return
        except APIError as error:
            if error.err_code != NO_SEQUENCE and error.description not in NO_MESSAGE:
                raise

    async def change_server(self) -> None:
        """As `Publisher.change_server`; nothing while it is between two of them."""
        await self._client.force_reconnect()
