"""The tables that migrations make are those that the code asks."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
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


def test_tables_of_a_later_release_are_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError) as refused:
        migrate(engine)
    assert refused.value.reason == "newer"
    assert revision_of(engine) == "9999"
