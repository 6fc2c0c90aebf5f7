from tests.support.environment import REPOSITORY
from voipwatch.store.columns import TABLES, page
from voipwatch.store.store import Store


def test_the_dictionary_is_the_schema(store: Store) -> None:
    found = store.select(
        "SELECT table, name, type FROM system.columns "
        "WHERE database = currentDatabase() ORDER BY table, position"
    ).to_pylist()
    schema: dict[str, list[tuple[str, str]]] = {}
    for row in found:
        schema.setdefault(row["table"], []).append((row["name"], row["type"]))
    assert schema == {table.name: [(c.name, c.sql_type) for c in table.columns] for table in TABLES}


def test_every_column_says_what_it_means() -> None:
    assert [c.name for table in TABLES for c in table.columns if len(c.meaning) < 3] == []


def test_the_page_is_made_of_it() -> None:
    assert (REPOSITORY / "docs/data.md").read_text("utf-8") == page()
