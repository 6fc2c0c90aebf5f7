"""Databases of the civic tools: each test that asks for one runs with SQLite and with PostgreSQL."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.environment import require
from tests.support.postgresql import binaries, new_database, postgresql
from voipwatch.store.civic.migrate import migrate
from voipwatch.store.civic.opening import open_database

_NUMBERS = count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A server for the whole run."""
    require(binaries(), "PostgreSQL's server is not installed: scripts/system.sh")
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'db' / 'civic.sqlite'}"
    server = request.getfixturevalue("postgresql_server")
    return new_database(server, f"civic{next(_NUMBERS)}")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database with its tables."""
    made = open_database(database_url)
    migrate(made)
    yield made
    made.dispose()
