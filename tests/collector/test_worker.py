import asyncio
import gzip
import io
import resource
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.collector.submissions import ABOUT, NOW, RULES, Maker
from voipwatch.collector.body import Limits
from voipwatch.collector.intake import Accepted, Refused
from voipwatch.collector.judges import Judges
from voipwatch.collector.opening import UnreadableError
from voipwatch.collector.worker import MEMORY_BYTES_MAX, OPEN_BYTES, Request, Start, _Judge, work

LIMITS = Limits()
MOST = LIMITS.inflated_bytes
OPENED_BYTES_MAX = 160 << 20
"""A worker's peak over whatever is only opened: 45 MB of its own, and the largest body three times."""
PEAK_BYTES_MAX = MEMORY_BYTES_MAX // 2
"""Over a report of the largest size that is taken apart field by field."""


def zstd(plain: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(plain)


def streamed(plain: bytes) -> bytes:
    """Does not tell its size."""
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    return packer.compress(plain) + packer.flush()


def filled(words: bytes, end: bytes = b"") -> bytes:
    size = MOST - len(end)
    return (words * (size // len(words) + 1))[:size] + end


def peak_bytes(pid: int) -> int:
    """Of its memory, since it was started (proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) << 10


def asked(request: Request, times: int) -> tuple[set[str], int]:
    """The codes of the answers, and the peak of the one worker's memory, bytes."""
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def starting(*args: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*args, **options))
        return started[-1]

    async def one(judges: Judges) -> str:
        try:
            judged = await judges.judge(request, lambda _more: None)
        except UnreadableError as error:
            return error.code
        (code,) = {each.code if isinstance(each, Refused) else "accepted" for each in judged.results}
        return code

    async def main() -> tuple[set[str], int]:
        judges = Judges(RULES, b"key", LIMITS, count=1)
        await judges.start()
        try:
            codes = set(await asyncio.gather(*(one(judges) for _ in range(times))))
            (process,) = started
            return codes, peak_bytes(process.pid)
        finally:
            await judges.stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "create_subprocess_exec", starting)
        return asyncio.run(main())


def padded() -> bytes:
    return b"{}" + filled(b" ")[2:]


BOMBS: dict[str, tuple[Callable[[], bytes], str, bool, int, str]] = {
    "millions of lines": (lambda: zstd(filled(b"11\n")), "zstd", True, 1, "items"),
    "millions of empty lines": (lambda: zstd(filled(b"\n")), "zstd", True, 1, "items"),
    "long lines": (lambda: streamed(filled(b"1" * (MOST // 256 - 1) + b"\n")), "zstd", True, 1, "schema"),
    "a long array": (lambda: zstd(b"[" + filled(b",1", b"]")[1:]), "zstd", False, 1, "items"),
    "many at once": (lambda: zstd(padded()), "zstd", False, 8, "large"),
    "many at once, of no stated size": (lambda: streamed(padded()), "zstd", False, 8, "large"),
    "many at once, gzip": (lambda: gzip.compress(padded()), "gzip", False, 8, "large"),
}
"""Body, encoding, whether as lines, how often at once, the answer's code."""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_any_shape_costs_a_worker_a_few_times_the_bound(name: str) -> None:
    make, encoding, lines, times, code = BOMBS[name]
    content = make()
    assert len(content) < MOST >> 9
    codes, peak = asked(Request(content, encoding, ABOUT, NOW, lines), times)
    assert codes == {code}
    assert peak < OPENED_BYTES_MAX, f"{peak >> 20} MB"


def test_a_report_that_is_all_small_objects_stays_below_half_of_what_a_worker_may_have(maker: Maker) -> None:
    head = maker.body(1)[:-1] + b',"later":["\\u00e9"'
    body = head + b",{}" * ((LIMITS.item_bytes - len(head) - 2) // 3) + b"]}"
    codes, peak = asked(Request(zstd(body), "zstd", ABOUT, NOW), 1)
    assert codes == {"accepted"}
    assert OPENED_BYTES_MAX < peak < PEAK_BYTES_MAX, f"{peak >> 20} MB"


def test_the_kernel_holds_a_worker_to_its_bound() -> None:
    async def main() -> list[tuple[int, int]]:
        judges = Judges(RULES, b"key", LIMITS, count=2)
        await judges.start()
        try:
            for worker in judges._workers:  # the limit is set before the first answer
                await worker.ask([])
            processes = [worker._process for worker in judges._workers]
            return [
                resource.prlimit(process.pid, resource.RLIMIT_AS)
                for process in processes
                if process is not None
            ]
        finally:
            await judges.stop()

    assert asyncio.run(main()) == [(MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)] * 2


def test_a_group_is_opened_a_part_at_a_time(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.BytesIO()
    judge = _Judge(io.BytesIO(), sink, Start(sorted(RULES.reflectors), b"key", RULES.instance, LIMITS))
    parts: list[int] = []
    outcomes = judge._outcomes

    def counting(held: Any) -> Any:
        parts.append(len(held))
        return outcomes(held)

    monkeypatch.setattr(judge, "_outcomes", counting)
    wide = b" " * OPEN_BYTES
    bodies = [maker.body(1), maker.body(2) + wide, b"x", maker.body(3), b"{}" + wide, maker.body(4)]
    judge.answer([Request(body, "identity", ABOUT, NOW) for body in bodies])
    assert parts == [2, 3, 1]
    whole = sink.getvalue()
    (length,) = struct.unpack(">I", whole[:4])
    assert length == len(whole) - 4
    single = [judge._outcomes([(request, judge._opened(0, request))])
              for request in (Request(body, "identity", ABOUT, NOW) for body in bodies)]  # fmt: skip
    kinds = [type(outcome.results[0]) for (outcome,) in single if hasattr(outcome, "results")]
    assert kinds == [Accepted, Accepted, Refused, Accepted, Refused, Accepted]


def test_what_there_is_no_memory_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(*_args: Any, **_options: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr("voipwatch.collector.worker.open_body", opening)
    judge = _Judge(io.BytesIO(), io.BytesIO(), Start([], b"key", "", LIMITS))
    outcome = judge._opened(0, Request(b"{}", "identity", ABOUT, NOW))
    assert getattr(outcome, "status", 0) == 413


def test_a_worker_ends_with_its_pipe() -> None:
    for cut in (b"", b"\0\0", struct.pack(">I", 9) + b"half"):
        sink = io.BytesIO()
        work(io.BytesIO(cut), sink)
        assert sink.getvalue() == b""
