"""Collectors on one register, a real PostgreSQL: what they tell each other, and what they do without it."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from tests.collector.asking import Answered, House
from tests.collector.submissions import NOW, Maker
from tests.collector.test_app import records
from tests.collector.test_desk import commit, on_disk, taken
from tests.support.clock import Clock
from tests.support.postgresql import Server
from voipwatch.collector.prefixes import KEY_FILE
from voipwatch.collector.register import REGISTER_FILE, RegisterLink
from voipwatch.collector.server import CollectorError
from voipwatch.collector.spool import SpoolError, Stored, list_segments, read_segment
from voipwatch.lab.resign import deletion_key
from voipwatch.model.sessionclaims import RegisterAwayError
from voipwatch.model.submission import Deletion, ReportResult
from voipwatch.store.register.book import DAY_S, Register, open_book

Build = Callable[..., House]


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def build(tmp_path: Path, register_url: str, clock: Clock) -> Iterator[Build]:
    """Makes a collector on its folder, by name; the same name again is its next life."""
    made: dict[str, House] = {}

    def one(name: str, *, alone: bool = False, **options: Any) -> House:
        if name in made:
            made.pop(name).close()
        opener = None if alone else lambda: open_book(register_url, clock)
        house = House(tmp_path / name, clock=clock, options={"register": opener, **options})
        made[name] = house
        return house

    yield one
    for house in made.values():
        house.close()


def link(house: House) -> RegisterLink:
    found = house.parts.desk.register
    assert found is not None
    return found


def chores(house: House) -> None:
    """What a running collector does every few seconds."""
    house.run(house.parts.hasher.refresh(house.clock()))
    house.collector._share(house.parts.desk, house.clock())


def deletions(house: House) -> list[str]:
    return [
        item.record.report_id
        for segment in list_segments(house.folder / "spool")
        for item in read_segment(segment.path)
        if isinstance(item, Stored) and isinstance(item.record, Deletion)
    ]


def delete(house: House, report_id: str, number: int) -> Answered:
    body = msgspec.json.encode({"deletion_key": deletion_key(number).hex()})
    return house("DELETE", f"/api/v1/reports/{report_id}", body)


def test_a_household_has_one_hash_at_two_collectors_and_another_the_next_day(
    build: Build, maker: Maker, clock: Clock
) -> None:
    one, two = build("one"), build("two")
    one.submit(maker.body(1))
    two.submit(maker.body(2))
    clock.now_s += DAY_S
    two.submit(maker.body(3, at_s=clock.now_s))
    one.submit(maker.body(4, at_s=clock.now_s))
    first, last = zip(*((record.prefix, record.prefix_day) for record in records(one)), strict=True)
    assert (first, last) == tuple(
        zip(*((record.prefix, record.prefix_day) for record in records(two)), strict=True)
    )
    assert last == ("2026-11-22", "2026-11-23")
    assert first[0] != first[1]


def test_no_collector_keeps_the_shared_key_and_one_of_its_own_goes(build: Build, maker: Maker) -> None:
    alone = build("one", alone=True)
    alone.submit(maker.body(1))
    assert (alone.folder / KEY_FILE).exists()
    one = build("one")
    one.submit(maker.body(2))
    assert not (one.folder / KEY_FILE).exists()


def sharing_a_session(maker: Maker) -> tuple[Any, Any]:
    """Two reports with other ids that one session is in."""
    first, other = taken(maker.body(1)), taken(maker.body(2))
    both = sorted(first.intake.sessions + other.intake.sessions)
    wrapped = msgspec.structs.replace(other.intake, sessions=both, report_id="ab" * 16)
    return first, msgspec.structs.replace(other, intake=wrapped)


def test_a_session_in_two_reports_at_two_collectors_counts_once(build: Build, maker: Maker) -> None:
    one, two = build("one"), build("two")
    first, other = sharing_a_session(maker)
    assert [result.status.value for result in commit(one.parts.desk, [first], NOW)] == ["accepted"]
    (refused,) = commit(two.parts.desk, [other], NOW)
    assert (refused.status.value, refused.code) == ("refused", "duplicate")
    assert on_disk(two.folder) == []
    (free,) = commit(two.parts.desk, [taken(maker.body(2))], NOW)
    assert free.status.value == "accepted", "the refused report has taken nothing"


def test_of_a_group_what_waited_for_a_refused_report_is_taken(build: Build, maker: Maker) -> None:
    one, two = build("one"), build("two")
    first, wrapped = sharing_a_session(maker)
    commit(one.parts.desk, [first], NOW)
    results = commit(two.parts.desk, [wrapped, taken(maker.body(2))], NOW)
    assert [result.status.value for result in results] == ["refused", "accepted"]


def test_the_same_report_elsewhere_gets_the_same_receipt_and_is_not_written_twice(
    build: Build, maker: Maker, clock: Clock
) -> None:
    keys = build("one").folder / "collector-keys.json"
    (build("zero", alone=True).folder / "collector-keys.json").write_bytes(keys.read_bytes())
    one, two = build("one"), build("zero")
    (first,) = one.submit(maker.body(1)).results
    chores(one)
    clock.now_s += 7200
    (again,) = two.submit(maker.body(1)).results
    assert (again["status"], again["receipt"]) == ("accepted", first["receipt"])
    assert on_disk(two.folder) == []
    (other,) = two.submit(maker.body(1, deletion_hash="cd" * 32)).results
    assert (other["status"], other["code"]) == ("refused", "duplicate")
    (bytes_,) = two.submit(maker.body(1, sent_at="2026-11-22T02:00:00Z")).results
    assert (bytes_["status"], bytes_["receipt"]) == ("duplicate", first["receipt"])


def test_a_collector_that_died_between_claim_and_write_blocks_nobody(
    build: Build, maker: Maker, clock: Clock
) -> None:
    report = taken(maker.body(1))
    link(build("one")).claim([report])
    clock.now_s += 7200
    one, two = build("one"), build("two")
    assert on_disk(one.folder) == []
    for house in (two, one):
        (result,) = house.submit(maker.body(1)).results
        assert (result["status"], result["receipt"]["received_at"]) == ("accepted", "2026-11-22T00:00:00Z")
        assert on_disk(house.folder) == [report.intake.report_id]


def test_a_claim_whose_write_failed_is_written_by_the_next_try(
    build: Build, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = build("one")

    def full(*_: object) -> None:
        raise SpoolError("No space left on device", full=True)

    with monkeypatch.context() as patch:
        patch.setattr(one.parts.desk._spool, "append", full)
        assert one.submit(maker.body(1)).status == 507
    answer = one.submit(maker.body(1))
    assert (answer.status, answer.results[0]["status"]) == (200, "accepted")
    assert len(on_disk(one.folder)) == 1


def test_a_deletion_at_another_collector_erases_everywhere(build: Build, maker: Maker) -> None:
    one, two, three = build("one"), build("two"), build("three")
    (result,) = one.submit(maker.body(1)).results
    report_id = result["report_id"]
    assert delete(two, report_id, 2).status == 403
    assert delete(two, "ab" * 16, 1).status == 404
    assert (deletions(two), delete(two, report_id, 1).status) == ([], 200)
    assert deletions(two) == [report_id], "loaders hear of it from here"
    assert delete(two, report_id, 1).status == 200
    assert deletions(two) == [report_id]
    assert on_disk(one.folder) == [report_id]
    chores(one)
    assert (on_disk(one.folder), deletions(one)) == ([], [report_id])
    chores(one)
    assert deletions(one) == [report_id]
    for house in (one, two, three):
        (again,) = house.submit(maker.body(1)).results
        assert (again["status"], again["code"]) == ("refused", "deleted")
        assert on_disk(house.folder) == []


def test_a_deletion_from_elsewhere_waits_for_the_index(
    build: Build, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = build("one"), build("two")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(one.parts.desk._index, "add", full)
        (result,) = one.submit(maker.body(1)).results
        assert delete(two, result["report_id"], 1).status == 200
        with pytest.raises(SpoolError, match="behind"):
            chores(one)
        assert deletions(one) == []
    chores(one)
    assert (on_disk(one.folder), deletions(one)) == ([], [result["report_id"]])


def test_what_was_taken_before_there_was_a_register_is_known_by_it(build: Build, maker: Maker) -> None:
    alone = build("one", alone=True)
    first, wrapped = sharing_a_session(maker)
    commit(alone.parts.desk, [first, taken(maker.body(3))], NOW)
    gone = taken(maker.body(3)).intake.report_id
    assert delete(alone, gone, 3).status == 200
    build("one")
    two = build("two")
    (refused,) = commit(two.parts.desk, [wrapped], NOW)
    assert refused.code == "duplicate"
    assert two.submit(maker.body(3)).results[0]["code"] == "deleted"
    assert delete(two, first.intake.report_id, 1).status == 200
    one = build("one")
    chores(one)
    assert on_disk(one.folder) == []


def test_another_register_is_told_everything_again(build: Build, maker: Maker, register_url: str) -> None:
    one = build("one")
    first, wrapped = sharing_a_session(maker)
    commit(one.parts.desk, [first], NOW)
    known = (one.folder / REGISTER_FILE).read_bytes()
    book = open_book(register_url)
    with book._writing() as connection:
        for table in ("reports", "sessions", "copies"):
            connection.execute(text(f"DELETE FROM register_{table}"))
        connection.execute(text("UPDATE register_made SET made = 'another'"))
    book.close()
    build("one")
    assert (one.folder / REGISTER_FILE).read_bytes() != known
    (refused,) = commit(build("two").parts.desk, [wrapped], NOW)
    assert refused.code == "duplicate"


def test_a_server_that_dies_and_comes_back(build: Build, maker: Maker, register_server: Server) -> None:
    trouble: list[str] = []
    said: list[str] = []
    one = build("one", trouble=trouble.append, say=said.append)
    two = build("two")
    before = one.submit(maker.body(1)).results[0]
    two.submit(maker.body(2))
    register_server.crash()
    try:
        for _ in range(2):
            answer = one.submit(maker.body(3))
            assert (answer.status, answer.document["error"]["code"]) == (503, "register")
            assert answer.headers["retry-after"] == "30"
        assert delete(one, before["report_id"], 1).status == 503
        assert one("GET", "/api/v1/health").document["register"] == "away"
        with pytest.raises(RegisterAwayError):
            chores(one)
    finally:
        register_server.start()
    assert len(on_disk(one.folder)) == 1, "what was not acknowledged was written"
    assert len(trouble) == len(said) == 1
    chores(one)
    assert trouble == ["register unreachable", ""]
    assert one("GET", "/api/v1/health").document["register"] == "ok"
    chores(two)
    assert one.submit(maker.body(3)).results[0]["status"] == "accepted"
    assert two.submit(maker.body(4)).results[0]["status"] == "accepted"
    assert two.submit(maker.body(1)).results[0]["receipt"]["body_sha256"] == before["receipt"]["body_sha256"]
    assert on_disk(two.folder).count(before["report_id"]) == 0, "the claim of before the crash is gone"
    hashes = {record.prefix for house in (one, two) for record in records(house)}
    assert len(hashes) == 1, "the day's key, which a crash takes, was not put back"


def test_requests_wait_in_threads_and_not_in_the_loop(
    build: Build, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = build("one")
    house_asked = Register.claim

    async def run() -> Answered:
        loop, went_on = asyncio.get_running_loop(), asyncio.Event()

        def slow(*given: Any, **named: Any) -> Any:
            # Returns only if the loop runs meanwhile.
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(30)
            loop.call_soon_threadsafe(went_on.set)
            return house_asked(*given, **named)

        monkeypatch.setattr(Register, "claim", slow)
        answer = await one.ask("POST", "/api/v1/reports", maker.body(1))
        assert went_on.is_set()
        return answer

    assert one.run(run()).status == 200


def test_what_it_cannot_be_started_with_is_said(build: Build, tmp_path: Path) -> None:
    def missing() -> Register:
        raise ModuleNotFoundError("no", name="psycopg")

    def away() -> Register:
        return open_book("postgresql://u:secret@127.0.0.1:1/d")

    with pytest.raises(CollectorError, match=r"psycopg: pip install 'voipwatch\[civic\]'"):
        build("one", register=missing)
    with pytest.raises(CollectorError, match="unreachable") as caught:
        build("two", register=away)
    assert "secret" not in str(caught.value)


def test_months_that_are_over_are_forgotten(build: Build, maker: Maker, clock: Clock) -> None:
    one = build("one", keep_months=1)
    first, wrapped = sharing_a_session(maker)
    commit(one.parts.desk, [first], NOW)
    clock.now_s += 20 * DAY_S
    chores(one)
    two = build("two", keep_months=1)
    assert commit(two.parts.desk, [wrapped], NOW)[0].code == "duplicate"
    clock.now_s += 30 * DAY_S
    chores(two)
    fresh: list[ReportResult] = commit(build("three", keep_months=1).parts.desk, [wrapped], NOW)
    assert fresh[0].status.value == "accepted"


def test_nothing_in_the_register_is_an_address(build: Build, maker: Maker, register_url: str) -> None:
    one = build("one")
    one.submit(maker.body(1))
    book = open_book(register_url)
    with book._reading() as connection:
        columns = connection.execute(
            text("SELECT table_name || '.' || column_name FROM information_schema.columns"
                 " WHERE table_name LIKE 'register%' ORDER BY 1")
        ).scalars().all()  # fmt: skip
        hashes = connection.execute(text("SELECT deletion_hash FROM register_reports")).scalars().all()
    book.close()
    assert columns == [
        "register_copies.collector", "register_copies.month", "register_copies.report_id",
        "register_day.day", "register_day.key",
        "register_made.made", "register_made.version",
        "register_reports.body_sha256", "register_reports.deleted", "register_reports.deletion_hash",
        "register_reports.month", "register_reports.received_at_s", "register_reports.report_id",
        "register_reports.written",
        "register_sessions.month", "register_sessions.report_id", "register_sessions.session",
    ]  # fmt: skip
    assert [bytes(each) for each in hashes] == [sha256(deletion_key(1)).digest()]
