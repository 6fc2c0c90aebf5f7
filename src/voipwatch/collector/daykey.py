"""Prefix hashes under a key that several collectors share: that of the day by the register's clock.

It is in memory only, for as long as the register says that its day has left. Where the register does not
answer and the day is over, there is no key, and nobody is served: a key of one collector alone would make
one household look like two.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from voipwatch.collector.prefixes import hash_prefix
from voipwatch.model.sessionclaims import DayKey, RegisterAwayError

ANSWER_S: Final = 12.0
"""For one question: above what the register's own server lets it take."""


class SharedHasher:
    """As `PrefixHasher`. `ask`: takes the key there is, gives the one that holds; blocks; raises
    RegisterAwayError.
    """

    def __init__(self, ask: Callable[[DayKey | None], DayKey]) -> None:
        self._ask = ask
        self._key: DayKey | None = None
        self._until_s = 0.0
        self._asking = asyncio.Lock()
        self._running: asyncio.Future[DayKey] | None = None
        self._failures = 0

    def hash(self, address: str, now_s: float) -> tuple[str, str]:
        """As `PrefixHasher.hash`; after `prepare`."""
        self.forget(now_s)
        if self._key is None:
            raise RegisterAwayError("day", "no key of it")
        return hash_prefix(address, self._key.key), self._key.day

    def forget(self, now_s: float) -> None:
        """Drop a key whose day is over."""
        if now_s >= self._until_s:
            self._key = None

    async def prepare(self, now_s: float) -> None:
        """Have a key. Raises RegisterAwayError."""
        self.forget(now_s)
        if self._has_key():
            return
        failures = self._failures
        async with self._asking:
            if self._has_key():  # whoever waited has what the first one got
                return
            if self._failures != failures:
                raise RegisterAwayError("unreachable")
            await self._renew(now_s)

    def _has_key(self) -> bool:
        return self._key is not None

    async def refresh(self, now_s: float) -> None:
        """Ask again, now and then: another collector may have been first after the register lost it."""
        self.forget(now_s)
        async with self._asking:
            await self._renew(now_s)

    async def _renew(self, now_s: float) -> None:
        try:
            found = await self._answer()
        except RegisterAwayError:
            self._failures += 1
            raise
        self._key, self._until_s = found, now_s + found.left_s

    async def _answer(self) -> DayKey:
        """A server that was frozen says nothing, not even that it cannot: one thread alone waits for that."""
        if self._running is not None and not self._running.done():
            raise RegisterAwayError("silent")
        running = self._running = asyncio.ensure_future(asyncio.to_thread(self._ask, self._key))
        try:
            return await asyncio.wait_for(asyncio.shield(running), ANSWER_S)
        except TimeoutError:
            running.add_done_callback(_looked_at)
            raise RegisterAwayError("silent") from None


def _looked_at(done: "asyncio.Future[DayKey]") -> None:
    """So that nobody warns of an error that came too late to be told."""
    if not done.cancelled():
        done.exception()
