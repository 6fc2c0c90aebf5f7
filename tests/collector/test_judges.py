import asyncio
import io
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.collector.submissions import ABOUT, NOW, RULES, Maker
from voipwatch.collector.intake import Accepted, Refused, take
from voipwatch.collector.judges import Judges, work

KEY = b"enrolment key of the tests" + bytes(6)


def living(count: int, what: Callable[[Judges], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        judges = Judges(RULES, KEY, count)
        await judges.start()
        try:
            return await what(judges)
        finally:
            await judges.stop()

    return asyncio.run(main())


@pytest.mark.parametrize("count", [0, 2])
def test_workers_say_what_this_process_would_in_order(maker: Maker, count: int) -> None:
    word = maker.submission(1).probe
    token = RULES.enrolments.token(word.pseudonym, word.month)
    items = [
        maker.body(1, enrolment=token),
        b"{}",
        maker.body(2),
        b"[" * 5000,
        *map(maker.body, range(3, 40)),
    ]

    async def use(judges: Judges) -> list[Accepted | Refused]:
        first = await judges.judge(items[:1], ABOUT, NOW)
        return first + await judges.judge(items, ABOUT, NOW)

    found = living(count, use)
    expected = [take(item, ABOUT, RULES, NOW) for item in items]
    assert found == expected[:1] + expected


def test_a_worker_knows_the_instance_too(maker: Maker) -> None:
    items = [maker.body(1, instance=""), maker.body(2), maker.body(3, instance="other")]

    async def use(judges: Judges) -> list[Accepted | Refused]:
        return await judges.judge(items, ABOUT, NOW)

    codes = [one.code if isinstance(one, Refused) else "" for one in living(1, use)]
    assert codes == ["instance", "", "instance"]


def test_a_worker_that_dies_is_not_missed(maker: Maker) -> None:
    items = [maker.body(number) for number in range(6)]

    async def use(judges: Judges) -> list[list[Accepted | Refused]]:
        for worker in judges._workers:
            worker._process.kill()
            await worker._process.wait()
        answers = [await judges.judge(items, ABOUT, NOW) for _ in range(3)]
        assert len(judges._workers) == 2
        assert all(worker._process.returncode is None for worker in judges._workers)
        return answers

    expected = [take(item, ABOUT, RULES, NOW) for item in items]
    assert living(2, use) == [expected] * 3


def test_a_request_that_is_given_up_leaves_no_answer_for_the_next(maker: Maker) -> None:
    async def use(judges: Judges) -> list[Accepted | Refused]:
        given_up = asyncio.ensure_future(judges.judge([maker.body(n) for n in range(8)], ABOUT, NOW))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        return await judges.judge([maker.body(n) for n in (20, 21)], ABOUT, NOW)

    found = living(1, use)
    assert found == [take(maker.body(n), ABOUT, RULES, NOW) for n in (20, 21)]


def test_a_worker_ends_with_its_pipe() -> None:
    for cut in (b"", b"\0\0", struct.pack(">I", 9) + b"half"):
        sink = io.BytesIO()
        work(io.BytesIO(cut), sink)
        assert sink.getvalue() == b""
