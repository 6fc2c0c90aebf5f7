"""kill -9 under load: what was acknowledged is on disk, once; what was not can be sent again."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.collector.submissions import REFLECTOR, Maker
from tests.collector.test_desk import on_disk
from tests.collector.test_geo import a_table
from tests.support.environment import REPOSITORY
from voipwatch.collector.spool import Damage, list_segments, read_segment
from voipwatch.wire.receipt import verify_document

KILLS = 15
BATCH = 6
PATIENCE_S = 60.0


class Lives:
    """One data folder, and the collectors that live on it one after the other."""

    def __init__(self, folder: Path, table: Path) -> None:
        command = [sys.executable, "-m", "tests.collector.forking", str(folder), REFLECTOR, str(table)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, bufsize=1
        )
        self.said: list[str] = []

    def start(self) -> tuple[int, int, str]:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        _, pid, port, key = self.until("ready").split()
        return int(pid), int(port), key

    def until(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return line
            self.said.append(line)
        raise AssertionError(f"the runner ended; it said {self.said}")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Load:
    """Senders that go on until the collector is gone; what they were told, and what they were not."""

    def __init__(self, bodies: dict[int, bytes]) -> None:
        self.bodies = bodies
        self.waiting = sorted(bodies)
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.number_of: dict[int, str] = {}
        self.lock = threading.Lock()
        self.answers = 0

    def run(self, port: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._send, args=(port, size)) for size in (1, 1, BATCH)]
        for thread in threads:
            thread.start()
        return threads

    def _send(self, port: int, size: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection:
            self._send_all(connection, size)

    def _send_all(self, connection: http.client.HTTPConnection, size: int) -> None:
        while True:
            with self.lock:
                numbers, self.waiting = self.waiting[:size], self.waiting[size:]
            if not numbers:
                return
            body = self.bodies[numbers[0]]
            if size > 1:
                body = b"[" + b",".join(self.bodies[number] for number in numbers) + b"]"
            try:
                connection.request("POST", "/api/v1/reports", body)
                answer = connection.getresponse()
                results = msgspec.json.decode(answer.read())["results"]
            except (OSError, http.client.HTTPException, msgspec.DecodeError):
                with self.lock:
                    self.waiting = numbers + self.waiting  # as a probe does: the same again, later
                return
            assert answer.status == 200, results
            with self.lock:
                self.answers += 1
                for number, result in zip(numbers, results, strict=True):
                    assert result["status"] == "accepted", result
                    self.told.setdefault(result["report_id"], []).append(result["receipt"])
                    self.number_of[number] = result["report_id"]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path, maker: Maker, seed: bytes) -> None:
    now_s = time.time()
    bodies = {number: maker.body(number, at_s=now_s) for number in range(400)}
    load = Load(bodies)
    folder = tmp_path / "data"
    lives = Lives(folder, a_table(tmp_path / "t.npz"))
    keys = set()
    try:
        for life in range(KILLS):
            pid, port, key = lives.start()
            keys.add(key)
            threads = load.run(port)
            drawn = int.from_bytes(blake2b(b"%d" % life, key=seed, digest_size=2).digest(), "big")
            time.sleep(0.002 + 0.12 * drawn / 65_536)  # the moment is the point: any in the life of a group
            os.kill(pid, signal.SIGKILL)
            lives.until("ended")
            for thread in threads:
                thread.join(PATIENCE_S)
            held = Counter(on_disk(folder))
            assert set(load.told) <= set(held), f"life {life}: acknowledged and not on disk"
            assert max(held.values(), default=1) == 1, f"life {life}: twice on disk"
            if not load.waiting:
                break
        pid, port, key = lives.start()
        for thread in load.run(port):
            thread.join(PATIENCE_S)
        os.kill(pid, signal.SIGTERM)
        lives.until("ended")
    finally:
        lives.close()
    assert load.waiting == []
    assert len(keys) == 1
    held = Counter(on_disk(folder))
    assert set(held) == set(load.told) == set(load.number_of.values())
    assert set(held.values()) == {1}
    assert len(held) == len(bodies)
    for receipts in load.told.values():
        assert all(verify_document(receipt, key) for receipt in receipts)
    damages = [
        item
        for segment in list_segments(folder / "spool")
        for item in read_segment(segment.path)
        if isinstance(item, Damage)
    ]
    assert damages == []
