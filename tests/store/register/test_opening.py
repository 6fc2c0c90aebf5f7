import pytest
from sqlalchemy import text

from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.register.opening import VERSION, open_register
from voipwatch.store.register.opening import register_url as understood


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_url_is_completed_and_what_it_says_itself_holds(scheme: str) -> None:
    found = understood(f"{scheme}://u:p%40w@db.example:5433/name?connect_timeout=9&sslmode=require")
    assert found.startswith("postgresql+psycopg://u:p%40w@db.example:5433/name?")
    assert "connect_timeout=9" in found
    assert "sslmode=require" in found
    assert "statement_timeout" in found


@pytest.mark.parametrize(
    "url", ["", "x", "sqlite:////tmp/secret", "mysql://u:secret@h/d", "postgresql://u:secret@h"]
)
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        understood(url)
    assert caught.value.reason == "url"
    assert "secret" not in str(caught.value)


def test_tables_are_made_once_and_sessions_have_their_limits(register_url: str) -> None:
    for _ in range(2):
        engine = open_register(register_url)
        with reading(engine) as connection:
            made = connection.execute(text("SELECT count(*), min(version) FROM register_made")).one()
            limit = connection.execute(text("SHOW statement_timeout")).scalar_one()
            kept = connection.execute(
                text("SELECT relpersistence FROM pg_class WHERE relname = 'register_day'")
            ).scalar_one()
        engine.dispose()
        assert (tuple(made), limit) == ((1, VERSION), "5s")
        assert kept in {"u", b"u"}, "a day's key must stand in no write-ahead log"


def test_a_register_of_a_later_release_is_left_alone(register_url: str) -> None:
    engine = open_register(register_url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE register_made SET version = version + 1"))
    engine.dispose()
    with pytest.raises(DatabaseError, match="newer"):
        open_register(register_url)


def test_one_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(DatabaseError) as caught:
        open_register("postgresql://u:secret@127.0.0.1:1/d")
    assert caught.value.reason == "unreachable"
    assert "secret" not in str(caught.value)
