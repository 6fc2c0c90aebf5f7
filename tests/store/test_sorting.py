"""The newest version of each row in order: against a dictionary and Python's own sorting."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.store import sorting
from voipwatch.store.sorting import latest_by_key

words = st.sampled_from(["", "a", "b", "Z", "é", "ぁ", "a\x00"])
rows = st.lists(
    st.tuples(words, words, st.integers(0, 5), st.integers(0, 1)),
    max_size=30,
)


def table(found: list[tuple[str, str, int, int]], *, pieces: int) -> pa.Table:
    """Rows whose version is their place, in pieces with dictionaries of their own."""
    schema = pa.schema({
        "x": pa.dictionary(pa.int32(), pa.string()), "y": pa.string(), "hour": pa.uint32(),
        "deleted": pa.uint8(), "version": pa.uint64(),
    })  # fmt: skip
    numbered = [(*row, 1 << 50 | place) for place, row in enumerate(found)]
    parts = []
    for start in range(0, len(numbered), pieces):
        x, y, hour, deleted, version = zip(*numbered[start : start + pieces], strict=True)
        columns = [pa.array(x).dictionary_encode(), pa.array(y), hour, deleted, version]
        parts.append(
            pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
        )
    return pa.concat_tables(parts) if parts else schema.empty_table()


def by_hand(found: list[tuple[str, str, int, int]]) -> list[tuple[str, str, int]]:
    latest = {(x, y, hour): deleted for x, y, hour, deleted in found}
    kept = [key for key, deleted in latest.items() if not deleted]
    return sorted(kept, key=lambda key: (key[0].encode(), key[1].encode(), key[2]))


@given(rows, st.integers(1, 7), st.booleans())
def test_it_is_what_a_dictionary_and_sorted_say(
    found: list[tuple[str, str, int, int]], pieces: int, narrow: bool
) -> None:
    before = sorting.KEYS_MAX
    sorting.KEYS_MAX = 20 if narrow else before  # type: ignore[misc]  # so that keys do not fit at once
    try:
        kept = latest_by_key(table(found, pieces=pieces), ("x", "y", "hour"))
    finally:
        sorting.KEYS_MAX = before  # type: ignore[misc]  # as it was
    assert kept.column_names == ["x", "y", "hour"]
    assert [tuple(row.values()) for row in kept.to_pylist()] == by_hand(found)


def test_rows_in_order_are_not_moved() -> None:
    found = [("a", "b", hour, int(hour == 1)) for hour in range(3)]
    kept = latest_by_key(table(found, pieces=2), ("x", "y", "hour"))
    assert kept["hour"].to_pylist() == [0, 2]
