"""A mail server of the test's own (aiosmtpd), which answers as it is told and keeps what it took."""

from asyncio import Server
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Taken:
    """One mail."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.content, policy=POLICY)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class Answers:
    """What is said to whom; None: 250."""

    sender: Callable[[str], str | None] = lambda _address: None
    recipient: Callable[[str], str | None] = lambda _address: None
    data: Callable[[str], str | None] = lambda _address: None
    taken: list[Taken] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.sender(address)
        if said is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said or "250 OK"

    async def handle_RCPT(  # noqa: N802 -- the same
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        said = self.recipient(address)
        if said is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        said = self.data(envelope.rcpt_tos[0])
        if said is None or said.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.taken.append(Taken(envelope.mail_from or "", list(envelope.rcpt_tos), content))
        return said or "250 OK"


class _Server(Controller):
    """Port 0 works: what the kernel gave is read back."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it so


@contextmanager
def mail_server(answers: Answers, *, port: int = 0, **options: Any) -> Iterator[int]:
    """Runs until the end of the block; its port."""
    running = _Server(answers, hostname="127.0.0.1", port=port, **options)
    running.start()
    try:
        yield running.port
    finally:
        running.stop()
