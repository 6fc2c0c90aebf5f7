"""The site with its campaigns under load: what the benchmarks of petitions and of pledges share."""

import http.client
import os
import subprocess
import sys
import threading
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import urlencode

from scripts.benchmarks.figures import Machine
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.site.memory import MARKER
from voipwatch.site.serving import SiteOrder, free_port, run_site

SECONDS: Final = 20.0
CLIENTS: Final = 16
PAGES: Final = 300
TARGET_A_SECOND: Final = 200.0
TARGET_PAGE_MS: Final = 50.0
SETTINGS: Final = """
url = "http://127.0.0.1"
posts_a_minute = 1000000
[mail]
sender = "no-reply@watch.example"
bounces = "bounces@watch.example"
"""


def arguments(description: str | None) -> Namespace:
    """`--write`, and for the process that serves `--serve DIR PORT`."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--serve", nargs=2, metavar=("DIR", "PORT"), help=SUPPRESS)
    return parser.parse_args()


def serve(folder: Path, port: int) -> int:
    """The site in two processes, until it is terminated."""
    order = SiteOrder(site=str(folder / "site"), campaigns=str(folder), port=port, processes=2)
    return run_site(order, lambda _port: print("ready", flush=True))


def desk_in(folder: Path, settings: str = SETTINGS) -> Desk:
    """An instance in an empty folder, beside a site without pages."""
    (folder / "campaigns.toml").write_text(settings, "utf-8")
    (folder / "site").mkdir()
    (folder / "site" / MARKER).write_text("{}", "utf-8")
    return Desk(read_settings(folder), upgrade=True)


@contextmanager
def served(script: str, folder: Path) -> Iterator[int]:
    """The port of `script --serve`, which calls `serve`, in a process of its own."""
    port = free_port("127.0.0.1", 0)
    line = [sys.executable, script, "--serve", str(folder), str(port)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, env=os.environ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline()
            yield port
        finally:
            server.terminate()
            server.wait(30)


def posts(port: int, todo: Sequence[tuple[str, dict[str, str]]]) -> tuple[int, float]:
    """How many were answered with 200, and how many that is a second; for SECONDS, or until all are done.

    Raises:
        RuntimeError: one was answered otherwise.
    """
    waiting, done, wrong = iter(todo), [0] * CLIENTS, set[int]()
    lock, end = threading.Lock(), monotonic() + SECONDS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while monotonic() < end and not wrong:
            with lock:
                one = next(waiting, None)
            if one is None:
                break
            kind = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", one[0], urlencode(one[1]), kind)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                wrong.add(answer.status)
                break
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    started = monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"answered {sorted(wrong)}")
    return sum(done), sum(done) / (monotonic() - started)


def page_times(port: int, path: str) -> list[float]:
    """Milliseconds of one page after the other; `path` has a place for the language."""
    found = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(PAGES):
        started = monotonic()
        connection.request("GET", path.format(("en", "fr", "ar")[number % 3]))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        found.append((monotonic() - started) * 1000)
    connection.close()
    return found


def section(
    script: str, machine: Machine, load: float | None, says: str, rows: Sequence[tuple[str, str, str]]
) -> str:
    """Its part of docs/benchmarks.md; `load`: before it, `rows`: what, measured, asked for."""
    where = (
        f"`python scripts/{Path(script).name} --write`, {machine.date} UTC, {machine.cpu}, {machine.cores} "
        f"cores, Python {machine.python}, load before it {load}."
    )
    lines = (f"| {' | '.join(row)} |" for row in rows)
    table = ["| what | measured | asked for |", "| --- | --: | --: |", *lines]
    return "\n".join([where, "", says, "", *table])
