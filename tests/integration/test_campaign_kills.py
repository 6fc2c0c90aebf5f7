"""Petitions under SIGKILL: nothing confirmed is lost or counted twice, nothing revoked comes back."""

import http.client
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from tests.site.asked import write_site
from tests.site.campaigns.instance import PETITION, folder_of
from tests.support.civic_database import database_url, postgresql_server
from tests.support.environment import REPOSITORY
from tests.support.mail_server import Answers, mail_server
from voipwatch.civic.keyed import address_hash
from voipwatch.civic.petitions import read_petition
from voipwatch.site.app import wall_clock
from voipwatch.site.campaigns.desk import Desk, day_of
from voipwatch.site.campaigns.office import Office
from voipwatch.site.serving import free_port
from voipwatch.store.civic.opening import reading
from voipwatch.store.civic.tables import SIGNATURES

__all__ = ["database_url", "postgresql_server"]
SEED = int(os.environ.get("VOIPWATCH_KILL_SEED", "7"))
KILLS = int(os.environ.get("VOIPWATCH_KILLS", "3"))
CLIENTS = 4
PATIENCE_S = 120
LINK = re.compile(rb"https://watch\.example(/campaigns/en/calls/(?:confirm|revoke)/[\w-]+)")


@dataclass
class People:
    """Who signs, and every fifth who takes it back; each step is repeated until it is answered."""

    port: int
    answers: Answers
    enough: threading.Event = field(default_factory=threading.Event)
    confirmed: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    tries: int = 0

    def have_confirmed(self, count: int) -> bool:
        """So many at least."""
        return len(self.confirmed) >= count

    def post(self, path: str, **form: str) -> int:
        """The status, however often it takes; 0 where nobody answers for that long."""
        end = monotonic() + PATIENCE_S
        while monotonic() < end:
            self.tries += 1
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                kind = {"content-type": "application/x-www-form-urlencoded"}
                connection.request("POST", path, urlencode(form), kind)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                threading.Event().wait(0.05)
                continue
            finally:
                connection.close()
            if status != 503:
                return status
        return 0

    def links(self, address: str) -> list[str]:
        """Of the mail to an address, once it is there; none where the test is over before."""
        end = monotonic() + PATIENCE_S
        while monotonic() < end:
            for mail in list(self.answers.taken):
                if mail.recipients == [address]:
                    whole = mail.content.replace(b"=\r\n", b"")
                    return [each.decode() for each in dict.fromkeys(LINK.findall(whole))]
            threading.Event().wait(0.05)
        self.wrong.append(f"no mail to {address}")
        return []

    def live(self, number: int) -> None:
        """One client, person after person."""
        for person in range(number, 1_000_000, CLIENTS):
            if self.enough.is_set():
                return
            # Few to a domain: one may be sent 200 mails a day.
            address = f"person{person}@d{person // 700}-{person % 7}.example"
            if self.post("/campaigns/en/calls/sign", email=address, consent="yes") != 200:
                self.wrong.append(f"sign {address}")
                return
            links = self.links(address)
            if not links:
                return
            # 410: it was confirmed by a try whose answer was lost, for nobody else has the link.
            status = self.post(links[0])
            if status not in {200, 410}:
                self.wrong.append(f"confirm {address}: {status}")
                return
            self.confirmed.add(address)
            if person % 5 == 0:
                if self.post(links[1]) != 200:
                    self.wrong.append(f"revoke {address}")
                    return
                self.revoked.add(address)


class Processes:
    """The site, whose worker is killed and started again by Granian, and the process of the mails."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        self.folder, self.port, self.log = folder, port, log
        self.mails = self.start("mails")
        self.site = self.start("site")

    def start(self, role: str) -> "subprocess.Popen[str]":
        with self.log.open("ab") as errors:
            made = subprocess.Popen(
                [sys.executable, "-m", "tests.support.campaigns_process", role, str(self.folder),
                 str(self.port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=REPOSITORY,
                env=os.environ | {"PYTHONPATH": f"{REPOSITORY}/src:{REPOSITORY}"},
            )  # fmt: skip
        assert made.stdout is not None
        assert made.stdout.readline(), self.log.read_text("utf-8")
        return made

    def kill(self, role: str) -> bool:
        """SIGKILL; whether there was somebody to kill."""
        if role == "mails":
            self.mails.kill()
            self.mails.wait()
            assert self.mails.stdout is not None
            self.mails.stdout.close()
            self.mails = self.start("mails")
            return True
        self.look()
        workers = workers_of(self.site.pid)
        if not workers:
            return False
        with suppress(ProcessLookupError):
            os.kill(workers[0], signal.SIGKILL)
        return True

    def look(self) -> None:
        """Granian gives up where a worker dies twice within seconds; `serve` then starts the site again."""
        if self.site.poll() is not None:
            assert self.site.stdout is not None
            self.site.stdout.close()
            self.site = self.start("site")

    def look_until(self, done: Callable[[], bool], most_s: float) -> None:
        """Look after the site until then."""
        end = monotonic() + most_s
        while not done() and monotonic() < end:
            self.look()
            threading.Event().wait(0.05)

    def stop(self) -> None:
        for process in (self.site, self.mails):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def workers_of(parent: int) -> list[int]:
    """Processes of Granian's that serve: children that are no helper of multiprocessing."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = (place / "stat").read_text().rpartition(")")[2].split()
            if int(told[1]) == parent and b"resource_tracker" not in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return sorted(found)


@pytest.mark.slow
def test_nothing_confirmed_is_lost_or_doubled(tmp_path: Path, database_url: str) -> None:
    print(f"seed {SEED}, {KILLS} kills, {database_url.partition(':')[0]}")  # noqa: T201 -- a random test says its seed
    chance = random.Random(SEED)
    answers, now_s = Answers(), int(wall_clock())
    write_site(tmp_path / "site", {"index.html": b"x"})
    port = free_port("127.0.0.1", 0)
    with mail_server(answers) as smtp:
        campaigns = folder_of(tmp_path / "campaigns", database=database_url, port=smtp)
        desk = Desk(campaigns, upgrade=True)
        text = PETITION.replace("2026-11-01", day_of(now_s - 86_400)).replace(
            "2026-12-01", day_of(now_s + 86_400 * 9)
        )
        Office(desk, "tests").create(read_petition(text), now_s=now_s)
        processes = Processes(campaigns.folder, port, tmp_path / "log")
        people = People(port, answers)
        clients = [
            threading.Thread(target=people.live, args=(number,), daemon=True) for number in range(CLIENTS)
        ]
        try:
            for client in clients:
                client.start()
            killed: Counter[str] = Counter()
            for _ in range(KILLS):
                # Somebody gets on again in between: a kill of what has only begun to start shows nothing.
                processes.look_until(partial(people.have_confirmed, len(people.confirmed) + 1), PATIENCE_S)
                people.enough.wait(chance.uniform(0.05, 1.2))
                processes.look()
                role = chance.choice(["site", "site", "mails"])
                killed[role] += processes.kill(role)
            before = len(people.confirmed)
            processes.look_until(partial(people.have_confirmed, before + CLIENTS), PATIENCE_S)
        finally:
            people.enough.set()
            processes.look_until(lambda: not any(client.is_alive() for client in clients), 2 * PATIENCE_S)
            processes.stop()
    told = f"{len(people.confirmed)} confirmed in {people.tries} posts, {len(answers.taken)} mails"
    print(f"{told}; killed {dict(killed)}")  # noqa: T201 -- what the run was
    assert people.wrong == []
    pepper = desk.peppers.of("calls")
    assert pepper is not None
    wanted = {address_hash(pepper, "calls", each) for each in people.confirmed - people.revoked}
    with reading(desk.engine) as connection:
        kept = [bytes(each) for each in connection.execute(select(SIGNATURES.c.hash)).scalars()]
    assert len(kept) == len(set(kept))
    assert set(kept) == wanted
    assert len(people.confirmed) >= KILLS
    desk.close()
