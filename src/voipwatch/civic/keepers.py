"""Accounts of those who keep an instance: their names, their first factor, waits after refused codes, how
long a session lives.

The first factor is drawn, never chosen: 120 random bits, which nobody guesses, so that scrypt (RFC 7914) has
only to make a stolen row of no use. What could be guessed is the second, six digits; so what is counted are
refused codes behind a right first factor. A stranger who only knows an account's name can therefore lock
nobody out.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

NAME_MAX: Final = 32
PASSPHRASE_BYTES: Final = 15
SALT_BYTES: Final = 16
TOKEN_BYTES: Final = 32
"""Random bytes of a session."""
FREE_TRIES: Final = 3
"""Codes that may be mistyped before anybody waits."""
FIRST_WAIT_S: Final = 30
"""One step of the code."""
LONGEST_WAIT_S: Final = 3_600
"""24 tries a day of 3 codes in a million: 3 in 100 in a year, of whoever has the first factor already."""
ATTEMPTS_KEPT_S: Final = 86_400
"""After the last refused code the count of them is forgotten."""
SESSION_S: Final = 8 * 3_600
IDLE_S: Final = 30 * 60
CLOCK_S: Final = 60
"""A session from further in the future is none: the clock was set back, and it would live longer."""
SCRYPT_N: Final = 1 << 14
"""With r = 8: 16 MiB and about 50 ms (RFC 7914, section 2, for interactive use)."""
_NAME: Final = re.compile(rf"[a-z](?:[a-z0-9-]{{0,{NAME_MAX - 2}}}[a-z0-9])?")
_PREFIX: Final = b"voipwatch keeper "


class AccountError(ValueError):
    """An account cannot be as it was asked for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """`name`, `taken`, `unknown`."""


def require_name(name: str) -> str:
    """The same; raises AccountError for what is no account's name."""
    if not _NAME.fullmatch(name):
        raise AccountError("name")
    return name


def passphrase(drawn: bytes) -> str:
    """`k3ar-...`: six groups of four letters and digits that cannot be taken for one another (RFC 4648's
    base32 has no 0, 1, 8, 9).
    """
    if len(drawn) != PASSPHRASE_BYTES:
        raise ValueError(f"{PASSPHRASE_BYTES} bytes")
    text = base64.b32encode(drawn).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def passphrase_hash(typed: str, salt: bytes) -> bytes:
    """What is kept of it: scrypt, 32 bytes. Case, hyphens and spaces of what was typed do not matter."""
    plain = "".join(typed.casefold().replace("-", " ").split())
    # What is longer than any of ours is no reason to work longer.
    return hashlib.scrypt(
        plain[:256].encode("utf-8", "replace"), salt=salt, n=SCRYPT_N, r=8, p=1, maxmem=1 << 25, dklen=32
    )


def wait_s(failures: int) -> int:
    """How long an account takes no code after so many refused ones, one after the other."""
    over = failures - FREE_TRIES
    return 0 if over < 0 else min(LONGEST_WAIT_S, FIRST_WAIT_S << min(over, 12))


def session_lives(created_at: int, seen_at: int, now_s: float) -> bool:
    """Whether a session is still one: at most 8 hours old, and not idle for 30 minutes."""
    return -CLOCK_S <= now_s - created_at < SESSION_S and -CLOCK_S <= now_s - seen_at < IDLE_S


def session_digest(token: str) -> bytes:
    """What is kept of a session: whoever reads the rows cannot enter."""
    return hashlib.sha256(_PREFIX + b"session\0" + token.encode("utf-8", "replace")).digest()


def form_token(token: str) -> str:
    """What each form of a session carries (CSRF): of the session's token, which another site cannot read."""
    mac = hmac.digest(token.encode("utf-8", "replace"), _PREFIX + b"form", "sha256")
    return base64.urlsafe_b64encode(mac[:18]).decode()


def is_form_token(token: str, sent: str) -> bool:
    """Whether a form is of this session; constant time."""
    return hmac.compare_digest(form_token(token).encode(), sent.encode("utf-8", "replace"))
