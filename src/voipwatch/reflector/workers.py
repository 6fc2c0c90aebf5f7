"""Several processes on the ports of one reflector, and who starts them, misses them and ends them.

This process binds every port once for each worker and keeps all these sockets: the kernel numbers them in the
order in which they were bound (`steering`), and a worker that dies leaves no gap, for the next one takes over
its sockets with what waits in them.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, TextIO, cast

from voipwatch.reflector.binding import Bound, bind_all
from voipwatch.reflector.core import Part
from voipwatch.reflector.options import ReflectorOptions
from voipwatch.reflector.peers import Boxes
from voipwatch.reflector.server import Prepared, Team, prepare, say_to, serve_bound
from voipwatch.reflector.steering import steer

DEATHS_MAX: Final = 10
DEATHS_S: Final = 60.0
"""More deaths in this time are no accident: the reflector ends, and whoever runs it is told."""
END_S: Final = 15.0
"""For workers to write down what they keep."""
_SIGNALS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})


class WorkersDiedError(RuntimeError):
    """Workers die faster than they should be started again."""


@dataclass
class Group:
    """Every port, bound once for each worker."""

    bound: list[Bound] = field(default_factory=list)

    @classmethod
    def bind(cls, options: ReflectorOptions, prepared: Prepared) -> "Group":
        """Raises OSError when the control channel cannot be had, or the kernel cannot deal."""
        # Alone first: a shared port would be shared with any other program of this user, unseen.
        alone = bind_all(options, udp=prepared.udp, tcp_trials=prepared.tcp)
        port = alone.controls[0].getsockname()[1]
        udp = tuple(port for port in prepared.udp if f"udp/{port}" not in alone.unbound)
        trials = tuple(port for port in prepared.tcp if f"tcp/{port}" not in alone.unbound)
        unbound = alone.unbound
        alone.close()
        group = cls()
        try:
            for _ in range(options.workers):
                mine = bind_all(replace(options, control_port=port), udp=udp, tcp_trials=trials, shared=True)
                mine.unbound |= unbound
                group.bound.append(mine)
            for each in group.sockets(0):
                steer(each, options.workers)
        except OSError:
            group.close()
            raise
        return group

    def sockets(self, worker: int) -> list[socket.socket]:
        """All of one worker."""
        bound = self.bound[worker]
        return [*(each.sock for each in bound.udp), *bound.trials, *bound.controls]

    def close(self) -> None:
        """Give everything back."""
        for each in self.bound:
            each.close()


class Supervisor:
    """Runs the workers of one reflector."""

    def __init__(self, options: ReflectorOptions, prepared: Prepared) -> None:
        self._options = options
        self._prepared = prepared
        self._say = say_to(options.log)
        self._pids: dict[int, int] = {}
        """Process id -> worker."""
        self._deaths: deque[float] = deque(maxlen=DEATHS_MAX)
        self._alive = os.pipe()
        """Closed by the end of this process, however it ends: workers then end too."""

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError, WorkersDiedError."""
        prepared, count = self._prepared, self._options.workers
        prepared.folder.deal_tickets(count)
        self._group = Group.bind(self._options, prepared)
        self._boxes = Boxes.make(count)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            lines = [self._start(worker) for worker in range(count)]
            if not all(lines):
                raise WorkersDiedError("a worker ended before it was ready")
            self._options.ready.write(f"{lines[0].rstrip()} workers={count}\n")
            self._options.ready.flush()
            self._watch()
        finally:
            self._end_all()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self._boxes.close()
            self._group.close()
            for each in self._alive:
                os.close(each)

    def _watch(self) -> None:
        while signal.sigwait(_SIGNALS) == signal.SIGCHLD:
            for worker in self._reap():
                self._deaths.append(time.monotonic())
                if len(self._deaths) == DEATHS_MAX and self._deaths[-1] - self._deaths[0] < DEATHS_S:
                    raise WorkersDiedError(f"{DEATHS_MAX} workers died within {DEATHS_S:.0f} s")
                self._say(f"worker {worker} died; another one takes its place")
                self._start(worker)

    def _reap(self) -> list[int]:
        """Workers that have ended, by now."""
        return [self._pids.pop(pid) for pid in list(self._pids) if os.waitpid(pid, os.WNOHANG)[0]]

    def _start(self, worker: int) -> str:
        """Its ready line, empty where it ended before it had one."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # else what waits in it is written by both
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            os._exit(self._work(worker, write))
        os.close(write)
        self._pids[pid] = worker
        with os.fdopen(read, encoding="utf-8") as pipe:
            return pipe.readline()

    def _work(self, worker: int, ready: int) -> int:
        """The life of a worker, in its own process."""
        try:
            os.close(self._alive[1])
            for other, bound in enumerate(self._group.bound):
                if other != worker:
                    bound.close()
            with os.fdopen(ready, "w", encoding="utf-8") as line:
                log = cast("TextIO", WorkerLog(worker, self._options.log))
                options = replace(self._options, ready=line, log=log)
                asyncio.run(self._serve(worker, options))
        except (OSError, ValueError, RuntimeError, KeyboardInterrupt) as error:
            say_to(self._options.log)(f"worker {worker} ended: {type(error).__name__} {error}")
            return 1
        return 0

    async def _serve(self, worker: int, options: ReflectorOptions) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        loop.add_reader(self._alive[0], stop.set)
        team = Team(Part(worker, options.workers), self._boxes)
        await serve_bound(options, self._prepared, self._group.bound[worker], stop=stop, team=team)

    def _end_all(self) -> None:
        for pid in self._pids:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + END_S
        while self._pids and (left := deadline - time.monotonic()) > 0:
            signal.sigtimedwait(frozenset({signal.SIGCHLD}), min(left, 0.5))
            self._reap()
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._pids.clear()


class WorkerLog:
    """Lines of one worker, that say so."""

    def __init__(self, worker: int, log: TextIO) -> None:
        self._worker = worker
        self._log = log

    def write(self, text: str) -> int:
        """As a text stream."""
        return self._log.write(text.replace("reflector:", f"reflector {self._worker}:", 1))

    def flush(self) -> None:
        """As a text stream."""
        self._log.flush()


def run_workers(options: ReflectorOptions) -> int:
    """Serve in the foreground until SIGTERM or SIGINT; returns the exit status (0).

    Raises:
        OSError: no control channel can be had, or the kernel shares no ports.
        WorkersDiedError: they die again and again.
    """
    Supervisor(options, prepare(options, say_to(options.log))).run()
    return 0
