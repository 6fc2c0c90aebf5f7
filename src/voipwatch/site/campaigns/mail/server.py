"""The mail server that everything is handed to: SMTP (RFC 5321), by the standard library."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from voipwatch.site.campaigns.mail.letter import Letter
from voipwatch.site.campaigns.settings import MailSettings

TIMEOUT_S: Final = 60.0
"""RFC 5321, section 4.5.3.2 has minutes; a relay that is ours answers at once, and the queue waits well."""


class Reply(StrEnum):
    """What became of one mail."""

    TAKEN = "taken"
    LATER = "later"
    """4xx of this mail."""
    NEVER = "never"
    """5xx of this recipient or content."""


class UnreachableError(Exception):
    """The server cannot be used at the moment, for whatever mail: nothing was handed over."""


class MailServer(Protocol):
    """Takes mails, one at a time."""

    def send(self, letter: Letter) -> Reply:
        """Raises UnreachableError."""

    def close(self) -> None:
        """Say goodbye."""


class SmtpServer:
    """One connection, opened for the first mail."""

    def __init__(
        self, settings: MailSettings, folder: Path, *, context: ssl.SSLContext | None = None
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._context = context or ssl.create_default_context()
        self._smtp: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> Reply:
        """Hand one mail over. Raises UnreachableError."""
        try:
            smtp = self._connected()
            _require_sender(smtp.mail(letter.sender)[0])
            code, _ = smtp.rcpt(letter.recipient)
            if code in {250, 251, 252}:
                code, _ = smtp.data(letter.content)
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
        except (OSError, smtplib.SMTPException, UnreachableError) as error:
            self.close()
            raise UnreachableError(_said(error)) from error
        if code == 421:  # section 3.8: the server goes away
            self.close()
            raise UnreachableError("the server closes (421)")
        if code // 100 == 2:
            return Reply.TAKEN
        self._reset()
        return Reply.NEVER if code // 100 == 5 else Reply.LATER

    def close(self) -> None:
        """Say goodbye, if somebody listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            settings = self._settings
            make: Callable[..., smtplib.SMTP] = smtplib.SMTP
            extra = {}
            if settings.security == "tls":
                make, extra = smtplib.SMTP_SSL, {"context": self._context}
            smtp = make(settings.host, settings.port, timeout=TIMEOUT_S, **extra)
            self._smtp = smtp
            if settings.security == "starttls":
                smtp.starttls(context=self._context)
            if settings.user:
                password = (self._folder / settings.password_file).read_text("utf-8").strip()
                smtp.login(settings.user, password)
            smtp.ehlo_or_helo_if_needed()
        return self._smtp

    def _reset(self) -> None:
        """The next mail begins anew; where that fails the connection is of no use."""
        smtp = self._smtp
        if smtp is not None:
            try:
                smtp.rset()
            except (OSError, smtplib.SMTPException):
                self.close()


def _require_sender(code: int) -> None:
    """Refused is who sends, not who is written to: no mail will pass before somebody has looked."""
    if code != 250:
        raise UnreachableError(f"MAIL FROM was answered {code}")


def _said(error: Exception) -> str:
    """In a word: never what the server said, which may quote an address."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return str(error) if isinstance(error, UnreachableError) else type(error).__name__
