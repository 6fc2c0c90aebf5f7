"""The queue and the server, together and in virtual time: a day of outage, refusals, death between two
steps.
"""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import CLOSES, DAY_S, NOW, ask, folder_of, opened, petition, rows, signed
from tests.support.mail_server import Answers, mail_server
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk, Outcome
from voipwatch.site.campaigns.mail.bounces import bounce_token
from voipwatch.site.campaigns.mail.letter import Letter
from voipwatch.site.campaigns.mail.postman import LEASE_S, Postman
from voipwatch.site.campaigns.mail.server import Reply, SmtpServer, UnreachableError
from voipwatch.store.civic.signing import MailKind

LINK: Final = re.compile(rb"https://watch\.example/campaigns/en/calls/confirm/([\w-]+)")


class Double:
    """A server that answers by a rule."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.down = False
        self.replies: dict[str, Reply] = {}

    def send(self, letter: Letter) -> Reply:
        if self.down:
            raise UnreachableError("down")
        reply = self.replies.get(letter.recipient, Reply.TAKEN)
        if reply is Reply.TAKEN:
            self.sent.append(letter)
        return reply

    def close(self) -> None:
        """Nothing to close."""


def token_in(content: bytes) -> str:
    found = LINK.search(content.replace(b"=\r\n", b""))
    assert found
    return found[1].decode()


def test_from_the_form_over_smtp_to_the_signature(tmp_path: Path) -> None:
    answers = Answers()
    with mail_server(answers) as port:
        desk = opened(folder_of(tmp_path / "c", port=port))
        server = SmtpServer(desk.campaigns.settings.mail, desk.campaigns.folder)
        ask(desk, "amina@example.org")
        assert Postman(desk, server).round(NOW).sent == 1
        server.close()
    (taken,) = answers.taken
    assert taken.recipients == ["amina@example.org"]
    link = token_in(taken.content)
    assert desk.confirm(petition(), link, name="", now_s=NOW + 60) is Outcome.SIGNED
    assert rows(desk, "outbox") == 0
    desk.close()


@pytest.fixture
def server() -> Double:
    return Double()


@pytest.fixture
def postman(desk: Desk, server: Double) -> Postman:
    return Postman(desk, server, share=lambda: 1.0)


def test_a_server_that_is_down_for_a_day_loses_nothing(desk: Desk, server: Double, postman: Postman) -> None:
    server.down = True
    people = [f"a{number}@d{number % 3}.example" for number in range(40)]
    for person in people:
        ask(desk, person)
    tries = 0
    for minute in range(0, 24 * 60, 3):
        tries += postman.round(NOW + 60 * minute).down == "down"
    assert rows(desk, "outbox") == 40
    assert 80 <= tries <= 110, "four tries an hour at most, once it is known to be down"
    server.down = False
    for minute in range(24 * 60, 25 * 60, 5):
        postman.round(NOW + 60 * minute)
    assert sorted(letter.recipient for letter in server.sent) == sorted(people)
    for letter in server.sent:
        link = token_in(letter.content)
        assert desk.confirm(petition(), link, name="", now_s=NOW + 2 * DAY_S) is Outcome.SIGNED
    assert signed(desk) == 40


def test_a_server_that_never_comes_back_keeps_no_address(
    desk: Desk, server: Double, postman: Postman
) -> None:
    server.down = True
    ask(desk, "a@example.org")
    for hour in range(0, 8 * 24, 6):
        postman.round(NOW + 3600 * hour)
    server.down = False
    assert postman.round(NOW + 9 * DAY_S).sent == 0


def test_4xx_is_tried_again_later_and_later(desk: Desk, server: Double, postman: Postman) -> None:
    server.replies["a@example.org"] = Reply.LATER
    ask(desk, "a@example.org")
    ask(desk, "b@example.org")
    times = []
    for minute in range(0, 120, 5):
        done = postman.round(NOW + 60 * minute)
        times += [minute] * done.put_off
    assert times == [0, 5, 15, 35, 75]
    assert [letter.recipient for letter in server.sent] == ["b@example.org"]
    del server.replies["a@example.org"]
    for minute in range(120, 200, 10):
        postman.round(NOW + 60 * minute)
    assert [letter.recipient for letter in server.sent] == ["b@example.org", "a@example.org"]


def test_5xx_ends_the_request(desk: Desk, server: Double, postman: Postman) -> None:
    server.replies["a@example.org"] = Reply.NEVER
    ask(desk, "a@example.org")
    ask(desk, "a@example.org", kind=MailKind.REVOKE)
    assert postman.round(NOW).dropped >= 1
    postman.round(NOW)
    assert (rows(desk, "pending"), rows(desk, "outbox")) == (0, 0)


def test_a_domain_has_its_share_and_others_do_not_wait(tmp_path: Path, server: Double) -> None:
    desk = opened(folder_of(tmp_path / "c", pace=60))
    postman = Postman(desk, server)
    for number in range(90):
        ask(desk, f"a{number}@big.example")
    ask(desk, "b@small.example")
    first = postman.round(NOW)
    assert (first.sent, first.waiting_turn) == (7, 84), "six for the big one"
    assert server.sent[-1].recipient == "b@small.example"
    for second in range(1, 60):
        postman.round(NOW + second)
    assert 60 <= len(server.sent) <= 70
    for second in range(60, 120):
        postman.round(NOW + second)
    assert len({letter.recipient for letter in server.sent}) == len(server.sent) == 91
    desk.close()


def test_who_dies_between_sending_and_saying_so_sends_twice_and_it_counts_once(
    desk: Desk, server: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(desk, "a@example.org")
    dying = Postman(desk, server)
    with monkeypatch.context() as patched:
        patched.setattr(Postman, "_drop", lambda *_args, **_more: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            dying.round(NOW)
    assert Postman(desk, server).round(NOW + LEASE_S - 1).sent == 0
    assert Postman(desk, server).round(NOW + LEASE_S).sent == 1
    links = [token_in(letter.content) for letter in server.sent]
    assert links[0] == links[1]
    outcomes = [desk.confirm(petition(), link, name="", now_s=NOW + 700) for link in links]
    assert outcomes == [Outcome.SIGNED, Outcome.USED]
    assert signed(desk) == 1


def test_who_confirmed_already_gets_no_second_mail(desk: Desk, server: Double, postman: Postman) -> None:
    ask(desk, "a@example.org")
    postman.round(NOW)
    ask(desk, "a@example.org", now_s=NOW + 5)
    desk.confirm(petition(), token_in(server.sent[0].content), name="", now_s=NOW + 6)
    assert postman.round(NOW + 7).sent == 0


def test_after_the_closing_no_confirmation_is_offered(desk: Desk, server: Double, postman: Postman) -> None:
    ask(desk, "a@example.org", now_s=CLOSES - 5)
    ask(desk, "b@example.org", kind=MailKind.REVOKE, now_s=CLOSES - 5)
    done = postman.round(CLOSES)
    assert (done.sent, done.dropped) == (1, 1)
    assert server.sent[0].recipient == "b@example.org"


def test_a_mail_that_comes_back_is_that_requests(desk: Desk, server: Double, postman: Postman) -> None:
    ask(desk, "a@example.org")
    postman.round(NOW)
    report = (
        f"To: {server.sent[0].sender}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; a@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    token = bounce_token(report.encode(), "bounces@watch.example")
    assert token is not None
    assert desk.bounced(token, now_s=NOW)
    assert rows(desk, "pending") == 0


def test_three_networks_that_flood_a_provider_keep_nobody_waiting_over_two_minutes(tmp_path: Path) -> None:
    desk = opened(folder_of(tmp_path / "c", pace=30, posts=20))
    server, now_s = Double(), float(NOW)
    app, postman = CampaignsApp(desk, lambda: now_s), Postman(desk, server, share=lambda: 0.5)
    asked: dict[str, int] = {}
    got: dict[str, int] = {}

    def form(address: str, client: str) -> int:
        fields = {"email": address, "consent": "yes"}
        return call(app, "POST", "/campaigns/en/calls/sign", fields, client=client).status

    for second in range(900):
        now_s = float(NOW + second)
        form(f"x{second}@gmail.com", f"192.0.{second % 3}.{second % 200}")
        if second % 30 == 7 and second < 720:
            asked[f"real{second}@gmail.com"] = second
            assert form(f"real{second}@gmail.com", f"198.51.{second % 256}.7") == 200
        before = len(server.sent)
        postman.round(int(now_s))
        got |= {letter.recipient: second for letter in server.sent[before:]}
    assert got.keys() >= asked.keys()
    assert max(got[each] - asked[each] for each in asked) <= 120
    desk.close()
