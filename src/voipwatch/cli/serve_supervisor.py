"""Runs processes and keeps them running: starts them in order, says what they say, starts again what died.

A process is ended by its own pid and by nothing else. Its standard input stays open as long as this process
lives: by its end a child knows that nobody looks after it any more, however that came.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from voipwatch.cli.serve_roles import FOR_GOOD

PAUSE_FIRST_S: Final = 0.5
PAUSE_MOST_S: Final = 30.0
START_S: Final = 600.0
"""For one that has said nothing yet: the first start makes the table of networks."""
PATIENCE_S: Final = 90.0
"""At the start a lock or a port may still be held by processes of a `serve` that was killed a moment ago."""
STOP_S: Final = 40.0
"""Between the request to stop and SIGKILL."""
LINE_BYTES_MAX: Final = 1 << 20


class StartError(Exception):
    """A process did not start; why, in one line."""

    def __init__(self, role: str, reason: str) -> None:
        super().__init__(f"{role}: {reason}")
        self.role = role
        self.reason = reason


Say = Callable[[str, str, str], None]
"""Role, kind of word (`ready`, `say`, `failed`, `trouble`, `died`, `started`), the word."""


@dataclass
class Child:
    """One process and what is known of it."""

    role: str
    order: msgspec.Struct
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    ready_line: str = ""
    failed: str = ""
    trouble: str = ""
    """Why it cannot work at the moment; empty while it can."""
    restarts: int = 0
    minder: "asyncio.Task[None] | None" = None

    @property
    def is_up(self) -> bool:
        """Ready, and running still."""
        return self.pid is not None and self.ready.is_set()

    @property
    def pid(self) -> int | None:
        """None while it is not running."""
        return self.process.pid if self.process is not None and self.process.returncode is None else None


class Supervisor:
    """Of one `serve`. `command`: what a role is run by, its name is appended."""

    def __init__(self, say: Say, *, command: tuple[str, ...] = ()) -> None:
        self._say = say
        self._command = command or (sys.executable, "-m", "voipwatch.cli.serve_roles")
        self._stopping = False
        self._readers: set[asyncio.Task[None]] = set()
        self.broken = asyncio.Event()
        """Set when a process cannot be kept running."""
        self.children: dict[str, Child] = {}

    async def start(self, role: str, order: msgspec.Struct) -> Mapping[str, str]:
        """Start a process and wait until it is ready; the fields of its ready line.

        Raises:
            StartError: it ended before, for good or again and again for `PATIENCE_S`.
        """
        child = self.children[role] = Child(role, order)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            await self._spawn(child)
            status = await self._until_ready(child)
            if status is None:
                break
            if status == FOR_GOOD or loop.time() > deadline or self._stopping:
                raise StartError(role, child.failed or f"ended with status {status}")
            await asyncio.sleep(PAUSE_FIRST_S)
        child.minder = asyncio.create_task(self._mind(child))
        return fields_of(child.ready_line)

    async def stop(self, role: str) -> None:
        """Ask a process to stop, wait for it, kill it if it does not."""
        child = self.children.get(role)
        if child is None:
            return
        if child.minder is not None:
            child.minder.cancel()
            with suppress(asyncio.CancelledError):
                await child.minder
        process = child.process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            self._say(role, "died", "did not stop in time and was killed")
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def stopping(self) -> None:
        """From now on what ends is not started again."""
        self._stopping = True

    async def _spawn(self, child: Child) -> None:
        child.ready.clear()
        child.failed = child.trouble = ""
        process = child.process = await asyncio.create_subprocess_exec(
            *self._command,
            child.role,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None,
            limit=LINE_BYTES_MAX,
            start_new_session=True,  # Ctrl-C is for us; we tell them, in order
        )
        assert process.stdin is not None
        with suppress(ConnectionError):
            process.stdin.write(msgspec.json.encode(child.order) + b"\n")
            await process.stdin.drain()
        reader = asyncio.create_task(self._read(child, process))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)

    async def _until_ready(self, child: Child) -> int | None:
        """None once it is ready, its status where it ended before."""
        assert child.process is not None
        waits = [asyncio.create_task(child.ready.wait()), asyncio.create_task(child.process.wait())]
        try:
            await asyncio.wait(waits, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
            if child.ready.is_set():
                return None
            if child.process.returncode is None:
                child.process.kill()
                await child.process.wait()
                child.failed = "did not get ready in time"
            return child.process.returncode
        finally:
            for wait in waits:
                wait.cancel()

    async def _mind(self, child: Child) -> None:
        """Start it again whenever it ends."""
        pause_s = PAUSE_FIRST_S
        while True:
            assert child.process is not None
            status = await child.process.wait()
            if self._stopping:
                return
            self._say(child.role, "died", child.failed or f"ended with status {status}")
            if status == FOR_GOOD:
                self.broken.set()
                return
            # One that got ready died of something else than its circumstances: no longer pause.
            pause_s = PAUSE_FIRST_S if child.ready.is_set() else min(PAUSE_MOST_S, 2 * pause_s)
            await asyncio.sleep(pause_s)
            child.restarts += 1
            await self._spawn(child)

    async def _read(self, child: Child, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line beyond the limit is nobody's word
                continue
            if not line:
                return
            try:
                words = msgspec.json.decode(line, type=dict[str, str])
            except msgspec.DecodeError:
                continue
            for kind, text in words.items():
                if kind == "ready":
                    child.ready_line = text
                    child.ready.set()
                if kind == "failed":
                    child.failed = text
                if kind == "trouble":
                    child.trouble = text
                self._say(child.role, kind, text)


def fields_of(line: str) -> dict[str, str]:
    """`name=value` fields of a ready line."""
    return dict(part.split("=", 1) for part in line.split() if "=" in part)
