"""Which tickets are whose, where several workers serve the same ports: by the ticket's number."""

from collections.abc import Iterable
from typing import Final, NamedTuple


class Part(NamedTuple):
    """One of several workers, counted from 0; one alone has all tickets."""

    worker: int = 0
    workers: int = 1

    def owner(self, number: int) -> int:
        """The worker that issues tickets of this number, and knows them."""
        return number % self.workers

    def owns(self, number: int) -> bool:
        """Whether that is this one."""
        return number % self.workers == self.worker


ALONE: Final = Part()


class OthersTickets:
    """Which tickets other workers have handed out: their numbers and ends, no keys.

    So a datagram whose token is none of ours is told from noise: bytes at random name any of 65,536 numbers,
    and few of these live.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._ends: dict[int, int] = {}

    def learn(self, tickets: Iterable[tuple[int, int]], wall_s: float) -> None:
        """Take numbers and ends (Unix time); forget what is over."""
        self._ends = {number: end for number, end in self._ends.items() if end > wall_s}
        self._ends |= {number: end for number, end in tickets if not self._part.owns(number)}

    def owner(self, number: int | None) -> int | None:
        """Whose ticket that is, None where no other worker told of it."""
        return self._part.owner(number) if number in self._ends and number is not None else None
