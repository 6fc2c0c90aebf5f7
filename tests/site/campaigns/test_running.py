"""The process beside the pages."""

import threading
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from tests.site.campaigns.instance import CLOSES, DAY_S, NOW, ask, folder_of, opened, rows, sign
from tests.site.campaigns.pledging.campaign import ERASED, keep, pledge
from tests.support.mail_server import Answers, mail_server
from voipwatch.civic.roles import Role
from voipwatch.civic.wall import Sight, WallPage
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns import running
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Keepers
from voipwatch.site.campaigns.mail.letter import Letter
from voipwatch.site.campaigns.mail.server import Reply, UnreachableError
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.running import PLAIN, Runner, run_campaigns
from voipwatch.site.campaigns.settings import SettingsError
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.site.campaigns.wall.rounds import WallRounds, run_wall
from voipwatch.store.civic.pledging import PledgeState


class Double:
    """A server."""

    down = False

    def __init__(self) -> None:
        self.sent: list[Letter] = []

    def send(self, letter: Letter) -> Reply:
        if self.down:
            raise UnreachableError("ConnectionRefusedError")
        self.sent.append(letter)
        return Reply.TAKEN

    def close(self) -> None:
        """Nothing to close."""


def test_mails_leave_counts_are_told_and_what_is_due_is_erased(desk: Desk) -> None:
    said: list[str] = []
    server = Double()
    runner = Runner(desk, server, said.append)
    sign(desk, "a@example.org")
    ask(desk, "b@example.org")
    assert runner.step(NOW).sent == 1
    assert len(desk.log("calls")) == 1
    runner.step(NOW + 59)
    runner.step(NOW + DAY_S)
    assert len(desk.log("calls")) == 2
    runner.step(CLOSES + 30 * DAY_S)
    assert desk.peppers.of("calls") is None
    assert len(said) == 1
    assert "calls" in said[0]


def test_digests_of_pledges_are_destroyed_in_time(desk: Desk) -> None:
    said: list[str] = []
    pledges = PledgeDesk(desk)
    keep(pledges)
    pledge(pledges, range(12))
    runner = Runner(desk, Double(), said.append)
    runner.step(NOW)
    assert [line.count for line in pledges.log("silence", PledgeState.DECLARED)] == [10]
    runner.step(ERASED - 60)
    assert rows(desk, "pledges") == 12
    runner.step(ERASED)
    assert rows(desk, "pledges") == 0
    assert said[-1] == "boycott silence: digests of pledges are destroyed, 30 days after reporting closed"


@pytest.mark.parametrize(
    ("url", "account", "said"),
    [("http", True, [PLAIN]), ("http", False, []), ("https", True, [])],
)
def test_a_protected_page_that_plain_http_keeps_off_is_said(
    tmp_path: Path, url: str, account: bool, said: list[str]
) -> None:
    campaigns = folder_of(tmp_path / "c")
    desk = opened(campaigns)
    if account:
        Keepers(desk).add("amina", Role.KEEPER, now_s=NOW)
    desk.close()
    file = campaigns.folder / "campaigns.toml"
    file.write_text(file.read_text("utf-8").replace("https://", f"{url}://"), "utf-8")
    stop, found = Event(), list[str]()
    stop.set()
    run_campaigns(campaigns.folder, stop, lambda _: None, found.append, clock=lambda: float(NOW))
    assert found == said


def test_an_outage_is_said_once(desk: Desk) -> None:
    said: list[str] = []
    server = Double()
    server.down = True
    runner = Runner(desk, server, said.append)
    ask(desk, "a@example.org")
    for second in range(0, 4000, 10):
        runner.step(NOW + second)
    assert said == [
        (
            "the mail server 127.0.0.1:25 (mail.host and mail.port in campaigns.toml) cannot be used: "
            "ConnectionRefusedError; mails wait"
        )
    ]
    server.down = False
    for second in range(4000, 6000, 10):
        runner.step(NOW + second)
    assert len(server.sent) == 1
    server.down = True
    ask(desk, "c@example.org", now_s=NOW + 6000)
    runner.step(NOW + 6000)
    assert len(said) == 2


def test_a_clock_that_was_set_back_stops_no_turn(desk: Desk) -> None:
    runner = Runner(desk, Double(), lambda _text: None)
    runner.step(NOW + 10 * DAY_S)
    sign(desk, "a@example.org", now_s=NOW)
    ask(desk, "b@example.org", now_s=NOW - 8 * DAY_S)
    runner.step(NOW)
    assert rows(desk, "pending") == 0


def test_a_database_that_is_gone_is_said_and_tried_again(desk: Desk) -> None:
    said: list[str] = []
    runner = Runner(desk, Double(), said.append)
    desk.engine.dispose()
    file = desk.campaigns.folder / "db" / "civic.sqlite"
    whole = file.read_bytes()
    file.write_bytes(b"no database" * 400)
    assert runner.step(NOW).down == "database"
    assert runner.step(NOW + 1).down == "database"
    assert len(said) == 1
    desk.engine.dispose()
    file.write_bytes(whole)
    assert runner.step(NOW + 2).down == ""


@pytest.mark.parametrize("seen", [True, False])
def test_a_wall_that_is_switched_off_keeps_no_page(tmp_path: Path, database_url: str, seen: bool) -> None:
    folder = tmp_path / "c"
    desk = opened(folder_of(folder, database=database_url, wall=True))
    made = Wall(desk).enrol("https://one.example/", now_s=NOW)
    if seen:
        Wall(desk).note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=NOW)
    Runner(desk, Double(), lambda _: None).step(NOW)
    assert rows(desk, "wall_sites") == 1
    desk.close()
    without = Desk(folder_of(folder, database=database_url))
    Runner(without, Double(), lambda _: None).step(NOW + 1)
    assert rows(without, "wall_sites") == 0
    without.close()
    if not database_url.startswith("postgresql"):
        files = [each for each in tmp_path.rglob("*") if each.is_file()]
        assert not [each for each in files if b"one.example" in each.read_bytes()]


@pytest.mark.parametrize("seen", [True, False])
def test_a_page_that_nobody_looked_at_for_a_week_goes(tmp_path: Path, database_url: str, seen: bool) -> None:
    desk = opened(folder_of(tmp_path / "c", database=database_url, wall=True))
    made = Wall(desk).enrol("https://one.example/", now_s=NOW)
    if seen:
        Wall(desk).note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=NOW)
    runner = Runner(desk, Double(), lambda _: None)
    runner.step(NOW + 7 * DAY_S - 60)
    assert rows(desk, "wall_sites") == 1
    runner.step(NOW + 7 * DAY_S)
    assert rows(desk, "wall_sites") == 0
    desk.close()


def test_the_wall_is_looked_at_beside_the_mails_and_never_in_their_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that hangs for ever holds up neither mails nor the end."""
    answers, stop, hangs, over = Answers(), Event(), Event(), Event()
    looked: list[str] = []

    def look(page: WallPage, observatory: str) -> Looked:
        looked.append(f"{page.site} {observatory}")
        hangs.set()
        over.wait(30)
        return Looked(Sight.UNREACHED)

    def clock() -> float:
        if answers.taken and hangs.is_set():
            stop.set()
        return NOW

    monkeypatch.setattr(running, "LOOK_END_S", 0.0)
    monkeypatch.setattr(running, "WallRounds", lambda wall: WallRounds(wall, look))
    monkeypatch.setattr(running, "run_wall", partial(run_wall, pace_s=0.0))
    with mail_server(answers) as port:
        campaigns = folder_of(tmp_path / "c", port=port, wall=True)
        desk = opened(campaigns)
        Wall(desk).enrol("https://one.example/", now_s=NOW)
        ask(desk, "a@example.org")
        run_campaigns(campaigns.folder, stop, lambda _: None, lambda _: None, clock=clock)
        over.set()
        for thread in threading.enumerate():
            if thread.name == "wall":
                thread.join()
        desk.close()
    assert looked == ["one.example https://watch.example"]
    assert len(answers.taken) == 1


def test_it_runs_until_it_is_told_to_stop(tmp_path: Path) -> None:
    answers, stop = Answers(), Event()
    told: list[str] = []

    def clock() -> float:
        if answers.taken:
            stop.set()
        return NOW

    with mail_server(answers) as port:
        campaigns = folder_of(tmp_path / "c", port=port)
        desk = opened(campaigns)
        ask(desk, "a@example.org")
        run_campaigns(campaigns.folder, stop, told.append, told.append, clock=clock)
        desk.close()
    assert told == ["campaigns"]
    assert len(answers.taken) == 1
    with pytest.raises(SettingsError):
        run_campaigns(tmp_path, stop, told.append, told.append)
