"""The canary looks at what its own list names, no oftener than it should, and at nothing else."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from voipwatch.apps.targets import Target, TargetSet, load_targets
from voipwatch.experiment.events import CanaryView
from voipwatch.reflector import reach as module
from voipwatch.reflector.reach import LOOKS_BURST, SITE_REQUESTS, ReachDesk, site_of

LIST = load_targets(date(2026, 12, 1))


class Looker:
    """Counts."""

    def __init__(self, *, wait: threading.Event | None = None) -> None:
        self.looked: list[str] = []
        self._wait = wait

    def __call__(self, target: Target) -> CanaryView:
        self.looked.append(target.id)
        if self._wait is not None:
            self._wait.wait(100)
        return CanaryView(("203.0.113.1", "203.0.113.2"), ("203.0.113.1",), 0.0)


def run(work: Callable[[ReachDesk], Coroutine[Any, Any, Any]], look: Looker, listed: TargetSet = LIST) -> Any:
    async def main() -> Any:
        desk = ReachDesk(lambda: listed, look)
        try:
            return await work(desk)
        finally:
            desk.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    "ids",
    [
        [
            "evil.example.com",
            "127.0.0.1",
            "169.254.169.254",
            "http://10.0.0.1/",
            "",
            "whatsapp",
            "*",
            "g.whatsapp.net",
        ],
        [],
    ],
)
def test_nothing_outside_the_list_is_ever_looked_at(ids: list[str]) -> None:
    look = Looker()
    answer = run(lambda desk: desk.answer(ids, 600.0, "192.0.2.1"), look)
    assert look.looked == []
    assert answer["targets"] == {}


def test_what_is_in_the_list_is_looked_at_once_for_everybody() -> None:
    look = Looker()

    async def work(desk: ReachDesk) -> Any:
        ids = ["whatsapp.web", "whatsapp.web", "nobody.there"]
        both = await asyncio.gather(*(desk.answer(ids, 600.0, f"192.0.{n}.1") for n in range(3)))
        return [*both, await desk.answer(ids, 600.0, "192.0.2.1")]

    answers = run(work, look)
    assert look.looked == ["whatsapp.web"]
    for answer in answers:
        view = answer["targets"]["whatsapp.web"]
        assert view["resolved"] == ["203.0.113.1", "203.0.113.2"]
        assert view["alive"] == ["203.0.113.1"]
        assert 0 <= view["age_s"] < 5
        assert answer["digest"] == LIST.digest
        json.dumps(answer)


def test_a_fresher_look_is_made_when_asked_for_and_not_oftener_than_the_floor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = Looker()

    async def work(desk: ReachDesk) -> None:
        for max_age_s in (600.0, 0.0, -5.0):
            await desk.answer(["whatsapp.web"], max_age_s, "192.0.2.1")
        assert look.looked == ["whatsapp.web"], "younger than the floor"
        seen = desk._seen["whatsapp.web"]
        desk._seen["whatsapp.web"] = replace(seen, at=seen.at - 5.0)
        await desk.answer(["whatsapp.web"], 600.0, "192.0.2.1")
        assert len(look.looked) == 1
        await desk.answer(["whatsapp.web"], 1.0, "192.0.2.1")
        assert len(look.looked) == 2

    run(work, look)


def test_a_site_may_ask_so_often_and_no_more() -> None:
    look = Looker()

    async def work(desk: ReachDesk) -> list[bool]:
        said = [await desk.answer([], 600.0, f"192.0.2.{n}") is None for n in range(SITE_REQUESTS + 1)]
        return [*said, await desk.answer([], 600.0, "198.51.100.1") is None]

    assert run(work, look) == [False] * SITE_REQUESTS + [True, False]
    assert site_of("2001:db8:0:1ff::1") == site_of("2001:db8:0:100::2") == "2001:db8:0:100::/56"


def test_all_callers_together_have_so_many_looks() -> None:
    look = Looker()

    async def work(desk: ReachDesk) -> None:
        for _ in range(10):
            desk._seen.clear()
            desk._sites.clear()
            await desk.answer([t.id for t in LIST.targets], 600.0, "192.0.2.1")

    run(work, look)
    assert LOOKS_BURST <= len(look.looked) <= LOOKS_BURST + 20


def test_a_look_that_hangs_is_left_out_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.05)
    wait = threading.Event()
    look = Looker(wait=wait)

    async def work(desk: ReachDesk) -> Any:
        answer = await desk.answer(["whatsapp.web"], 600.0, "192.0.2.1")
        wait.set()
        return answer

    assert run(work, look)["targets"] == {}


def test_a_list_past_its_day_is_not_looked_at() -> None:
    look = Looker()
    late = load_targets(date(2030, 1, 1))
    answer = run(lambda desk: desk.answer(["whatsapp.web"], 600.0, "192.0.2.1"), look, late)
    assert (look.looked, answer["targets"]) == ([], {})
