"""What a person agreed to at the set-up, and where it lies: secret, set-up with consent, state."""

import contextlib
import secrets
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.vocabulary import Access
from voipwatch.probe.files import make_folder, write_whole
from voipwatch.probe.pseudonym import SECRET_BYTES
from voipwatch.probe.schedule import Rhythm

SECRET: Final = "secret"  # noqa: S105 -- a file's name
SETUP: Final = "setup.json"
SETUP_SCHEMA: Final = "voipwatch.probe-setup/1"
FILE_BYTES_MAX: Final = 1 << 20


class KnownReflector(msgspec.Struct, frozen=True):
    """A reflector that was named at the set-up."""

    host: str
    port: int
    pin: str | None = None

    @property
    def name(self) -> str:
        """As it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Collector(msgspec.Struct, frozen=True):
    """Where reports go, over HTTPS."""

    host: str
    port: int = 443
    base: str = ""
    """Path before /api, without a slash at its end."""
    pin: str | None = None
    """SHA-256 of its certificate, hex; None: an authority vouches for it."""
    key: str | None = None
    """Ed25519 public key of its receipts, hex; None: that of its first receipt is kept."""

    @property
    def url(self) -> str:
        """As it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}{'' if self.port == 443 else f':{self.port}'}{self.base}"


class Consent(msgspec.Struct, frozen=True):
    """What was agreed to, and when."""

    given_at: str
    """UTC, ISO 8601 with Z."""
    text_version: int
    """Of the text that was shown."""
    lang: str
    apps: list[str]
    tier: str
    """low or medium."""
    day_bytes: int
    collector: str
    reflectors: list[str]
    """All that were named, of which the probe uses a few."""


class Setup(msgspec.Struct, frozen=True):
    """How this probe runs."""

    reflectors: list[KnownReflector]
    apps: list[str]
    collector: Collector
    consent: Consent
    rhythm: Rhythm = Rhythm()
    budget_bytes: int = 2_000_000
    """Per app and run."""
    run_bytes: int = 4_300_000
    """The most that one run may cost, all told."""
    day_bytes: int = 20_000_000
    """The daily cap, uploads too."""
    access: Access = Access.UNKNOWN
    """As declared; it holds on the network of the set-up."""
    operator: str | None = None
    """The same."""
    network_mark: str = ""
    """Keyed hash of that network."""
    canary: bool = False
    """It vouches for its reflectors from another network, and votes for no operator."""
    schema: str = SETUP_SCHEMA


class DamagedFileError(Exception):
    """A file of the probe cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def consent_covers(consent: Consent, wanted: Consent) -> bool:
    """Whether an earlier yes answers for what is wanted now: not more apps, tier or data, nobody else."""
    return (
        consent.text_version == wanted.text_version
        and set(wanted.apps) <= set(consent.apps)
        and wanted.tier in {consent.tier, "low"}
        and wanted.day_bytes <= consent.day_bytes
        and wanted.collector == consent.collector
        and set(wanted.reflectors) <= set(consent.reflectors)
    )


def read_setup(folder: Path) -> Setup | None:
    """The set-up; None where there is none. Raises DamagedFileError, OSError."""
    path = folder / SETUP
    try:
        with path.open("rb") as file:
            setup = msgspec.json.decode(file.read(FILE_BYTES_MAX), type=Setup)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedFileError(path, str(error)) from error
    if setup.schema != SETUP_SCHEMA or not setup.apps or not setup.reflectors:
        raise DamagedFileError(path, setup.schema)
    return setup


def write_setup(folder: Path, setup: Setup) -> None:
    """Keep a set-up. Raises OSError."""
    make_folder(folder)
    write_whole(folder / SETUP, msgspec.json.format(msgspec.json.encode(setup), indent=2))


def read_secret(folder: Path) -> bytes | None:
    """The device secret; None where there is none. Raises DamagedFileError, OSError."""
    path = folder / SECRET
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(content) != SECRET_BYTES:
        raise DamagedFileError(path, f"{len(content)} != {SECRET_BYTES}")
    return content


def make_secret(folder: Path) -> bytes:
    """The device secret, made where there is none that can be used. Raises OSError."""
    with contextlib.suppress(DamagedFileError):
        kept = read_secret(folder)
        if kept is not None:
            return kept
    make_folder(folder)
    secret = secrets.token_bytes(SECRET_BYTES)
    write_whole(folder / SECRET, secret)
    return secret
