"""A register in a PostgreSQL of the test's own."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.environment import require
from tests.support.postgresql import Server, binaries, new_database, postgresql_server

_NUMBERS = count()


@pytest.fixture(scope="session")
def register_server() -> Iterator[Server]:
    """A server for the whole run; a test that crashes it starts it again."""
    require(binaries(), "PostgreSQL's server is not installed: scripts/system.sh")
    with postgresql_server() as server:
        yield server


@pytest.fixture
def register_url(register_server: Server) -> str:
    """An empty database."""
    return new_database(register_server.url, f"register{next(_NUMBERS)}")
