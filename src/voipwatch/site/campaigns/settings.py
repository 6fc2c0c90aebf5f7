"""What an instance says of its campaigns: `campaigns.toml` in its folder, read strictly."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from voipwatch.civic.addresses import AddressError, MailDomains, parse_address, shipped_domains
from voipwatch.civic.campaignfile import Controller

FILE: Final = "campaigns.toml"
BOUNCE_LOCAL_MAX: Final = 64 - 1 - 52
"""RFC 5321 gives 64 octets before the at sign; a plus and the token take 53 of them."""
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f<>\"\\]{1,60}")


class SettingsError(ValueError):
    """The settings cannot be used as they are."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mail server that mails are handed to, and who they are from."""

    sender: str
    """Address in From: neutral, it stands in somebody's inbox."""
    sender_name: str = "Confirmation"
    bounces: str
    """Address that mails come back to: its local part gets `+TOKEN`."""
    host: str = "127.0.0.1"
    port: int = 25
    security: str = "none"
    """`none` (a relay on this machine), `starttls` or `tls`."""
    user: str = ""
    password_file: str = ""
    per_domain_a_minute: int = 30
    """Mails to one domain: large providers put off senders that they do not know."""
    per_domain_a_day: int = 200
    """Mails to one domain, but those of large providers: made-up names bomb no catch-all."""


class CampaignSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of an instance."""

    url: str
    """Of the site's root, as readers know it; no slash at its end."""
    mail: MailSettings
    database: str = ""
    """URL; empty: SQLite in `db/` of the folder."""
    secrets: str = ""
    """Folder of peppers; empty: `secrets/` of the folder."""
    disposable: str = ""
    """File with one domain a line, beside those that are shipped."""
    posts_a_minute: int = 20
    """Forms sent from one network address; counted in memory, under a key that dies with the process."""
    wall: Controller | None = None
    """Who is responsible for the wall of supporters; none: there is no wall."""
    forwarded: bool = False
    """Whether a proxy in front says in X-Forwarded-For who asks: its last entry is then believed."""


class Campaigns(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, resolved."""

    folder: Path
    settings: CampaignSettings
    database: str
    secrets: Path
    domains: MailDomains


def read_settings(folder: Path) -> Campaigns:
    """Raises SettingsError, which names the field; `file` where there is none."""
    try:
        text = (folder / FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("file", f"{FILE}: {getattr(error, 'strerror', None) or 'no UTF-8'}") from error
    settings = parse_settings(text)
    database = settings.database or f"sqlite:///{(folder / 'db' / 'civic.sqlite').absolute()}"
    secrets = (folder / (settings.secrets or "secrets")).absolute()
    kept = (
        Path(database.removeprefix("sqlite:///")).absolute().parent if database.startswith("sqlite") else None
    )
    if kept is not None and (secrets == kept or kept in secrets.parents):
        raise SettingsError("secrets", "inside of the database's folder: one backup would hold both")
    return Campaigns(
        folder=folder,
        settings=settings,
        database=database,
        secrets=secrets,
        domains=_domains(folder, settings.disposable),
    )


def parse_settings(text: str) -> CampaignSettings:
    """Of the file's text. Raises SettingsError."""
    try:
        table: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("file", str(error)) from error
    try:
        found = msgspec.convert(table, CampaignSettings)
    except msgspec.ValidationError as error:
        raise SettingsError("file", str(error)) from error
    try:
        parts = urlsplit(found.url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or not re.fullmatch(r"https?://[^/?#@\s]+(?:/[^?#\s]*)?", found.url):
        raise SettingsError("url", "https://HOST, where the site is")
    _check_mail(found.mail)
    if found.wall is not None:
        for field in ("name", "address", "contact"):
            if not getattr(found.wall, field).strip():
                raise SettingsError(f"wall.{field}", "who is responsible for the wall says so")
    if not 1 <= found.posts_a_minute <= 1_000_000:
        raise SettingsError("posts_a_minute", "1 to 1000000")
    return msgspec.structs.replace(found, url=found.url.rstrip("/"))


def _check_mail(mail: MailSettings) -> None:
    for field in ("sender", "bounces"):
        try:
            parsed = parse_address(getattr(mail, field))
        except AddressError as error:
            raise SettingsError(f"mail.{field}", f"no address: {error}") from error
        if field == "bounces" and (len(parsed.local) > BOUNCE_LOCAL_MAX or "+" in parsed.local):
            raise SettingsError(
                "mail.bounces", f"no plus and at most {BOUNCE_LOCAL_MAX} characters before the at sign"
            )
    if not _NAME.fullmatch(mail.sender_name):
        raise SettingsError("mail.sender_name", "1 to 60 characters on one line")
    if mail.security not in {"none", "starttls", "tls"}:
        raise SettingsError("mail.security", "none, starttls or tls")
    if bool(mail.user) != bool(mail.password_file):
        raise SettingsError("mail.user", "with a password_file, or neither of them")
    if mail.user and mail.security == "none":
        raise SettingsError("mail.security", "a password is sent under TLS alone")
    if not 1 <= mail.port <= 65535:
        raise SettingsError("mail.port", "1 to 65535")
    if not 1 <= mail.per_domain_a_minute <= 6000:
        raise SettingsError("mail.per_domain_a_minute", "1 to 6000")
    if not 1 <= mail.per_domain_a_day <= 1_000_000:
        raise SettingsError("mail.per_domain_a_day", "1 to 1000000")


def _domains(folder: Path, name: str) -> MailDomains:
    if not name:
        return shipped_domains()
    try:
        lines = (folder / name).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("disposable", f"{name}: cannot be read") from error
    try:
        return shipped_domains().with_disposable(
            line.strip() for line in lines if line.strip() and not line.startswith("#")
        )
    except AddressError as error:
        raise SettingsError("disposable", f"{name}: a line that is no domain") from error
