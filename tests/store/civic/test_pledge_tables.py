"""What is kept of a pledge, and what never is."""

from voipwatch.store.civic.pledge_tables import METADATA, PLEDGES


def test_a_pledge_has_a_digest_a_day_and_what_was_said_of_it() -> None:
    assert set(PLEDGES.c.keys()) == {"boycott", "digest", "day", "state"}


def test_nothing_of_a_person_or_a_connection_is_kept() -> None:
    words = {
        "ip",
        "host",
        "agent",
        "client",
        "cookie",
        "referrer",
        "address",
        "name",
        "token",
        "lang",
        "hour",
    }
    for table in (METADATA.tables[name] for name in ("boycotts", "pledges", "pledge_log")):
        assert not words & {part for column in table.c for part in column.name.split("_")}, table.name
