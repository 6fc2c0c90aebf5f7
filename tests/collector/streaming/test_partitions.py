"""Partitions: the same for ever, and names that streams, subjects and the ledger can have."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.collector.streaming.partitions import (
    made_at,
    partition_named,
    partition_of,
    segment_name,
    stream_name,
    subject_of,
)

KEPT = {"MA": 10, "AE": 10, "RU": 9, "IR": 3}


def test_a_country_stays_where_it_is() -> None:
    """By hand, once: blake2b-64 with our person, modulo 16. Another value would split a country in two."""
    assert {c: partition_of(c, 16) for c in ("MA", "AE", "RU", "IR")} == KEPT
    assert partition_of(None, 16) == partition_of("ZZ", 16)


def test_countries_are_spread() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    counts = Counter(partition_of(a + b, 16) for a in letters for b in letters)
    assert set(counts) == set(range(16))
    assert max(counts.values()) < 2 * 676 / 16


@given(st.integers(0, 98), st.text(max_size=64))
def test_names(partition: int, instance: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]+", stream_name(partition, instance))
    assert re.fullmatch(r"[a-z0-9.-]+", subject_of(partition, instance))
    assert partition_named(segment_name(partition, made_at(instance))) == partition
    assert (stream_name(partition, instance) == stream_name(partition)) == (instance == "")


def test_a_stream_that_was_made_again_is_another_segment() -> None:
    one, other = made_at("2026-11-23T12:00:00+00:00"), made_at("2026-11-23T12:00:00.000001+00:00")
    assert segment_name(3, one) != segment_name(3, other)
    assert re.fullmatch(r"[A-Za-z0-9-]{1,46}", segment_name(3, one)), "as the ledger has it"


def test_a_file_of_the_spool_is_no_partition() -> None:
    assert partition_named("20261122T004200000000-0123456789ab") is None
