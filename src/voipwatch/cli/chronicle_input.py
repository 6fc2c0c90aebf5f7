"""What people type about incidents, understood before anything is signed; each raises `Misuse`."""

import re
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from voipwatch.cli.context import Context
from voipwatch.cli.errors import INTERRUPTED, Misuse, Stop
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.edtf import EdtfError, decode_edtf
from voipwatch.model.instants import seconds

REPLY_BYTES_MAX: Final = 64 << 10
AHEAD_S: Final = 14 * 3600.0
"""Of UTC is the first clock on earth (Kiribati): a date may be tomorrow's there today."""
_LANGUAGE: Final = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)
"""RFC 5646, section 2.1, `langtag`; no language has a subtag of four letters or more."""
_MAIL: Final = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,190}\.[^@\s<>\".]{2,63}")


def words(option: str, text: str) -> str:
    """Something that is said: not nothing."""
    if not text.strip():
        raise Misuse("chronicle.empty", option=option)
    return text


def past_day(option: str, text: str, *, now: str) -> str:
    """A date, EDTF, that has begun at `now` (ISO 8601) somewhere on earth."""
    try:
        span = decode_edtf(text)
    except EdtfError:
        span = None
    if span is None or span.impossible:
        raise Misuse("chronicle.no_day", option=option, value=shown(text))
    begins_s = span.since_s if span.since_s is not None else span.until_s
    if begins_s is not None and begins_s > seconds(now) + AHEAD_S:
        raise Misuse("chronicle.future_day", option=option, value=shown(text))
    return text


def web_address(text: str, *, option: str = "--url") -> str:
    """An address of the web, with a host."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isprintable()
        good = good and " " not in text and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise Misuse("chronicle.no_url", option=option, value=shown(text))
    return text


def contact_address(text: str) -> str:
    """An address for mail, or of the web."""
    if _MAIL.fullmatch(text):
        return text
    return web_address(text, option="--contact")


def language_tag(text: str) -> str:
    """A language as BCP 47 writes it."""
    if not _LANGUAGE.fullmatch(text):
        raise Misuse("chronicle.no_language", value=shown(text))
    return text


def reply_text(file: Path, stdin: IO[str]) -> str:
    """A reply as it came, from a file or, for `-`, from standard input."""
    if str(file).startswith("--"):
        raise Misuse("error.option", value=shown(str(file)), help="voipwatch chronicle reply --help")
    try:
        if str(file) == "-":
            content = _read(stdin)
        else:
            with file.open("rb") as opened:
                content = opened.read(REPLY_BYTES_MAX + 1)
        text = content.decode()
    except OSError as error:
        raise Misuse(
            "chronicle.unreadable", path=shown_path(file), reason=error.strerror or str(error)
        ) from error
    except UnicodeError:
        raise Misuse("chronicle.no_text", path=shown_path(file)) from None
    if not text.strip() or len(content) > REPLY_BYTES_MAX:
        raise Misuse("chronicle.no_text", path=shown_path(file))
    return text


def _read(stdin: IO[str]) -> bytes:
    """The bytes themselves where the stream has them: line ends stay what they were."""
    binary = getattr(stdin, "buffer", None)
    if binary is not None:
        content: bytes = binary.read(REPLY_BYTES_MAX + 1)
        return content
    return stdin.read(REPLY_BYTES_MAX + 1).encode()


def agree(context: Context, question: str, *, yes: bool, **values: object) -> None:
    """Ask before something is signed. Raises Stop where the answer is no yes, Misuse where nobody is."""
    if yes:
        return
    if not context.interactive:
        raise Misuse("chronicle.no_terminal")
    answer = context.ask(question, **values)
    if not answer or answer.casefold() not in context.texts.raw("consent.yes").split():
        raise Stop(INTERRUPTED, "chronicle.left")
