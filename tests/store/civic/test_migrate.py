"""The tables that migrations make are those that the code asks."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from voipwatch.store.civic.audit_log import AuditRow, add_audit, audit_break, audit_lines
from voipwatch.store.civic.migrate import _config, migrate, newest, revision_of
from voipwatch.store.civic.opening import DatabaseError, open_database, reading, writing
from voipwatch.store.civic.schema import METADATA


def test_migrations_make_the_tables_of_the_code(engine: Engine) -> None:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert revision_of(engine) == newest()


def test_once_more_changes_nothing(database_url: str) -> None:
    engine = open_database(database_url)
    assert revision_of(engine) is None
    migrate(engine)
    migrate(engine)
    assert revision_of(engine) == newest()
    engine.dispose()


def test_an_older_audit_log_is_chained_in_its_order(database_url: str) -> None:
    engine = open_database(database_url)
    config = _config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for number in (1, 2, 3):
            values = {"at": 1_794_000_000 - number, "act": f"é{number}"}
            connection.execute(
                text("INSERT INTO audit (at, who, act, subject, detail) VALUES (:at, 'root', :act, 'p', '')"),
                values,
            )
    migrate(engine)
    with writing(engine) as connection:
        add_audit(connection, AuditRow(1_794_000_000, "root", "é4", "p", ""))
        lines = audit_lines(connection)
    assert [line.act for line in lines] == ["é1", "é2", "é3", "é4"]
    assert audit_break(lines) is None
    engine.dispose()


NOW, DAY = 1_794_000_000, "2026-11-06"
DIGEST = bytes(range(32))
ROWS: dict[str, list[tuple[str, dict[str, object]]]] = {
    "0001": [
        ("petitions", {"id": "p", "document": '{"é": 1}', "created_at": NOW, "erased_at": None}),
        ("pending", {"selector": DIGEST[:16], "petition": "p", "hash": DIGEST, "lang": "fr",
                     "expires_at": NOW}),
        ("signatures", {"petition": "p", "hash": DIGEST, "day": DAY, "lang": "ar", "public_name": "أمينة"}),
        ("arrivals", {"petition": "p", "hour": NOW, "confirmations": 3}),
        ("count_log", {"petition": "p", "n": 1, "prev": "0" * 64, "at": "2026-11-06T00:00:00Z",
                       "told": 10, "digest": "1" * 64}),
        ("notes", {"petition": "p", "day": DAY, "confirmations": 10, "p_value": "1e-9"}),
        ("outbox", {"id": 7, "petition": "p", "kind": "confirm", "selector": DIGEST[:16], "hash": DIGEST,
                    "address": "a@example.org", "domain": "example.org", "lang": "fr", "due_at": NOW,
                    "attempts": 2, "expires_at": NOW}),
        ("mail_counts", {"day": DAY, "address_key": DIGEST[:16], "mails": 2}),
    ],
    "0002": [
        ("boycotts", {"id": "b", "document": "{}", "created_at": NOW, "erased_at": None}),
        ("pledges", {"boycott": "b", "digest": DIGEST, "day": DAY, "state": "kept"}),
        ("pledge_log", {"boycott": "b", "series": "kept", "n": 1, "prev": "0" * 64,
                        "at": "2026-11-06T00:00:00Z", "told": 10, "digest": "2" * 64}),
    ],
    "0003": [
        ("accounts", {"name": "amina", "role": "keeper", "salt": DIGEST[:16], "passphrase": DIGEST,
                      "created_at": NOW, "failures": 2, "next_try_at": NOW, "last_counter": 9}),
        ("sessions", {"digest": DIGEST, "account": "amina", "created_at": NOW, "seen_at": NOW}),
        ("hidden_names", {"petition": "p", "name": "أمينة"}),
        ("bounces", {"petition": "p", "day": DAY, "mails": 1}),
        ("audit_log", {"n": 1, "prev": "0" * 64, "at": NOW, "who": "root", "act": "x", "subject": "",
                       "detail": "", "digest": "3" * 64}),
    ],
    "0004": [
        ("wall_sites", {"mark": "m", "page": "https://a.example/", "site": "a.example", "state": "shown",
                        "since_at": NOW, "seen_at": NOW, "due_at": NOW}),
        ("wall_curve", {"day": DAY, "told": 0}),
    ],
}  # fmt: skip
"""Revision -> a row in every table that it makes, columns as of then."""
REVISIONS = sorted(ROWS)


def upgrade(engine: Engine, revision: str) -> None:
    config = _config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def plant(engine: Engine, revision: str) -> None:
    with writing(engine) as connection:
        for table, values in ROWS[revision]:
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def planted(engine: Engine, revision: str) -> list[tuple[str, list[dict[str, object]]]]:
    """What stands in those tables, in the columns of then."""
    found = []
    with reading(engine) as connection:
        for table, values in ROWS[revision]:
            asked = connection.execute(text(f"SELECT {', '.join(values)} FROM {table}"))
            rows = [
                {
                    name: bytes(value) if isinstance(value, memoryview) else value
                    for name, value in row.items()
                }
                for row in asked.mappings()
            ]
            found.append((table, rows))
    return found


@pytest.mark.parametrize("before", REVISIONS[:-1])
def test_rows_of_an_older_release_are_intact_after_each_step_and_at_the_end(
    database_url: str, before: str
) -> None:
    engine = open_database(database_url)
    kept = REVISIONS[: REVISIONS.index(before) + 1]
    upgrade(engine, before)
    for revision in kept:
        plant(engine, revision)
    wanted = {revision: [(table, [values]) for table, values in ROWS[revision]] for revision in kept}
    for step in (REVISIONS[REVISIONS.index(before) + 1], "head"):
        upgrade(engine, step)
        assert {revision: planted(engine, revision) for revision in kept} == wanted
    migrate(engine)
    assert revision_of(engine) == newest() == REVISIONS[-1]
    for revision in REVISIONS:
        if revision not in kept:
            plant(engine, revision)  # the new tables take rows beside the old ones
    engine.dispose()


def test_every_table_of_the_code_has_a_planted_row() -> None:
    assert sorted(table for rows in ROWS.values() for table, _ in rows) == sorted(METADATA.tables)


def test_no_migration_goes_back() -> None:
    """They only go forward: what cannot be taken back is not offered as if it could."""
    script = ScriptDirectory.from_config(_config())
    assert not any(hasattr(each.module, "downgrade") for each in script.walk_revisions())


def test_a_migration_that_fails_leaves_the_rows_of_before(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(database_url)
    upgrade(engine, "0001")
    plant(engine, "0001")

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr("alembic.op.create_index", failing)
    with pytest.raises(RuntimeError):
        migrate(engine)
    assert revision_of(engine) == "0001"
    assert planted(engine, "0001") == [(table, [values]) for table, values in ROWS["0001"]]
    engine.dispose()


def test_tables_of_a_later_release_are_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError) as refused:
        migrate(engine)
    assert refused.value.reason == "newer"
    assert revision_of(engine) == "9999"
