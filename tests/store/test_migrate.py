import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.support import make_vote, rows_of
from voipwatch.store import migrate
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.segments import CELLED
from voipwatch.store.store import Store


def test_scripts_are_numbered_and_their_statements_may_run_twice() -> None:
    found = migrate.scripts()
    assert list(found) == list(range(1, len(found) + 1))
    for name, text in found.values():
        for statement in migrate.statements(text):
            # What is inserted has a version: the table keeps one row of two.
            again = ("IF NOT EXISTS", "IF EXISTS", "INSERT INTO arrivals")
            assert any(words in statement for words in again), f"{name}: {statement[:60]}"


def test_a_second_migration_does_nothing(store: Store) -> None:
    assert store.migrate() == []
    assert store.status()["version"] == len(migrate.scripts())


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    with open_store(url, create=True) as store:
        store._engine.command("INSERT INTO migrations SELECT 9999, 'later', now()")
    for create in (True, False):
        with pytest.raises(StoreError, match="newer voipwatch") as raised:
            open_store(url, create=create)
        assert raised.value.reason == "newer"


def test_a_store_of_an_older_version_is_opened_only_to_migrate_it(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    with open_store(url, create=True) as store:
        store._engine.command("ALTER TABLE migrations DELETE WHERE 1")
        store._engine.command("DROP TABLE votes")
        store._engine.command("INSERT INTO migrations SELECT 0, 'before', now()")
    with pytest.raises(StoreError) as raised:
        open_store(url)
    assert raised.value.reason == "no-store"
    with open_store(url, create=True) as store:
        assert store.status()["tables"]["votes"] == {"rows": 0, "bytes": 0}


def test_a_store_of_the_first_version_is_upgraded_with_what_is_in_it(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    known = migrate.scripts()
    with pytest.MonkeyPatch.context() as before:
        before.setattr(migrate, "scripts", lambda: {1: known[1]})
        with open_store(url, create=True) as store:
            store.insert_segment("s1", rows_of([make_vote(n) for n in range(3)]))
            store._engine.command(
                "INSERT INTO cells (source, country, operator, access, app, hour, last_received, version) "
                "VALUES ('panel', 'MA', 'AS64496', 'wifi', 'sip', toDateTime('2016-01-05 00:00:00', 'UTC'), "
                "toDateTime('2016-01-05 00:20:00', 'UTC'), 1)"
            )
            assert store.select("SELECT max(version) AS n FROM migrations")["n"].to_pylist() == [1]
    with pytest.raises(StoreError, match="voipwatch store migrate") as raised:
        open_store(url, read_only=True)
    assert raised.value.reason == "older"
    with open_store(url, create=True) as store:
        assert store.status()["version"] == len(known)
        assert store.status()["tables"]["votes"]["rows"] == 3
        assert store.as_of() == 1_451_953_200, "the newest report of a cell made before"
        assert store.refresh_cells() > 0
        assert store.segments() == {"s1": CELLED}
        assert store.insert_segment("s1", rows_of([make_vote(9)])).fresh is False


KILLED = """
import sys
from voipwatch.store.engine import ClickHouse
from voipwatch.store.opening import open_store
ran, command = 0, ClickHouse.command
def counted(self, *args):
    global ran
    ran += 1
    if ran == int(sys.argv[2]):
        print("here", flush=True)
        sys.stdin.read()
    command(self, *args)
ClickHouse.command = counted
open_store(sys.argv[1], create=True)
"""


def test_a_migration_killed_half_way_is_finished_by_the_next_opening(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    here = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, "5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{here}/src"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with pytest.raises(StoreError):
        open_store(url)
    with open_store(url, create=True) as store:
        assert store.status()["version"] == len(migrate.scripts())
        assert len(store.status()["tables"]) >= 9
