"""Whatever has tables is named; test_migrate.py compares all of it with what migrations make."""

from importlib import import_module

from tests.support.environment import REPOSITORY
from voipwatch.store.civic import tables
from voipwatch.store.civic.schema import MODULES


def test_every_module_of_tables_is_named() -> None:
    folder = REPOSITORY / "src/voipwatch/store/civic"
    found = {import_module(f"voipwatch.store.civic.{path.stem}") for path in folder.glob("*tables.py")}
    assert found == {tables, *MODULES}
