"""What is read before anybody is blamed."""

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.blame import canary_votes, changepoint_scopes, voters, witnesses
from voipwatch.store.series import SeriesKey
from voipwatch.store.store import Store


def test_canaries_are_enrolled_of_the_instance_and_in_time(store: Store) -> None:
    votes = [
        make_vote(1, kind=RunKind.CANARY, operator="AS900", observed_at_ms=(HOUR + 10) * 1000),
        make_vote(2, kind=RunKind.CANARY, enrolled=False),
        make_vote(3, kind=RunKind.CANARY, instance="lab"),
        make_vote(4, kind=RunKind.CANARY, observed_at_ms=(HOUR + 99) * 1000),
        make_vote(5, kind=RunKind.CANARY, stage="setup"),
        make_vote(6),
    ]
    store.insert_segment("s", rows_of(votes))
    rows = canary_votes(store, instance="", since=HOUR, until=HOUR + 99)
    assert rows == [
        {"app": "whatsapp", "operator": "AS900", "verdict": "ok", "observed": HOUR + 10, "reflectors": ""}
    ]


def test_a_canary_never_feeds_a_state(store: Store) -> None:
    store.insert_segment("s", rows_of([make_vote(n, Verdict.BLOCKED, kind=RunKind.CANARY) for n in range(9)]))
    store.refresh_cells()
    assert store.cells(country="MA", since=0, until=HOUR * 2).num_rows == 0
    canary = store.cells(country="MA", since=0, until=HOUR * 2, source="canary").to_pylist()
    assert [row["state"] for row in canary] == ["insufficient"]


def test_witnesses_are_counted_by_who_was_asked_with_what(store: Store) -> None:
    votes = [make_vote(n, Verdict.BLOCKED) for n in range(3)]
    votes += [
        make_vote(10, Verdict.OK),
        make_vote(11, Verdict.OK, country="FR"),
        make_vote(12, kind=RunKind.MANUAL),
    ]
    store.insert_segment("s", rows_of(votes))
    rows = witnesses(store, country="MA", instance="", since=HOUR, until=HOUR + 1)
    assert [(row["verdict"], row["mechanism"], row["votes"]) for row in rows] == [
        ("blocked", "stun.drop.cookie", 3),
        ("ok", "", 1),
    ]
    assert witnesses(store, country="MA", instance="", since=HOUR + 1, until=HOUR + 9) == []
    assert changepoint_scopes(store) == []


def test_voters_of_a_series_are_told_by_the_hour_and_only_the_panels(store: Store) -> None:
    votes = [
        make_vote(1, prefix="aa"),
        make_vote(2, prefix="aa", observed_at_ms=(HOUR + 3600) * 1000),
        make_vote(3, app="viber"),
        make_vote(4, instance="lab"),
        make_vote(5, kind=RunKind.MANUAL),
        make_vote(6, observed_at_ms=(HOUR + 9 * 3600) * 1000),
    ]
    store.insert_segment("s", rows_of(votes))
    key = SeriesKey("MA", "AS36925", "4g", "whatsapp")
    found = voters(store, key, since=HOUR, until=HOUR + 9 * 3600)
    assert [(row["at"], row["pseudonym"], row["prefix"]) for row in found] == [
        (HOUR, "p1", "aa"),
        (HOUR + 3600, "p2", "aa"),
    ]
    store.refresh_cells()
    assert store.raw_from() == 0
    store.drop_raw_before("2099-01")
    assert store.raw_from() > HOUR
    assert voters(store, key, since=HOUR, until=HOUR + 9 * 3600) == []
