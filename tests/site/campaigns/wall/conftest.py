"""A desk whose instance has a wall; with either kind of database where a test asks for both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.campaigns.instance import folder_of, opened
from voipwatch.site.campaigns.desk import Desk


@pytest.fixture
def walled(tmp_path: Path) -> Iterator[Desk]:
    """SQLite."""
    made = opened(folder_of(tmp_path / "campaigns", wall=True))
    yield made
    made.close()


@pytest.fixture
def both_walled(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """SQLite and PostgreSQL, a test each."""
    made = opened(folder_of(tmp_path / "campaigns", database=database_url, wall=True))
    yield made
    made.close()
