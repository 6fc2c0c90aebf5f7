"""Votes to changepoints: once each whatever is killed, in the order of arrival, one voice a house."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from tests.pipeline.ballots_by_hand import HOUR, vote
from voipwatch.chronicle.telling import STEPS_S, step_of
from voipwatch.model.cells import LAG_UNKNOWN_S
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import LINE, Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline.detecting import CountryMemory, Detecting, Found, Memory, _voices, churn_of, hit_of
from voipwatch.pipeline.pieces import Piece
from voipwatch.store.errors import StoreError
from voipwatch.store.rows import SegmentRows
from voipwatch.store.store import Store

PROBES = 4


def story(
    quiet_h: int, blocked_h: int, *, app: str = "whatsapp", hit: Verdict = Verdict.BLOCKED
) -> list[Vote]:
    """One vote a probe and hour, each house its own prefix; interference from `quiet_h` on."""
    votes = []
    for hour in range(quiet_h + blocked_h):
        for probe in range(PROBES):
            at_ms = (HOUR + hour * 3600 + probe) * 1000
            votes.append(
                vote(
                    hour * PROBES + probe,
                    Verdict.OK if hour < quiet_h else hit,
                    app=app,
                    pseudonym=f"p{probe}",
                    prefix=f"x{probe}",
                    observed_at_ms=at_ms,
                    received_at_ms=at_ms + 60_000,
                )
            )
    return votes


def put(
    store: Store, votes: Sequence[Vote], *, size: int = 40, first: int = 1, segment: str = "20260101T000000-a"
) -> list[Piece]:
    """The votes as pieces of the ledger."""
    pieces = []
    for start in range(0, len(votes), size):
        piece = Piece(first + start // size, segment, start, start + size)
        rows = SegmentRows()
        rows.votes(votes[start : start + size])
        store.insert_segment(piece.votes_name, rows)
        pieces.append(piece)
    return pieces


def kinds(found: Sequence[Found]) -> list[tuple[str, str]]:
    return [(each.series.rpartition("\0")[2], each.change.kind.value) for each in found]


@pytest.mark.parametrize(
    ("app", "hit"), [("whatsapp", Verdict.BLOCKED), ("sip", Verdict.THROTTLED), (LINE, Verdict.DOWN)]
)
def test_a_planted_block_is_found_and_dated(store: Store, app: str, hit: Verdict) -> None:
    pieces = put(store, story(72, 12, app=app, hit=hit))
    (found,) = Detecting(store).consume(pieces)
    assert kinds([found]) == [(app, "onset")]
    onset = HOUR + 72 * 3600
    assert found.change.earliest_s is not None
    assert found.change.earliest_s <= onset <= found.change.latest_s + 3600
    assert (found.panel, found.joined, found.left) == (PROBES, 0, 0)
    assert found.arl_days > 20 * 365 * 60
    (row,) = store.changepoints(country="MA").to_pylist()
    assert (row["kind"], row["app"], row["access"], row["operator"]) == ("onset", app, "4g", "AS36925")
    assert msgspec.json.decode(row["payload"])["change"]["probes_both_sides"] == PROBES


@pytest.mark.parametrize(
    ("app", "verdict", "said"),
    [
        ("sip", Verdict.OK, False), ("sip", Verdict.BLOCKED, True), ("sip", Verdict.THROTTLED, True),
        ("sip", Verdict.DOWN, None), ("sip", Verdict.INSUFFICIENT, None),
        (LINE, Verdict.DOWN, True), (LINE, Verdict.OK, False), (LINE, Verdict.INSUFFICIENT, None),
    ],
)  # fmt: skip
def test_what_a_vote_says(app: str, verdict: Verdict, said: bool | None) -> None:
    assert hit_of(vote(1, verdict, app=app)) is said


def memories(store: Store) -> list[Any]:
    return [
        store.load_detector("detecting"),
        store.load_detector("detecting::MA"),
        store.load_detector("detecting::TN"),
        store.changepoints().to_pylist(),
    ]


def test_killed_at_any_write_a_rerun_ends_as_an_uninterrupted_run(store: Store) -> None:
    """Two countries, one of which falls silent: what is not written again is none the worse for it."""
    others = [
        msgspec.structs.replace(each, country="TN", report_id=f"{10_000 + n:032x}")
        for n, each in enumerate(story(20, 0))
    ]
    ordered = sorted([*story(72, 12), *others], key=lambda each: (each.received_at_ms, each.country))
    pieces = put(store, ordered, size=104)
    quiet = Detecting(store)
    for end in range(1, len(pieces) + 1):
        quiet.consume(pieces[:end])
    wanted = memories(store)
    assert {each["kind"] for each in wanted[3]} >= {"onset"}
    engine: Any = store._engine
    real = engine.insert
    for fails_at in range(1, 14):
        engine.command("TRUNCATE TABLE detector_state")
        engine.command("TRUNCATE TABLE changepoints")
        steps = 0

        def insert(table: str, rows: Any, token: str = "", fails_at: int = fails_at) -> None:
            nonlocal steps
            steps += 1
            real(table, rows, token)
            if steps == fails_at:
                raise StoreError("unreachable", "planted")

        engine.insert = insert
        detecting = Detecting(store)
        end = 1
        while end <= len(pieces):
            try:
                detecting.consume(pieces[:end])
            except StoreError:
                detecting = Detecting(store)
            else:
                end += 1
        engine.insert = real
        assert memories(store) == wanted, fails_at


def test_only_a_country_that_changed_is_written(store: Store) -> None:
    votes = [
        msgspec.structs.replace(each, country=country, report_id=f"{n * 2 + k:032x}")
        for n, each in enumerate(story(4, 0))
        for k, country in enumerate(["MA", "TN"])
    ]
    pieces = put(store, votes, size=16)
    detecting = Detecting(store)
    detecting.consume(pieces)
    before = memories(store)
    told = msgspec.structs.replace(votes[-2], pseudonym="late", prefix="late", report_id=f"{5_000:032x}")
    pieces += put(store, [told], first=len(pieces) + 1)
    written: list[str] = []
    save = store.save_detector

    def counted(detector: str, payload: str) -> None:
        written.append(detector)
        save(detector, payload)

    store.save_detector = counted  # type: ignore[method-assign]  # counted
    detecting.consume(pieces)
    assert written == ["detecting::MA", "detecting"]
    after = memories(store)
    assert after[1] != before[1]
    assert after[2] == before[2]
    undecided = msgspec.structs.replace(told, verdict=Verdict.INSUFFICIENT, report_id=f"{5_001:032x}")
    pieces += put(store, [undecided], first=len(pieces) + 1)
    detecting.consume(pieces)
    assert written[2:] == ["detecting"]


def test_nothing_is_taken_twice(store: Store) -> None:
    pieces = put(store, story(72, 12))
    detecting = Detecting(store)
    assert len(detecting.consume(pieces)) == 1
    before = memories(store)
    assert detecting.consume(pieces) == []
    assert Detecting(store).consume(pieces) == []
    assert memories(store) == before


def test_a_hundred_names_behind_one_house_are_one_voice(store: Store) -> None:
    """For three days everybody says ok; then a hundred names from one house say blocked, every hour."""
    votes = story(96, 0)
    liars = [
        vote(10_000 + hour * 100 + n, Verdict.BLOCKED, pseudonym=f"liar{n}", prefix="house",
             observed_at_ms=(HOUR + hour * 3600 + 1800) * 1000,
             received_at_ms=(HOUR + hour * 3600 + 1900) * 1000 + n)
        for hour in range(72, 96)
        for n in range(100)
    ]  # fmt: skip
    ordered = sorted([*votes, *liars], key=lambda each: each.received_at_ms)
    detecting = Detecting(store)
    assert detecting.consume(put(store, ordered, size=400)) == []
    assert detecting.surplus == 24 * 99


def test_behind_a_carriers_prefix_sixteen_speak(store: Store) -> None:
    votes = [vote(n, prefix="nat", prefix_kind=PrefixKind.CARRIER) for n in range(40)]
    detecting = Detecting(store)
    detecting.consume(put(store, votes))
    assert detecting.surplus == 24


def test_operators_of_one_app_lend_each_other_their_quiet_past(store: Store) -> None:
    """One operator votes for a week; another begins on the fifth day, and borrows."""
    old = story(168, 0)
    young = [
        msgspec.structs.replace(each, operator="AS6713", report_id=f"{10_000 + n:032x}")
        for n, each in enumerate(old)
        if each.hour >= HOUR + 96 * 3600
    ]
    ordered = sorted([*old, *young], key=lambda each: (each.received_at_ms, each.operator))
    detecting = Detecting(store)
    assert detecting.consume(put(store, ordered, size=200)) == []
    memory = store.load_detector("detecting::MA")
    assert memory is not None
    states = msgspec.json.decode(memory, type=CountryMemory).panel.series
    borrowed = {name.split("\0")[0]: state.baseline.pool_votes for name, state in states.items()}
    assert borrowed["AS6713"] == 20.0


def test_who_votes_twenty_times_has_spoken_once_and_leaves_room(store: Store) -> None:
    often = [vote(n, pseudonym="p0", prefix="nat", prefix_kind=PrefixKind.CARRIER) for n in range(20)]
    others = [vote(n, prefix="nat", prefix_kind=PrefixKind.CARRIER) for n in range(20, 30)]
    detecting = Detecting(store)
    detecting.consume(put(store, [*often, *others]))
    assert detecting.surplus == 19


def test_a_silence_waits_for_the_late_and_is_told_by_others_arrivals(store: Store) -> None:
    """One country stops; another's reports show that the collector lives."""
    votes = story(96, 0)
    others = [
        msgspec.structs.replace(each, country="TN", report_id=f"{10_000 + n:032x}")
        for n, each in enumerate(votes)
    ]
    before = [each for each in votes if each.hour < HOUR + 48 * 3600]
    ordered = sorted([*before, *others], key=lambda each: (each.received_at_ms, each.country))
    found = Detecting(store).consume(put(store, ordered))
    assert [(each.country, each.change.kind.value) for each in found] == [("MA", "silence")]
    (silence,) = found
    assert silence.change.earliest_s == HOUR + 47 * 3600 + 3
    assert silence.change.detected_s - silence.change.earliest_s > 86_400
    assert silence.change.level_after is None


def test_a_collector_that_was_off_makes_nobody_silent(store: Store) -> None:
    votes = [each for each in story(130, 0) if not HOUR + 60 * 3600 <= each.hour < HOUR + 120 * 3600]
    found = Detecting(store).consume(put(store, votes, size=4))
    assert [each for each in found if each.change.detected_s < HOUR + 119 * 3600] == []


def test_the_lag_is_that_of_the_latest_votes() -> None:
    assert Memory(lags_s=[float(n) for n in range(100)]).lag_s == 95.0
    assert Memory().lag_s == LAG_UNKNOWN_S


def test_churn_is_told_beside_a_series() -> None:
    day = 86_400
    voices = {
        str(HOUR): {"s\0x1": ["a"], "s\0x2": ["b"], "t\0x2": ["z"]},
        str(HOUR + day): {"s\0x1": ["a"], "s\0x3": ["c", "d"]},
    }
    assert churn_of(CountryMemory(voices=voices), "s", HOUR + 2 * day) == (3, 2, 1)


def test_a_bound_is_told_to_the_block_in_which_three_houses_voted(store: Store) -> None:
    """Four probes in four houses: half a day. All in one house they are one, and it is the coarsest block."""
    (found,) = Detecting(store).consume(put(store, story(72, 12)))
    assert {found.earliest_step_s, found.latest_step_s, found.detected_step_s} == {STEPS_S[0]}
    assert found.probes_low == PROBES
    voters = [f"p{probe}" for probe in range(PROBES)]
    said = {str(HOUR + hour * 3600): {"s\0x=": voters[hour % 2 : hour % 2 + 2]} for hour in range(12)}
    home = _voices(CountryMemory(voices=said), "s")
    assert (len(home), step_of(float(HOUR), home)) == (24, STEPS_S[-1])
    carrier = _voices(
        CountryMemory(voices={hour: {"s\0x": each["s\0x="]} for hour, each in said.items()}), "s"
    )
    assert step_of(float(HOUR), carrier) == STEPS_S[0]


def test_an_id_tells_no_time(store: Store) -> None:
    """The second of one vote could be found in it by trying all of a day."""
    (found,) = Detecting(store).consume(put(store, story(72, 12)))
    (row,) = store.changepoints(country="MA").to_pylist()
    name = f"\0MA\0AS36925\0004g\0whatsapp\0onset\0{found.number}"
    assert row["changepoint_id"] == sha256(name.encode()).hexdigest()[:32]
    assert found.number == 1
