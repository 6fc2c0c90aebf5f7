"""Speaking to a mail server: aiosmtpd, over loopback."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.site.campaigns.instance import SETTINGS
from tests.site.linetest.line_net import certificate
from tests.support.mail_server import Answers, mail_server
from voipwatch.site.campaigns.mail.letter import Letter
from voipwatch.site.campaigns.mail.server import Reply, SmtpServer, UnreachableError
from voipwatch.site.campaigns.settings import MailSettings, parse_settings

LETTER = Letter("bounces+x@watch.example", "amina@example.org", b"Subject: x\r\n\r\n.dot\r\nend\r\n")


def settings(port: int, **changes: object) -> MailSettings:
    found = parse_settings(SETTINGS.format(database="", port=port or 25, pace=30, posts=20)).mail
    return msgspec.structs.replace(found, **changes)


def test_handed_over_as_it_is_and_over_one_connection(tmp_path: Path) -> None:
    answers = Answers()
    with mail_server(answers) as port:
        server = SmtpServer(settings(port), tmp_path)
        assert [server.send(LETTER) for _ in range(3)] == [Reply.TAKEN] * 3
        server.close()
        server.close()
    assert [(each.sender, each.recipients, each.content) for each in answers.taken] == [
        (LETTER.sender, [LETTER.recipient], LETTER.content)
    ] * 3


@pytest.mark.parametrize(
    ("stage", "said", "reply"),
    [
        ("recipient", "450 later", Reply.LATER),
        ("recipient", "550 5.1.1 no such user", Reply.NEVER),
        ("data", "451 grey", Reply.LATER),
        ("data", "554 no", Reply.NEVER),
    ],
)
def test_what_a_refusal_of_one_mail_is(tmp_path: Path, stage: str, said: str, reply: Reply) -> None:
    answers = Answers()
    setattr(answers, stage, lambda address: said if address == LETTER.recipient else None)
    with mail_server(answers) as port:
        server = SmtpServer(settings(port), tmp_path)
        assert server.send(LETTER) is reply
        assert server.send(LETTER._replace(recipient="other@example.org")) is Reply.TAKEN
        server.close()


@pytest.mark.parametrize("said", ["550 not you", "451 not now", "530 log in first"])
def test_who_refuses_the_sender_takes_no_mail_at_all(tmp_path: Path, said: str) -> None:
    with mail_server(Answers(sender=lambda _address: said)) as port:
        server = SmtpServer(settings(port), tmp_path)
        with pytest.raises(UnreachableError, match=said[:3]):
            server.send(LETTER)


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    with mail_server(Answers(data=lambda _address: "421 going down")) as port:
        server = SmtpServer(settings(port), tmp_path)
        with pytest.raises(UnreachableError):
            server.send(LETTER)
    with pytest.raises(UnreachableError):
        server.send(LETTER)
    server.close()


def test_what_the_server_says_is_in_no_message(tmp_path: Path) -> None:
    answers = Answers(sender=lambda _address: "550 amina@example.org is known to us")
    with mail_server(answers) as port, pytest.raises(UnreachableError) as refused:
        SmtpServer(settings(port), tmp_path).send(LETTER)
    assert "amina" not in str(refused.value)


class Secured:
    """A mail server with a certificate, which wants a user and his password under TLS."""

    def __init__(self, folder: Path) -> None:
        chain, key, _ = certificate(folder, "127.0.0.1")
        self.theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.theirs.load_cert_chain(chain, key)
        self.ours = ssl.create_default_context(cafile=str(chain))
        self.folder = folder
        (folder / "word").write_text("correct horse\n", "utf-8")
        self.seen: list[tuple[bool, LoginPassword]] = []
        self.answers = Answers()

    def _known(self, _server: Any, session: Any, _envelope: Any, _way: str, said: Any) -> AuthResult:
        self.seen.append((session.ssl is not None, said))
        return AuthResult(success=said == LoginPassword(b"watch", b"correct horse"), handled=False)

    @contextmanager
    def running(self, security: str) -> Iterator[int]:
        under: dict[str, Any] = {
            "ssl_context": self.theirs,
            "auth_require_tls": False,
        }  # it is from the start
        if security == "starttls":
            under = {"tls_context": self.theirs, "require_starttls": True, "auth_required": True}
        with mail_server(self.answers, authenticator=self._known, **under) as port:
            yield port

    def client(self, port: int, **changes: object) -> SmtpServer:
        wanted = {"user": "watch", "password_file": "word", **changes}
        return SmtpServer(settings(port, **wanted), self.folder, context=self.ours)


@pytest.fixture
def secured(tmp_path: Path) -> Secured:
    return Secured(tmp_path)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_who_logs_in_does_so_under_tls(secured: Secured, security: str) -> None:
    with secured.running(security) as port:
        server = secured.client(port, security=security)
        assert [server.send(LETTER) for _ in range(2)] == [Reply.TAKEN] * 2
        server.close()
    assert len(secured.answers.taken) == 2
    assert [said for _, said in secured.seen] == [LoginPassword(b"watch", b"correct horse")]
    if security == "starttls":
        assert secured.seen[0][0]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_no_password(secured: Secured, security: str) -> None:
    secured.ours = ssl.create_default_context()
    with secured.running(security) as port, pytest.raises(UnreachableError, match="SSLCertVerificationError"):
        secured.client(port, security=security).send(LETTER)
    assert (secured.seen, secured.answers.taken) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_mail(secured: Secured) -> None:
    with mail_server(secured.answers) as port, pytest.raises(UnreachableError):
        secured.client(port, security="starttls").send(LETTER)
    assert secured.answers.taken == []


def test_a_wrong_password_is_nobodys_bounce(secured: Secured) -> None:
    (secured.folder / "word").write_text("wrong", "utf-8")
    with secured.running("starttls") as port, pytest.raises(UnreachableError, match="535"):
        secured.client(port, security="starttls").send(LETTER)


def test_a_password_that_cannot_be_read_is_no_crash(secured: Secured) -> None:
    (secured.folder / "word").unlink()
    with secured.running("starttls") as port, pytest.raises(UnreachableError, match="FileNotFoundError"):
        secured.client(port, security="starttls").send(LETTER)
