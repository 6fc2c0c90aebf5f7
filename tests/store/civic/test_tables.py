"""What is kept, and what never is."""

from voipwatch.store.civic.schema import METADATA


def test_an_address_stands_in_the_queue_of_mails_alone() -> None:
    holders = {table.name for table in METADATA.sorted_tables if "address" in table.c}
    assert holders == {"outbox"}


def test_nothing_of_a_connection_is_kept() -> None:
    words = {"ip", "host", "agent", "client", "cookie", "referrer", "headers"}
    for table in METADATA.sorted_tables:
        assert not words & {part for column in table.c for part in column.name.split("_")}, table.name


def test_a_signature_has_a_day_and_no_hour() -> None:
    assert set(METADATA.tables["signatures"].c.keys()) == {"petition", "hash", "day", "lang", "public_name"}
