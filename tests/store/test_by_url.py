"""The store by URL: the same code and SQL as embedded, through the driver's HTTP path, answers the same.

The server is chDB's engine behind the tests' own HTTP front (tests/support/clickhouse_server.py says what
that shows and what it does not).
"""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.store.support import HOUR, make_vote, report_id, rows_of
from tests.support.clickhouse_server import RunningServer, clickhouse_server
from voipwatch.model.submission import Deletion, RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.errors import StoreError
from voipwatch.store.export import Selection
from voipwatch.store.opening import open_store
from voipwatch.store.series import SeriesKey
from voipwatch.store.store import Store

KEY = SeriesKey("MA", "AS36925", "4g", "whatsapp")
NOT_THE_SAME = {"bytes", "engine"}
"""Of a status: sizes on disk."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with clickhouse_server(tmp_path_factory.mktemp("server") / "engine") as running:
        yield running


def fill(store: Store) -> list[object]:
    """Everything that writes; what each call said."""
    votes = [
        make_vote(
            100 * hour + n,
            Verdict.BLOCKED if hour > 1 and n else Verdict.OK,
            pseudonym=f"p{n}",
            prefix=f"x{n}",
            observed_at_ms=(HOUR + 3600 * hour) * 1000,
            received_at_ms=(HOUR + 3600 * hour + 60 + n) * 1000,
        )
        for hour in range(4)
        for n in range(5)
    ]
    votes.append(make_vote(900, kind=RunKind.MANUAL))
    later = rows_of([make_vote(901, observed_at_ms=(HOUR + 7200) * 1000), votes[0]])
    later.deletion(Deletion(report_id(3), 0.0))
    said: list[object] = [
        store.insert_segment("s1", rows_of(votes)),
        store.insert_segment("s1", rows_of(votes)),
        store.insert_segment("s2", later),
        store.merge_voices([HOUR], [store.voices([HOUR])] * 2),
        store.refresh_cells(),
        store.refresh_cells(),
    ]
    store.save_detector("d", '{"a": "ü\\n\'"}')
    store.save_detector("d", '{"b": 2}')
    point: dict[str, object] = {
        "changepoint_id": "c1", "instance": "", "country": "MA", "operator": "AS36925", "access": "4g",
        "app": "whatsapp", "stage": "call", "kind": "onset", "earliest": None, "latest": HOUR + 7200,
        "detected_at": HOUR + 9000, "payload": "{}",
    }  # fmt: skip
    store.save_changepoints([point])
    store.save_changepoints([point | {"earliest": HOUR}])
    return said


def answers(store: Store, out: Path) -> dict[str, Any]:
    """Everything that reads."""
    out.mkdir()
    since, until = HOUR - 3600, HOUR + 5 * 3600
    exported = {}
    for suffix in ("csv", "parquet"):
        file = out / f"votes.{suffix}"
        store.export("votes", file, Selection(country="MA"))
        exported[suffix] = file.read_bytes()
    status = store.status()
    status["tables"] = {name: each["rows"] for name, each in status["tables"].items() if name != "leases"}
    return {
        "cells": store.cells(country="MA", since=since, until=until).to_pylist(),
        "as of": store.cells_as_of(HOUR + 5000, country="MA", since=since, until=until).to_pylist(),
        "series": store.series(KEY, since=since, until=until).to_pylist(),
        "panel": store.panel(KEY, since=HOUR - 86_400, until=HOUR + 86_400).to_pylist(),
        "matrix": store.matrix("MA", "AS36925").to_pylist(),
        "votes": list(store.votes_since(0, "")),
        "few votes": list(store.votes_since((HOUR + 60) * 1000, report_id(1), limit=3)),
        "segments": store.segments(),
        "changepoints": store.changepoints().to_pylist(),
        "detector": store.load_detector("d"),
        "newest": store.as_of(),
        "status": {name: value for name, value in status.items() if name != "engine"},
        "asked": store.ask("SELECT operator, count() AS n FROM votes GROUP BY operator;").to_pylist(),
        "exported": exported,
    }


def test_by_url_and_embedded_say_the_same(server: RunningServer, tmp_path: Path) -> None:
    with open_store(f"chdb://{tmp_path}/store", create=True) as embedded:
        expected = fill(embedded), answers(embedded, tmp_path / "embedded")
    with open_store(server.url("same"), create=True) as by_url:
        found = fill(by_url), answers(by_url, tmp_path / "by-url")
        assert found[0] == expected[0]
        for name, answer in expected[1].items():
            assert found[1][name] == answer, name
        assert by_url.migrate() == []
        assert len(expected[1]["cells"]) >= 4, "there is something to compare"
    with open_store(server.url("same"), read_only=True) as reader:
        assert not reader.writable
        assert reader.segments() == expected[1]["segments"]
        with pytest.raises(StoreError) as refused:
            reader.refresh_cells()
        assert refused.value.reason == "read-only"
        with pytest.raises(StoreError) as refused:
            reader.select("ALTER TABLE votes DELETE WHERE 1")
        assert refused.value.reason == "read-only", "by the engine, too"
        month = "2016-02"
    with open_store(server.url("same")) as writer:
        writer.drop_raw_before(month)
        assert writer.status()["tables"]["votes"]["rows"] == 0
        assert len(writer.cells(country="MA", since=HOUR, until=HOUR + 86_400)) == len(expected[1]["cells"])


def test_what_the_server_refuses_is_told_in_one_word(server: RunningServer) -> None:
    wanted = {
        server.url(password="wrong"): "refused",
        server.url("nobody_made_this"): "no-store",
    }
    for url, reason in wanted.items():
        with pytest.raises(StoreError) as raised:
            open_store(url)
        assert raised.value.reason == reason
        assert "wrong" not in str(raised.value)
    with open_store(server.url("words"), create=True) as store:
        for text in ("' OR 1", "a\\'b", "{x:String}", "Ω — \n\t%2B+&", "x" * 20_000):
            assert store.select("SELECT {x:String} AS x", {"x": text}).to_pylist() == [{"x": text}]
        with pytest.raises(StoreError) as raised:
            store.select("SELECT nonsense")
        assert raised.value.reason == "query"


def test_the_front_is_as_strict_as_the_server(server: RunningServer) -> None:
    """What clickhouse-connect never does, so that the front's own rules are seen at work."""
    base = server.url()
    secret, _, place = base.removeprefix("http://").rpartition("@")
    user, _, password = secret.partition(":")

    def ask(query: str, method: str = "POST", body: bytes | None = None) -> tuple[int, str]:
        url = f"http://{place.partition('/')[0]}/?user={user}&password={password}&{query}"
        request = urllib.request.Request(url, body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, f"{error.headers['X-ClickHouse-Exception-Code']} {error.read().decode()}"

    assert ask("query=SELECT+1", "GET") == (200, "1\n")
    assert ask("query=SELECT", body=b"2") == (200, "2\n")
    assert ask("query=CREATE+DATABASE+x", "GET")[1].startswith("164 ")
    assert ask("query=SELECT+1&no_such_setting=1")[1].startswith("115 ")
    assert ask("query=SELECT+FROM+FROM")[1].startswith("62 ")
    assert ask("")[1].startswith("62 ")
    assert ask("query=SELECT+getSetting('max_threads')&max_threads=3", "GET") == (200, "3\n")


def sockets() -> set[str]:
    """The sockets of this process."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.add(str(each.readlink()))
    return {name for name in found if name.startswith("socket:")}


def test_two_writers_on_one_server_are_kept_apart(server: RunningServer) -> None:
    url, before = server.url("two"), sockets()
    with open_store(url, create=True, who="voipwatch serve") as first:
        for create in (True, False):
            with pytest.raises(StoreError, match=f"voipwatch serve on .*, pid {os.getpid()}") as raised:
                open_store(url, create=create, who="voipwatch serve")
            assert raised.value.reason == "locked"
        first.insert_segment("s1", rows_of([make_vote(0)]))
        open_store(url, read_only=True).close()
    with open_store(url) as second:
        assert second.segments() == {"s1": 2}
        # another one takes it, as after a stall of ours that lasted longer than the lease
        second._engine._lease._safe_until = 0.0  # type: ignore[attr-defined]  # what the clock would do
        with pytest.raises(StoreError) as raised:
            second.insert_segment("s2", rows_of([make_vote(1)]))
        assert raised.value.reason == "lost"
        assert second.segments() == {"s1": 2}
    assert sockets() <= before, "whoever closes a store holds no connection to the server"


KEEPER = """
import sys
from voipwatch.store.opening import open_store
store = open_store(sys.argv[1], create=True, who="voipwatch serve")
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_keeper_that_is_killed_is_followed_when_its_lease_has_run_out(server: RunningServer) -> None:
    url = server.url("killed")
    here = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{here}/src"},
    ) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"holds\n"
        keeper.send_signal(signal.SIGKILL)
        keeper.communicate()
    with pytest.raises(StoreError, match=f"pid {keeper.pid}"):
        open_store(url)
    with open_store(url, read_only=True) as reader:
        left = reader.select("SELECT max(until) - now64(3, 'UTC') AS s FROM leases")["s"][0].as_py()
        assert 0 < left <= 45
        # as if so much time had passed on the server
        reader._engine.command(  # by the hand that may
            "INSERT INTO leases SELECT holder, who, names, now64(3, 'UTC'), 1000 FROM leases FINAL"
        )
    open_store(url).close()


def test_a_server_that_dies_is_out_of_reach_and_a_segment_goes_in_once_afterwards(tmp_path: Path) -> None:
    votes = [make_vote(n) for n in range(50)]
    with clickhouse_server(tmp_path / "engine") as running:
        port = running.port
        store = open_store(running.url(), create=True)
        store.insert_segment("s1", rows_of(votes[:20]))
        engine = store._engine._engine  # type: ignore[attr-defined]  # under the lease
        insert = engine.insert

        def dying(table: str, *rest: Any) -> None:
            if table == "votes":
                running.process.kill()
                running.process.wait()
            insert(table, *rest)

        engine.insert = dying
        with pytest.raises(StoreError) as raised:
            store.insert_segment("s2", rows_of(votes[20:]))
        assert raised.value.reason == "unreachable"
        with pytest.raises(StoreError) as raised:
            store.segments()
        assert raised.value.reason == "unreachable"
        store.close()
    with clickhouse_server(tmp_path / "engine", port=port) as running:
        with open_store(running.url(), read_only=True) as reader:
            assert reader.segments() == {"s1": 2, "s2": 1}, "begun"
            reader._engine.command(  # the lease of a dead server's holder
                "INSERT INTO leases SELECT holder, who, names, now64(3, 'UTC'), 1000 FROM leases FINAL"
            )
        with open_store(running.url()) as store:
            assert store.insert_segment("s2", rows_of(votes[20:])).fresh
            assert not store.insert_segment("s2", rows_of(votes[20:])).fresh
            store.refresh_cells()
            for table in ("reports", "votes", "observations"):
                found = store.select(
                    f"SELECT count() AS n, uniqExact(report_id) AS u FROM {table}"
                ).to_pylist()
                assert found == [{"n": 50 * (2 if table == "observations" else 1), "u": 50}], table
