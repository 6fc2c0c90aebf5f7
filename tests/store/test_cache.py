"""What is kept of an engine's answers: as new as its last write, whoever asks and whatever was written."""

from pathlib import Path

import pyarrow as pa
import pytest

from tests.store.support import HOUR, hourly, rows_of
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.cache import Cached
from voipwatch.store.engine import Parameters
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.series import ARRIVALS, SeriesKey


class Counting:
    """An engine whose answer is how often it was asked."""

    writable = True
    cluster = ""
    asked = 0

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        self.asked += 1
        return pa.table({"asked": [self.asked], "sql": [sql], "with": [len(parameters or {})]})

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        if sql == "bad":
            raise StoreError("query", "half of it was done")

    def insert(self, table: str, rows: pa.Table, token: str = "") -> None:
        if table == "bad":
            raise StoreError("full", "half of it is in")

    def export_native(self, sql: str, parameters: Parameters | None = None) -> bytes:
        return b"blocks"

    def insert_native(self, table: str, blocks: bytes) -> None:
        if table == "bad":
            raise StoreError("full", "half of it is in")

    def close(self) -> None:
        self.asked = -1


def asked(engine: Cached, sql: str = ARRIVALS, parameters: Parameters | None = None) -> int:
    return int(engine.select(sql, parameters)["asked"][0].as_py())


def test_an_answer_is_kept_until_something_is_written() -> None:
    engine = Cached(Counting())
    assert [asked(engine), asked(engine)] == [1, 1]
    engine.insert("votes", pa.table({}))
    assert [asked(engine), asked(engine)] == [2, 2]
    engine.command("OPTIMIZE TABLE arrivals")
    assert [asked(engine), asked(engine)] == [3, 3]
    assert engine.export_native("SELECT 1") == b"blocks"
    assert asked(engine) == 3
    engine.insert_native("voices", b"blocks")
    assert [asked(engine), asked(engine)] == [4, 4]
    assert engine.writable


def test_a_write_that_failed_may_have_written() -> None:
    engine = Cached(Counting())
    assert asked(engine) == 1
    with pytest.raises(StoreError):
        engine.command("bad")
    assert asked(engine) == 2
    with pytest.raises(StoreError):
        engine.insert("bad", pa.table({}))
    assert asked(engine) == 3
    with pytest.raises(StoreError):
        engine.insert_native("bad", b"")
    assert asked(engine) == 4


def test_other_questions_are_asked_each_time() -> None:
    engine = Cached(Counting())
    assert [asked(engine, "SELECT 1"), asked(engine, "SELECT 1")] == [1, 2]
    assert [asked(engine, ARRIVALS, {"n": 1}), asked(engine, ARRIVALS, {"n": 2})] == [3, 4]


@pytest.mark.parametrize("way", ["command", "insert"])
def test_an_answer_from_the_middle_of_a_write_is_not_kept(way: str) -> None:
    """Another thread asks while a statement runs, or a statement begins and ends while it asks."""
    under = Counting()
    engine = Cached(under)
    seen = []

    def statement(*_: object) -> None:
        seen.append(asked(engine))

    def write() -> None:
        engine.command("x") if way == "command" else engine.insert("x", pa.table({}))

    setattr(under, way, statement)
    write()
    assert [*seen, asked(engine)] == [1, 2]

    def overtaken(sql: str, parameters: Parameters | None = None) -> pa.Table:
        answer = Counting.select(under, sql, parameters)
        setattr(under, way, lambda *_: None)
        write()
        return answer

    write()
    under.select = overtaken  # type: ignore[method-assign]  # the planted moment
    first = asked(engine)
    assert asked(engine) == first + 1


def test_owner_and_visitors_see_what_was_refreshed_a_moment_ago(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    key = SeriesKey("MA", "AS36925", "4g", "whatsapp")
    with (
        open_store(url, create=True, serve_door=True) as owner,
        open_store(url, read_only=True) as visitor,
    ):
        for hour in range(3):
            owner.insert_segment(f"s{hour}", rows_of(hourly({hour: (3, Verdict.OK)})))
            owner.refresh_cells()
            newest = HOUR + 3600 * hour + 62
            for store in (owner, visitor, owner):
                assert store.as_of() == newest
                told = store.series(key, since=HOUR, until=HOUR + 4 * 3600)["as_of"].to_pylist()
                assert set(told) == {newest}
