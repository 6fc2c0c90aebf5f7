"""Tables of boycotts and pledges. A pledge has no name, no address and no hour: a digest of a token that
nobody else has, a day, and what was said of it.
"""

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from voipwatch.store.civic.tables import METADATA

__all__ = ["BOYCOTTS", "METADATA", "PLEDGES", "PLEDGE_LOG"]


BOYCOTTS: Final = Table(
    "boycotts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, doc="JSON of civic.boycotts.Boycott"),
    Column("created_at", Integer, nullable=False),
    Column("erased_at", Integer, doc="when the digests were destroyed"),
)
PLEDGES: Final = Table(
    "pledges",
    METADATA,
    Column("boycott", Text, ForeignKey("boycotts.id"), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True, doc="civic.pledges.pledge_digest"),
    Column("day", Text, nullable=False, doc="of the pledge, UTC; empty: it was taken back"),
    Column("state", Text, nullable=False, doc="declared, kept, broken, spent"),
    sqlite_with_rowid=False,
)
PLEDGE_LOG: Final = Table(
    "pledge_log",
    METADATA,
    Column("boycott", Text, ForeignKey("boycotts.id"), primary_key=True),
    Column("series", Text, primary_key=True, doc="declared, kept, broken: each a chain of its own"),
    Column("n", Integer, primary_key=True),
    Column("prev", Text, nullable=False),
    Column("at", Text, nullable=False, doc="RFC 3339, UTC"),
    Column("told", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)
