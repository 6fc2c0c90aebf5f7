"""Measure how many signatures a second the forms take, and how fast a large petition's page is; write the
page.

python scripts/bench_petition.py            # about a minute on two idle cores
python scripts/bench_petition.py --write    # docs/benchmarks.md too
"""

import argparse
import http.client
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import select

from scripts.benchmarks import page
from scripts.benchmarks.figures import Distribution, distribution, this_machine
from scripts.benchmarks.figures import load as machine_load
from voipwatch.civic.keyed import TokenUse, token
from voipwatch.civic.petitions import read_petition
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.links import confirm_path
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.site.memory import MARKER
from voipwatch.site.serving import SiteOrder, free_port, run_site
from voipwatch.store.civic.opening import reading, writing
from voipwatch.store.civic.tables import PENDING, SIGNATURES

SECONDS: Final = 20.0
CLIENTS: Final = 16
SIGNED: Final = 100_000
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
PETITION: Final = """
id = "bench"
opens = {opens}
closes = {closes}
controller = {{ name = "n", address = "a", contact = "c" }}
[text.en]
title = "A title"
body = "A text of some length. {more}"
"""
SAYS: Final = (
    "Granian with two processes on two cores, SQLite, no answer before its synchronous commit, {clients} "
    "clients on kept connections on the same two cores. *Ask*: the form's POST, answered when the request "
    "and its mail are on disk in the queue. *Confirm*: the POST behind the mail's link. *Page*: one after "
    "the other, of a petition with {signed:,} signatures; *count*: one turn that counts them all."
)


def main() -> int:
    """Exit status 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--serve", nargs=2, metavar=("DIR", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        folder, port = Path(given.serve[0]), int(given.serve[1])
        order = SiteOrder(site=str(folder / "site"), campaigns=str(folder), port=port, processes=2)
        return run_site(order, lambda _port: print("ready", flush=True))
    before = machine_load()
    with tempfile.TemporaryDirectory() as place:
        ask, confirm, pages, count_s = measure(Path(place))
    machine = this_machine()
    rows = [
        ("ask", f"{ask:,.0f} a second", f"{TARGET_A_SECOND:.0f}"),
        ("confirm", f"{confirm:,.0f} a second", "–"),
        ("page, ms: median", f"{pages.p50:.1f}", f"{TARGET_PAGE_MS:.0f}"),
        ("page, ms: 99 %", f"{pages.p99:.1f}", "–"),
        ("count, ms", f"{count_s * 1000:.0f}", "–"),
    ]
    where = (
        f"`python scripts/bench_petition.py --write`, {machine.date} UTC, {machine.cpu}, {machine.cores} "
        f"cores, Python {machine.python}, load before it {before}."
    )
    text = "\n".join(
        [
            where,
            "",
            SAYS.format(clients=CLIENTS, signed=SIGNED),
            "",
            "| what | measured | asked for |",
            "| --- | --: | --: |",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )
    print(text)
    if given.write:
        page.write("petition", text)
    return 0 if ask >= TARGET_A_SECOND and pages.p50 <= TARGET_PAGE_MS else 1


def measure(folder: Path) -> tuple[float, float, Distribution, float]:
    """Requests and confirmations a second, milliseconds of pages, seconds of a count."""
    (folder / "campaigns.toml").write_text(SETTINGS, "utf-8")
    (folder / "site").mkdir()
    (folder / "site" / MARKER).write_text("{}", "utf-8")
    desk = Desk(read_settings(folder), upgrade=True)
    today = datetime.now(tz=UTC).date()
    text = PETITION.format(
        opens=today - timedelta(days=1), closes=today + timedelta(days=30), more="word " * 300
    )
    now_s = int(datetime.now(tz=UTC).timestamp())
    Office(desk, "bench").create(read_petition(text), now_s=now_s)
    port = free_port("127.0.0.1", 0)
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(folder), str(port)], stdout=subprocess.PIPE, env=os.environ
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline()
        form = [
            ("/campaigns/en/bench/sign", {"email": f"person{n}@d{n % 50}.example", "consent": "yes"})
            for n in range(200_000)
        ]
        ask = posts(port, form)
        pepper = desk.peppers.of("bench")
        assert pepper is not None
        with reading(desk.engine) as connection:
            waiting = [bytes(each) for each in connection.execute(select(PENDING.c.selector)).scalars()]
        links = [
            confirm_path("en", "bench", token(pepper, "bench", TokenUse.CONFIRM, each)) for each in waiting
        ]
        confirm = posts(port, [(link, {}) for link in links])
        with writing(desk.engine) as connection:
            rows = [
                {
                    "petition": "bench",
                    "hash": secrets.token_bytes(32),
                    "day": str(today),
                    "lang": "en",
                    "public_name": "",
                }
                for _ in range(SIGNED)
            ]
            connection.execute(SIGNATURES.insert(), rows)
        started = monotonic()
        Office(desk, "bench").turn(now_s)
        count_s = monotonic() - started
        pages = distribution(page_times(port, "/campaigns/{}/bench/"))
        assert pages is not None
        return ask, confirm, pages, count_s
    finally:
        server.terminate()
        server.wait(30)
        assert server.stdout is not None
        server.stdout.close()
        desk.close()


def posts(port: int, todo: list[tuple[str, dict[str, str]]]) -> float:
    """So many a second, with every answer 200; for SECONDS, or until all are done."""
    waiting, done = iter(todo), [0] * CLIENTS
    lock, end = threading.Lock(), monotonic() + SECONDS

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while monotonic() < end:
            with lock:
                one = next(waiting, None)
            if one is None:
                break
            kind = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", one[0], urlencode(one[1]), kind)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    started = monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (monotonic() - started)


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


if __name__ == "__main__":
    sys.exit(main())
