from collections.abc import Iterator
from pathlib import Path

import pytest

from voipwatch.store.opening import open_store
from voipwatch.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"chdb://{tmp_path}/store", create=True) as opened:
        yield opened
