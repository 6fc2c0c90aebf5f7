"""The real server over loopback, in a process of its own."""

import gzip
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import msgspec
import pytest

from tests.site.asked import write_site
from tests.site.linetest.test_inbox import body as report
from tests.site.made import incident, page, state, write_bundle
from voipwatch.site.linetest.mounting import LINE_TEST, LineTestOrder
from voipwatch.site.memory import BadSiteError
from voipwatch.site.serving import SiteOrder, free_port, run_site

PAGE = b"<!DOCTYPE html><p>page</p>" + b" " * 5000
BIG = bytes(range(256)) * 4096
PROGRAM = """
import sys
from pathlib import Path
import msgspec
from voipwatch.site.linetest.mounting import LineTestOrder
from voipwatch.site.serving import SiteOrder, run_site

def ready(port):
    print("ready", port, flush=True)

if __name__ == "__main__":
    tested = msgspec.json.decode(sys.argv[3], type=LineTestOrder) if sys.argv[3:] else None
    order = SiteOrder(
        site=sys.argv[1], processes=int(sys.argv[2]), base_url="https://a.example", line_test=tested
    )
    sys.exit(run_site(order, ready, lambda line: print(line, flush=True)))
"""

SLOWLY = """
import sys
import time
from voipwatch.site import serving

def slowly(*_):
    print("loading, forked:", hasattr(sys, "of_the_parent"), flush=True)
    time.sleep(600)

serving.read_memory = slowly
process = serving.app_from_environment
"""


def site(folder: Path) -> Path:
    one = incident()
    write_bundle(folder / "bundle", [page((one,))], [one], states=[state(state="blocked")])
    return write_site(folder, {"en/index.html": PAGE, "bundle/big.sqlite": BIG})


@contextmanager
def served(folder: Path, processes: int = 1, *order: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Its process and port; everything that it leaves is in `folder`. `order`: of its line test, JSON."""
    (folder / "home").mkdir(exist_ok=True)
    room = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "home")}
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder / "site"), str(processes), *order],
            stdout=subprocess.PIPE, stderr=out, cwd=folder / "home", env=dict(os.environ) | room,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:1] == [b"ready"], (folder / "out").read_bytes()
        yield process, int(line[1])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def get(
    port: int, path: str, method: str = "GET", body: bytes | None = None, /, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with suppress(OSError):
            connection.sendall(request)
        found = b""
        with suppress(OSError):
            while piece := connection.recv(65536):
                found += piece
        return found


def test_the_real_server_serves_pages_ranges_and_the_counter_and_keeps_nothing(tmp_path: Path) -> None:
    marker = "Marker-6f3a91"
    site(tmp_path / "site")
    before = sorted(path for path in tmp_path.rglob("*"))
    with served(tmp_path, processes=2) as (process, port):
        status, headers, body = get(port, f"/en/?q={marker}", accept_encoding="gzip", user_agent=marker)
        assert (status, gzip.decompress(body)) == (200, PAGE)
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert get(port, "/en/", if_none_match=headers["etag"], accept_encoding="gzip")[0] == 304
        assert get(port, "/bundle/big.sqlite")[2] == BIG
        assert get(port, "/bundle/big.sqlite", range="bytes=300-400000")[2] == BIG[300:400001]
        status, headers, body = get(port, "/counter/MA.json", referer=f"https://{marker}.example/")
        assert (status, headers["access-control-allow-origin"]) == (200, "*")
        assert get(port, "/en/", "HEAD")[2] == b""
        assert get(port, f"/{marker}", user_agent=marker, x_forwarded_for="198.51.100.77")[0] == 404
        assert get(port, "/en/", "POST", user_agent=marker)[0] == 405
        # Odd requests: answered or refused, and the next reader is served all the same.
        raw(port, b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        traversal = raw(
            port, b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        assert b"root:" not in traversal
        assert b" 404 " in traversal.split(b"\r\n")[0]
        huge = b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 200_000 + b"\r\n\r\n"
        assert b" 200 " not in raw(port, huge)[:20]
        assert b" 200 " not in raw(port, b"\x16\x03\x01nonsense\r\n\r\n")[:20]
        assert get(port, "/en/")[0] == 200
        # A person's words are nowhere: not in a file, not in what it said.
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stdout is not None
        said = process.stdout.read()
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path not in before]
    for content in (said, *(path.read_bytes() for path in left)):
        for trace in (marker, "198.51.100.77", "127.0.0.1"):
            assert trace.encode() not in content
    assert {path.name for path in left} <= {"out"}


def traces_in(folder: Path, before: set[Path], traces: tuple[bytes, ...]) -> list[tuple[str, bytes]]:
    """Which new files below `folder` hold which of them; a name of a file counts, too."""
    found = []
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        held = name.encode()
        with suppress(OSError):  # gone again, or a pipe that nobody writes
            held += path.read_bytes() if path.is_file() and path not in before else b""
        found += [(name, trace) for trace in traces if trace in held]
    return found


def test_while_it_runs_nothing_on_its_disk_is_of_who_asks(tmp_path: Path) -> None:
    """With line test, reports, far end and relay: what these share lies on the disk meanwhile."""
    marker, visitor = "Marker-6f3a91", "198.51.100.77"
    traces = (marker.encode(), visitor.encode(), socket.inet_aton(visitor))
    site(tmp_path / "site")
    before = set(tmp_path.rglob("*"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port_of_relay = int(free.getsockname()[1])
    order = LineTestOrder(
        address="127.0.0.1",
        reports=str(tmp_path / "inbox"),
        turn=which("turnserver") is not None,
        turn_port=port_of_relay,
        proxies=("127.0.0.1/32",),
    )
    person = {"user_agent": marker, "x_forwarded_for": visitor, "referer": f"https://{marker}.example/"}
    typed = person | {"content_type": "application/json"}
    page_url = "https%3A%2F%2Fa.example%2Fcounter%2Fen%2FMA%2F"
    with served(tmp_path, 2, msgspec.json.encode(order).decode()) as (_, port):
        shared = list((tmp_path / "home").glob("voipwatch-*"))
        assert shared, "what processes share is where this test looks"
        for n in range(40):
            for path in (
                "MA.json",
                "en/MA.svg",
                "fr/MA/",
                "ar/MA.zip",
                "MA-2016-01-a.json",
                f"{marker}.json",
            ):
                status = get(port, f"/counter/{path}?q={marker}{n}", **person)[0]
                assert status == (404 if marker in path else 200)
            assert get(port, f"/oembed?url={page_url}&q={marker}{n}", **person)[0] == 200
            assert get(port, "/status/MA.json", **person)[0] == 200
            assert get(port, f"{LINE_TEST}config.json?q={marker}", **person)[0] == 200
            if n % 20 == 0:
                refused = get(port, f"{LINE_TEST}reports", "POST", marker.encode(), **typed)
                assert refused[0] == 422
                hour = f"{datetime.now(tz=UTC):%Y-%m-%dT%H}:00:00Z"
                assert get(port, f"{LINE_TEST}reports", "POST", report(hour=hour), **typed)[0] == 204
                asked = {"arms": [{"arm": "direct", "sdp": f"v=0 {marker}"}]}
                get(port, f"{LINE_TEST}calls", "POST", msgspec.json.encode(asked), **typed)
                assert traces_in(tmp_path, before, traces) == []
        assert traces_in(tmp_path, before, traces) == []
    assert traces_in(tmp_path, before, traces) == []


def test_the_grep_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a-198.51.100.77").write_bytes(b"")
    (tmp_path / "log").write_bytes(b"x Marker-6f3a91 y")
    traces = (b"Marker-6f3a91", b"198.51.100.77")
    found = sorted(traces_in(tmp_path, set(), traces))
    assert found == [("a-198.51.100.77", b"198.51.100.77"), ("log", b"Marker-6f3a91")]


def test_a_swapped_site_is_taken_over(tmp_path: Path) -> None:
    site(tmp_path / "one")
    site(tmp_path / "two")
    (tmp_path / "two/en/index.html").write_bytes(b"new")
    (tmp_path / "site").symlink_to("one")
    with served(tmp_path) as (_, port):
        assert get(port, "/en/")[2] == PAGE
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(tmp_path / "site")
        deadline = time.monotonic() + 60
        while get(port, "/en/")[2] != b"new":
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_whoever_started_it_being_killed_ends_it(tmp_path: Path) -> None:
    site(tmp_path / "site")
    with served(tmp_path) as (process, port):
        process.kill()
        process.wait()
        deadline = time.monotonic() + 60
        with pytest.raises(OSError):  # noqa: PT011, PT012 -- refused, or reset while it ends
            while time.monotonic() < deadline:
                get(port, "/en/")
                time.sleep(0.1)


def test_a_process_starts_from_nothing_and_a_stop_while_it_loads_is_a_stop(tmp_path: Path) -> None:
    """A fork beside the thread that asks whether it answers hung about one start in ten."""
    site(tmp_path / "site")
    (tmp_path / "slow_site.py").write_text(SLOWLY)
    program = PROGRAM.replace(
        "run_site(order, ready,", 'run_site(order, ready, target="slow_site:process", say='
    )
    assert program != PROGRAM
    program = "import sys; sys.of_the_parent = True\n" + program
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "site"), "1"],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"loading, forked: False\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stdout.read() == b""  # and nobody holds its other end
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_no_site_and_a_held_port_are_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(BadSiteError):
        run_site(SiteOrder(site=str(tmp_path / "none")))
    write_site(tmp_path, {"index.html": b"x"})
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(OSError, match="in use"):
            run_site(SiteOrder(site=str(tmp_path), port=held.getsockname()[1]))
        assert free_port("127.0.0.1", 0) != held.getsockname()[1]
