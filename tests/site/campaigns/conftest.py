"""A desk with an open petition; `both_desks` with either kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.campaigns.instance import NOW, folder_of, opened
from tests.support.civic_database import database_url, postgresql_server
from tests.support.clock import Clock
from voipwatch.site.campaigns.desk import Desk

__all__ = ["database_url", "postgresql_server"]


@pytest.fixture
def clock() -> Clock:
    """Stands at the instance's now."""
    return Clock(NOW)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """SQLite."""
    made = opened(folder_of(tmp_path / "campaigns"))
    yield made
    made.close()


@pytest.fixture
def both_desks(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """SQLite and PostgreSQL, a test each."""
    made = opened(folder_of(tmp_path / "campaigns", database=database_url))
    yield made
    made.close()
