"""Tables of those who keep an instance, of what they hid, and of mails that came back.

The second factor's secret stands in none of them: it is in the folder of secrets (`peppers`).
"""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from voipwatch.store.civic.tables import METADATA

ACCOUNTS: Final = Table(
    "accounts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("salt", LargeBinary(16), nullable=False),
    Column("passphrase", LargeBinary(32), nullable=False, doc="scrypt of the first factor"),
    Column("created_at", Integer, nullable=False),
    Column("failures", Integer, nullable=False, doc="codes refused since the last one that was taken"),
    Column("next_try_at", Integer, nullable=False),
    Column("last_counter", Integer, nullable=False, doc="step of the newest code that was taken"),
)
SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True, doc="of the session's token"),
    Column("account", Text, ForeignKey("accounts.name"), nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False),
    Index("ix_sessions_account", "account"),
)
HIDDEN_NAMES: Final = Table(
    "hidden_names",
    METADATA,
    Column("petition", Text, ForeignKey("petitions.id"), primary_key=True),
    Column("name", Text, primary_key=True, doc="a public name that is shown to nobody; still counted"),
    sqlite_with_rowid=False,
)
BOUNCES: Final = Table(
    "bounces",
    METADATA,
    Column("petition", Text, ForeignKey("petitions.id"), primary_key=True),
    Column("day", Text, primary_key=True),
    Column("mails", Integer, nullable=False, doc="that could not be delivered, of all together"),
)
