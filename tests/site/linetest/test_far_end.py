"""The far end's bounds, with callees that are none; real calls are in test_peer.py."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.site.linetest.test_sdp import OFFER
from voipwatch.site.linetest import far_end
from voipwatch.site.linetest.far_end import CALLER_TESTS_MAX, TESTS_MAX, BusyError, FarEnd
from voipwatch.site.linetest.messages import Answers, Arm, End, FarSight, Offer, Progress
from voipwatch.site.linetest.proofs import Proofs


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

    def senders(self) -> frozenset[str]:
        return frozenset({"198.51.100.9"})

    async def close(self) -> None:
        self.closed += 1


def serving(*callees: Callee, **options: Any) -> FarEnd:
    left = list(callees)
    return FarEnd("192.0.2.7", callee=lambda: left.pop(0), clock=Clock(), **options)


async def everything(far: FarEnd, *offers: Offer, caller: str = "") -> list[Answers | Progress | End]:
    return [line async for line in far.calls(offers, caller)]


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


def test_one_network_holds_no_more_than_its_share_of_the_tests() -> None:
    """Over IPv6 whoever has a /48 is one."""
    far = serving(*(Callee() for _ in range(TESTS_MAX)))

    async def fill(*callers: str) -> list[bool]:
        running, taken = [], []
        for caller in callers:
            lines = far.calls([Offer(Arm.DIRECT, OFFER)], caller)
            try:
                await anext(lines)
            except BusyError:
                taken.append(False)
            else:
                taken.append(True)
                running.append(lines)
        for lines in running:
            await lines.aclose()  # type: ignore[attr-defined]  # an async generator, told as an iterator
        return taken

    greedy = [f"2001:db8:7:{number:x}::1" for number in range(2 * TESTS_MAX)]
    assert asyncio.run(fill(*greedy, "198.51.100.9", "2001:db8:8::1")) == [
        *[number < CALLER_TESTS_MAX for number in range(2 * TESTS_MAX)], True, True,
    ]  # fmt: skip
    assert (far.running, far._callers) == (0, {})
    assert far.is_free(greedy[0])


def test_what_it_saw_proves_a_way_for_this_caller(tmp_path: Path) -> None:
    seen = FarSight(ice=True, dtls=True, received=20, sent=20, echoes=1)
    for caller, proved in (("198.51.100.9", ["direct"]), ("127.0.0.1", []), ("", [])):
        folder = tmp_path / (caller or "none")
        folder.mkdir()
        far = serving(Callee(seen), proofs=Proofs(folder, "192.0.2.7", lambda: 1_000_000.0, bytes(16)))
        asyncio.run(everything(far, Offer(Arm.DIRECT, OFFER), caller=caller))
        assert list(far.reached("203.0.113.9")) == proved, caller
    assert serving().reached("203.0.113.9") == {}


@pytest.mark.parametrize(
    ("words", "arm", "stopped"),
    [
        (["1"] * 3, Arm.TURN_UDP, [False, False]),
        (["1", "1", ""], Arm.TURN_UDP, [False, True]),
        (["1", "2", "2"], Arm.TURN_TLS_IP, [True, True]),  # another one by now
        (["", "", "2"], Arm.TURN_TCP, [True, True]),  # it ended between the credential and the call
        ([""] * 3, Arm.DIRECT, [False, False]),  # none of its business
    ],
)
def test_that_the_relay_stopped_is_said_where_it_was_used(
    words: list[str], arm: Arm, stopped: list[bool]
) -> None:
    left = list(words)
    far = serving(Callee(), relay=lambda: left.pop(0) if len(left) > 1 else left[0])
    lines = asyncio.run(everything(far, Offer(arm, OFFER)))
    assert [line.relay_stopped for line in lines if isinstance(line, Progress)][:2] == stopped
