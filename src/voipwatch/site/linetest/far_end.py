"""The far end of the line test: offers in, answers and what arrived out, everything bounded.

aiortc is imported when the first call comes, so that the site runs without it.
"""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from voipwatch.site.linetest.messages import Answers, Arm, End, FarSight, Offer, Progress
from voipwatch.site.linetest.sdp import offer_is_plain, with_address, without_candidates

if TYPE_CHECKING:
    from voipwatch.site.linetest.peer import Peer

CALL_S: Final = 12.0
"""How long the far end stays on the line. The page hangs up within 10 s; a page that has gone cannot."""
EVERY_S: Final = 0.25
ANSWER_S: Final = 3.0
TESTS_MAX: Final = 8
"""At once. A test has six calls, and aiortc codes each in this process: about two hundredths of a core."""
PROOF_S: Final = 86_400.0
"""For how long another visitor's call shows that a way to the far end is open: as long as a canary's."""
PROOF_PACKETS: Final = 20


class BusyError(Exception):
    """As many tests as the far end takes at once are running."""


class Callee(Protocol):
    """What answers one offer: `peer.Peer`."""

    async def answer(self, offer: str) -> str:
        """The answer's SDP."""

    async def sight(self) -> FarSight:
        """What was seen until now."""

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
    """

    address: str = ""
    tests_max: int = TESTS_MAX
    call_s: float = CALL_S
    callee: Callable[[], Callee] = _new_peer
    clock: Callable[[], float] = monotonic
    running: int = 0
    _reached: dict[Arm, float] = field(default_factory=dict)

    def reached(self) -> dict[str, int]:
        """Arm -> seconds since a visitor's voice and data last went through there both ways, within a day.

        Without it nobody is accused: where no visitor at all ever gets through, the fault may be ours.
        """
        now_s = self.clock()
        return {str(arm): int(now_s - at_s) for arm, at_s in self._reached.items() if now_s - at_s <= PROOF_S}

    async def calls(self, offers: Sequence[Offer]) -> AsyncIterator[Answers | Progress | End]:
        """Answers all, then says what it sees until the time is over or the caller stops asking.

        Raises BusyError before anything else. Close the iterator: that is what hangs up.
        """
        if self.running >= self.tests_max:
            raise BusyError
        self.running += 1
        peers: dict[Arm, Callee] = {}
        try:
            start_s = self.clock()
            answers = await self._answer(offers, peers)
            yield Answers(answers)
            while peers and self.clock() - start_s < self.call_s:
                await asyncio.sleep(EVERY_S)
                sights = {arm: await peer.sight() for arm, peer in peers.items()}
                for arm, sight in sights.items():
                    self._learn(arm, sight)
                at_ms = round((self.clock() - start_s) * 1000)
                yield Progress(at_ms, {str(arm): sight for arm, sight in sights.items()})
            yield End(round((self.clock() - start_s) * 1000))
        finally:
            try:
                await asyncio.gather(*(peer.close() for peer in peers.values()), return_exceptions=True)
            finally:
                self.running -= 1

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

    def _learn(self, arm: Arm, sight: FarSight) -> None:
        if sight.received >= PROOF_PACKETS and sight.sent >= PROOF_PACKETS and sight.echoes:
            self._reached[arm] = self.clock()
