"""Whole collectors on one register and one stream: their own chores do what has to be done."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.collector.streaming.test_relay import Stream
from tests.collector.submissions import INSTANCE, NOW, REFLECTOR, Maker
from tests.collector.test_desk import on_disk
from tests.collector.test_geo import a_table
from tests.collector.test_server import ask
from tests.support.clock import Clock
from tests.support.postgresql import Server
from voipwatch.collector import server
from voipwatch.collector.geo import GeoTable
from voipwatch.collector.options import CollectorOptions
from voipwatch.collector.server import Collector
from voipwatch.collector.streaming.marks import Marks
from voipwatch.collector.streaming.relay import Relay
from voipwatch.lab.resign import deletion_key
from voipwatch.store.register.book import open_book

PATIENCE_S = 60.0
Start = Callable[..., Any]


class Turns:
    """Wakes whoever waits for something each time that a collector has done its chores."""

    def __init__(self) -> None:
        self._done = threading.Condition()
        self._count = 0

    def turn(self) -> None:
        with self._done:
            self._count += 1
            self._done.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self._done:
            assert self._done.wait_for(holds, PATIENCE_S)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Chores come without a pause, and each turn of them is told."""
    made = Turns()
    tidy = Collector._tidy

    def told(self: Collector, *given: Any) -> None:
        tidy(self, *given)
        made.turn()

    monkeypatch.setattr(server, "CHORES_S", 0.01)
    monkeypatch.setattr(Collector, "_tidy", told)
    return made


@pytest.fixture
def start(tmp_path: Path, register_url: str, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a collector on a folder of this name, over the stream."""

    async def connect(self: Collector, _url: str) -> Relay:
        options = self.options
        return Relay(options.data / "spool", Marks(options.data), stream, say=self._say)

    stream = Stream()
    monkeypatch.setattr(Collector, "_connect", connect)
    table = GeoTable(a_table(tmp_path / "geo.npz"))

    @asynccontextmanager
    async def one(name: str, **options: Any) -> AsyncIterator[tuple[Collector, Stream]]:
        wanted = CollectorOptions(
            data=tmp_path / name, reflectors=frozenset({REFLECTOR}), port=0, metrics_port=None, geo=table,
            instance=INSTANCE, workers=0, stream="nats://of.the.test",
            register=lambda: open_book(register_url), **options,
        )  # fmt: skip
        collector = Collector(wanted, clock=Clock(NOW))
        try:
            await collector.start()
            yield collector, stream
        finally:
            await collector.stop()

    return one


async def post(collector: Collector, body: bytes) -> tuple[int, Any]:
    status, content = await asyncio.to_thread(ask, collector.port, "POST", "/api/v1/reports", body)
    return status, msgspec.json.decode(content)


def test_a_deletion_goes_by_the_stream_to_loaders_and_by_the_register_to_the_copy(
    start: Start, turns: Turns, maker: Maker
) -> None:
    async def run() -> None:
        async with start("one") as (one, stream), start("two") as (two, _):
            _, answer = await post(one, maker.body(1))
            report_id = answer["results"][0]["report_id"]
            assert stream.reports() == on_disk(one.options.data) == [report_id]
            key = msgspec.json.encode({"deletion_key": deletion_key(1).hex()})
            path = f"/api/v1/reports/{report_id}"
            assert (await asyncio.to_thread(ask, two.port, "DELETE", path, key))[0] == 200
            await asyncio.to_thread(turns.until, lambda: bool(stream.erased))
            assert all(f"deletion-{report_id}" in frames for frames in stream.stored.values())
            assert on_disk(one.options.data) == []

    asyncio.run(run())


def test_it_takes_reports_again_by_itself_when_the_register_is_back(
    start: Start, turns: Turns, maker: Maker, register_server: Server
) -> None:
    trouble: list[str] = []

    async def run() -> None:
        async with start("one", trouble=trouble.append) as (one, _):
            assert (await post(one, maker.body(1)))[0] == 200
            await asyncio.to_thread(register_server.crash)
            try:
                await asyncio.to_thread(turns.until, lambda: trouble == ["register unreachable"])
                status, answer = await post(one, maker.body(2))
                assert (status, answer["error"]["code"]) == (503, "register")
            finally:
                await asyncio.to_thread(register_server.start)
            await asyncio.to_thread(turns.until, lambda: trouble[-1] == "")
            assert (await post(one, maker.body(2)))[0] == 200
            assert len(on_disk(one.options.data)) == 2

    asyncio.run(run())
