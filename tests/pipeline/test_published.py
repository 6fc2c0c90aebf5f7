"""Influence beside each cell: by hand, for one liar, for a crowd behind one prefix, and for carriers."""

from tests.pipeline.ballots_by_hand import HOUR, vote
from voipwatch.inference.cells import cells_of
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline import published
from voipwatch.pipeline.published import publish_influence
from voipwatch.store.rows import ReportRow, SegmentRows
from voipwatch.store.store import Store

FIGURES = "fixed_to_move, fixed_to_blocked, fixed_to_ok, carrier_to_move, carrier_to_blocked, carrier_to_ok"


def put(store: Store, votes: list[Vote], segment: str = "s1") -> None:
    """As a loader does it."""
    rows = SegmentRows()
    for each in votes:
        rows.report(
            ReportRow(
                each.report_id, each.received_at_ms, each.observed_at_ms, "MA", each.operator, "4g",
                "scheduled", True, each.pseudonym, each.prefix, each.prefix_kind,
            )
        )  # fmt: skip
    rows.votes(votes)
    store.insert_segment(segment, rows)
    store.refresh_cells(then=lambda hours, _: publish_influence(store, hours))


def beside(store: Store) -> dict[tuple[str, int], tuple[str, tuple[int | None, ...]]]:
    """(operator, hour) -> state, figures: joined by the store, as the page on influence promises it."""
    found = store.select(
        f"SELECT operator, toUnixTimestamp(hour), toString(state), {FIGURES} "
        "FROM (SELECT * FROM cells FINAL) AS cells "
        "INNER JOIN (SELECT * FROM influence FINAL) AS influence "
        "USING (instance, country, operator, access, app, stage, hour) WHERE source = 'panel'"
    )
    return {(row[0], row[1]): (row[2], row[3:]) for row in (tuple(r.values()) for r in found.to_pylist())}


def test_each_cell_has_its_number_and_neither_a_liar_nor_a_crowd_moves_it(store: Store) -> None:
    houses = [vote(n) for n in range(10)]
    liar = vote(500, Verdict.BLOCKED, operator="AS2", prefix="liar")
    crowd = [vote(600 + n, Verdict.BLOCKED, operator="AS3", prefix="one") for n in range(100)]
    second = [vote(100 + n, operator="AS2") for n in range(10)]
    third = [vote(200 + n, operator="AS3") for n in range(10)]
    nat = [vote(800 + n, operator="AS4", prefix="nat", prefix_kind=PrefixKind.CARRIER) for n in range(40)]
    put(store, [*houses, *second, liar, *third, *crowd, *nat])
    told = beside(store)
    assert {state for state, _ in told.values()} == {"ok"}
    # docs/methods/influence.md: ten houses; and forty probes behind one carrier prefix.
    assert told["AS36925", HOUR][1] == (4, 7, 0, 1, 2, 0)
    assert told["AS4", HOUR][1] == (9, 32, 0, 1, 1, 0)
    # Ten ok and a liar's one: (10 - k) / 11 < 2/3 from k = 3 on; (1 + k) / 11 >= 2/3 from k = 7 on. A crowd
    # behind one fixed prefix is one liar.
    assert told["AS2", HOUR][1][:2] == told["AS3", HOUR][1][:2] == (3, 7)


def test_it_follows_the_cell_and_goes_with_it(store: Store) -> None:
    put(store, [vote(n) for n in range(3)])
    assert beside(store) == {("AS36925", HOUR): ("ok", (2, 2, 0, 1, 1, 0))}
    put(store, [vote(10 + n) for n in range(7)], "s2")
    assert beside(store) == {("AS36925", HOUR): ("ok", (4, 7, 0, 1, 2, 0))}
    store._engine.command("ALTER TABLE votes DELETE WHERE 1")
    store.refresh_cells([HOUR], then=lambda hours, _: publish_influence(store, hours))
    assert store.select("SELECT * FROM influence FINAL").num_rows == 0


def test_hours_in_pieces_are_the_same(store: Store) -> None:
    votes = [vote(n, observed_at_ms=(HOUR + 3600 * (n % 5)) * 1000) for n in range(40)]
    put(store, votes)
    whole = beside(store)
    assert len(whole) == len(cells_of(votes)) == 5
    before, published.HOURS_AT_ONCE = published.HOURS_AT_ONCE, 2  # type: ignore[misc]  # a small one
    try:
        assert publish_influence(store, [HOUR + 3600 * n for n in range(5)]) == 5
    finally:
        published.HOURS_AT_ONCE = before  # type: ignore[misc]  # as it was
    assert beside(store) == whole
