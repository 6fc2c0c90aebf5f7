"""A reflector over real sockets on a loopback address of its own, in a thread of the test."""

import asyncio
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from io import StringIO
from pathlib import Path

import pytest

from voipwatch.apps.targets import TargetSet, load_targets
from voipwatch.reflector.options import ReflectorOptions
from voipwatch.reflector.reach import Look
from voipwatch.reflector.server import serve

START_S = 30.0


def held_targets() -> TargetSet:
    """The packaged target list on a day on which it holds."""
    return load_targets(date(2026, 12, 1))


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6_loopback(), reason="no IPv6 loopback on this machine")


def loopback_of(name: str) -> str:
    """An address in 127.0.0.0/8 for a test of this process, so that none beside it shares its ports."""
    a, b, c = blake2b(f"{os.getpid()} {name}".encode(), digest_size=3).digest()
    return f"127.{64 + a % 128}.{b}.{1 + c % 254}"


class _ReadyLine(StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def write(self, text: str) -> int:
        self.lines.put(text)
        return len(text)


@dataclass
class RunningReflector:
    """What its ready line said, and how to end it."""

    line: str
    log: StringIO
    end: Callable[[], None]

    @property
    def fields(self) -> dict[str, str]:
        return dict(part.split("=", 1) for part in self.line.split()[3:])

    @property
    def host(self) -> str:
        return self.fields["control"].split(",")[0].rsplit(":", 1)[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.fields["control"].split(",")[0].rsplit(":", 1)[1])

    @property
    def pin(self) -> str:
        return self.fields["pin"]


@contextmanager
def running_reflector(
    *bind: str, data: Path | None = None, control_port: int = 0, look: Look | None = None
) -> Iterator[RunningReflector]:
    """Serve until the end of the block; raises what the server raised."""
    ready, log = _ReadyLine(), StringIO()
    options = ReflectorOptions(
        bind=bind, control_port=control_port, data=data, look=look, targets=held_targets, ready=ready, log=log
    )
    loops: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.SimpleQueue()
    raised: list[BaseException] = []

    async def main() -> None:
        stop = asyncio.Event()
        loops.put((asyncio.get_running_loop(), stop))
        await serve(options, stop=stop)

    def target() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 -- raised again in the test's thread
            raised.append(error)
            ready.lines.put("")

    thread = threading.Thread(target=target, name="reflector")
    thread.start()
    loop, stop = loops.get(timeout=START_S)

    def end() -> None:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
            thread.join(START_S)
        assert not thread.is_alive()

    try:
        line = ready.lines.get(timeout=START_S)
        if raised:
            raise raised[0]
        yield RunningReflector(line.rstrip("\n"), log, end)
    finally:
        end()
