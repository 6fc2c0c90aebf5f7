"""Loads a server with `ab` (apache2-utils), the same for every server: what it carries, who waits."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SITE: Final = """
import sys
from voipwatch.site.serving import SiteOrder, run_site

def ready(port):
    print(port, flush=True)

if __name__ == "__main__":
    sys.exit(run_site(SiteOrder(site=sys.argv[1], processes=int(sys.argv[2])), ready))
"""
BARE: Final = """
import sys, threading, time
from granian.constants import HTTPModes, Interfaces
from granian.server import Server
from voipwatch.site.serving import _tell_ready, free_port

if __name__ == "__main__":
    port = free_port("127.0.0.1", 0)
    server = Server(
        "scripts.benchmarks.bare:app", address="127.0.0.1", port=port, interface=Interfaces.ASGINL,
        workers=int(sys.argv[2]), http=HTTPModes.http1, websockets=False, backlog=4096,
        log_enabled=False, log_access=False,
    )
    ended = threading.Event()
    told = lambda port: print(port, flush=True)
    threading.Thread(target=_tell_ready, args=("127.0.0.1", port, told, ended), daemon=True).start()
    server.serve()
"""
_NUMBER: Final = {
    "per_second": re.compile(rb"Requests per second:\s+([\d.]+)"),
    "failed": re.compile(rb"Failed requests:\s+(\d+)"),
    "refused": re.compile(rb"Non-2xx responses:\s+(\d+)"),
    "bytes": re.compile(rb"Document Length:\s+(\d+)"),
    "took_s": re.compile(rb"Time taken for tests:\s+([\d.]+)"),
}


class Loaded(msgspec.Struct, frozen=True):
    """One run of `ab`."""

    per_second: float
    median_ms: float
    p99_ms: float
    failed: int
    """Broken, cut short, or with a status that is no success."""
    body_bytes: int
    """Of one answer, as sent."""
    took_s: float


def load(url: str, *, requests: int, at_once: int, keep: bool) -> Loaded:
    """So many requests, so many of them at once, on connections that are kept or are new each time.

    Raises:
        subprocess.CalledProcessError: the server did not hold, or there is nothing.
        FileNotFoundError: `ab` is not installed.
    """
    times = REPOSITORY / f".ab-{os.getpid()}.csv"
    arguments = ["ab", "-q", "-n", str(requests), "-c", str(at_once), "-s", "30", "-e", str(times)]
    arguments += ["-H", "Accept-Encoding: gzip", *(["-k"] if keep else []), url]
    try:
        out = subprocess.run(arguments, check=True, capture_output=True).stdout
        lines = [line.split(",") for line in times.read_text().splitlines()[1:]]
    finally:
        times.unlink(missing_ok=True)
    waits = {int(percent): float(milliseconds) for percent, milliseconds in lines}
    found = {name: float(match[1]) if (match := form.search(out)) else 0.0 for name, form in _NUMBER.items()}
    return Loaded(
        per_second=found["per_second"],
        median_ms=waits[50],
        p99_ms=waits[99],
        failed=int(found["failed"] + found["refused"]),
        body_bytes=int(found["bytes"]),
        took_s=found["took_s"],
    )


@contextmanager
def running(program: str, site: Path, processes: int) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The server's address, without a slash at its end, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(site), str(processes)],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env=dict(os.environ) | {"PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"},
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def memory_mb(pid: int) -> float:
    """Resident, of a process and its children (Linux)."""
    children = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(each) for each in (task / "children").read_text().split()]
    kilobytes = 0
    for each in children:
        status = Path(f"/proc/{each}/status").read_text()
        kilobytes += int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]  # Linux has the line
    return kilobytes / 1000
