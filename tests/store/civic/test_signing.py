"""Double opt-in in rows: once, whatever is repeated, and for seven days."""

import threading

import pytest
from sqlalchemy import Engine, event, select

from tests.store.civic.rows import DAY_S, NOW, asking, petition
from voipwatch.store.civic import signing
from voipwatch.store.civic.account_tables import HIDDEN_NAMES
from voipwatch.store.civic.accounts import hide_name
from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.civic.outbox import take_due
from voipwatch.store.civic.signing import Asking, Confirmed, SignatureRow
from voipwatch.store.civic.tables import ARRIVALS, MAIL_COUNTS, METADATA, OUTBOX, PENDING


def ask(engine: Engine, asked: Asking) -> bool:
    with writing(engine) as connection:
        return signing.request_signature(connection, asked, mails_max=2)


def confirm(engine: Engine, number: int = 1, *, now_s: int = NOW + 60, name: str = "") -> Confirmed:
    selector = number.to_bytes(16, "big")
    with writing(engine) as connection:
        return signing.confirm(connection, "p", selector, now_s=now_s, day="2026-11-06", public_name=name)


def revoke(engine: Engine, person: int = 1) -> bool:
    with writing(engine) as connection:
        return signing.revoke(connection, "p", person.to_bytes(32, "big"))


def signed(engine: Engine) -> int:
    with reading(engine) as connection:
        return signing.confirmed_count(connection, "p")


def rows(engine: Engine, table: object) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(table)).all())  # type: ignore[call-overload]  # any table


def test_nothing_is_signed_before_it_is_confirmed(engine: Engine) -> None:
    petition(engine)
    assert ask(engine, asking())
    assert signed(engine) == 0
    assert confirm(engine) is Confirmed.SIGNED
    assert signed(engine) == 1
    assert (rows(engine, PENDING), rows(engine, OUTBOX)) == (0, 0)
    with reading(engine) as connection:
        found = signing.signature_of(connection, "p", (1).to_bytes(32, "big"))
        assert found == SignatureRow("2026-11-06", "fr", "")
        assert signing.signature_of(connection, "p", bytes(32)) is None


def test_a_link_works_once(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking())
    assert [confirm(engine) for _ in range(3)] == [Confirmed.SIGNED, Confirmed.NONE, Confirmed.NONE]
    assert confirm(engine, 999) is Confirmed.NONE
    revoke(engine)
    assert confirm(engine) is Confirmed.NONE, "an old link signs nobody anew"
    assert signed(engine) == 0


def test_a_mailbox_counts_once(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking(1, of=5))
    confirm(engine, 1)
    ask(engine, asking(2, of=5))
    assert confirm(engine, 2) is Confirmed.ALREADY
    assert signed(engine) == 1
    with reading(engine) as connection:
        assert connection.execute(select(ARRIVALS.c.confirmations)).scalars().all() == [1]


def test_asking_again_sends_the_same_link(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking(1, of=5))
    ask(engine, asking(2, of=5, now_s=NOW + DAY_S - 1))
    with writing(engine) as connection:
        mails = take_due(connection, now_s=NOW + DAY_S, lease_s=60, most=9)
    assert [(int.from_bytes(each.selector, "big"), each.expires_at) for each in mails] == [
        (1, NOW + 7 * DAY_S)
    ] * 2


def test_at_most_two_mails_a_day(engine: Engine) -> None:
    petition(engine)
    petition(engine, "q")
    assert [ask(engine, asking(number, of=5)) for number in (1, 2, 3)] == [True, True, False]
    assert not ask(engine, asking(4, of=5, petition="q")), "of whatever petition"
    with writing(engine) as connection:
        assert not signing.request_revocation(connection, asking(5, of=5), mails_max=2)
    assert ask(engine, asking(6, of=6))
    assert ask(engine, asking(7, of=5, day="2026-11-07"))
    assert rows(engine, OUTBOX) == 4


def test_seven_days(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking())
    end = NOW + 7 * DAY_S
    with reading(engine) as connection:
        assert signing.waits(connection, "p", (1).to_bytes(16, "big"), now_s=end - 1)
        assert not signing.waits(connection, "p", (1).to_bytes(16, "big"), now_s=end)
        assert not signing.waits(connection, "q", (1).to_bytes(16, "big"), now_s=end - 1)
    assert confirm(engine, now_s=end) is Confirmed.NONE
    with writing(engine) as connection:
        assert signing.purge(connection, now_s=end - 1, today="2026-11-06") == 0
        assert signing.purge(connection, now_s=end, today="2026-11-13") == 1
    assert (rows(engine, PENDING), rows(engine, OUTBOX), rows(engine, MAIL_COUNTS)) == (0, 0, 0)


def test_a_request_that_is_too_old_and_not_purged_yet_gives_way(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking(1, of=5))
    later = NOW + 8 * DAY_S
    ask(engine, asking(2, of=5, now_s=later, day="2026-11-14"))
    assert confirm(engine, 1, now_s=later) is Confirmed.NONE
    assert confirm(engine, 2, now_s=later) is Confirmed.SIGNED


def test_revoking_takes_everything_of_an_address(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking(1, of=5))
    confirm(engine, 1, name="Amina")
    ask(engine, asking(2, of=5))
    ask(engine, asking(3, of=6))
    with reading(engine) as connection:
        assert signing.public_names(connection, "p") == ["Amina"]
    assert revoke(engine, 5)
    assert not revoke(engine, 5)
    assert (signed(engine), rows(engine, PENDING), rows(engine, OUTBOX)) == (0, 1, 1)


def test_a_request_to_revoke_is_the_same_whether_one_signed(engine: Engine) -> None:
    """The same rows, but for whom they are of; neither asks the table of signatures."""
    petition(engine)
    ask(engine, asking(1))
    confirm(engine, 1)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, sql, *_: asked.append(sql))
    for number in (1, 2):
        with writing(engine) as connection:
            assert signing.request_revocation(connection, asking(number, day="2026-11-08"), mails_max=2)
    statements = [each for each in asked if not each.startswith("BEGIN")]
    assert statements[: len(statements) // 2] == statements[len(statements) // 2 :]
    assert not any("signatures" in each for each in statements)
    asked.clear()
    for number in (1, 3):
        assert ask(engine, asking(number, day="2026-11-09"))
    statements = [each for each in asked if not each.startswith("BEGIN")]
    assert statements[: len(statements) // 2] == statements[len(statements) // 2 :]
    assert not any("signatures" in each for each in statements)


def test_a_mail_that_came_back_ends_its_request(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking())
    with writing(engine) as connection:
        assert signing.bounced(connection, "p", (1).to_bytes(16, "big"), day="2026-11-06")
        assert not signing.bounced(connection, "p", (1).to_bytes(16, "big"), day="2026-11-06")
    assert (rows(engine, PENDING), rows(engine, OUTBOX)) == (0, 0)


def test_hours_are_of_confirmations_alone(engine: Engine) -> None:
    petition(engine)
    start = NOW // DAY_S * DAY_S
    for number in range(5):
        ask(engine, asking(number, now_s=start))
        confirm(engine, number, now_s=start + 3600 * (number // 2))
    with reading(engine) as connection:
        assert signing.confirmations_by_hour(connection, "p", start) == [2, 2, 1] + [0] * 21
    with writing(engine) as connection:
        signing.purge(connection, now_s=start + 4 * DAY_S, today="x")
    assert rows(engine, ARRIVALS) == 0


def test_erasing_leaves_nothing_of_a_signer(engine: Engine) -> None:
    petition(engine)
    petition(engine, "q")
    for number in range(4):
        ask(engine, asking(number))
    ask(engine, asking(9, petition="q"))
    confirm(engine, 1, name="Amina")
    with writing(engine) as connection:
        assert signing.erase(connection, "p") == 1
    assert (rows(engine, PENDING), rows(engine, OUTBOX), signed(engine)) == (1, 1, 0)
    for table in METADATA.sorted_tables:
        with reading(engine) as connection:
            assert b"Amina" not in repr(connection.execute(select(table)).all()).encode()


def test_many_confirm_at_once_and_each_counts_once(engine: Engine) -> None:
    petition(engine)
    people = range(30)
    for number in people:
        ask(engine, asking(number))
    found: list[Confirmed] = []

    def work() -> None:
        found.extend(confirm(engine, number) for number in people)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(Confirmed.SIGNED) == 30
    assert found.count(Confirmed.NONE) == 90
    assert signed(engine) == 30


def test_a_row_of_no_petition_is_refused(engine: Engine) -> None:
    with pytest.raises(DatabaseError):
        ask(engine, asking())


def test_mails_that_came_back_are_counted_by_the_day(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        for number in (1, 2, 3):
            signing.request_signature(connection, asking(number), mails_max=9)
            day = "2026-11-06" if number < 3 else "2026-11-07"
            assert signing.bounced(connection, "p", number.to_bytes(16, "big"), day=day)
        assert signing.bounces_since(connection, "p", "2026-11-06") == 3
        assert signing.bounces_since(connection, "p", "2026-11-07") == 1
        assert signing.bounces_since(connection, "q", "") == 0
        signing.purge(connection, now_s=NOW, today="2026-11-06", bounces_from="2026-11-07")
        assert signing.bounces_since(connection, "p", "") == 1
        assert signing.waiting_of(connection, "p") == 0


def test_whatever_is_held_of_an_address(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        signing.request_signature(connection, asking(1), mails_max=9)
        assert signing.waiting_of(connection, "p") == 1
        held = signing.held_of(connection, "p", asking(1).hash)
        assert held == signing.HeldRow(None, asking(1).expires_at_s, ("confirm",))
        signing.confirm(connection, "p", asking(1).selector, now_s=NOW, day="2026-11-06", public_name="")
        held = signing.held_of(connection, "p", asking(1).hash)
        assert held == signing.HeldRow(signing.SignatureRow("2026-11-06", "fr", ""), None, ())
        assert signing.held_of(connection, "q", asking(1).hash) == signing.HeldRow(None, None, ())


def test_one_persons_and_one_petitions_rows_are_nobody_elses(engine: Engine) -> None:
    """Persons 1 and 2 sign p and q; 3 and 4 asked in both and wait. A hash of one petition is given to the
    other on purpose: in life they differ, since each has a pepper of its own.
    """
    for at, name in ((0, "p"), (100, "q")):
        petition(engine, name)
        for person in (1, 2, 3, 4):
            ask(engine, asking(at + person, of=person, petition=name))
    for name, number in (("p", 1), ("p", 2), ("q", 101), ("q", 102)):
        with writing(engine) as connection:
            selector, shown = number.to_bytes(16, "big"), f"{name}{number}"
            signing.confirm(connection, name, selector, now_s=NOW, day="2026-11-06", public_name=shown)
    with reading(engine) as connection:
        assert not signing.waits(connection, "p", (1).to_bytes(16, "big"), now_s=NOW), "others wait, not it"
        assert not signing.waits(connection, "p", (103).to_bytes(16, "big"), now_s=NOW)
        assert signing.public_names(connection, "p") == ["p1", "p2"]
        assert signing.confirmed_count(connection, "q") == 2
        assert signing.waiting_of(connection, "q") == 2
        assert signing.held_of(connection, "p", (1).to_bytes(32, "big")).mails == ()
        assert signing.held_of(connection, "p", (3).to_bytes(32, "big")).mails == ("confirm",)
        assert signing.signature_of(connection, "p", (2).to_bytes(32, "big")) == SignatureRow(
            "2026-11-06", "fr", "p2"
        )
        since = NOW // DAY_S * DAY_S
        assert sum(signing.confirmations_by_hour(connection, "p", since)) == 2
    with writing(engine) as connection:
        assert signing.confirm(
            connection, "p", (103).to_bytes(16, "big"), now_s=NOW, day="x", public_name=""
        ) is Confirmed.NONE  # fmt: skip
        assert not signing.bounced(connection, "p", (103).to_bytes(16, "big"), day="2026-11-06")
        assert signing.revoke(connection, "p", (1).to_bytes(32, "big"))
        assert not signing.revoke(connection, "p", (3).to_bytes(32, "big")), "it only waited"
        assert signing.bounced(connection, "p", (4).to_bytes(16, "big"), day="2026-11-06")
        assert signing.bounces_since(connection, "q", "") == 0
        assert signing.public_names(connection, "p") == ["p2"]
        assert signing.waiting_of(connection, "p") == 0
        assert signing.waiting_of(connection, "q") == 2
        assert signing.held_of(connection, "q", (1).to_bytes(32, "big")).signature is not None
        assert signing.held_of(connection, "q", (4).to_bytes(32, "big")).mails == ("confirm",)
        hide_name(connection, "p", "q101")
        assert signing.public_names(connection, "q") == ["q101", "q102"], "hidden in p alone"
        assert signing.erase(connection, "p") == 1
        assert (signing.confirmed_count(connection, "q"), signing.waiting_of(connection, "q")) == (2, 2)
        assert sum(signing.confirmations_by_hour(connection, "q", since)) == 2
    assert rows(engine, OUTBOX) == 2


def test_an_old_request_of_another_stays_until_it_is_purged(engine: Engine) -> None:
    petition(engine)
    ask(engine, asking(1))
    later = NOW + 8 * DAY_S
    ask(engine, asking(2, now_s=later, day="2026-11-14"))
    assert rows(engine, PENDING) == 2


def test_a_request_gives_way_at_its_end_and_not_before(engine: Engine) -> None:
    petition(engine)
    end = NOW + 7 * DAY_S
    ask(engine, asking(1, of=5))
    ask(engine, asking(2, of=5, now_s=end - 1, day="2026-11-13"))
    assert confirm(engine, 2, now_s=end - 1) is Confirmed.NONE, "the first link is still the one"
    ask(engine, asking(3, of=5, now_s=end, day="2026-11-13"))
    assert confirm(engine, 3, now_s=end) is Confirmed.SIGNED


def test_what_is_purged_goes_at_its_moment_and_not_before(engine: Engine) -> None:
    petition(engine)
    start = NOW // DAY_S * DAY_S
    ask(engine, asking(1, now_s=start))
    confirm(engine, 1, now_s=start)
    ask(engine, asking(2, now_s=start))
    with writing(engine) as connection:
        hide_name(connection, "p", "Nobody's")
        signing.purge(connection, now_s=start + 3 * DAY_S, today="2026-11-06")
    assert (rows(engine, ARRIVALS), rows(engine, MAIL_COUNTS), rows(engine, OUTBOX)) == (1, 2, 1)
    assert rows(engine, HIDDEN_NAMES) == 0, "nobody has that name"
    with writing(engine) as connection:
        signing.purge(connection, now_s=start + 3 * DAY_S + 1, today="2026-11-07")
    assert (rows(engine, ARRIVALS), rows(engine, MAIL_COUNTS), rows(engine, OUTBOX)) == (0, 0, 1)
    with writing(engine) as connection:
        signing.purge(connection, now_s=start + 7 * DAY_S - 1, today="2026-11-13")
    assert rows(engine, OUTBOX) == 1
    with writing(engine) as connection:
        signing.purge(connection, now_s=start + 7 * DAY_S, today="2026-11-13")
    assert rows(engine, OUTBOX) == 0


def test_a_hidden_name_stays_while_somebody_has_it(engine: Engine) -> None:
    for at, name in ((0, "p"), (100, "q")):
        petition(engine, name)
        ask(engine, asking(at + 1, petition=name))
    confirm(engine, 1, name="Amina")
    with writing(engine) as connection:
        signing.confirm(
            connection, "q", (101).to_bytes(16, "big"), now_s=NOW, day="2026-11-06", public_name="Karim"
        )
        for name, shown in (("p", "Amina"), ("q", "Amina"), ("q", "Karim")):
            hide_name(connection, name, shown)
        signing.purge(connection, now_s=NOW, today="2026-11-06")
        kept = connection.execute(select(HIDDEN_NAMES.c.petition, HIDDEN_NAMES.c.name)).all()
        assert sorted(map(tuple, kept)) == [("p", "Amina"), ("q", "Karim")]


def test_a_day_has_twenty_four_hours(engine: Engine) -> None:
    petition(engine)
    start = NOW // DAY_S * DAY_S
    for number, at_s in enumerate((start - 1, start, start + DAY_S - 1, start + DAY_S)):
        ask(engine, asking(number, now_s=start - 3600))
        confirm(engine, number, now_s=at_s)
    with reading(engine) as connection:
        assert signing.confirmations_by_hour(connection, "p", start) == [1] + [0] * 22 + [1]
