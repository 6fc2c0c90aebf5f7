"""An empty store, and a spool that is written as a collector writes it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from voipwatch.collector.spool import SpoolWriter
from voipwatch.store.opening import open_store
from voipwatch.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"chdb://{tmp_path}/store", create=True) as opened:
        yield opened


@pytest.fixture
def spool(tmp_path: Path) -> SpoolWriter:
    ids = iter(range(1, 1000))
    return SpoolWriter(tmp_path / "spool", lambda count: next(ids).to_bytes(count, "big"))
