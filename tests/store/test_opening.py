import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.store import engine as engines
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import folder_of, open_store
from voipwatch.store.series import SeriesKey


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("chdb:///srv/voipwatch/store", Path("/srv/voipwatch/store")),
        ("chdb:///srv/a%20b", Path("/srv/a b")),
        ("http://127.0.0.1:8123/voipwatch", None),
        ("https://user:secret@db.example.org:8443/voipwatch", None),
    ],
)
def test_urls(url: str, folder: Path | None) -> None:
    assert folder_of(url) == folder


@pytest.mark.parametrize(
    "url", ["", "/srv/store", "chdb://srv/store", "chdb:///", "sqlite:///x", "http:///x"]
)
def test_what_is_no_url_of_a_store(url: str) -> None:
    with pytest.raises(StoreError) as raised:
        folder_of(url)
    assert raised.value.reason == "bad-url"


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(StoreError) as raised:
        folder_of("postgresql://user:secret@db.example.org/x")
    assert "secret" not in str(raised.value)


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as raised:
        open_store(f"chdb://{tmp_path}/none", read_only=True)
    assert raised.value.reason == "no-store"
    assert not (tmp_path / "none").exists()


def test_beside_its_owner_a_store_is_read_through_the_door(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/a store"
    with open_store(url, create=True, who="voipwatch serve", serve_door=True) as owner:
        owner.insert_segment("s1", rows_of([make_vote(n) for n in range(3)]))
        owner.refresh_cells()
        with pytest.raises(StoreError, match=f"voipwatch serve, pid {os.getpid()}") as raised:
            open_store(url)
        assert raised.value.reason == "locked"
        with open_store(url, read_only=True) as visitor:
            assert not visitor.writable
            key = SeriesKey("MA", "AS36925", "4g", "whatsapp")
            assert visitor.series(key, since=HOUR, until=HOUR + 3600).equals(
                owner.series(key, since=HOUR, until=HOUR + 3600)
            )
            assert visitor.status() == owner.status()
            for write in (visitor.migrate, visitor.refresh_cells):
                with pytest.raises(StoreError) as refused:
                    write()
                assert refused.value.reason == "read-only"
            with pytest.raises(StoreError) as refused:
                visitor.select("DROP TABLE votes")
            assert refused.value.reason in {"read-only", "query"}
            assert visitor.status()["tables"]["votes"]["rows"] == 3
    assert not (tmp_path / "a store" / "owner.sock").exists()


def test_an_owner_without_a_door_says_so(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    with open_store(url, create=True), pytest.raises(StoreError, match="serves no door"):
        open_store(url, read_only=True)


def test_what_a_killed_process_left_in_scratch_is_removed(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    open_store(url, create=True).close()
    (tmp_path / "store/scratch/tmpabc.raw").write_bytes(b"rows of somebody")
    open_store(url).close()
    assert list((tmp_path / "store/scratch").iterdir()) == []
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


def test_an_engine_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    with pytest.raises(StoreError, match=r"chdb-core-lite: pip install 'voipwatch\[observatory\]'"):
        open_store(f"chdb://{tmp_path}/store", create=True)


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(StoreError) as raised:
        open_store(f"http://127.0.0.1:{port}/voipwatch")
    assert raised.value.reason == "unreachable"
    with pytest.raises(StoreError, match="no name of a database"):
        open_store(f"http://127.0.0.1:{port}/drop-table")


def test_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError) as raised:
        open_store(f"chdb://{tmp_path}/store", create=True)
    assert raised.value.reason == "damaged"


FULL = """
import resource, signal, sys
from tests.store.support import make_vote, rows_of
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_store(sys.argv[1]) as store:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        store.insert_segment("s1", rows_of([make_vote(n, pseudonym=f"{n * 7919:032x}") for n in range(9000)]))
    except StoreError as error:
        print(error.reason, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    done = store.insert_segment("s1", rows_of([make_vote(n) for n in range(9000)]))
    print(done.fresh, done.reports, store.status()["tables"]["votes"]["rows"], flush=True)
"""


def test_a_full_disk_is_said_and_the_segment_goes_in_when_there_is_room(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/store"
    open_store(url, create=True).close()
    here = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", FULL, url],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": f"{here}/src:{here}"},
    )
    assert ran.stdout.splitlines() == ["full", "True 9000 9000"], ran.stderr


def test_threads_are_told_to_the_engine(tmp_path: Path) -> None:
    with open_store(f"chdb://{tmp_path}/store", create=True, threads=1) as store:
        assert store.select("SELECT getSetting('max_threads') AS n")["n"][0].as_py() == 1
    assert engines.CHUNK_ROWS < 1_048_449
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY, "the limit was a child's"
