"""Accounts, sessions and hidden names in rows."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from tests.store.civic.rows import NOW, asking, petition
from voipwatch.store.civic import accounts, signing
from voipwatch.store.civic.accounts import AccountRow, NameRow, SessionRow
from voipwatch.store.civic.opening import reading, writing

AMINA = AccountRow("amina", "keeper", b"s" * 16, b"h" * 32, NOW)
DIGEST = b"d" * 32


def enrolled(engine: Engine) -> None:
    with writing(engine) as connection:
        accounts.add_account(connection, AMINA)


def test_accounts(engine: Engine) -> None:
    with reading(engine) as connection:
        assert not accounts.has_accounts(connection)
    enrolled(engine)
    with reading(engine) as connection:
        assert accounts.has_accounts(connection)
        assert accounts.account_row(connection, "amina") == AMINA
        assert accounts.account_row(connection, "amin") is None
        assert accounts.account_rows(connection) == [AMINA]
    with writing(engine) as connection:
        assert accounts.account_row(connection, "amina", locked=True) == AMINA
        assert accounts.remove_account(connection, "amina")
        assert not accounts.remove_account(connection, "amina")


def test_a_session_has_its_accounts_role_of_now_and_ends_with_it(engine: Engine) -> None:
    enrolled(engine)
    with writing(engine) as connection:
        accounts.add_session(connection, DIGEST, "amina", now_s=NOW)
        accounts.touch_session(connection, DIGEST, now_s=NOW + 9)
        assert accounts.session_row(connection, DIGEST) == SessionRow("amina", "keeper", NOW, NOW + 9)
        connection.execute(text("UPDATE accounts SET role = 'reader'"))
        found = accounts.session_row(connection, DIGEST)
        assert found is not None
        assert found.role == "reader"
        assert accounts.session_row(connection, b"x" * 32) is None
        accounts.drop_session(connection, DIGEST)
        assert accounts.session_row(connection, DIGEST) is None
        accounts.add_session(connection, DIGEST, "amina", now_s=NOW)
        accounts.remove_account(connection, "amina")
        assert accounts.session_row(connection, DIGEST) is None


def test_new_factors_end_sessions_and_forget_refused_codes(engine: Engine) -> None:
    enrolled(engine)
    with writing(engine) as connection:
        accounts.add_session(connection, DIGEST, "amina", now_s=NOW)
        accounts.refuse_code(connection, "amina", failures=4, next_try_at=NOW + 60)
        accounts.replace_account(connection, AMINA._replace(salt=b"t" * 16))
        assert accounts.session_row(connection, DIGEST) is None
        assert accounts.account_row(connection, "amina") == AMINA._replace(salt=b"t" * 16)


def test_of_two_that_send_one_code_at_once_one_enters(engine: Engine) -> None:
    enrolled(engine)

    def take(_: int) -> bool:
        with writing(engine) as connection:
            return accounts.take_code(connection, "amina", counter=7)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, range(8))) == [False] * 7 + [True]
    with writing(engine) as connection:
        assert not accounts.take_code(connection, "amina", counter=6)
        assert accounts.take_code(connection, "amina", counter=8)


def test_a_taken_code_forgives_refused_ones(engine: Engine) -> None:
    enrolled(engine)
    with writing(engine) as connection:
        accounts.refuse_code(connection, "amina", failures=2, next_try_at=NOW)
        accounts.take_code(connection, "amina", counter=1)
        assert accounts.account_row(connection, "amina") == AMINA._replace(last_counter=1)


def named(engine: Engine, number: int, name: str) -> None:
    with writing(engine) as connection:
        asked = asking(number)
        signing.request_signature(connection, asked, mails_max=9)
        signing.confirm(connection, "p", asked.selector, now_s=NOW, day="2026-11-06", public_name=name)


def test_names_are_listed_once_sorted_and_in_parts(engine: Engine) -> None:
    petition(engine)
    for number, name in enumerate(["Zoé", "Amina", "", "Amina", "Bob"], 1):
        named(engine, number, name)
    with writing(engine) as connection:
        assert accounts.hide_name(connection, "p", "Amina")
        assert not accounts.hide_name(connection, "p", "Amina")
        assert not accounts.hide_name(connection, "p", "")
        assert not accounts.hide_name(connection, "q", "Bob")
    with reading(engine) as connection:
        found = accounts.names_of(connection, "p", most=9, skip=0)
        assert found == [NameRow("Amina", hidden=True), NameRow("Bob", False), NameRow("Zoé", False)]
        assert accounts.names_of(connection, "p", most=1, skip=1) == found[1:2]
        assert signing.public_names(connection, "p") == ["Bob", "Zoé"]
        assert signing.confirmed_count(connection, "p") == 5
    with writing(engine) as connection:
        assert accounts.unhide_name(connection, "p", "Amina")
        assert not accounts.unhide_name(connection, "p", "Amina")
        assert signing.public_names(connection, "p") == ["Amina", "Amina", "Bob", "Zoé"]
