"""The far end's bounds, with callees that are none; real calls are in test_peer.py."""

import asyncio
from collections.abc import Callable

import pytest

from tests.site.linetest.test_sdp import OFFER
from voipwatch.site.linetest import far_end
from voipwatch.site.linetest.far_end import BusyError, FarEnd
from voipwatch.site.linetest.messages import Answers, Arm, End, FarSight, Offer, Progress


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_end, "EVERY_S", 0.0)


class Clock:
    """Goes on by a quarter of a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.25
        return self.now_s


class Callee:
    def __init__(self, seen: FarSight | None = None, fails: Exception | None = None) -> None:
        self.offers: list[str] = []
        self.closed = 0
        self._seen = FarSight() if seen is None else seen
        self._fails = fails

    async def answer(self, offer: str) -> str:
        self.offers.append(offer)
        if self._fails is not None:
            raise self._fails
        return "v=0\r\na=candidate:a 1 udp 1 192.0.2.7 40000 typ host\r\n"

    async def sight(self) -> FarSight:
        return self._seen

    async def close(self) -> None:
        self.closed += 1


def serving(*callees: Callee, clock: Callable[[], float] | None = None, tests_max: int = 8) -> FarEnd:
    left = list(callees)
    return FarEnd(
        "192.0.2.7",
        callee=lambda: left.pop(0),
        clock=Clock() if clock is None else clock,
        tests_max=tests_max,
    )


async def everything(far: FarEnd, *offers: Offer) -> list[Answers | Progress | End]:
    return [line async for line in far.calls(offers)]


def test_it_answers_says_what_it_sees_and_hangs_up_in_time() -> None:
    callee = Callee(FarSight(ice=True, received=3))
    far = serving(callee)
    lines = asyncio.run(everything(far, Offer(Arm.DIRECT, OFFER)))
    assert isinstance(lines[0], Answers)
    assert list(lines[0].sdp) == ["direct"]
    assert isinstance(lines[-1], End)
    assert lines[-1].at_ms <= 15_000
    assert all(isinstance(line, Progress) and line.arms["direct"].received == 3 for line in lines[1:-1])
    assert len(lines) > 10
    assert (callee.closed, far.running) == (1, 0)
    assert "candidate" not in callee.offers[0]


def test_an_offer_that_breaks_the_parser_costs_the_others_nothing() -> None:
    broken, good = Callee(fails=KeyError("fingerprint")), Callee()
    offers = (Offer(Arm.DIRECT, OFFER), Offer(Arm.TURN_UDP, OFFER))
    lines = asyncio.run(everything(serving(broken, good), *offers))
    assert isinstance(lines[0], Answers)
    assert list(lines[0].sdp) == ["turn-udp"]
    assert broken.closed == 1


def test_no_call_is_made_of_what_is_no_offer_and_none_twice() -> None:
    good = Callee()
    offers = (Offer(Arm.DIRECT, "v=0"), Offer(Arm.TURN_UDP, OFFER), Offer(Arm.TURN_UDP, OFFER))
    lines = asyncio.run(everything(serving(good), *offers))
    assert isinstance(lines[0], Answers)
    assert list(lines[0].sdp) == ["turn-udp"]


def test_without_any_call_it_ends_at_once() -> None:
    lines = asyncio.run(everything(serving(), Offer(Arm.DIRECT, "v=0")))
    assert [type(line) for line in lines] == [Answers, End]


def test_a_visitor_who_goes_is_hung_up_on() -> None:
    callee = Callee()
    far = serving(callee)

    async def leaves() -> None:
        lines = far.calls([Offer(Arm.DIRECT, OFFER)])
        await anext(lines)
        assert far.running == 1
        await lines.aclose()  # type: ignore[attr-defined]  # an async generator, told as an iterator

    asyncio.run(leaves())
    assert (callee.closed, far.running) == (1, 0)


def test_more_tests_than_it_takes_are_refused_before_anything() -> None:
    far = serving(Callee(), tests_max=1)
    far.running = 1
    with pytest.raises(BusyError):
        asyncio.run(everything(far, Offer(Arm.DIRECT, OFFER)))
    assert far.running == 1


def test_a_way_is_proved_open_by_voice_and_data_both_ways_for_a_day() -> None:
    seen = FarSight(ice=True, dtls=True, received=20, sent=20, echoes=1)
    clock = Clock()
    far = serving(Callee(seen), clock=clock)
    asyncio.run(everything(far, Offer(Arm.DIRECT, OFFER)))
    assert list(far.reached()) == ["direct"]
    clock.now_s += 86_400
    assert far.reached() == {}


@pytest.mark.parametrize("lacks", [{"received": 19}, {"sent": 19}, {"echoes": 0}])
def test_less_proves_nothing(lacks: dict[str, int]) -> None:
    seen = FarSight(**{"received": 20, "sent": 20, "echoes": 1, **lacks})  # type: ignore[arg-type]  # counts only
    far = serving(Callee(seen))
    asyncio.run(everything(far, Offer(Arm.DIRECT, OFFER)))
    assert far.reached() == {}
