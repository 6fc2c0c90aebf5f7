"""Mails in the queue: taken once while somebody has them, and again when he died."""

from sqlalchemy import Engine

from tests.store.civic.rows import DAY_S, NOW, asking, petition
from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.outbox import WaitingMail, drop_mail, put_all_off, put_off, take_due, waiting_count
from voipwatch.store.civic.signing import request_revocation, request_signature


def take(engine: Engine, now_s: int, most: int = 10) -> list[WaitingMail]:
    with writing(engine) as connection:
        return take_due(connection, now_s=now_s, lease_s=600, most=most)


def test_in_order_under_a_lease_and_until_it_is_dropped(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        request_signature(connection, asking(1), mails_max=2)
        request_revocation(connection, asking(2, now_s=NOW + 1), mails_max=2)
        assert waiting_count(connection) == 2
    first = take(engine, NOW + 1, most=1)
    assert [(each.kind, each.address, each.attempts) for each in first] == [
        ("confirm", "person1@example.org", 0)
    ]
    assert [each.kind for each in take(engine, NOW + 1)] == ["revoke"]
    assert take(engine, NOW + 600) == []
    again = take(engine, NOW + 601)
    assert {each.id for each in again} >= {first[0].id}
    with writing(engine) as connection:
        drop_mail(connection, first[0].id)
        put_off(connection, again[-1].id, due_at_s=NOW + 5000, failed=True)
    assert take(engine, NOW + 4999) == []
    assert [each.attempts for each in take(engine, NOW + 5000)] == [1]


def test_waiting_for_a_slot_is_no_attempt(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        request_signature(connection, asking(1), mails_max=2)
    mail = take(engine, NOW)[0]
    with writing(engine) as connection:
        put_off(connection, mail.id, due_at_s=NOW + 9, failed=False)
    assert [each.attempts for each in take(engine, NOW + 9)] == [0]


def test_many_are_put_off_at_once(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        for number in range(3):
            request_signature(connection, asking(number), mails_max=2)
    taken = take(engine, NOW)
    with writing(engine) as connection:
        put_all_off(connection, [mail.id for mail in taken[1:]], due_at_s=NOW + 30)
    assert [mail.attempts for mail in take(engine, NOW + 30)] == [0, 0]


def test_a_mail_whose_link_is_dead_is_not_sent(engine: Engine) -> None:
    petition(engine)
    with writing(engine) as connection:
        request_signature(connection, asking(1), mails_max=2)
    assert take(engine, NOW + 7 * DAY_S) == []
