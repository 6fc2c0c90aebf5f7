"""The far end of the line test: offers in, answers and what arrived out, everything bounded.

aiortc is imported when the first call comes, so that the site runs without it.
"""

import asyncio
import importlib.util
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from voipwatch.site.linetest.callers import caller_prefix
from voipwatch.site.linetest.messages import RELAYED, Answers, Arm, End, FarSight, Offer, Progress
from voipwatch.site.linetest.proofs import Proofs
from voipwatch.site.linetest.sdp import offer_is_plain, with_address, without_candidates

if TYPE_CHECKING:
    from voipwatch.site.linetest.peer import Peer

CALL_S: Final = 12.0
"""How long the far end stays on the line. The page hangs up within 10 s; a page that has gone cannot."""
EVERY_S: Final = 0.25
ANSWER_S: Final = 3.0
TESTS_MAX: Final = 8
"""At once. A test has seven calls, and aiortc codes each in this process: about two hundredths of a core."""
CALLER_TESTS_MAX: Final = 2
"""At once from one network (`callers`): a person makes one, and nobody can keep the others out."""


class BusyError(Exception):
    """As many tests as the far end takes at once are running, of all visitors or of this one's network."""


class Callee(Protocol):
    """What answers one offer: `peer.Peer`."""

    async def answer(self, offer: str) -> str:
        """The answer's SDP."""

    async def sight(self) -> FarSight:
        """What was seen until now."""

    def senders(self) -> frozenset[str]:
        """Addresses that it was called from."""

    async def close(self) -> None:
        """Hangs up."""


def is_installed() -> bool:
    """Whether aiortc is there."""
    return importlib.util.find_spec("aiortc") is not None


def _new_peer() -> "Peer":
    from voipwatch.site.linetest.peer import Peer  # noqa: PLC0415 -- aiortc only where a call comes

    return Peer()


@dataclass(slots=True)
class FarEnd:
    """All calls of this process. One event loop.

    Args:
        address: the one address that visitors reach this machine at; put into every answer in the place of
            those that the machine has. Empty: they are offered as they are (tests, lab).
        proofs: of all processes; None: nothing is proved, and nobody accused of what takes a proof.
        relay: which relay runs, empty for none; None: there never is one.
    """

    address: str = ""
    tests_max: int = TESTS_MAX
    call_s: float = CALL_S
    callee: Callable[[], Callee] = _new_peer
    clock: Callable[[], float] = monotonic
    proofs: Proofs | None = None
    relay: Callable[[], str] | None = None
    running: int = 0
    _callers: Counter[str] = field(default_factory=Counter)

    def reached(self, caller: str) -> dict[str, int]:
        """As `Proofs.reached`: without it nobody is accused, for where no other visitor ever gets through
        the fault may be ours.
        """
        return {} if self.proofs is None else self.proofs.reached(caller)

    def is_free(self, caller: str) -> bool:
        """Whether a test from this address would be taken now."""
        return self.running < self.tests_max and self._callers[caller_prefix(caller)] < CALLER_TESTS_MAX

    async def calls(
        self, offers: Sequence[Offer], caller: str = ""
    ) -> AsyncIterator[Answers | Progress | End]:
        """Answers all, then says what it sees until the time is over or the caller stops asking.

        `caller` is the visitor's address: whether his calls prove anything. Raises BusyError before anything
        else. Close the iterator: that is what hangs up.
        """
        if not self.is_free(caller):
            raise BusyError
        prefix = caller_prefix(caller)
        self.running += 1
        self._callers[prefix] += 1
        peers: dict[Arm, Callee] = {}
        try:
            start_s = self.clock()
            relay = self._relay_of(offers)
            answers = await self._answer(offers, peers)
            yield Answers(answers)
            while peers and self.clock() - start_s < self.call_s:
                await asyncio.sleep(EVERY_S)
                sights = {arm: await peer.sight() for arm, peer in peers.items()}
                for arm, sight in sights.items():
                    if self.proofs is not None:
                        self.proofs.learn(arm, sight, caller, peers[arm].senders())
                at_ms = round((self.clock() - start_s) * 1000)
                stopped = relay is not None and (not relay or relay != self._relay_of(offers))
                yield Progress(at_ms, {str(arm): sight for arm, sight in sights.items()}, stopped)
            yield End(round((self.clock() - start_s) * 1000))
        finally:
            try:
                await asyncio.gather(*(peer.close() for peer in peers.values()), return_exceptions=True)
            finally:
                self.running -= 1
                self._callers[prefix] -= 1
                self._callers += Counter()  # forgets whose count is nought

    async def _answer(self, offers: Sequence[Offer], peers: dict[Arm, Callee]) -> dict[str, str]:
        answers: dict[str, str] = {}
        for offer in offers:
            if offer.arm in peers or not offer_is_plain(offer.sdp):
                continue
            peer = peers[offer.arm] = self.callee()
            try:
                async with asyncio.timeout(ANSWER_S):
                    answer = await peer.answer(without_candidates(offer.sdp))
            except Exception:  # noqa: BLE001 -- a stranger's offer makes aiortc's parser raise anything
                await peers.pop(offer.arm).close()
                continue
            answers[str(offer.arm)] = with_address(answer, self.address)
        return answers

    def _relay_of(self, offers: Sequence[Offer]) -> str | None:
        """Which relay these offers go through, as far as it runs; None: through none."""
        if self.relay is None or not any(offer.arm in RELAYED for offer in offers):
            return None
        return self.relay()
