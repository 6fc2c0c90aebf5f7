"""A connection to the stream, and its partitions made as they must be. asyncio.

JetStream says "stored" before it has synced, unless its servers are told `sync_interval: always`; and
acknowledged messages were lost in tests of it (Jepsen, NATS 2.12.1, 2025). Hence the spool, and `relay`.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, PeerInfo, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from voipwatch.collector.streaming.address import StreamAddress
from voipwatch.collector.streaming.partitions import made_at, stream_name, subject_of

CONNECT_S: Final = 2
START_S: Final = 10.0
"""For the first connection, all servers together."""
OPEN_S: Final = 20.0
"""For the first look at its partitions: three servers that do not answer, one after the other."""
RECONNECT_S: Final = 0.25
"""Between two tries at the next server: a leader that died is followed within seconds."""
UNSEEN_NS: Final = 10 * 10**9
"""A leader that has not heard from another server for so long; it hears from each every second."""
REQUEST_S: Final = 5.0
DUPLICATE_WINDOW_S: Final = 600.0
"""In which JetStream itself knows a record that is published again; later ones the store's ledger knows."""
RECORD_BYTES_MAX: Final = (8 << 20) + (64 << 10)
"""A report's JSON has 8 MB at most (`body.Limits.item_bytes`); packed it is not longer, but for a frame."""
DAY_S: Final = 86_400.0


class StreamError(Exception):
    """The stream cannot be used; `for_good`: no other try will help before somebody has done something."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


async def connect_stream(
    address: StreamAddress, *, name: str, say: Callable[[str], None], patience_s: float = START_S
) -> Client:
    """Connect, and stay connected whatever becomes of single servers. Raises StreamError."""
    troubles: list[str] = []

    async def told(error: Exception) -> None:
        troubles[:] = [str(error) or type(error).__name__]
        if client.is_connected:
            say(f"stream: {troubles[0]}")

    client = Client()
    connecting = client.connect(
        list(address.servers),
        name=name,
        user=address.user or None,
        password=address.password or None,
        connect_timeout=CONNECT_S,
        reconnect_time_wait=RECONNECT_S,  # type: ignore[arg-type]  # it is slept: a float will do
        max_reconnect_attempts=-1,  # which holds for the first connection too
        pending_size=4 * RECORD_BYTES_MAX,
        ping_interval=5,
        error_cb=told,
    )
    try:
        await asyncio.wait_for(connecting, patience_s)
    except (NatsError, OSError, TimeoutError) as error:
        await client.close()
        reason = str(error) or (troubles or [type(error).__name__])[0]
        raise StreamError(f"{address}: {reason}") from error
    if client.max_payload < RECORD_BYTES_MAX:
        most = client.max_payload
        await client.close()
        raise StreamError(
            f"{address}: its servers take {most} bytes a message, and a report may have {RECORD_BYTES_MAX}: "
            "set max_payload: 9MB in their configuration",
            for_good=True,
        )
    return client


async def open_partitions(
    address: StreamAddress,
    *,
    name: str,
    say: Callable[[str], None],
    keep_days: int,
    instance: str = "",
    patience_s: float = OPEN_S,
) -> tuple[Client, str]:
    """Connect and have all partitions, by whichever server can: one that is cut off is left.

    Raises StreamError.

    Returns:
        The connection, and what tells these streams from others of their names.
    """
    client = await connect_stream(address, name=name, say=say)
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        try:
            js = client.jetstream(timeout=REQUEST_S)
            return client, await ensure_partitions(js, address, instance=instance, keep_days=keep_days)
        except StreamError as error:
            if error.for_good or asyncio.get_running_loop().time() > deadline:
                await client.close()
                raise
        await client.force_reconnect()
        await asyncio.sleep(RECONNECT_S)


async def ensure_partitions(
    js: JetStreamContext,
    address: StreamAddress,
    *,
    instance: str = "",
    keep_days: int,
    bytes_max: int | None = None,
) -> str:
    """Make those that are missing; returns what tells these streams from others of their names.

    Raises StreamError, also for one that stands with other replicas.

    Args:
        js: connected.
        address: how many, and on how many servers each.
        instance: of emulated reports.
        keep_days: after which a record leaves the stream; it is in the store for long then.
        bytes_max: of one partition; full, it takes no more, and never drops what it holds.
    """
    created = [
        await _ensure(js, _wanted(address, partition, instance, keep_days, bytes_max))
        for partition in range(address.partitions)
    ]
    if await find_stream(js, stream_name(address.partitions, instance)) is not None:
        raise StreamError(
            f"the stream has more than {address.partitions} partitions: give ?partitions= as it was made "
            "with, or a country's reports would lie in two",
            for_good=True,
        )
    return made_at(" ".join(created))


def _wanted(
    address: StreamAddress, partition: int, instance: str, keep_days: int, bytes_max: int | None
) -> StreamConfig:
    return StreamConfig(
        name=stream_name(partition, instance),
        subjects=[subject_of(partition, instance)],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,  # full it refuses, so that nothing acknowledged is pushed out
        max_age=keep_days * DAY_S,
        max_bytes=bytes_max,
        max_msg_size=RECORD_BYTES_MAX,
        num_replicas=address.replicas,
        duplicate_window=DUPLICATE_WINDOW_S,
        allow_direct=False,  # a direct get may be answered by a server that is behind
        metadata={"voipwatch.partitions": str(address.partitions)},
    )


async def _ensure(js: JetStreamContext, wanted: StreamConfig) -> str:
    """When it was made, as the servers say it."""
    assert wanted.name is not None
    try:
        found = await find_stream(js, wanted.name)
        if found is None:
            found = await js.add_stream(wanted)
    except APIError as error:
        raise StreamError(f"{wanted.name}: {error.description}") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise StreamError(f"{wanted.name}: {str(error) or type(error).__name__}") from error
    stands = found.config
    if stands.num_replicas != wanted.num_replicas:
        raise StreamError(
            f"{wanted.name} has {stands.num_replicas} replicas, not {wanted.num_replicas}: say so in the "
            "address (?replicas=), or change it with the servers' own tools",
            for_good=True,
        )
    partitions = (stands.metadata or {}).get("voipwatch.partitions")
    if partitions != (wanted.metadata or {})["voipwatch.partitions"]:
        raise StreamError(
            f"{wanted.name} is one of {partitions or 'other'} partitions: give ?partitions= as it was made "
            "with",
            for_good=True,
        )
    return created_at(found)


def created_at(info: StreamInfo) -> str:
    """When a stream was made, as its servers keep it."""
    return "" if info.created is None else info.created.isoformat()


async def find_stream(js: JetStreamContext, name: str) -> StreamInfo | None:
    """What its servers say of it; none where there is none. Raises StreamError, also where the server that
    answers is cut off from most others: a leader that is so goes on telling what it knew.
    """
    try:
        info = await js.stream_info(name)
    except NotFoundError:
        return None
    except APIError as error:
        raise StreamError(f"{name}: {error.description}") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise StreamError(f"{name}: {str(error) or type(error).__name__}") from error
    others = (info.cluster.replicas or []) if info.cluster is not None else []
    if 2 * sum(map(_is_gone, others)) > len(others) + 1:
        raise StreamError(f"{name}: the server that answers does not see most of the others")
    return info


def _is_gone(other: PeerInfo) -> bool:
    """Not heard of lately; `active` is 0 of one that was never heard, which a leader that was killed and came
    back thinks of all.
    """
    heard = 0 < (other.active or 0) <= UNSEEN_NS
    return bool(other.offline) or not (heard or (other.current and not other.active))
