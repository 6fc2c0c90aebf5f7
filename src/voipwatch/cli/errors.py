"""Exit statuses, and the exceptions that end a command with one line for the person.

A line says what happened, why, and what to do; it is looked up in the reader's language only when
it is shown, so that what raises needs no texts.
"""

from typing import Final

INTERFERENCE: Final = 1
"""At least one app blocked or throttled; for `verify`, a report that does not hold."""
UNDECIDED: Final = 2
"""No interference seen, but at least one app insufficient or down."""
CLEAR: Final = 0
USAGE: Final = 64
"""sysexits.h EX_USAGE: the command line or an input file is wrong."""
OUR_FAULT: Final = 70
"""sysexits.h EX_SOFTWARE: we failed, or could not write what was asked for."""
INTERRUPTED: Final = 130
"""128 + SIGINT, as shells say it."""


class Stop(Exception):  # noqa: N818 -- it ends a command; whether that is an error is in the status
    """Ends the command with `status` after the text `key` was shown on standard error.

    `values` fill the text's placeholders.
    """

    def __init__(self, status: int, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.status = status
        self.key = key
        self.values = values


class Misuse(Stop):
    """The command line, or a file that it names, is not what the command needs."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(USAGE, key, **values)


class Trouble(Stop):
    """Something on our side or on this machine keeps us from doing what was asked."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(OUR_FAULT, key, **values)
