"""Keys of services: read from a file that is closed to others, never shown, never in an address."""

import re
import stat
from enum import StrEnum
from pathlib import Path
from typing import Final

_KEY: Final = re.compile(r"[!-~]{8,1024}", re.ASCII)


class KeyProblem(StrEnum):
    """Why a file gives no key."""

    UNREADABLE = "unreadable"
    OPEN_TO_OTHERS = "open-to-others"
    NO_KEY = "no-key"
    """Not one line of 8 to 1,024 printable ASCII characters without a space."""


class KeyFileError(Exception):
    """A file that gives no key; says nothing of what is in it."""

    def __init__(self, problem: KeyProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class Key:
    """A secret that can be sent and nothing else: its text is nowhere but in `header`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not _KEY.fullmatch(text):
            # The HTTP library's own message would quote it.
            raise KeyFileError(KeyProblem.NO_KEY)
        self._text = text

    def __repr__(self) -> str:
        return "Key(...)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        """A key is not written down."""
        raise TypeError("a key is not pickled")

    def bearer(self) -> dict[str, str]:
        """RFC 6750, section 2.1."""
        return {"authorization": f"Bearer {self._text}"}

    def google(self) -> dict[str, str]:
        """`x-goog-api-key`, as Google's services take API keys outside of the address."""
        return {"x-goog-api-key": self._text}


def read_key(path: Path) -> Key:
    """The key in a file of one line, which nobody else may read.

    Raises KeyFileError.
    """
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = stream.read(2048)
    except (OSError, ValueError):
        raise KeyFileError(KeyProblem.UNREADABLE) from None
    if mode & 0o077:
        raise KeyFileError(KeyProblem.OPEN_TO_OTHERS)
    try:
        text = content.decode("ascii").strip()
    except UnicodeDecodeError:
        raise KeyFileError(KeyProblem.NO_KEY) from None
    return Key(text)
