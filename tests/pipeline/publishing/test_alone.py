"""Two at once: the second is told, and nothing of its doing is done."""

import os
from pathlib import Path

import pytest

from tests.pipeline.publishing.support import contents, request, store_of, votes
from voipwatch.pipeline.publishing.alone import BusyError, alone, busy
from voipwatch.pipeline.publishing.publish import publish


def test_a_folder_and_a_memory_are_taken_apart(tmp_path: Path) -> None:
    memory, out = tmp_path / "memory", tmp_path / "out"
    assert not busy(memory)
    with alone(memory, out):
        assert busy(memory)
        for other in ((memory, tmp_path / "elsewhere"), (tmp_path / "another", out)):
            with pytest.raises(BusyError) as caught, alone(*other):
                pass
            assert caught.value.place in {memory, out}
        with alone(tmp_path / "another", tmp_path / "elsewhere"):
            pass
    assert not busy(memory)
    with alone(memory, out):
        pass


def test_a_second_publish_asks_nothing_of_the_log_and_writes_nothing(tmp_path: Path) -> None:
    """While the first one is at its last step; its log is read under the lock."""
    said = store_of(votes(12))
    asked: list[str] = []

    def log() -> tuple[bytes, ...]:
        asked.append("log")
        return ()

    def second(step: str) -> None:
        if step == "link":
            with pytest.raises(BusyError):
                publish(said, request(tmp_path, 11), log=log)
            asked.append("refused")

    publish(said, request(tmp_path, 10), disk=second)
    assert asked == ["refused"]
    before = contents(tmp_path / "bundle")
    publish(said, request(tmp_path, 10))
    assert contents(tmp_path / "bundle") == before


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with alone(tmp_path / "memory", tmp_path / "out"):
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with alone(tmp_path / "memory", tmp_path / "out"):
        pass
