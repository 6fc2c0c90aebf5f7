"""coturn kept running: what is said of a death, to whom, and how it is started again."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from tests.site.linetest.served import free_port
from tests.support.environment import REPOSITORY, require
from voipwatch.site.linetest.relay import LIVED_S, KeptRelay, RelayWord
from voipwatch.site.linetest.turn import TurnError, TurnOptions, TurnServer, is_installed

KEEPING = """
import sys, time
from voipwatch.site.linetest.turn import TurnOptions, TurnServer
options = TurnOptions(address="127.0.0.1", far_end="127.0.0.1", port=int(sys.argv[1]))
with TurnServer(options, "0123456789abcdef", time.time) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


def test_the_word_is_the_number_of_the_one_that_runs(tmp_path: Path) -> None:
    word, elsewhere = RelayWord(tmp_path / "relay"), RelayWord(tmp_path / "relay")
    assert elsewhere.which() == ""
    word.runs(1)
    assert elsewhere.which() == "1"
    word.runs(2)
    assert elsewhere.which() == "2"
    word.stopped()
    word.stopped()
    assert elsewhere.which() == ""
    assert list(tmp_path.iterdir()) == []


class Server:
    """Not coturn: `starts` says how each start goes, `die` ends the one that runs."""

    def __init__(self, *starts: str) -> None:
        self._starts = list(starts)
        self._ends: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._running = False

    def __enter__(self) -> Self:
        problem = self._starts.pop(0)
        if problem:
            raise TurnError(problem)
        self._running = True
        return self

    def wait(self) -> int:
        return self._ends.get(timeout=60)

    def die(self, status: int = -9) -> None:
        self._running = False
        self._ends.put(status)

    def close(self) -> None:
        if self._running:
            self.die(0)


def kept(
    server: Server, word: RelayWord, say: Callable[[str], None], clock: Callable[[], float] = lambda: 0.0
) -> KeptRelay:
    return KeptRelay(server, word, say, wait_first_s=0.001, clock=clock)  # type: ignore[arg-type]  # a double


def test_a_death_is_said_and_mended_and_a_failing_start_said_once(tmp_path: Path) -> None:
    server, word = Server("", "held", "held", "no room", ""), RelayWord(tmp_path / "relay")
    heard: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    with kept(server, word, lambda line: heard.put((line, word.which()))):
        assert word.which() == "1"
        server.die()
        told = [heard.get(timeout=60) for _ in range(4)]
    for (line, running), (part, number) in zip(
        told, [("by signal 9", ""), ("held", ""), ("no room", ""), ("runs again", "2")], strict=True
    ):
        assert part in line
        assert running == number, line
    assert word.which() == ""
    assert heard.empty()


def test_a_first_start_that_fails_is_whose_it_is(tmp_path: Path) -> None:
    relay = kept(Server("not installed"), RelayWord(tmp_path / "relay"), lambda _: None)
    with pytest.raises(TurnError, match="not installed"):
        relay.__enter__()


def test_waits_double_up_to_a_minute_and_begin_anew_after_a_long_life(tmp_path: Path) -> None:
    """What `_again` waits, seen where it waits."""
    waits: list[float] = []
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    now_s = [0.0]
    server = Server("", *["held"] * 3, "", "")
    relay = KeptRelay(server, RelayWord(tmp_path / "relay"), heard.put, clock=lambda: now_s[0])  # type: ignore[arg-type]  # a double

    class Stopping:
        stopped = False

        def wait(self, wait_s: float) -> bool:
            waits.append(wait_s)
            return self.stopped

        def is_set(self) -> bool:
            return self.stopped

        def set(self) -> None:
            self.stopped = True

    relay._stopping = Stopping()  # type: ignore[assignment]  # the same
    with relay:
        server.die()
        while "runs again" not in heard.get(timeout=60):
            pass
        now_s[0] = LIVED_S + 1
        server.die()
        while "runs again" not in heard.get(timeout=60):
            pass
    assert waits == [1.0, 2.0, 4.0, 8.0, 1.0]


def await_word(word: RelayWord, wanted: str) -> None:
    deadline_s = time.monotonic() + 60
    while word.which() != wanted:
        assert time.monotonic() < deadline_s, word.which()
        time.sleep(0.01)


def test_a_real_coturn_that_is_killed_comes_back(tmp_path: Path) -> None:
    require(is_installed(), "no coturn: apt-get install coturn")
    port = free_port()
    server = TurnServer(
        TurnOptions(address="127.0.0.1", far_end="127.0.0.1", port=port), "0123456789abcdef", lambda: 0.0
    )
    word = RelayWord(tmp_path / "relay")
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    with KeptRelay(server, word, heard.put, wait_first_s=0.01):
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert "by signal 9" in heard.get(timeout=60)
        await_word(word, "2")
        second = server.pid
        assert second not in {None, first}
        assert server.is_alive()
    assert second is not None
    assert not Path(f"/proc/{second}").exists()


def test_coturn_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    """Killed outright, so that nothing of ours could end it."""
    require(is_installed(), "no coturn: apt-get install coturn")
    require(shutil.which("setpriv") is not None, "no setpriv: apt-get install util-linux")
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPING, str(free_port())],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), "TMPDIR": str(tmp_path)},
    )
    assert keeper.stdout is not None
    try:
        pid = int(keeper.stdout.readline())
        coturn = Path(f"/proc/{pid}/cmdline")
        assert b"turnserver" in coturn.read_bytes()
    finally:
        keeper.kill()
        keeper.wait()
        keeper.stdout.close()
    deadline_s = time.monotonic() + 60
    while coturn.exists() and b"turnserver" in coturn.read_bytes():
        if time.monotonic() > deadline_s:
            os.kill(pid, signal.SIGKILL)
            pytest.fail("coturn went on")
        time.sleep(0.05)
