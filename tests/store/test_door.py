import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from voipwatch.store import door
from voipwatch.store.errors import StoreError


class Table:
    """An engine that answers with what it was asked."""

    writable = True
    cluster = ""

    def select(self, sql: str, parameters: object = None) -> pa.Table:
        if sql == "bad":
            raise StoreError("query", "syntax")
        return pa.table({"sql": [sql], "parameters": [json.dumps(parameters)]})


@pytest.fixture
def visited(tmp_path: Path) -> Iterator[door.Visitor]:
    opened = door.Door(Table(), tmp_path)  # type: ignore[arg-type]  # a double
    visitor = door.Visitor(tmp_path)
    yield visitor
    visitor.close()
    opened.close()


def test_a_visitor_reads_again_and_again(visited: door.Visitor) -> None:
    for number in range(3):
        answer = visited.select("SELECT 1", {"n": number}).to_pylist()
        assert answer == [{"sql": "SELECT 1", "parameters": json.dumps({"n": number})}]


def test_an_error_comes_through_as_it_was(visited: door.Visitor) -> None:
    with pytest.raises(StoreError, match="syntax") as raised:
        visited.select("bad")
    assert raised.value.reason == "query"
    assert visited.select("SELECT 2").num_rows == 1, "the connection goes on"


def test_a_visitor_writes_nothing(visited: door.Visitor) -> None:
    assert not visited.writable
    with pytest.raises(StoreError, match="only reads"):
        visited.command("DROP TABLE votes")
    with pytest.raises(StoreError, match="only reads"):
        visited.insert("votes", pa.table({}))
    with pytest.raises(StoreError, match="only reads"):
        visited.insert_native("votes", b"blocks")
    with pytest.raises(StoreError, match="states are not handed out"):
        visited.export_native("SELECT 1")
    with pytest.raises(StoreError, match="at most"):
        visited.select("x" * (door.REQUEST_MAX + 1))


def test_the_socket_is_its_users_alone_and_may_lie_deep(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (deep / door.SOCKET).write_text("left by one that was killed")
    opened = door.Door(Table(), deep)  # type: ignore[arg-type]  # a double
    try:
        assert (deep / door.SOCKET).stat().st_mode & 0o777 == 0o600
        visitor = door.Visitor(deep)
        assert visitor.select("SELECT 1").num_rows == 1
    finally:
        opened.close()
    assert not (deep / door.SOCKET).exists()
    with pytest.raises(StoreError, match="went away"):
        visitor.select("SELECT 1")
    visitor.close()
    with pytest.raises(FileNotFoundError):
        door.Visitor(deep)


@pytest.mark.parametrize(
    "request_bytes",
    [b"[]", b"\xff\xff", b"{}", b'{"sql": 3}'],
)
def test_what_is_no_request_is_answered_with_an_error(tmp_path: Path, request_bytes: bytes) -> None:
    opened = door.Door(Table(), tmp_path)  # type: ignore[arg-type]  # a double
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(tmp_path / door.SOCKET))
        stream.sendall(len(request_bytes).to_bytes(4, "big") + request_bytes)
        assert stream.recv(1) == b"E"
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(tmp_path / door.SOCKET))
        stream.sendall(b"\xff\xff\xff\xff")
        assert stream.recv(1) == b"", "a length above the limit ends the visit"
    opened.close()


def test_visitors_do_not_wait_for_each_other(tmp_path: Path) -> None:
    inside = threading.Event()
    go_on = threading.Event()

    class Slow(Table):
        def select(self, sql: str, parameters: object = None) -> pa.Table:
            if sql == "slow":
                inside.set()
                assert go_on.wait(30)
            return super().select(sql, parameters)

    opened = door.Door(Slow(), tmp_path)  # type: ignore[arg-type]  # a double
    first, second = door.Visitor(tmp_path), door.Visitor(tmp_path)
    thread = threading.Thread(target=first.select, args=("slow",))
    thread.start()
    assert inside.wait(30)
    assert second.select("fast").num_rows == 1
    go_on.set()
    thread.join()
    first.close()
    second.close()
    opened.close()
    assert not os.path.lexists(tmp_path / door.SOCKET)
