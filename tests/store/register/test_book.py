"""The register's questions, on a real PostgreSQL."""

import threading
from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import text

from tests.support.clock import Clock
from voipwatch.model.sessionclaims import Claim, DayKey, RegisterAwayError, Verdict, Word, Written
from voipwatch.store.civic.opening import reading
from voipwatch.store.register.book import DAY_S, Register, open_book

NOW = 1_795_305_600.0  # 2026-11-22 00:00 UTC
ONE, TWO = b"1" * 16, b"2" * 16


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def book(register_url: str, clock: Clock) -> Iterator[Register]:
    made = open_book(register_url, clock)
    yield made
    made.close()


def name(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def claim(report: str, *sessions: str, body: str = "body", at_s: float = NOW) -> Claim:
    found = tuple(map(name, sessions))
    return Claim(
        name(report), found, sha256(report.encode()).digest(), sha256(body.encode()).hexdigest(), at_s
    )


def words(verdicts: list[Verdict]) -> list[Word]:
    return [verdict.word for verdict in verdicts]


def keys(book: Register) -> list[tuple[str, bytes]]:
    with reading(book._engine) as connection:
        return [(day, bytes(key)) for day, key in connection.execute(text("SELECT * FROM register_day"))]


def test_a_day_has_one_key_and_the_next_day_no_more(book: Register, clock: Clock) -> None:
    first = book.day_key(None, b"a" * 32)
    assert first == DayKey("2026-11-22", b"a" * 32, DAY_S)
    clock.now_s += 3600
    assert book.day_key(None, b"b" * 32) == DayKey("2026-11-22", b"a" * 32, DAY_S - 3600)
    clock.now_s = NOW + DAY_S
    assert book.day_key(first, b"c" * 32) == DayKey("2026-11-23", b"c" * 32, DAY_S)
    assert keys(book) == [("2026-11-23", b"c" * 32)]


def test_a_key_that_the_register_lost_is_put_back_by_who_has_it(book: Register) -> None:
    first = book.day_key(None, b"a" * 32)
    with book._writing() as connection:
        connection.execute(text("TRUNCATE register_day"))
    assert book.day_key(first, b"b" * 32).key == b"a" * 32
    assert book.day_key(None, b"c" * 32).key == b"a" * 32


def test_without_a_clock_of_ours_the_servers_is_asked(register_url: str) -> None:
    book = open_book(register_url)
    found = book.day_key(None, b"a" * 32)
    book.close()
    assert 0 < found.left_s <= DAY_S
    assert len(found.day) == len("2026-11-22")


def test_claims_are_kept_and_decided_across_collectors(book: Register) -> None:
    assert words(book.claim(ONE, [claim("r1", "s1", "s2")])) == [Word.WRITE]
    assert words(book.claim(TWO, [claim("r2", "s2", "s3"), claim("r3", "s3")])) == [Word.TAKEN, Word.WRITE]
    again = book.claim(TWO, [claim("r1", "s1", "s2", at_s=NOW + 60)])
    assert again == [Verdict(Word.WRITE, claim("r1").body_sha256, NOW)]


def test_what_is_confirmed_is_not_written_elsewhere(book: Register) -> None:
    mine = claim("r1", "s1")
    book.claim(ONE, [mine])
    book.confirm([Written(mine.report_id, claim("x", body="another").body_sha256)])
    assert words(book.claim(TWO, [mine])) == [Word.WRITE], "other bytes were confirmed than were claimed"
    told = [Written(mine.report_id, mine.body_sha256)]
    assert words(book.claim(TWO, [mine], told)) == [Word.WRITTEN]


def test_bytes_that_replace_what_nobody_wrote_are_those_that_count(book: Register) -> None:
    first, other = claim("r1", "s1"), claim("r1", "s1", body="other", at_s=NOW + 9)
    book.claim(ONE, [first])
    book.claim(TWO, [other])
    book.confirm([Written(first.report_id, first.body_sha256), Written(other.report_id, other.body_sha256)])
    assert book.claim(ONE, [first]) == [Verdict(Word.WRITTEN, other.body_sha256, NOW + 9)]


def test_claims_at_the_same_moment_have_one_winner_each(book: Register) -> None:
    found: list[tuple[str, Word]] = []

    def work(collector: bytes, report: str) -> None:
        for number in range(20):
            mine = claim(f"{report}{number}", f"s{number}", f"s{number + 1}")
            found.extend((f"s{number}", word) for word in words(book.claim(collector, [mine])))

    threads = [threading.Thread(target=work, args=(c, r)) for c, r in ((ONE, "a"), (TWO, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 40
    with reading(book._engine) as connection:
        rows = connection.execute(
            text("SELECT r.report_id, count(*) FROM register_reports r"
                 " JOIN register_sessions s USING (report_id) GROUP BY 1")
        ).all()  # fmt: skip
    assert {count for _, count in rows} == {2}, "a report that was taken has all of its sessions"
    assert len(rows) == sum(word is Word.WRITE for _, word in found)


def test_a_deletion_proves_itself_and_reaches_each_copy(book: Register) -> None:
    mine, other = claim("r1", "s1"), claim("r2", "s2")
    book.claim(ONE, [mine, other])
    book.claim(TWO, [mine])
    assert book.delete(name("none"), mine.deletion_hash) is None
    assert book.delete(mine.report_id, other.deletion_hash) is False
    assert book.to_erase(ONE) == []
    assert book.delete(mine.report_id, mine.deletion_hash) is True
    assert book.to_erase(ONE) == book.to_erase(TWO) == [mine.report_id]
    book.erased(ONE, mine.report_id)
    assert (book.to_erase(ONE), book.to_erase(TWO)) == ([], [mine.report_id])
    assert book.delete(mine.report_id, mine.deletion_hash) is True, "asked again"
    assert words(book.claim(TWO, [mine])) == [Word.DELETED]


def test_what_a_collector_had_before_is_taken_over(book: Register) -> None:
    held = [claim("r1", "s1"), claim("r1", "s2"), claim("r2", "s3")]
    for _ in range(2):
        book.adopt(ONE, held, [name("r2")])
    verdicts = words(book.claim(TWO, [claim("r1", "s1", "s2"), claim("r2", "s3"), claim("r3", "s2")]))
    assert verdicts == [Word.WRITTEN, Word.DELETED, Word.TAKEN]
    assert book.to_erase(ONE) == [name("r2")]


def test_months_are_forgotten_some_rows_at_a_time(book: Register) -> None:
    october = [claim(f"o{number}", f"o{number}", at_s=NOW - 30 * DAY_S) for number in range(3)]
    book.claim(ONE, [*october, claim("n", "n")])
    assert book.forget_before("2026-11", 2)
    assert not book.forget_before("2026-11", 2)
    book.claim(TWO, [claim("p", "o1")])
    assert words(book.claim(TWO, [claim("q", "n")])) == [Word.TAKEN]
    with reading(book._engine) as connection:
        for table, left in (("reports", 2), ("sessions", 2), ("copies", 2)):
            assert connection.execute(text(f"SELECT count(*) FROM register_{table}")).scalar_one() == left


def test_a_register_is_told_apart_from_another(book: Register, register_url: str) -> None:
    again = open_book(register_url)
    assert again.made() == book.made()
    again.close()


def test_an_absent_one_raises_its_own_error() -> None:
    with pytest.raises(RegisterAwayError, match="unreachable"):
        open_book("postgresql://u@127.0.0.1:1/d")
