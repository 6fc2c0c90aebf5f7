"""Rows of a petition for tests."""

from sqlalchemy import Engine

from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.petition_rows import add_petition
from voipwatch.store.civic.signing import Asking

NOW = 1_794_000_000
DAY_S = 86_400


def petition(engine: Engine, name: str = "p") -> None:
    with writing(engine) as connection:
        add_petition(connection, name, "{}", now_s=NOW)


def asking(
    number: int = 1, *, of: int | None = None, petition: str = "p", now_s: int = NOW, day: str = "2026-11-06"
) -> Asking:
    """Request `number`, of person `of`."""
    person = number if of is None else of
    return Asking(
        petition=petition,
        selector=number.to_bytes(16, "big"),
        hash=person.to_bytes(32, "big"),
        address=f"person{person}@example.org",
        domain="example.org",
        lang="fr",
        now_s=now_s,
        expires_at_s=now_s + 7 * DAY_S,
        day=day,
        address_key=person.to_bytes(16, "big"),
    )
