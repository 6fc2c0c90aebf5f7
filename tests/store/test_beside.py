from tests.store.support import HOUR, hourly, make_vote, rows_of
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.rows import InfluenceRecord
from voipwatch.store.store import Store

RECORD = InfluenceRecord("", "MA", "AS36925", "4g", "whatsapp", "call", HOUR, 2, 2, 0, 1, None, 0)


def kept(store: Store) -> list[tuple[object, ...]]:
    found = store.select(
        "SELECT * EXCEPT (version, deleted) REPLACE (toUnixTimestamp(hour) AS hour) FROM influence FINAL "
        "ORDER BY app, hour"
    )
    return [tuple(row.values()) for row in found.to_pylist()]


def test_votes_of_hours_are_the_panels(store: Store) -> None:
    votes = hourly({0: (2, Verdict.OK), 1: (1, Verdict.BLOCKED), 2: (1, Verdict.OK)})
    emulated = make_vote(70_000, instance="lab")
    store.insert_segment("s1", rows_of([*votes, emulated, make_vote(80_000, kind=RunKind.MANUAL)]))
    found = store.votes_of_hours([HOUR, HOUR + 7200])
    assert sorted(found, key=lambda vote: vote.report_id) == sorted(
        [vote for vote in [*votes, emulated] if vote.hour != HOUR + 3600], key=lambda vote: vote.report_id
    )
    assert store.votes_of_hours([]) == []


def test_influence_of_an_hour_is_replaced_whole(store: Store) -> None:
    viber = RECORD._replace(app="viber")
    later = RECORD._replace(hour=HOUR + 3600)
    store.save_influence([HOUR, HOUR + 3600], [RECORD, viber, later])
    assert kept(store) == [tuple(viber), tuple(RECORD), tuple(later)]
    store.save_influence([HOUR], [RECORD._replace(fixed_to_move=5)])
    assert kept(store) == [tuple(RECORD._replace(fixed_to_move=5)), tuple(later)]
    store.save_influence([HOUR], [])
    store.save_influence([], [])
    assert kept(store) == [tuple(later)]
    store.save_influence([HOUR], [viber])
    assert kept(store) == [tuple(viber), tuple(later)]
