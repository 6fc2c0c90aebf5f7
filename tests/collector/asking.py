"""Asks an ASGI application in this process: no sockets, the clock of the test."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tests.collector.submissions import INSTANCE, NOW, REFLECTOR
from tests.collector.test_geo import a_table
from tests.support.clock import Clock
from voipwatch.collector.app import App, Message, Parts
from voipwatch.collector.geo import GeoTable
from voipwatch.collector.options import CollectorOptions
from voipwatch.collector.server import Collector

T = TypeVar("T")
CLIENT = "192.0.2.77"
"""MA, 64500 in the test's table."""


@dataclass
class Answered:
    """One answer."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def document(self) -> Any:
        return msgspec.json.decode(self.content)

    @property
    def results(self) -> list[dict[str, Any]]:
        found = self.document["results"]
        assert isinstance(found, list)
        return found


@dataclass
class House:
    """A collector's application on a folder, asked as a probe would."""

    folder: Path
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        table = GeoTable(a_table(self.folder.parent / "geo.npz"))
        known: dict[str, Any] = {"reflectors": frozenset({REFLECTOR}), "geo": table, "instance": INSTANCE}
        options = CollectorOptions(data=self.folder, **known | self.options)
        self.collector = Collector(options, clock=self.clock)
        self.parts: Parts = self.collector._assemble()
        self.app = App(self.parts)

    def close(self) -> None:
        self.parts.desk.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        client: tuple[str, int] = (CLIENT, 50_000),
    ) -> Answered:
        target, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": target, "client": client,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        }  # fmt: skip
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, content = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answered(start["status"], found, content["body"])

    def __call__(self, method: str, path: str, body: bytes = b"", **how: Any) -> Answered:
        return self.run(self.ask(method, path, body, **how))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def submit(self, body: bytes, **how: Any) -> Answered:
        return self("POST", "/api/v1/reports", body, **how)
