import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import zstandard

from tests.collector.dying import DEADLY, FAULTY, check_redaction
from tests.collector.submissions import ABOUT, NOW, RULES, Maker, poisonous
from voipwatch.collector import intake
from voipwatch.collector import judges as judges_module
from voipwatch.collector.body import Limits
from voipwatch.collector.intake import Accepted, Refused, Submitted, take
from voipwatch.collector.judges import Judges, _Waiting
from voipwatch.collector.opening import UnreadableError
from voipwatch.collector.worker import Request

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


# --- what breaks the judge ----------------------------------------------------------------------------------


def worded(body: bytes, word: bytes) -> bytes:
    return body[:-1] + b',"later":' + word + b"}"


async def code_of(judges: Judges, item: bytes) -> str:
    try:
        (result,) = (await asyncio.wait_for(judges.judge(one(item), nothing_to_pay), 30)).results
    except UnreadableError as error:
        return f"{error.status} {error.code}"
    return result.code if isinstance(result, Refused) else "accepted"


@pytest.mark.parametrize("count", [0, 2])
def test_poison_is_refused_and_the_next_good_report_is_answered(maker: Maker, count: int) -> None:
    poison = list(poisonous(maker.body(1)).values())

    async def use(judges: Judges) -> Any:
        codes = [await code_of(judges, body) for body in (*poison, *poison, maker.body(2))]
        told = await judges.judge(batch([*poison[:2], maker.body(3)]), nothing_to_pay)
        assert not any(task.done() for task in judges._attending)
        return codes, [type(each) for each in told.results]

    codes, kinds = living(count, use)
    assert codes == ["json"] * 2 * len(poison) + ["accepted"]
    assert kinds == [Refused, Refused, Accepted]


@pytest.mark.parametrize("count", [0, 2])
def test_a_fault_of_ours_costs_one_report_and_is_told(
    maker: Maker, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    told: list[str] = []
    if count:
        monkeypatch.setattr(judges_module, "MODULE", "tests.collector.dying")
    else:
        monkeypatch.setattr(intake, "_check_redaction", check_redaction)

    async def use(judges: Judges) -> Any:
        judges._tell = told.append
        bodies = [worded(maker.body(1), FAULTY), maker.body(2)] * 3
        return await asyncio.gather(*(code_of(judges, body) for body in bodies))

    assert living(count, use) == ["internal", "accepted"] * 3
    assert told == ["a report could not be judged: the collector failed on it: KeyError"] * 3


def test_what_kills_its_worker_is_refused_alone_and_never_judged_here(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges_module, "MODULE", "tests.collector.dying")
    monkeypatch.setattr(judges_module, "open_body", None)  # whatever is opened here fails
    told: list[str] = []
    bodies = [
        worded(maker.body(number), DEADLY) if number in (2, 4) else maker.body(number) for number in range(5)
    ]

    async def use(judges: Judges) -> Any:
        judges._tell = told.append
        together = await asyncio.gather(*(code_of(judges, body) for body in bodies))
        after = [await code_of(judges, body) for body in (bodies[2], bodies[0])]
        assert not any(task.done() for task in judges._attending)
        return together, after

    together, after = living(2, use)
    refused = "503 internal"
    assert together == [refused if number in (2, 4) else "accepted" for number in range(5)]
    assert after == [refused, "accepted"]
    assert told
    assert all(line.startswith("a worker ended over ") for line in told)


def test_where_the_dead_worker_has_no_successor_for_a_while_nothing_waits_for_ever(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges_module, "MODULE", "tests.collector.dying")
    monkeypatch.setattr(judges_module, "RESTART_S", 0.0)
    start, short, again = asyncio.create_subprocess_exec, [False], asyncio.Event()
    told: list[str] = []

    async def starting(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        if short[0]:
            raise OSError
        process = await start(*args, **options)
        again.set()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starting)

    async def use(judges: Judges) -> Any:
        again.clear()
        judges._tell = told.append
        short[0] = True
        codes = [await code_of(judges, worded(maker.body(1), DEADLY)), await code_of(judges, maker.body(2))]
        short[0] = False
        await again.wait()
        codes += [await code_of(judges, maker.body(3)), await code_of(judges, worded(maker.body(4), FAULTY))]
        return codes

    assert living(1, use) == ["503 internal", "accepted", "accepted", "internal"]
    assert "a worker has ended and no other can be started: OSError" in told


@pytest.mark.parametrize("count", [0, 1])
def test_whatever_goes_wrong_around_the_judge_there_is_an_answer(
    maker: Maker, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    def breaking(*_args: Any, **_options: Any) -> Any:
        raise ZeroDivisionError

    async def use(judges: Judges) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(judges_module, "open_body", breaking)
            patch.setattr(judges_module._Worker, "ask", breaking)
            first = await code_of(judges, maker.body(1))
        return first, await code_of(judges, maker.body(1))

    assert living(count, use) == ("503 internal", "accepted")


def test_what_still_waits_at_the_end_is_answered(maker: Maker) -> None:
    async def main() -> list[str]:
        judges = Judges(RULES, KEY, LIMITS, count=1)
        await judges.start()
        asked = [asyncio.ensure_future(code_of(judges, maker.body(number))) for number in range(40)]
        await asyncio.sleep(0)
        await judges.stop()
        return await asyncio.gather(*asked)

    assert set(asyncio.run(main())) <= {"503 internal", "accepted"}


def test_one_batch_at_a_time_is_held_open_here(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    judging = Judges._judge_opened
    under_way = 0

    async def counted(judges: Judges, *args: Any) -> None:
        nonlocal under_way
        under_way += 1
        held.append(under_way)
        await judging(judges, *args)
        under_way -= 1

    monkeypatch.setattr(Judges, "_judge_opened", counted)

    async def use(judges: Judges) -> Any:
        requests = [batch([maker.body(number), b"{}"]) for number in range(4)]
        return await asyncio.gather(*(judges.judge(request, nothing_to_pay) for request in requests))

    assert [len(each.results) for each in living(0, use)] == [2] * 4
    assert held == [1] * 4
