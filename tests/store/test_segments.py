import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.store.support import HOUR, make_vote, report_id, rows_of
from voipwatch.model.submission import Deletion
from voipwatch.model.vocabulary import Verdict
from voipwatch.store import segments
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.rows import SegmentRows
from voipwatch.store.store import Share, Store


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


def test_the_cells_of_many_segments_are_noted_some_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "LINES_AT_ONCE", 2)
    for number in range(5):
        store.insert_segment(f"s{number}", rows_of([make_vote(number)]))
    before = {f"s{n}": segments._line(store._engine, f"s{n}") for n in range(5)}
    segments.mark_celled(store._engine, (f"s{n}" for n in (4, 0, 1)))
    assert store.segments() == {"s0": 3, "s1": 3, "s2": 2, "s3": 2, "s4": 3}
    assert segments._line(store._engine, "s4") == before["s4"]._replace(step=segments.CELLED)
    assert segments.pending_hours(store._engine) == {"s2": [HOUR], "s3": [HOUR]}


def test_what_was_begun_is_begun_again_without_what_was_left(store: Store) -> None:
    # The first try died after half its rows, under rules that gave one more vote.
    engine = store._engine
    segments._write(engine, {"s1": segments._Line(segments.BEGUN, 1, (HOUR - 3600,))})
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


# A nursery that has everything imported but the engine, and forks a loader a run: `url die_at wait` on its
# input. The loader says "here" at step `die_at` and waits there where told to; at its end "done STEPS".
NURSERY = """
import os, sys, time
import clickhouse_connect, numpy, pyarrow.compute
from tests.store.support import make_vote, rows_of, report_id
from voipwatch.model.submission import Deletion
from voipwatch.store.engine import ClickHouse
from voipwatch.store.opening import open_store

def run(url, die_at, wait):
    step = 0

    def announced(method):
        def call(*args, **kwargs):
            nonlocal step
            step += 1
            if step == die_at:
                print("here", flush=True)
                time.sleep(wait)
            return method(*args, **kwargs)
        return call

    ClickHouse.insert = announced(ClickHouse.insert)
    ClickHouse.command = announced(ClickHouse.command)
    with open_store(url, create=True) as store:
        for number in range(2):
            rows = rows_of([make_vote(100 * number + n) for n in range(20)], 50)
            rows.deletion(Deletion(report_id(3), 0.0))
            store.insert_segment(f"s{number}", rows)
            store.refresh_cells()
    print("done", step, flush=True)

for line in sys.stdin:
    url, die_at, wait = line.split()
    pid = os.fork()
    if pid == 0:
        # The engine makes its standard input non-blocking for a moment as it opens. Were it the nursery's, a
        # loader killed in that moment would leave it so, and the nursery read "nothing yet" as its end.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        run(url, int(die_at), int(wait))
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("over", flush=True)
"""


class Nursery:
    """Loaders to be killed."""

    def __init__(self) -> None:
        here = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=here,
            env=os.environ | {"PYTHONPATH": f"{here}/src:{here}"},
        )

    def says(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the nursery itself ended: {self.process.wait()}"  # else this would be asked for ever
        return line.strip()

    def load(self, url: str, die_at: int = 0, *, wait_s: int = 0, after_s: float = 0.0) -> str:
        """One run; with `die_at` it is killed `after_s` after it came there. What it said last."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{url} {die_at} {wait_s}\n")
        self.process.stdin.flush()
        pid, said = 0, ""
        while (line := self.says()) != "over":
            if line.isdigit():
                pid = int(line)
            else:
                said = line
            if pid and said == "here":
                threading.Event().wait(after_s)
                # The nursery has not waited for it yet: the number is still its own.
                os.kill(pid, signal.SIGKILL)
                pid = 0
        return said

    def close(self) -> None:
        self.process.communicate()


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
    seed = int.from_bytes(os.urandom(4), "big")
    dice = random.Random(seed)
    nursery = Nursery()
    try:
        steps = int(nursery.load(f"chdb://{tmp_path}/whole").split()[1])
        assert steps > 30
        expected = contents(f"chdb://{tmp_path}/whole")
        assert len(expected["reports"]) == 39  # type: ignore[arg-type]  # 40, and one deleted
        killed: list[tuple[int, float, str]] = []
        while sum(said == "here" for _, _, said in killed) < 4:
            url = f"chdb://{tmp_path}/{len(killed)}"
            for point in range(5):
                die_at = dice.randint(1, steps // 2)  # a new store's first one always comes so far
                # Every other time the signal comes at some moment of the step, not before it.
                after_s = 0.0 if point % 2 else dice.random() * 0.03
                said = nursery.load(url, die_at, wait_s=60 * (point % 2), after_s=after_s)
                killed.append((die_at, after_s, said))
                if said != "here":
                    break  # there was less left to do than that
            assert nursery.load(url).startswith("done"), f"seed {seed}: {killed}"
            assert contents(url) == expected, f"seed {seed}: {killed}"
    finally:
        nursery.close()


def test_a_deletion_is_for_the_loader_of_its_country(store: Store) -> None:
    rows = rows_of([make_vote(0, Verdict.BLOCKED), make_vote(1, country="DZ"), make_vote(2)])
    store.insert_segment("s1", rows)
    store.refresh_cells()
    deleting = SegmentRows()
    for number in (0, 1, 9):
        deleting.deletion(Deletion(report_id(number), 0.0))
    share = Share(lambda name: name == "s2", lambda country: country == "MA")
    done = store.insert_segment("s2", deleting, share=share)
    assert (done.deletions, done.hours) == (3, [HOUR])
    left = store.select("SELECT DISTINCT report_id FROM votes ORDER BY report_id")["report_id"].to_pylist()
    assert left == [report_id(1), report_id(2)]
    store.refresh_cells(share=share)
    other = Share(lambda name: name == "s3", lambda country: country == "DZ")
    assert store.insert_segment("s3", deleting, share=other).hours == [HOUR]
    assert counts(store)["votes"] == 1
    store.refresh_cells(share=other)
    cells = store.select("SELECT country, probes FROM cells FINAL").to_pylist()
    assert cells == [{"country": "MA", "probes": 1}]
    late = store.insert_segment("s4", rows_of([make_vote(9)]))
    assert late.refused == [report_id(9)], "a deletion that came before its report keeps it out"


@pytest.mark.parametrize("mine", ["a", "c"])
def test_of_two_segments_that_go_in_at_once_one_keeps_what_both_have(store: Store, mine: str) -> None:
    """The other loader has put its rows in and has not looked yet."""
    engine = store._engine
    segments._write(engine, {"b": segments._Line(segments.BEGUN, 1, ())})
    segments._put(engine, "reports", rows_of([make_vote(0), make_vote(1)]).reports_table(), "b", 1)
    done = store.insert_segment(mine, rows_of([make_vote(1), make_vote(2)]))
    assert done.refused == ([] if mine == "a" else [report_id(1)])
    assert store.insert_segment("b", rows_of([make_vote(0), make_vote(1)])).refused == (
        [report_id(1)] if mine == "a" else []
    )
    assert counts(store)["reports"] == 3


def test_cells_are_made_of_ones_own_countries_and_segments(store: Store) -> None:
    store.insert_segment("s1", rows_of([make_vote(0), make_vote(1, country="DZ")]))
    store.insert_segment("s2", rows_of([make_vote(2, country="DZ")]))
    told: list[object] = []
    share = Share(lambda name: name == "s1", lambda country: country == "MA")
    assert (
        store.refresh_cells(share=share, then=lambda hours, countries: told.append((hours, countries))) == 1
    )
    assert told == [([HOUR], ["MA"])]
    assert store.segments() == {"s1": segments.CELLED, "s2": segments.IN}
    assert store.select("SELECT country FROM cells FINAL")["country"].to_pylist() == ["MA"]
    other = Share(lambda name: name == "s2", lambda country: country == "DZ")
    assert store.refresh_cells(share=other) == 1
    assert store.select("SELECT country, probes FROM cells FINAL ORDER BY country").to_pylist() == [
        {"country": "DZ", "probes": 2},
        {"country": "MA", "probes": 1},
    ]
