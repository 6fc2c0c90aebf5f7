"""Who of those who keep an instance may do what: one table, and nothing else decides."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Of an account. Each has the least that its work needs."""

    KEEPER = "keeper"
    """Everything."""
    MODERATOR = "moderator"
    """Public names, the wall, and what is counted on paper."""
    READER = "reader"
    """Counts and the audit log; changes nothing."""


class Act(StrEnum):
    """What can be done or looked at on the protected page; the words of the audit log, where it has them."""

    OVERVIEW = "overview"
    """Petitions with told counts, what waits, what came back, notes; boycotts with told counts."""
    AUDIT = "audit"
    NAMES = "names"
    """Look at public names."""
    HIDE_NAME = "hide-name"
    SHOW_NAME = "show-name"
    PAPER = "paper"
    DELIVER = "deliver"
    ANSWER = "answer"
    CLOSE = "close"
    ERASE = "erase"
    """Destroy everything of a petition's signers."""
    PERSON = "person"
    """The form in which a person's request is typed; nothing of anybody."""
    SHOW_PERSON = "show-person"
    """What is held of one address, on its owner's request."""
    ERASE_PERSON = "erase-person"
    OBSERVE = "observe"
    """Note something observable of a boycott."""
    CLOSE_BOYCOTT = "close-boycott"
    """Call one off, or end its reporting."""
    WALL = "wall"
    """Look at which sites wait for the wall and which stand on it."""
    WALL_REMOVE = "wall-remove"


ALLOWED: Final[Mapping[Role, frozenset[Act]]] = {
    Role.KEEPER: frozenset(Act),
    Role.MODERATOR: frozenset(
        {
            *(Act.OVERVIEW, Act.NAMES, Act.HIDE_NAME, Act.SHOW_NAME, Act.PAPER),
            *(Act.WALL, Act.WALL_REMOVE),
        }
    ),
    Role.READER: frozenset({Act.OVERVIEW, Act.AUDIT}),
}
"""Role -> what it may; what is not here is refused."""
CODE_ANEW: Final = frozenset({Act.CLOSE, Act.ERASE, Act.SHOW_PERSON, Act.ERASE_PERSON, Act.CLOSE_BOYCOTT})
"""What nobody can take back, and whether somebody signed, asks for a fresh code: a machine that was left
open, or a session that was stolen, is not enough."""


def may(role: Role, act: Act) -> bool:
    """Whether an account of that role does this."""
    return act in ALLOWED[role]
