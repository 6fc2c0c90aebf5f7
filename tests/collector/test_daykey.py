"""The hasher of a key that is shared: asked for, used for its day, and gone."""

import asyncio
import threading

import pytest

from voipwatch.collector import daykey
from voipwatch.collector.daykey import SharedHasher
from voipwatch.collector.prefixes import hash_prefix
from voipwatch.model.sessionclaims import DayKey, RegisterAwayError

NOW = 1_795_305_600.0  # 2026-11-22 00:00 UTC


class Source:
    """A register that gives what it is told to."""

    def __init__(self) -> None:
        self.gives: DayKey | None = DayKey("2026-11-22", b"a" * 32, 100.0)
        self.offered: list[DayKey | None] = []

    def __call__(self, offered: DayKey | None) -> DayKey:
        self.offered.append(offered)
        if self.gives is None:
            raise RegisterAwayError("unreachable")
        return self.gives


def test_it_asks_once_and_hashes_until_the_registers_day_ends() -> None:
    source = Source()
    hasher = SharedHasher(source)

    async def run() -> None:
        await asyncio.gather(*(hasher.prepare(NOW) for _ in range(5)))
        assert hasher.hash("192.0.2.7", NOW + 99) == (hash_prefix("192.0.2.9", b"a" * 32), "2026-11-22")
        assert source.offered == [None]
        source.gives = DayKey("2026-11-23", b"b" * 32, 86_400.0)
        await hasher.prepare(NOW + 100)
        assert hasher.hash("192.0.2.7", NOW + 100) == (hash_prefix("192.0.2.7", b"b" * 32), "2026-11-23")
        assert source.offered == [None, None], "a key whose day is over was offered"

    asyncio.run(run())


def test_refreshed_it_offers_what_it_has_and_takes_what_it_is_given() -> None:
    source = Source()
    hasher = SharedHasher(source)

    async def run() -> None:
        await hasher.prepare(NOW)
        source.gives = DayKey("2026-11-22", b"b" * 32, 50.0)
        await hasher.refresh(NOW + 50)
        assert source.offered == [None, DayKey("2026-11-22", b"a" * 32, 100.0)]
        assert hasher.hash("192.0.2.7", NOW + 51)[0] == hash_prefix("192.0.2.7", b"b" * 32)

    asyncio.run(run())


def test_while_the_register_is_away_the_key_holds_for_its_day_alone() -> None:
    source = Source()
    hasher = SharedHasher(source)

    async def run() -> None:
        await hasher.prepare(NOW)
        source.gives = None
        with pytest.raises(RegisterAwayError):
            await hasher.refresh(NOW + 10)
        assert hasher.hash("192.0.2.7", NOW + 99)[1] == "2026-11-22"
        with pytest.raises(RegisterAwayError):
            await hasher.prepare(NOW + 100)
        with pytest.raises(RegisterAwayError, match="day"):
            hasher.hash("192.0.2.7", NOW + 100)
        assert hasher._key is None

    asyncio.run(run())


def test_those_who_waited_for_one_answer_have_that_one() -> None:
    source = Source()
    source.gives = None
    hasher = SharedHasher(source)

    async def run() -> None:
        found = await asyncio.gather(*(hasher.prepare(NOW) for _ in range(5)), return_exceptions=True)
        assert {type(each) for each in found} == {RegisterAwayError}
        assert len(source.offered) == 1
        source.gives = DayKey("2026-11-22", b"a" * 32, 100.0)
        await hasher.prepare(NOW)

    asyncio.run(run())


def test_a_register_that_says_nothing_is_asked_by_one_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = threading.Event()
    asked: list[DayKey | None] = []

    def source(offered: DayKey | None) -> DayKey:
        asked.append(offered)
        assert frozen.wait(60)
        return DayKey("2026-11-22", b"a" * 32, 100.0)

    monkeypatch.setattr(daykey, "ANSWER_S", 0.01)
    hasher = SharedHasher(source)

    async def run() -> None:
        for _ in range(3):
            with pytest.raises(RegisterAwayError, match="silent"):
                await hasher.refresh(NOW)
        assert len(asked) == 1
        frozen.set()
        assert hasher._running is not None
        await asyncio.wait([hasher._running])
        monkeypatch.setattr(daykey, "ANSWER_S", 60.0)
        await hasher.prepare(NOW)
        assert hasher.hash("192.0.2.7", NOW)[1] == "2026-11-22"

    asyncio.run(run())
