"""Opening a database, and what its transactions keep."""

import sqlite3
import stat
import threading
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, event, insert, select, text

from voipwatch.store.civic.migrate import migrate
from voipwatch.store.civic.opening import (
    DatabaseError,
    forget_deleted,
    known_word,
    open_database,
    reading,
    writing,
)
from voipwatch.store.civic.tables import MAIL_COUNTS


def count(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(connection.execute(select(MAIL_COUNTS.c.mails)).scalars())


def add(engine: Engine, number: int) -> None:
    with writing(engine) as connection:
        row = {"day": "2026-11-22", "address_key": number.to_bytes(16, "big"), "mails": 1}
        connection.execute(insert(MAIL_COUNTS).values(row))


def test_what_the_driver_itself_refuses_is_a_database_that_cannot_be_used(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write-ahead log is emptied past SQLAlchemy, which then wraps no error of the driver."""

    def refuse(_: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    driver = SimpleNamespace(execute=refuse)
    open_one = SimpleNamespace(connection=SimpleNamespace(driver_connection=driver))
    monkeypatch.setattr(engine, "connect", lambda: nullcontext(open_one))
    if engine.dialect.name == "sqlite":
        with pytest.raises(DatabaseError) as refused:
            forget_deleted(engine)
        assert refused.value.detail == "OperationalError"
    else:
        forget_deleted(engine)  # nothing is asked of it


@pytest.mark.parametrize(
    "url", ["", "x", "mysql://h/d", "sqlite://", "postgresql://h/d", "sqlite:///f?mode=ro", "sqlite+x:///f"]
)
def test_what_is_no_url_of_ours(url: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        open_database(url)
    assert refused.value.reason == "url"


def test_a_password_is_in_no_message() -> None:
    engine = open_database("postgresql+psycopg://u:hunter2@127.0.0.1:1/x")
    with pytest.raises(DatabaseError) as refused, reading(engine):
        pass
    assert refused.value.reason == "unreachable"
    assert "hunter2" not in str(refused.value)


def test_the_file_is_its_owners_and_durable(tmp_path: Path) -> None:
    file = tmp_path / "new" / "civic.sqlite"
    engine = open_database(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with reading(engine) as connection:
        asked = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    engine.dispose()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="unreachable"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'x.sqlite'}")


def test_what_raises_keeps_nothing(engine: Engine) -> None:
    row = {"day": "d", "address_key": bytes(16), "mails": 1}

    def half() -> None:
        with writing(engine) as connection:
            connection.execute(insert(MAIL_COUNTS).values(row))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert count(engine) == 0
    add(engine, 1)
    assert count(engine) == 1


def test_the_same_row_twice_is_an_error_without_values(engine: Engine) -> None:
    add(engine, 1)
    with pytest.raises(DatabaseError) as refused:
        add(engine, 1)
    assert "2026" not in str(refused.value)


def test_writers_wait_for_each_other(engine: Engine) -> None:
    failures: list[BaseException] = []

    def work(start: int) -> None:
        try:
            for number in range(start, start + 20):
                add(engine, number)
        except DatabaseError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(1000 * each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert count(engine) == 80


def test_what_is_deleted_stands_in_no_file(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (a TEXT)"))
        connection.execute(text("INSERT INTO t VALUES ('amina-was-here@example.org')"))
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM t"))
    forget_deleted(engine)
    held = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"amina-was-here" not in held
    engine.dispose()


def test_who_writes_holds_the_lock_from_the_beginning(tmp_path: Path) -> None:
    """Else two processes that read first and then write would refuse each other instead of waiting."""
    engine = open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with writing(engine):
        other = sqlite3.connect(tmp_path / "x.sqlite", timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    with reading(engine):
        other = sqlite3.connect(tmp_path / "x.sqlite", timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.close()
    engine.dispose()


def test_a_full_disk_keeps_nothing_by_halves(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    migrate(engine)
    event.listen(engine, "connect", lambda made, _record: made.execute("PRAGMA max_page_count=1"))
    engine.dispose()

    def fill() -> None:
        for number in range(2000):
            add(engine, number)

    with pytest.raises(DatabaseError) as refused:
        fill()
    assert refused.value.reason == "unreachable"
    kept = count(engine)
    assert 0 < kept < 2000

    def two() -> None:
        with writing(engine) as connection:
            for number in range(5000, 7000):
                row = {"day": "later", "address_key": number.to_bytes(16, "big"), "mails": 1}
                connection.execute(insert(MAIL_COUNTS).values(row))

    with pytest.raises(DatabaseError):
        two()
    assert count(engine) == kept
    engine.dispose()


class Colour(StrEnum):
    RED = "red"


def test_a_word_that_nobody_knows_is_a_damaged_database() -> None:
    assert known_word(Colour, "red") is Colour.RED
    for text_ in ("blue", "", "RED", "x" * 1000):
        with pytest.raises(DatabaseError) as refused:
            known_word(Colour, text_)
        assert refused.value.reason == "damaged"
        assert len(refused.value.detail) < 60


def test_what_the_driver_itself_says_is_a_database_that_cannot_be_used(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (a TEXT)"))
    engine.dispose()
    for file in tmp_path.iterdir():
        file.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseError) as refused:
        forget_deleted(engine)
    assert refused.value.reason == "unreachable"
