import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.support import HOUR, make_vote, report_id, rows_of
from voipwatch.model.submission import Deletion
from voipwatch.model.vocabulary import Verdict
from voipwatch.store import segments
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.rows import SegmentRows
from voipwatch.store.store import Store


def counts(store: Store) -> dict[str, int]:
    return {
        table: store.select(f"SELECT count() AS n FROM {table}")["n"][0].as_py()
        for table in ("reports", "observations", "votes")
    }


def test_a_segment_goes_in_once(store: Store) -> None:
    votes = [make_vote(number) for number in range(4)]
    first = store.insert_segment("s1", rows_of(votes))
    assert first == segments.Inserted(True, 4, 8, 4, 0, [], [HOUR])
    again = store.insert_segment("s1", rows_of(votes))
    assert again == first._replace(fresh=False)
    assert counts(store) == {"reports": 4, "observations": 8, "votes": 4}
    assert store.segments() == {"s1": segments.IN}


def test_what_was_begun_is_begun_again_without_what_was_left(store: Store) -> None:
    # The first try died after half its rows, under rules that gave one more vote.
    engine = store._engine
    segments._write(engine, "s1", segments._Line(segments.BEGUN, 1, (HOUR - 3600,)))
    segments._put(engine, "reports", rows_of([make_vote(0)]).reports_table(), "s1", 1)
    segments._put(engine, "votes", rows_of([make_vote(0), make_vote(7)]).votes_table(), "s1", 1)
    done = store.insert_segment("s1", rows_of([make_vote(0), make_vote(1)]))
    assert (done.fresh, done.refused) == (True, [])
    assert done.hours == [HOUR - 3600, HOUR], "an hour that the first try touched is touched still"
    assert counts(store) == {"reports": 2, "observations": 4, "votes": 2}


def test_a_report_of_another_segment_is_refused_and_told(store: Store) -> None:
    store.insert_segment("s1", rows_of([make_vote(0), make_vote(1)]))
    second = store.insert_segment("s2", rows_of([make_vote(1), make_vote(2)]))
    assert second.refused == [report_id(1)]
    assert (second.reports, second.observations, second.votes) == (1, 2, 1)
    assert counts(store) == {"reports": 3, "observations": 6, "votes": 3}


def test_a_deletion_removes_every_row_and_keeps_the_report_out(store: Store) -> None:
    store.insert_segment("s1", rows_of([make_vote(n, Verdict.BLOCKED) for n in range(4)]))
    store.refresh_cells()
    rows = rows_of([make_vote(9)])
    rows.deletion(Deletion(report_id(2), HOUR + 99.5))
    assert store.insert_segment("s2", rows).deletions == 1
    assert counts(store) == {"reports": 4, "observations": 8, "votes": 4}
    store.refresh_cells()
    cell = store.cells(country="MA", since=HOUR, until=HOUR + 3600).to_pylist()[0]
    assert (cell["blocked_micro"], cell["ok_micro"]) == (3_000_000, 1_000_000)
    late = store.insert_segment("s3", rows_of([make_vote(2)]))
    assert late.refused == [report_id(2)]
    assert counts(store)["reports"] == 4


def test_a_deletion_in_its_reports_own_segment(store: Store) -> None:
    rows = rows_of([make_vote(0), make_vote(1)])
    rows.deletion(Deletion(report_id(0), HOUR + 5))
    store.insert_segment("s1", rows)
    assert counts(store) == {"reports": 1, "observations": 2, "votes": 1}


@pytest.mark.parametrize(
    ("segment", "votes", "said"),
    [
        ("no/slash", [make_vote(0)], "not an id"),
        ("", [make_vote(0)], "not an id"),
        ("s1", [make_vote(0), make_vote(0)], "is in it twice"),
        ("s1", [make_vote(0, report_id="x' OR 1")], "not a report's id"),
    ],
)
def test_what_cannot_go_in_is_said_and_leaves_nothing(
    store: Store, segment: str, votes: list[object], said: str
) -> None:
    with pytest.raises(StoreError, match=said) as raised:
        store.insert_segment(segment, rows_of(votes))  # type: ignore[arg-type]  # made by parametrize
    assert raised.value.reason == "segment"
    assert counts(store) == {"reports": 0, "observations": 0, "votes": 0}
    assert store.segments() == {}


def test_an_empty_segment_is_a_segment(store: Store) -> None:
    assert store.insert_segment("s1", SegmentRows()) == segments.Inserted(True, 0, 0, 0, 0, [], [])
    assert store.segments() == {"s1": segments.IN}
    assert store.refresh_cells() == 0
    assert store.segments() == {"s1": segments.CELLED}


# A loader that announces every step before it takes it, and waits: the test kills it there.
LOADER = """
import sys
from tests.store.support import make_vote, rows_of, report_id
from voipwatch.model.submission import Deletion
from voipwatch.store.engine import ClickHouse
from voipwatch.store.opening import open_store
die_at, step = int(sys.argv[2]), 0

def announced(method):
    def run(*args, **kwargs):
        global step
        step += 1
        if step == die_at:
            print("here", flush=True)
            if int(sys.argv[3]):
                sys.stdin.read()
        return method(*args, **kwargs)
    return run

with open_store(sys.argv[1], create=True) as store:
    ClickHouse.insert = announced(ClickHouse.insert)
    ClickHouse.command = announced(ClickHouse.command)
    for number in range(2):
        rows = rows_of([make_vote(100 * number + n) for n in range(20)], 50)
        rows.deletion(Deletion(report_id(3), 0.0))
        store.insert_segment(f"s{number}", rows)
        store.refresh_cells()
print("done", step, flush=True)
"""


def load(url: str, die_at: int, wait: bool) -> tuple[subprocess.Popen[str], str]:
    here = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, url, str(die_at), str(int(wait))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=here,
        env=os.environ | {"PYTHONPATH": f"{here}/src:{here}"},
    )
    assert process.stdout is not None
    return process, process.stdout.readline()


def contents(url: str) -> dict[str, object]:
    with open_store(url) as store:
        raw = {
            table: store.select(f"SELECT * FROM {table} ORDER BY ALL").to_pylist()
            for table in ("reports", "observations", "votes")
        }
        return raw | {
            "cells": store.cells(country="MA", since=HOUR, until=HOUR + 3600).to_pylist(),
            "segments": store.segments(),
        }


@pytest.mark.slow
def test_a_loader_killed_anywhere_leaves_the_same_rows_after_the_next_run(tmp_path: Path) -> None:
    whole, said = load(f"chdb://{tmp_path}/whole", 0, wait=False)
    whole.communicate()
    steps = int(said.split()[1])
    assert steps > 12
    expected = contents(f"chdb://{tmp_path}/whole")
    assert len(expected["reports"]) == 39  # type: ignore[arg-type]  # 40, and one deleted
    seed = int.from_bytes(os.urandom(4), "big")
    dice = random.Random(seed)
    url = f"chdb://{tmp_path}/killed"
    killed = []
    for point in range(10):
        die_at = dice.randint(1, steps)
        # Every other time the signal comes at some moment of the step, not before it.
        wait = point % 2 == 0
        process, said = load(url, die_at, wait)
        if not wait and said == "here\n":
            with_luck = dice.random() * 0.05
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(with_luck)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed.append((die_at, wait, said.strip()))
        if point % 5 == 4:
            again, _ = load(url, 0, wait=False)
            again.communicate()
            assert again.returncode == 0, f"seed {seed}: {killed}"
            assert contents(url) == expected, f"seed {seed}: {killed}"
            url = f"chdb://{tmp_path}/killed{point}"
