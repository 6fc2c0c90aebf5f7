"""The supervisor over small real processes: started again, ended by their pid, told by lines."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from voipwatch.cli.serve_supervisor import StartError, Supervisor, fields_of

PROGRAM = """
import json, os, sys
order = json.loads(sys.stdin.readline())
def tell(**words):
    print(json.dumps(words), flush=True)
tell(say="hello")
print("no JSON", flush=True)
if order["name"] == "refuses":
    tell(failed="the door is shut")
    sys.exit(64)
if order["name"] == "troubled":
    tell(trouble="register unreachable")
tell(ready=f"pid={os.getpid()} name={order['name']}")
sys.stdin.read()
tell(say="nobody is there")
"""


class Order(msgspec.Struct, frozen=True):
    name: str


def supervisor(tmp_path: Path, heard: list[tuple[str, str, str]]) -> Supervisor:
    program = tmp_path / "role.py"
    program.write_text(PROGRAM, "utf-8")
    return Supervisor(lambda *words: heard.append(words), command=(sys.executable, str(program)))


def test_what_dies_is_started_again_and_a_stop_ends_it(tmp_path: Path) -> None:
    heard: list[tuple[str, str, str]] = []

    async def story() -> None:
        ours = supervisor(tmp_path, heard)
        fields = await ours.start("role", Order("one"))
        child = ours.children["role"]
        assert fields == {"pid": str(child.pid), "name": "one"}
        first = child.pid
        assert first is not None
        child.ready.clear()
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(30):
            await child.ready.wait()
        assert child.restarts == 1
        assert child.pid not in {first, None}
        ours.stopping()
        await ours.stop("role")
        assert child.pid is None

    asyncio.run(story())
    assert ("role", "say", "hello") in heard
    assert ("role", "died", "ended with status -9") in heard


def test_trouble_holds_until_it_is_over_or_the_process_is_another(tmp_path: Path) -> None:
    heard: list[tuple[str, str, str]] = []

    async def story() -> None:
        ours = supervisor(tmp_path, heard)
        await ours.start("role", Order("troubled"))
        child = ours.children["role"]
        assert child.trouble == "register unreachable"
        assert child.pid is not None
        child.ready.clear()
        child.order = Order("one")
        os.kill(child.pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            await child.ready.wait()
        assert child.trouble == ""
        ours.stopping()
        await ours.stop("role")

    asyncio.run(story())


def test_one_that_refuses_for_good_says_why(tmp_path: Path) -> None:
    heard: list[tuple[str, str, str]] = []

    async def story() -> None:
        with pytest.raises(StartError, match="the door is shut"):
            await supervisor(tmp_path, heard).start("role", Order("refuses"))

    asyncio.run(story())


def test_the_end_of_its_input_is_how_a_process_learns_that_it_is_alone(tmp_path: Path) -> None:
    heard: list[tuple[str, str, str]] = []

    async def story() -> None:
        ours = supervisor(tmp_path, heard)
        await ours.start("role", Order("one"))
        ours.stopping()
        process = ours.children["role"].process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(30):
            assert await process.wait() == 0

    asyncio.run(story())


def test_fields_of_a_ready_line() -> None:
    assert fields_of("voipwatch ready a=1 b=x=y c") == {"a": "1", "b": "x=y"}
