"""Sequence numbers to try for a token whose place has no room for one: a STUN transaction id."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from weakref import WeakKeyDictionary

from voipwatch.model.flows import REPLICATES, REPLIES_MAX, TRIES_MAX
from voipwatch.reflector.core.scripts import Scripts, kind_at
from voipwatch.reflector.core.session import Session
from voipwatch.reflector.core.tickets import Tickets

TRY_SEQS: Final = REPLIES_MAX
"""Numbers from one try to the next."""
ROUND_SEQS: Final = TRIES_MAX * REPLIES_MAX
"""Numbers from one round to the next."""


class LikelySeqs:
    """Set-up tries of a flow's script, its present round first."""

    def __init__(
        self, scripts_of: Callable[[int], Scripts], tickets: Tickets, sessions: Mapping[int, Session]
    ) -> None:
        self._scripts_of = scripts_of
        self._tickets = tickets
        self._sessions = sessions
        self._rounds: WeakKeyDictionary[Scripts, dict[int, int]] = WeakKeyDictionary()

    def __call__(self, number: int, flow: int) -> Iterator[int]:
        """For a live ticket's number and whatever the handle says the flow is."""
        session = self._sessions.get(number)
        known = None if session is None else session.flows.get(flow)
        present = 0 if known is None else known.last_round
        rounds = self._round_count(flow, number)
        for position in range(rounds):
            turn = (present + position) % rounds
            yield from range(turn * ROUND_SEQS, (turn + 1) * ROUND_SEQS, TRY_SEQS)

    def _round_count(self, flow: int, number: int) -> int:
        """Rounds of the flow's kind: compiled once a kind, not once a datagram of garbage."""
        index = flow // REPLICATES
        scripts = self._scripts_of(number)
        known = self._rounds.setdefault(scripts, {})
        count = known.get(index)
        if count is None:
            key = self._tickets.key(number)
            if key is None or kind_at(scripts, flow) is None:
                return 0
            count = known[index] = len(scripts.compile(flow, key).rounds)
        return count
