import asyncio
import http.client
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.collector.submissions import INSTANCE, NOW, REFLECTOR, Maker
from tests.collector.test_desk import on_disk
from tests.collector.test_geo import a_table
from tests.support.clock import Clock
from voipwatch.collector.geo import GeoTable
from voipwatch.collector.keys import KEYS_FILE, KeysError
from voipwatch.collector.options import CollectorOptions
from voipwatch.collector.server import Collector, CollectorError
from voipwatch.collector.spool import list_segments
from voipwatch.lab.resign import deletion_key
from voipwatch.wire.spool import FRAME_BYTES, HEADER_BYTES


@pytest.fixture
def options(tmp_path: Path) -> CollectorOptions:
    return CollectorOptions(
        data=tmp_path / "data",
        reflectors=frozenset({REFLECTOR}),
        port=0,
        metrics_port=0,
        geo=GeoTable(a_table(tmp_path / "geo.npz")),
        instance=INSTANCE,
    )


def ask(port: int | None, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    assert port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def living(
    options: CollectorOptions, what: Callable[[Collector], Awaitable[Any]], clock: Clock | None = None
) -> Any:
    """What is done while a collector lives."""

    async def main() -> Any:
        collector = Collector(options, clock=clock or Clock(NOW))
        try:
            await collector.start()
            return await what(collector)
        finally:
            await collector.stop()

    return asyncio.run(main())


def test_it_serves_reports_and_apart_from_them_metrics(options: CollectorOptions, maker: Maker) -> None:
    async def use(collector: Collector) -> None:
        status, content = await asyncio.to_thread(
            ask, collector.port, "POST", "/api/v1/reports", maker.body(1)
        )
        assert (status, msgspec.json.decode(content)["results"][0]["status"]) == (200, "accepted")
        status, content = await asyncio.to_thread(ask, collector.metrics_port, "GET", "/metrics")
        assert status == 200
        assert b'voipwatch_collector_reports_total{kind="accepted"} 1\n' in content
        assert (await asyncio.to_thread(ask, collector.metrics_port, "GET", "/api/v1/health"))[0] == 404
        assert (await asyncio.to_thread(ask, collector.port, "GET", "/metrics"))[0] == 404

    living(options, use)
    assert [segment.sealed for segment in list_segments(options.data / "spool")] == [True]
    assert len(on_disk(options.data)) == 1
    assert options.data.stat().st_mode & 0o777 == 0o700


def test_a_body_of_100_mb_is_refused_and_the_sender_hears_why(
    options: CollectorOptions, maker: Maker
) -> None:
    async def use(collector: Collector) -> None:
        status, content = await asyncio.to_thread(
            ask, collector.port, "POST", "/api/v1/reports", b'{"x":"' + b"y" * 100_000_000
        )
        assert (status, msgspec.json.decode(content)["error"]["code"]) == (413, "large")
        assert (await asyncio.to_thread(ask, collector.port, "POST", "/api/v1/reports", maker.body(1)))[
            0
        ] == 200

    living(options, use)


def test_after_a_restart_it_knows_what_it_had(options: CollectorOptions, maker: Maker) -> None:
    async def submit(collector: Collector) -> tuple[str, Any]:
        _, content = await asyncio.to_thread(ask, collector.port, "POST", "/api/v1/reports", maker.body(1))
        return collector.public_key, msgspec.json.decode(content)["results"][0]

    key, first = living(options, submit)
    (options.data / "index.sqlite").unlink()
    again_key, again = living(options, submit)
    assert (again_key, again["receipt"]) == (key, first["receipt"])
    assert len(on_disk(options.data)) == 1


def test_what_is_damaged_in_the_spool_is_told_and_the_rest_is_used(
    options: CollectorOptions, maker: Maker
) -> None:
    async def submit(collector: Collector) -> None:
        for number in (1, 2):
            await asyncio.to_thread(ask, collector.port, "POST", "/api/v1/reports", maker.body(number))

    living(options, submit)
    (segment,) = list_segments(options.data / "spool")
    data = bytearray(segment.path.read_bytes())
    data[HEADER_BYTES + FRAME_BYTES + 100] ^= 1
    segment.path.write_bytes(data)
    (options.data / "index.sqlite").unlink()
    said: list[str] = []

    async def look(collector: Collector) -> int:
        return collector.metrics.value("damages_total")

    assert living(replace(options, say=said.append), look) == 1
    assert len([line for line in said if "wrong checksum" in line]) == 1


def test_a_real_collector_takes_no_emulated_report(options: CollectorOptions, maker: Maker) -> None:
    async def use(collector: Collector) -> None:
        for instance, status in (("lab", 422), ("", 200)):
            found, content = await asyncio.to_thread(
                ask, collector.port, "POST", "/api/v1/reports", maker.body(1, instance=instance)
            )
            assert found == status
            result = msgspec.json.decode(content)["results"][0]
            assert result.get("code", "") == ("instance" if instance else "")
        _, health = await asyncio.to_thread(ask, collector.port, "GET", "/api/v1/health")
        assert msgspec.json.decode(health)["instance"] == ""

    living(replace(options, instance=""), use)
    assert len(on_disk(options.data)) == 1
    assert CollectorOptions(data=options.data, reflectors=frozenset()).instance == "", "unless it is told"


def test_two_collectors_on_one_folder_are_refused(options: CollectorOptions) -> None:
    async def use(_: Collector) -> None:
        with pytest.raises(CollectorError, match="another collector"):
            await Collector(options).start()

    living(options, use)


def test_a_folder_whose_path_is_longer_than_a_sockets_name_is_locked_too(options: CollectorOptions) -> None:
    data = options.data / ("x" * 200)
    data.mkdir(parents=True)
    test_two_collectors_on_one_folder_are_refused(replace(options, data=data))


def test_a_held_port_is_an_os_error(options: CollectorOptions) -> None:
    async def nothing(_: Collector) -> None: ...

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            living(replace(options, port=port), nothing)
    living(options, nothing)  # and the folder is free again


def test_a_damaged_key_file_stops_it(options: CollectorOptions) -> None:
    async def nothing(_: Collector) -> None: ...

    options.data.mkdir()
    (options.data / KEYS_FILE).write_bytes(b"damaged")
    with pytest.raises(KeysError):
        living(options, nothing)


def test_its_chores_seal_finish_and_remove(options: CollectorOptions, maker: Maker) -> None:
    clock = Clock(NOW)

    async def use(collector: Collector) -> None:
        assert collector._parts is not None
        _, content = await asyncio.to_thread(ask, collector.port, "POST", "/api/v1/reports", maker.body(1))
        desk = collector._parts.desk
        collector._tidy(desk, NOW + 60)
        assert not list_segments(options.data / "spool")[0].sealed
        collector._tidy(desk, NOW + 600)
        assert list_segments(options.data / "spool")[0].sealed
        collector._tidy(desk, NOW + 450 * 86_400.0)
        assert list_segments(options.data / "spool") == []
        name = msgspec.json.decode(content)["results"][0]["report_id"]
        assert desk.delete(name, deletion_key(1), NOW) is None

    living(options, use, clock)
