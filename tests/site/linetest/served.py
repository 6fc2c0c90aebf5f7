"""The served site as a child of a test: started, stopped, started again on the same port."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.site.linetest.line_site import write_line_test_site
from tests.support.environment import REPOSITORY


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Served:
    """A site with the line test; `line_test` is a `LineTestOrder`, without its folder of reports."""

    def __init__(
        self,
        folder: Path,
        *,
        bind: str = "127.0.0.1",
        port: int = 0,
        far_end: bool = True,
        processes: int = 1,
        site: Path | None = None,
        mounted: bool = True,
        path: str = "",
        entry: Sequence[str] = (),
        **line_test: object,
    ) -> None:
        """Starts it.

        `folder` is where the reports and its error output lie, and the site where `site` is None; `far_end`:
        whether aiortc is there; `mounted`: whether the line test is served at all, as a mirror does not;
        `path`: where programs are, if not everywhere; `entry`: a program and its arguments that run what
        follows in another place.
        """
        self.inbox = folder / "inbox"
        self.port = port or free_port()
        self.root = f"http://{bind}:{self.port}"
        self._entry = list(entry)
        self._environment = {**os.environ, **({"PATH": path} if path else {})}
        self._err = folder / "err"
        self._order: dict[str, Any] = {
            "site": str(site or write_line_test_site(folder / "site")),
            "bind": bind,
            "port": self.port,
            "processes": processes,
            "far_end": far_end,
            "line_test": {"address": bind, "reports": str(self.inbox), **line_test} if mounted else None,
        }
        self.said: list[str] = []
        """Before it was ready."""
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        path = os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)])
        with self._err.open("ab") as err:
            self.process = subprocess.Popen(
                [*self._entry, sys.executable, "-m", "tests.site.linetest.serving"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, start_new_session=True,
                env={**self._environment, "PYTHONPATH": path},
            )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(self._order).encode() + b"\n")
        self.process.stdin.flush()
        while not (line := self.line()).startswith("ready"):
            if not line:
                self.stop()
                raise AssertionError(self._err.read_text("utf-8"))
            self.said.append(line)

    def line(self) -> str:
        """The next thing that it says; waits for it. Empty: it has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def relay_pid(self) -> int:
        """Of the coturn that it has started. AssertionError: none runs."""
        assert self.process is not None
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):
                known = dict(line.split(":", 1) for line in status.read_text().splitlines())
                if known["Name"].strip() == "turnserver" and int(known["PPid"]) == self.process.pid:
                    return int(status.parent.name)
        raise AssertionError("no coturn runs")

    def stop(self) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
