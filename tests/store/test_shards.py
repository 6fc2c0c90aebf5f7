"""States of shards and their merging, in one process; `test_shardprocess` has a process for each shard."""

import sys
from random import Random

import pytest

from tests.store.sharded import cells, drawn_votes, put, spread
from tests.store.support import HOUR, make_vote
from voipwatch.model.cells import LAG_UNKNOWN_S
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.store import refresh, shards
from voipwatch.store.errors import StoreError
from voipwatch.store.store import Store

HOURS = [HOUR, HOUR + 3600]


def states(store: Store, *there: list[Vote]) -> list[bytes]:
    """Of shards with these votes, one after the other in this store, which is left without votes."""
    said = []
    for votes in there:
        put(store, votes)
        said.append(store.voices(HOURS))
        store._engine.command("TRUNCATE TABLE votes")
    return said


def refreshed(store: Store, votes: list[Vote]) -> list[dict[str, object]]:
    """What one store makes of all votes; it is left without votes and cells."""
    put(store, votes)
    refresh.refresh_cells(store._engine, HOURS)
    found = cells(store)
    for table in ("votes", "cells"):
        store._engine.command(f"TRUNCATE TABLE {table}")
    return found


def test_the_cells_of_shards_are_those_of_one_store(store: Store) -> None:
    for seed in range(3):
        sys.stdout.write(f"seed {seed}\n")
        random = Random(seed)
        votes = drawn_votes(random, HOUR)
        there = spread(random, votes, 3)
        expected = refreshed(store, [vote for some in there for vote in some])
        assert expected
        assert store.merge_voices(HOURS, states(store, *there)) == len(expected)
        assert cells(store) == expected
        store._engine.command("TRUNCATE TABLE cells")


def test_a_voice_of_three_shards_is_one_and_its_last_word_counts(store: Store) -> None:
    """By time of the check, then of arrival, then by report: on a shard of its own each."""
    at = {"pseudonym": "p", "prefix": "x", "observed_at_ms": HOUR * 1000}
    there = [
        [make_vote(1, Verdict.OK, received_at_ms=(HOUR + 9) * 1000, **at)],
        [make_vote(3, Verdict.BLOCKED, received_at_ms=(HOUR + 9) * 1000, **at)],
        [make_vote(7, Verdict.DOWN, received_at_ms=(HOUR + 8) * 1000, **at)],
    ]
    for order in (there, there[::-1]):
        assert store.merge_voices(HOURS, states(store, *order)) == 1
        (cell,) = cells(store)
        assert (cell["probes"], cell["reports"], cell["prefixes"]) == (1, 3, 1)
        assert (cell["blocked_micro"], cell["ok_micro"], cell["down_micro"]) == (1_000_000, 0, 0)
        assert cell["mechanisms"] == "stun.drop.cookie"


def test_a_report_on_two_shards_and_a_shard_twice_count_once(store: Store) -> None:
    votes = [make_vote(n) for n in range(4)]
    here, there = states(store, votes, votes[2:])
    store.merge_voices(HOURS, [here])
    once = cells(store)
    assert once[0]["reports"] == once[0]["probes"] == 4
    store.merge_voices(HOURS, [there, here, there])
    assert cells(store) == once


def test_what_no_shard_votes_for_any_more_goes_and_other_hours_stay(store: Store) -> None:
    votes = [make_vote(0), make_vote(1, app="viber")]
    store.merge_voices(HOURS, states(store, votes))
    assert [cell["app"] for cell in cells(store)] == ["viber", "whatsapp"]
    assert store.merge_voices(HOURS[1:], [b""]) == 0
    assert len(cells(store)) == 2
    assert store.merge_voices(HOURS, states(store, votes[:1], [])) == 1
    assert [cell["app"] for cell in cells(store)] == ["whatsapp"]
    assert store.merge_voices(HOURS, []) == 0
    assert cells(store) == []


def test_the_hours_asked_for_are_those_told(store: Store) -> None:
    for n in (5, 1, 0):
        put(store, [make_vote(n, app=f"app{9 - n}", observed_at_ms=(HOUR + 3600 * n) * 1000)])
    assert store.vote_hours() == [HOUR, HOUR + 3600, HOUR + 5 * 3600]
    store.merge_voices(HOURS, [store.voices(HOURS)])
    assert len(cells(store)) == 2


def test_the_newest_report_is_known_and_its_lag_is_not(store: Store) -> None:
    newest = "SELECT * EXCEPT (version, reports, lag_s) FROM arrivals FINAL ORDER BY ALL"
    votes = drawn_votes(Random(4), HOUR)
    store.merge_voices(HOURS, states(store, votes[::2], votes[1::2]))
    merged = store.select(newest).to_pylist()
    assert store.as_of() >= HOUR + 7200
    told = store.select("SELECT DISTINCT reports, lag_s FROM arrivals FINAL").to_pylist()
    assert told == [{"reports": 0, "lag_s": LAG_UNKNOWN_S}]
    store._engine.command("TRUNCATE TABLE arrivals")
    refreshed(store, votes)
    assert merged == store.select(newest).to_pylist() != []


def test_states_of_something_else_are_refused_and_nothing_is_left(store: Store) -> None:
    put(store, [make_vote(0)])
    store.merge_voices(HOURS, [store.voices(HOURS)])
    before = cells(store)
    other = shards.STATES.replace("uniqExactState", "uniqState").replace("{where}", "1")
    with pytest.raises(StoreError):
        store.merge_voices(HOURS, [store._engine.export_native(other)])
    assert cells(store) == before
    found = store.select("SELECT name FROM system.tables WHERE database = currentDatabase()")
    assert shards.VOICES not in found["name"].to_pylist()


def test_what_a_killed_merging_left_is_not_counted(store: Store) -> None:
    here, there = states(store, [make_vote(0)], [make_vote(1)])
    every_column = shards.STATES.replace("{where}", "0")
    store._engine.command(f"CREATE TABLE {shards.VOICES} ENGINE = Memory EMPTY AS {every_column}")
    store._engine.insert_native(shards.VOICES, here)
    store.merge_voices(HOURS, [there])
    assert cells(store)[0]["probes"] == 1


def test_both_halves_are_made_of_the_one_table_of_aggregates() -> None:
    for name, (function, of) in refresh.VOICE.items():
        assert f"{function}({of}) AS {name}" in refresh.CELLS
        assert f"{function}State({of}) AS {name}" in shards.STATES
        assert f"{function}Merge({name}) AS {name}" in shards.CELLS
    assert shards.CELLS.split("FROM (SELECT")[0] == refresh.CELLS.split("FROM (SELECT")[0]
