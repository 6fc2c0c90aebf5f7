"""The bench of collectors and loaders over a stream: what its section says of what was found."""

import socket
import threading
from types import SimpleNamespace
from typing import cast

import pytest

from scripts.bench_stream import Rates, section
from scripts.benchmarks.figures import Distribution
from scripts.benchmarks.streaming import Bodies, send

BODIES = cast("Bodies", SimpleNamespace(report_bytes=132_000))


def said(together: float, p95: float) -> str:
    waits = Distribution(1200, 1.5, p95, p95, 2 * p95)
    one, two = Rates(230.0, 60.0, 50.0), Rates(400.0, 100.0, together)
    return section(one, two, waits, "the command", 1, BODIES)


def test_two_of_each_are_held_against_twice_one_of_each() -> None:
    text = said(together=80.0, p95=2.0)
    assert "| acknowledged | 230 | 400 | 0.87 |" in text
    assert "| both at once | 50 | 80 | 0.80 |" in text
    assert "of the sum of the single rates | 0.80 | 0.7 | yes |" in text
    assert "95 % of 1,200 | 2.0 | under 5 | yes |" in text
    assert "| the longest, s (median 1.5) | 4.0 | under 5 | yes |" in text


def test_what_is_missed_is_said() -> None:
    text = said(together=60.0, p95=6.0)
    assert "of the sum of the single rates | 0.60 | 0.7 | **no** |" in text
    assert "95 % of 1,200 | 6.0 | under 5 | **no** |" in text
    assert "4.0 | under 5" not in text


ACCEPTED = b'{"results":[{"report_id":"%d","status":"accepted"}]}'
LATE = b'{"results":[{"report_id":"","status":"rejected"}]}'


class Collector:
    """Answers every request on one connection after the other."""

    def __init__(self, *, refuse_from: int = 1 << 30) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._server.getsockname()[1])
        self.requests = 0
        self._refuse_from, self._lock = refuse_from, threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            while sock.recv(1 << 16):
                with self._lock:
                    number, self.requests = self.requests, self.requests + 1
                body = ACCEPTED % number if number < self._refuse_from else LATE
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                sock.sendall(head)
                sock.sendall(body)  # in another piece than its head: an answer may come so

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


def test_each_request_goes_to_one_collector_once() -> None:
    collectors = [Collector(), Collector()]
    sent = send([each.port for each in collectors], [b"request"] * 50)
    for each in collectors:
        each.close()
    assert sum(each.requests for each in collectors) == 50
    assert sent.began_s <= min(sent.acknowledged.values())
    assert max(sent.acknowledged.values()) <= sent.ended_s


def test_a_report_that_is_not_taken_ends_the_bench() -> None:
    collector = Collector(refuse_from=10)
    with pytest.raises(SystemExit, match="rejected"):
        send([collector.port], [b"request"] * 20)
    collector.close()
