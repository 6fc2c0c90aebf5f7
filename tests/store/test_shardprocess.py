"""Shards that are processes, against one store that has all votes."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.store.sharded import cells, drawn_votes, put, spread
from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.model.votes import Vote
from voipwatch.store import refresh
from voipwatch.store.errors import StoreError
from voipwatch.store.shardprocess import Shard, refresh_from_shards
from voipwatch.store.store import Store

DAY = 86_400
SEEDS = 3


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Shard]]:
    """Eight processes for all tests, each of which has days of its own."""
    folder = tmp_path_factory.mktemp("shards")
    with ExitStack() as ending:
        yield [ending.enter_context(Shard(f"chdb://{folder}/{n}", create=True, threads=1)) for n in range(8)]


def fill(shards: Sequence[Shard], there: Sequence[list[Vote]], name: str) -> None:
    for shard, votes in zip(shards, there, strict=True):
        reports = list({vote.report_id: vote for vote in votes}.values())
        tables = rows_of(reports).tables()._replace(votes=rows_of(votes).votes_table())
        shard.ask("insert_segment", name, tables)
    for shard, votes in zip(shards, there, strict=True):
        assert shard.answer().votes == len(votes)


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4, 8])
def test_the_cells_of_shards_are_those_of_one_store_row_for_row(
    pool: list[Shard], store: Store, count: int
) -> None:
    shards = pool[:count]
    for seed in range(SEEDS):
        sys.stdout.write(f"{count} shards, seed {seed}\n")
        random = Random(f"{count} {seed}")
        first = HOUR + DAY * (count * SEEDS + seed)
        votes = drawn_votes(random, first, number=1_000_000 * count + 10_000 * seed)
        there = spread(random, votes, count)
        fill(shards, there, f"{count}-{seed}")
        hours = [first, first + 3600]
        made = refresh_from_shards(store, shards, hours)
        merged = cells(store, first)
        assert store.select("SELECT count() AS n FROM votes WHERE hour >= {h:UInt32}", {"h": first})[
            "n"
        ].to_pylist() == [0]
        put(store, [vote for some in there for vote in some])
        assert refresh.refresh_cells(store._engine, hours) == made == len(merged)
        assert merged == cells(store, first)
        assert bool(merged) == bool(votes)


def test_all_hours_but_those_that_a_shard_forgot(pool: list[Shard], store: Store) -> None:
    first = HOUR + 380 * DAY
    shards = pool[:2]
    votes = [make_vote(90_000_000 + n, observed_at_ms=(first + 3600 * n) * 1000) for n in range(520)]
    fill(shards, [votes[::2], votes[1::2]], "hours")
    shards[0].ask("vote_hours")
    assert set(shards[0].answer()) >= {first + 3600 * n for n in range(0, 520, 2)}
    assert refresh_from_shards(store, shards) >= 520, "more hours than one stretch"
    assert len(cells(store, first)) == 520
    store._engine.command("TRUNCATE TABLE cells")
    shards[1].ask("drop_raw_before", "2017-02")
    shards[1].answer()
    left = [vote for vote in votes if vote.observed_at_ms >= 1_485_907_200_000]
    assert refresh_from_shards(store, shards) == len(left) == len(cells(store))
    assert 0 < len(left) < 520
    store.drop_raw_before("2017-03")
    assert refresh_from_shards(store, shards[:1]) == 0, "its own border, too"


def test_without_one_shard_its_cells_stay_as_they_were(
    pool: list[Shard], store: Store, tmp_path: Path
) -> None:
    first = HOUR + 500 * DAY
    with Shard(f"chdb://{tmp_path}/other", create=True, threads=1) as other:
        shards = [other, pool[0]]
        fill(shards, [[make_vote(91_000_000 + n, observed_at_ms=first * 1000)] for n in range(2)], "two")
        assert refresh_from_shards(store, shards, [first]) == 1
        before = cells(store, first)
        assert before[0]["probes"] == 2
        os.kill(other.pid, signal.SIGKILL)
        for _ in range(2):
            with pytest.raises(StoreError, match="other ended") as raised:
                refresh_from_shards(store, shards, [first])
            assert raised.value.reason == "unreachable"
        assert cells(store, first) == before
    pool[0].ask("voices", [first])
    assert b"uniqExact" in pool[0].answer(), "no answer was left behind"


def test_a_shard_that_cannot_be_opened_says_why(pool: list[Shard], store: Store, tmp_path: Path) -> None:
    with Shard(f"chdb://{tmp_path}/none") as none:
        for _ in range(2):
            with pytest.raises(StoreError) as raised:
                refresh_from_shards(store, [none, pool[0]])
            assert raised.value.reason == "no-store"
    with Shard(pool[0].url) as second, pytest.raises(StoreError, match="voipwatch shard, pid"):
        second.insert_segment("s", rows_of([]).tables())
    second.close()
