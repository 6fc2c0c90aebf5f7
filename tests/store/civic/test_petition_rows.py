"""Petitions, logs and notes in rows."""

from sqlalchemy import Engine

from tests.store.civic.rows import NOW, petition
from voipwatch.store.civic import petition_rows as rows
from voipwatch.store.civic.opening import reading, writing
from voipwatch.store.civic.petition_rows import LogRow, NoteRow, PetitionRow


def test_petitions(engine: Engine) -> None:
    petition(engine, "q")
    petition(engine, "p")
    with writing(engine) as connection:
        rows.set_document(connection, "p", '{"a":1}')
        rows.set_erased(connection, "q", now_s=NOW)
    with reading(engine) as connection:
        assert rows.petition_rows(connection) == [
            PetitionRow("p", '{"a":1}', None),
            PetitionRow("q", "{}", NOW),
        ]
        assert rows.petition_row(connection, "p") == PetitionRow("p", '{"a":1}', None)
        assert rows.petition_row(connection, "x") is None


def test_the_log_is_read_in_its_order(engine: Engine) -> None:
    petition(engine)
    told = [LogRow(n, "p", "t", 10 * n, "d") for n in (1, 2, 10)]
    with writing(engine) as connection:
        assert rows.last_line(connection, "p") is None
        for each in reversed(told):
            rows.add_line(connection, "p", each)
    with reading(engine) as connection:
        assert rows.lines(connection, "p") == told
        assert rows.last_line(connection, "p") == told[-1]
        assert rows.lines(connection, "q") == []


def test_one_note_a_day(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        for day in ("2026-11-22", "2026-11-21", "2026-11-22"):
            rows.add_note(connection, "p", NoteRow(day, 480, "1e-06"))
    with reading(engine) as connection:
        assert [each.day for each in rows.notes(connection, "p")] == ["2026-11-21", "2026-11-22"]
