"""Tables brought up to date, by Alembic's migrations in `migrations/versions`; they only ever go forward."""

import logging
from importlib.resources import files
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from voipwatch.store.civic.opening import DatabaseError, reading, writing

_PLACE: Final = "voipwatch.store.civic"


def newest() -> str:
    """The revision that this release writes."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def revision_of(engine: Engine) -> str | None:
    """The database's own; None: it is empty. Raises DatabaseError where it cannot be reached."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; nothing happens where they are. One transaction.

    Raises DatabaseError: `newer` for tables of a later release, which nobody touches, `unreachable`.
    """
    known = {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}
    found = revision_of(engine)
    if found is not None and found not in known:
        raise DatabaseError("newer", f"revision {found}; this release knows {newest()}")
    if found == newest():
        return
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files(_PLACE).joinpath("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
