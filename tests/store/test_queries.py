from itertools import count
from random import Random

import pytest

from tests.store.support import HOUR, hourly, make_vote, rows_of
from voipwatch.model.cells import STALE_AFTER_H
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.model.votes import Vote
from voipwatch.store import segments
from voipwatch.store.errors import StoreError
from voipwatch.store.series import SeriesKey
from voipwatch.store.store import Store

DAY = 86_400
KEY = SeriesKey("MA", "AS36925", "4g", "whatsapp")


def put(store: Store, votes: list[Vote], segment: str = "s1") -> None:
    store.insert_segment(segment, rows_of(votes))
    store.refresh_cells()


def test_the_matrix_has_the_latest_state_that_decides(store: Store) -> None:
    votes = hourly({0: (3, Verdict.OK), 5: (3, Verdict.BLOCKED), 9: (1, Verdict.OK)})
    votes += [
        make_vote(50_000 + n, app="viber", access=Access.WIFI, received_at_ms=(HOUR + 99) * 1000)
        for n in range(2)
    ]
    votes += [make_vote(60_000 + n, app="imo", kind=RunKind.MANUAL) for n in range(5)]
    votes += [make_vote(70_000 + n, app="skype", operator="AS6713") for n in range(5)]
    put(store, votes)
    rows = store.matrix("MA", "AS36925").to_pylist()
    assert [(r["access"], r["app"], r["state"]) for r in rows] == [
        ("4g", "whatsapp", "blocked"),
        ("wifi", "viber", "insufficient"),
    ]
    assert rows[0] | {"as_of": 0} == {
        "access": "4g",
        "app": "whatsapp",
        "state": "blocked",
        "hour": HOUR + 5 * 3600,
        "probes": 3,
        "mechanisms": "stun.drop.cookie",
        "measured_hours": 2,
        "last_hour": HOUR + 9 * 3600,
        "as_of": 0,
    }
    earlier = store.matrix("MA", "AS36925", as_of=HOUR + 3600).to_pylist()
    assert [(r["app"], r["state"]) for r in earlier if r["access"] == "4g"] == [("whatsapp", "ok")]
    assert store.matrix("MA", "AS36925", as_of=HOUR + 30 * DAY).num_rows == 0, "a week later nothing is known"


def test_the_matrix_is_what_its_cells_say_one_by_one(store: Store) -> None:
    """Seven accesses and apps, some hours made anew, each row counted by hand from the cells."""
    random = Random(4)
    verdicts = (Verdict.OK, Verdict.BLOCKED, Verdict.THROTTLED)
    votes: list[Vote] = []
    number = count(1000)
    for access, app in ((a, b) for a in (Access.G4, Access.WIFI, Access.ADSL) for b in ("viber", "whatsapp")):
        hours = sorted(random.sample(range(200), 12))
        votes += [
            make_vote(next(number), verdict, access=access, app=app,
                      observed_at_ms=(HOUR + 3600 * hour) * 1000,
                      received_at_ms=(HOUR + 3600 * hour + 60) * 1000)
            for hour in hours
            for verdict in [random.choice(verdicts)] * random.choice((1, 3))
        ]  # fmt: skip
    votes.append(make_vote(77, app="imo", received_at_ms=(HOUR + 190 * 3600) * 1000,
                           observed_at_ms=(HOUR + 190 * 3600) * 1000))  # fmt: skip
    put(store, votes)
    store.refresh_cells([HOUR + 3600 * hour for hour in range(200)])
    as_of = HOUR + 199 * 3600 + 1800
    expected: dict[tuple[str, str], dict[str, object]] = {}
    for cell in store.cells(country="MA", since=as_of - STALE_AFTER_H * 3600, until=as_of).to_pylist():
        row = expected.setdefault((cell["access"], cell["app"]), {
            "state": "insufficient", "hour": 0, "probes": 0, "mechanisms": "", "measured_hours": 0,
        })  # fmt: skip
        row["last_hour"] = cell["hour"]
        if cell["state"] != "insufficient":
            row |= {name: cell[name] for name in ("state", "hour", "probes", "mechanisms")}
            row["measured_hours"] = int(str(row["measured_hours"])) + 1
    assert len(expected) == 7
    assert {row["state"] for row in expected.values()} >= {"insufficient", "ok", "blocked"}
    assert store.matrix("MA", "AS36925", as_of=as_of).to_pylist() == [
        {"access": access, "app": app, **expected[access, app], "as_of": as_of}
        for access, app in sorted(expected)
    ]


def test_a_panel_day_by_day_in_one_month(store: Store) -> None:
    votes = hourly({0: (3, Verdict.OK), 24: (5, Verdict.OK), 25: (5, Verdict.OK), 72: (2, Verdict.OK)})
    put(store, votes)
    assert store.panel(KEY, since=HOUR, until=HOUR + 31 * DAY).to_pylist() == [
        {"day": HOUR, "probes": 3, "joined": 3, "left": 0, "month_turn": 1},
        {"day": HOUR + DAY, "probes": 5, "joined": 2, "left": 3, "month_turn": 0},
        {"day": HOUR + 3 * DAY, "probes": 2, "joined": 0, "left": 2, "month_turn": 0},
    ]


def test_cells_as_of_are_those_of_what_had_arrived(store: Store) -> None:
    votes = hourly({0: (3, Verdict.OK), 1: (4, Verdict.BLOCKED)})
    late = [make_vote(90_000 + n, Verdict.BLOCKED, received_at_ms=(HOUR + DAY + n) * 1000) for n in range(9)]
    put(store, votes)
    span = {"country": "MA", "since": HOUR, "until": HOUR + DAY}
    before = store.cells(**span)  # type: ignore[arg-type]  # one span for all
    put(store, late, "s2")
    assert store.cells_as_of(HOUR + DAY - 1, **span).to_pylist() == before.to_pylist()  # type: ignore[arg-type]  # the same
    now = store.cells(**span).to_pylist()  # type: ignore[arg-type]  # the same
    assert store.cells_as_of(HOUR + 2 * DAY, **span).to_pylist() == now  # type: ignore[arg-type]  # the same
    assert now[0]["state"] == "blocked" != before.to_pylist()[0]["state"]
    assert [(c["hour"], c["probes"]) for c in now] == [(HOUR, 12), (HOUR + 3600, 4)]


def test_votes_come_in_the_order_of_arrival_whole_reports_at_a_time(store: Store) -> None:
    votes = [
        make_vote(n, app=app, received_at_ms=(HOUR + 100 - n) * 1000)
        for n in range(6)
        for app in ("viber", "whatsapp")
    ]
    rows = rows_of([vote for vote in votes if vote.app == "viber"])
    rows.votes([vote for vote in votes if vote.app == "whatsapp"])
    store.insert_segment("s1", rows)
    expected = sorted(votes, key=lambda v: (v.received_at_ms, v.report_id, v.app))
    assert list(store.votes_since(0, "")) == expected
    seen: list[Vote] = []
    place = (0, "")
    while some := list(store.votes_since(*place, limit=5)):
        assert len(some) % 2 == 0, "a report is not cut"
        seen += some
        place = (some[-1].received_at_ms, some[-1].report_id)
    assert seen == expected
    with pytest.raises(ValueError, match="more than 1"):
        list(store.votes_since(0, "", limit=1))
    assert list(store.votes_since(0, "", source="manual")) == []


def test_votes_of_a_segment_that_is_not_wholly_in_are_not_seen(store: Store) -> None:
    vote = make_vote(0, loss_up_points=97.5, loss_up_low=80.0, direction="up", flows=12)
    store._engine.insert("votes", rows_of([vote]).votes_table().append_column("segment", [["half"]]))
    segments._write(store._engine, {"half": segments._Line(segments.BEGUN, 1)})
    assert list(store.votes_since(0, "")) == []
    store.insert_segment("half", rows_of([vote]))
    assert list(store.votes_since(0, "")) == [vote]


def test_changepoints_keep_their_newest_version(store: Store) -> None:
    record = {
        "changepoint_id": "c1",
        "instance": "",
        "country": "MA",
        "operator": "AS36925",
        "access": "4g",
        "app": "whatsapp",
        "stage": "call",
        "kind": "onset",
        "earliest": None,
        "latest": HOUR,
        "detected_at": HOUR + 3600,
        "payload": "{}",
    }
    store.save_changepoints([record, record | {"changepoint_id": "c2", "country": "TN"}])
    store.save_changepoints([record | {"earliest": HOUR - 3600}])
    found = store.changepoints(country="MA").to_pylist()
    assert found == [record | {"earliest": HOUR - 3600}]
    assert store.changepoints().num_rows == 2
    assert store.changepoints(instance="morocco-2016").num_rows == 0


def test_status_counts_what_there_is(store: Store) -> None:
    put(store, [make_vote(n) for n in range(3)])
    store._engine.insert("deletions", rows_of([]).deletions_table().append_column("segment", [[]]))
    told = store.status()
    assert told["tables"]["observations"]["rows"] == 6
    assert told["segments"] == {"celled": 1}
    assert (told["as_of"], told["damaged_parts"]) == (HOUR + 2, 0)


def test_status_counts_the_cells_that_stand(store: Store) -> None:
    put(store, [make_vote(n) for n in range(3)])
    put(store, [make_vote(n + 10) for n in range(3)], "s2")
    assert store.select("SELECT count() AS n FROM cells")["n"].to_pylist() == [2], "replaced, not merged yet"
    assert store.status()["tables"]["cells"]["rows"] == 1
    store._engine.command(
        "INSERT INTO cells SELECT * REPLACE (version + 1 AS version, 1 AS deleted) FROM cells FINAL"
    )
    assert store.status()["tables"]["cells"]["rows"] == 0
    assert store.countries("cells") == []
    assert store.countries("votes") == ["MA"]


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM no_such_table", "SELEC 1", "DROP TABLE votes", "SELECT 1; SELECT 2"]
)
def test_what_cannot_be_asked_is_said_in_one_line(store: Store, sql: str) -> None:
    with pytest.raises(StoreError) as raised:
        store.select(sql)
    assert raised.value.reason in {"query", "read-only"}
    assert "\n" not in str(raised.value)
    assert store.status()["tables"]["votes"] == {"rows": 0, "bytes": 0}
