"""The SQL against the plain Python, on votes that hypothesis makes, and by hand."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.support import HOUR, make_vote, report_id, rows_of
from voipwatch.inference.cells import cells_of
from voipwatch.model.cells import Cell, CellKey, CellState
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.model.votes import Vote
from voipwatch.store.refresh import refresh_cells
from voipwatch.store.store import Store

VOTES = st.lists(
    st.builds(
        lambda **fields: fields,
        pseudonym=st.sampled_from([f"p{n}" for n in range(12)]),
        prefix=st.sampled_from([f"x{n}" for n in range(4)]),
        prefix_kind=st.sampled_from(PrefixKind),
        verdict=st.sampled_from(Verdict),
        mechanism=st.sampled_from(["", "stun.drop.cookie", "rtp.throttle.rate", "port.udp"]),
        observed_at_ms=st.integers(HOUR * 1000, (HOUR + 7200) * 1000 - 1),
        received_at_ms=st.integers((HOUR + 7200) * 1000, (HOUR + 90_000) * 1000),
        kind=st.sampled_from([RunKind.SCHEDULED, RunKind.SCHEDULED, RunKind.MANUAL, RunKind.IMPORT]),
        enrolled=st.sampled_from([True, True, False]),
        app=st.sampled_from(["whatsapp", "line"]),
        instance=st.sampled_from(["", "", "morocco-2016"]),
    ),
    max_size=60,
)


def read_cells(store: Store) -> list[Cell]:
    rows = store.select(
        "SELECT * REPLACE (toUnixTimestamp(hour) AS hour, toUnixTimestamp(last_received) AS last_received) "
        "FROM cells FINAL ORDER BY instance, source, country, operator, access, app, stage, hour"
    ).to_pylist()
    return [
        Cell(
            key=CellKey(
                row["country"], row["operator"], Access(row["access"]), row["app"], row["stage"], row["hour"]
            ),
            state=CellState(row["state"]),
            ok=row["ok_micro"] / 1e6,
            blocked=row["blocked_micro"] / 1e6,
            throttled=row["throttled_micro"] / 1e6,
            down=row["down_micro"] / 1e6,
            insufficient=row["insufficient_micro"] / 1e6,
            probes=row["probes"],
            prefixes=row["prefixes"],
            reports=row["reports"],
            mechanisms=row["mechanisms"].split(",") if row["mechanisms"] else [],
            last_received=row["last_received"],
            synthetic=row["instance"],
            source=row["source"],
        )
        for row in rows
    ]


def put(store: Store, votes: list[Vote]) -> None:
    """These votes and no others, without the ledger."""
    for table in ("votes", "cells"):
        store._engine.command(f"TRUNCATE TABLE {table}")
    store._engine.insert("votes", rows_of(votes).votes_table().append_column("segment", [["s"] * len(votes)]))


# One store for all examples: each begins by emptying it.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=VOTES)
def test_sql_and_python_make_the_same_cells(store: Store, fields: list[dict[str, object]]) -> None:
    votes = [make_vote(number, **changes) for number, changes in enumerate(fields)]  # type: ignore[arg-type]  # hypothesis's fields
    put(store, votes)
    made = refresh_cells(store._engine, [HOUR, HOUR + 3600])
    expected = cells_of(votes)
    assert read_cells(store) == expected
    assert made == len(expected)


def test_twice_is_once_and_what_is_gone_goes(store: Store) -> None:
    put(store, [make_vote(n) for n in range(3)] + [make_vote(9, app="viber")])
    refresh_cells(store._engine, [HOUR])
    first = read_cells(store)
    assert [cell.key.app for cell in first] == ["viber", "whatsapp"]
    assert refresh_cells(store._engine, [HOUR]) == 2
    assert read_cells(store) == first
    store._engine.command("ALTER TABLE votes DELETE WHERE app = 'viber'")
    assert refresh_cells(store._engine, [HOUR]) == 1
    assert read_cells(store) == first[1:]
    store._engine.command(f"ALTER TABLE votes DELETE WHERE report_id = '{report_id(2)}'")
    refresh_cells(store._engine, [HOUR])
    assert read_cells(store)[0].state is CellState.INSUFFICIENT


def test_hours_that_were_not_asked_for_stay(store: Store) -> None:
    put(store, [make_vote(n) for n in range(3)])
    refresh_cells(store._engine, [HOUR + 3600, HOUR - 3600])
    assert read_cells(store) == []
    assert refresh_cells(store._engine, []) == 0


def test_more_hours_than_one_statement_takes(store: Store) -> None:
    votes = [make_vote(n, observed_at_ms=(HOUR + 3600 * n) * 1000) for n in range(1100)]
    put(store, votes)
    assert refresh_cells(store._engine, [HOUR + 3600 * n for n in range(1100)]) == 1100
    assert read_cells(store) == cells_of(votes)
