"""The audit log: a chain that shows what was changed, with either database and many writers."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from tests.store.civic.rows import NOW
from voipwatch.store.civic.audit_log import (
    FIRST_PREV,
    AuditRow,
    add_audit,
    audit_break,
    audit_lines,
    audit_rows,
    newest_lines,
)
from voipwatch.store.civic.opening import reading, writing


def entry(number: int) -> AuditRow:
    return AuditRow(NOW + number, "root", "create", f"pé{number}", "")


def filled(engine: Engine, count: int = 4) -> None:
    with writing(engine) as connection:
        for number in range(count):
            add_audit(connection, entry(number))


def test_lines_follow_from_one_another(engine: Engine) -> None:
    filled(engine)
    with reading(engine) as connection:
        lines = audit_lines(connection)
        assert audit_rows(connection) == [entry(number) for number in range(4)]
        assert newest_lines(connection, 2) == [lines[3], lines[2]]
    assert [line.n for line in lines] == [1, 2, 3, 4]
    assert [line.prev for line in lines] == [FIRST_PREV, *(line.digest for line in lines[:-1])]
    assert audit_break(lines) is None
    assert audit_break([]) is None


def test_a_line_by_hand(engine: Engine) -> None:
    filled(engine, 1)
    said = {
        "act": "create", "at": NOW, "detail": "", "n": 1, "prev": "0" * 64, "subject": "pé0", "who": "root",
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()
    with reading(engine) as connection:
        assert audit_lines(connection)[0].digest == digest


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("UPDATE audit_log SET who = 'nobody' WHERE n = 3", 2),
        ("UPDATE audit_log SET at = at + 1 WHERE n = 1", 0),
        ("UPDATE audit_log SET detail = 'x' WHERE n = 4", 3),
        ("UPDATE audit_log SET digest = prev WHERE n = 2", 1),
        ("DELETE FROM audit_log WHERE n = 2", 1),
        ("DELETE FROM audit_log WHERE n = 1", 0),
        ("UPDATE audit_log SET n = 9 WHERE n = 4", 3),
    ],
)
def test_whatever_is_changed_is_seen(engine: Engine, change: str, place: int) -> None:
    filled(engine)
    with writing(engine) as connection:
        connection.execute(text(change))
    with reading(engine) as connection:
        assert audit_break(audit_lines(connection)) == place


def test_what_is_undone_leaves_no_line(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            add_audit(connection, entry(1))
            raise RuntimeError

    filled(engine, 1)
    with pytest.raises(RuntimeError):
        fail()
    filled(engine, 1)
    with reading(engine) as connection:
        assert [line.n for line in audit_lines(connection)] == [1, 2]


def test_writers_at_once_make_one_chain(engine: Engine) -> None:
    def write(number: int) -> None:
        with writing(engine) as connection:
            add_audit(connection, entry(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))
    with reading(engine) as connection:
        lines = audit_lines(connection)
    assert len(lines) == 24
    assert audit_break(lines) is None
