"""What is kept of keepers, and what is not."""

from voipwatch.store.civic.account_tables import ACCOUNTS, SESSIONS
from voipwatch.store.civic.tables import METADATA


def test_no_row_lets_anybody_in() -> None:
    assert {"token", "secret", "password"}.isdisjoint(ACCOUNTS.c.keys() + SESSIONS.c.keys())
    assert METADATA.tables["accounts"] is ACCOUNTS


def test_a_session_has_nothing_of_a_connection() -> None:
    assert set(SESSIONS.c.keys()) == {"digest", "account", "created_at", "seen_at"}
