import asyncio
import io
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import zstandard

from tests.collector.submissions import ABOUT, NOW, RULES, Maker
from voipwatch.collector.body import Limits
from voipwatch.collector.intake import Accepted, Refused, Submitted, take
from voipwatch.collector.judges import Judges, Request, _Waiting, work
from voipwatch.collector.opening import UnreadableError

KEY = b"enrolment key of the tests" + bytes(6)
LIMITS = Limits(item_bytes=100_000)


def living(count: int, what: Callable[[Judges], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        judges = Judges(RULES, KEY, LIMITS, count=count)
        await judges.start()
        try:
            return await what(judges)
        finally:
            await judges.stop()

    return asyncio.run(main())


def batch(items: list[bytes]) -> Request:
    return Request(b"[" + b",".join(items) + b"]", "identity", ABOUT, NOW)


def one(item: bytes) -> Request:
    return Request(item, "identity", ABOUT, NOW)


def nothing_to_pay(_more: int) -> None:
    pass


def expected(items: list[bytes]) -> list[Accepted | Refused]:
    return [take(Submitted(item, ABOUT, NOW), RULES) for item in items]


@pytest.mark.parametrize("count", [0, 2])
def test_workers_say_what_this_process_would_in_order(maker: Maker, count: int) -> None:
    word = maker.submission(1).probe
    token = RULES.enrolments.token(word.pseudonym, word.month)
    items = [maker.body(1, enrolment=token), b"{}", maker.body(2), *map(maker.body, range(3, 20))]

    async def use(judges: Judges) -> Any:
        requests = [one(items[0]), batch(items), batch(items[2:3]), *map(one, items[1:])]
        return await asyncio.gather(*(judges.judge(request, nothing_to_pay) for request in requests))

    first, all_of_them, alone, *rest = living(count, use)
    assert (first.single, all_of_them.single, alone.single) == (True, False, False)
    assert first.results == expected(items[:1])
    assert all_of_them.results == expected(items)
    assert alone.results == expected(items[2:3])
    assert [each.results for each in rest] == [[each] for each in expected(items[1:])]


def test_a_worker_knows_the_instance_too(maker: Maker) -> None:
    items = [maker.body(1, instance=""), maker.body(2), maker.body(3, instance="other")]

    async def use(judges: Judges) -> Any:
        return await judges.judge(batch(items), nothing_to_pay)

    codes = [each.code if isinstance(each, Refused) else "" for each in living(1, use).results]
    assert codes == ["instance", "", "instance"]


@pytest.mark.parametrize("count", [0, 1])
def test_a_frame_that_came_is_kept(maker: Maker, count: int) -> None:
    body = maker.body(1)
    frame = zstandard.ZstdCompressor(level=19).compress(body)

    async def use(judges: Judges) -> Any:
        return await judges.judge(Request(frame, "zstd", ABOUT, NOW), nothing_to_pay)

    (found,) = living(count, use).results
    (made,) = expected([body])
    assert isinstance(made, Accepted)
    assert found.intake.body == frame != made.intake.body
    assert msgspec.structs.replace(found.intake, body=made.intake.body) == made.intake


@pytest.mark.parametrize("count", [0, 1])
def test_what_cannot_be_read_is_said(count: int) -> None:
    async def use(judges: Judges) -> Any:
        asked = [one(b"[" * 5000), Request(b"x", "zstd", ABOUT, NOW), one(b" " * 100_001), one(b"")]
        return await asyncio.gather(
            *(judges.judge(request, nothing_to_pay) for request in asked), return_exceptions=True
        )

    deep, packed, large, empty = living(count, use)
    assert isinstance(deep, UnreadableError)
    assert (deep.status, deep.code) == (400, "json")
    assert isinstance(packed, UnreadableError)
    assert (packed.status, packed.code) == (400, "encoding")
    assert (large.results[0].code, empty.results[0].code) == ("large", "json")


@pytest.mark.parametrize("count", [0, 2])
def test_a_batch_is_paid_for_before_it_is_judged_and_once(maker: Maker, count: int) -> None:
    asked: list[int] = []

    class TooMuchError(Exception):
        pass

    def pay(more: int) -> None:
        asked.append(more)
        if more > 2:
            raise TooMuchError

    async def use(judges: Judges) -> Any:
        for many in (1, 2, 3, 4):
            items = [maker.body(number) for number in range(many)]
            if many < 4:
                assert (await judges.judge(batch(items), pay)).results == expected(items)
            else:
                with pytest.raises(TooMuchError):
                    await judges.judge(batch(items), pay)
        return (await judges.judge(one(maker.body(9)), pay)).results

    assert living(count, use) == expected([maker.body(9)])
    assert asked == [1, 2, 3]


def test_nobody_pays_twice_where_a_worker_died_in_between() -> None:
    async def main() -> list[int]:
        paid: list[int] = []
        waiting = _Waiting(one(b""), paid.append)
        assert waiting.settle(5)
        assert waiting.settle(5)
        return paid

    assert asyncio.run(main()) == [4]


def test_a_worker_that_dies_is_not_missed(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [maker.body(number) for number in range(6)]
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def starting(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*args, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)

    async def use(judges: Judges) -> Any:
        for process in started:
            process.kill()
            await process.wait()
        answers = [await judges.judge(batch(items), nothing_to_pay) for _ in range(5)]
        assert len(started) == 4
        assert all(process.returncode is None for process in started[2:])
        return [answer.results for answer in answers]

    assert living(2, use) == [expected(items)] * 5


def test_where_no_worker_can_be_had_again_this_process_judges(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [maker.body(number) for number in range(3)]
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def starting(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        if started:
            raise OSError
        started.append(await start(*args, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)

    async def use(judges: Judges) -> Any:
        started[0].kill()
        await started[0].wait()
        answers = await asyncio.gather(*(judges.judge(one(item), nothing_to_pay) for item in items))
        return [answer.results[0] for answer in answers]

    assert living(1, use) == expected(items)


def test_a_request_that_is_given_up_leaves_no_answer_for_the_next(maker: Maker) -> None:
    async def use(judges: Judges) -> Any:
        given_up = asyncio.ensure_future(
            judges.judge(batch([maker.body(n) for n in range(8)]), nothing_to_pay)
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        return await judges.judge(batch([maker.body(n) for n in (20, 21)]), nothing_to_pay)

    assert living(1, use).results == expected([maker.body(n) for n in (20, 21)])


def test_a_worker_ends_with_its_pipe() -> None:
    for cut in (b"", b"\0\0", struct.pack(">I", 9) + b"half"):
        sink = io.BytesIO()
        work(io.BytesIO(cut), sink)
        assert sink.getvalue() == b""
